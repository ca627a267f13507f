//! When requests leave, so that as few as can be do.
//!
//! A moment is a number of requests that were waited for. Entity requests to one subgraph that leave at the same moment are one request, and
//! each has a window of moments in which it can leave without making the plan deeper. Joining the closest ones first is right nearly
//! always; where the windows alone would let fewer leave, the moments are searched for.

use causeway_model::SubgraphId;

use super::{Group, earliest, latest};

/// Steps of one search. What is not found by then is not worth the time.
const STEPS: usize = 400;

/// A moment for each of `groups`, for fewer than `known` requests in a plan that is `depth` deep at most. `None`: there is none, or
/// none was found in time. Each step takes a unit of `fuel`.
pub(super) fn moments(groups: &[Group], depth: usize, known: usize, fuel: &mut usize) -> Option<Vec<usize>> {
    let earliest = earliest(groups);
    let latest = latest(groups, depth);
    if fewest(groups, &earliest, &latest) >= known {
        return None;
    }
    let mut search = Search {
        groups,
        latest: &latest,
        known,
        chosen: Vec::with_capacity(groups.len()),
        used: vec![Vec::new(); depth + 1],
        requests: 0,
        steps: STEPS.min(*fuel),
        best: None,
    };
    let before = search.steps;
    search.place();
    *fuel -= before - search.steps;
    search.best
}

/// Requests that there are at least: for each subgraph, moments that meet all windows.
fn fewest(groups: &[Group], earliest: &[usize], latest: &[usize]) -> usize {
    let mut by_deadline: Vec<usize> = (0..groups.len()).filter(|at| !groups[*at].is_root).collect();
    by_deadline.sort_by_key(|at| (groups[*at].subgraph, latest[*at]));
    let mut count = groups.len() - by_deadline.len();
    let mut last: Option<(SubgraphId, usize)> = None;
    for at in by_deadline {
        let subgraph = groups[at].subgraph;
        let met = last.is_some_and(|(of, moment)| of == subgraph && moment >= earliest[at]);
        if !met {
            last = Some((subgraph, latest[at]));
            count += 1;
        }
    }
    count
}

struct Search<'a> {
    groups: &'a [Group],
    latest: &'a [usize],
    /// Fewer than this are wanted.
    known: usize,
    chosen: Vec<usize>,
    /// Subgraphs to which entity requests leave, by moment.
    used: Vec<Vec<SubgraphId>>,
    requests: usize,
    steps: usize,
    best: Option<Vec<usize>>,
}

impl Search<'_> {
    /// Chooses the moment of the next group, in topological order.
    fn place(&mut self) {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 || self.requests >= self.known {
            return;
        }
        let groups = self.groups;
        let Some(group) = groups.get(self.chosen.len()) else {
            self.known = self.requests;
            self.best = Some(self.chosen.clone());
            return;
        };
        let waited = group.depends_on.iter().map(|dep| self.chosen[*dep]).max();
        let first = waited.unwrap_or(0) + 1;
        if group.is_root {
            self.requests += 1;
            self.leave(first);
            self.requests -= 1;
            return;
        }
        // Where a request leaves anyway, before moments of its own.
        let last = self.latest[self.chosen.len()];
        for moment in first..=last {
            if self.used[moment].contains(&group.subgraph) {
                self.leave(moment);
            }
        }
        for moment in first..=last {
            if !self.used[moment].contains(&group.subgraph) {
                self.used[moment].push(group.subgraph);
                self.requests += 1;
                self.leave(moment);
                self.requests -= 1;
                self.used[moment].pop();
            }
        }
    }

    fn leave(&mut self, moment: usize) {
        self.chosen.push(moment);
        self.place();
        self.chosen.pop();
    }
}
