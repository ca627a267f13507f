//! When requests leave, so that as few as can be do.
//!
//! A moment is a number of requests that were waited for. Entity requests to one subgraph that leave at the same moment are one request, and
//! each has a window of moments in which it can leave without making the plan deeper. Joining the closest ones first is right nearly
//! always; where the windows alone would let fewer leave, the moments are searched for.

use std::collections::BTreeSet;

use causeway_model::SubgraphId;

use super::{Group, earliest, latest};

/// Steps of one search. What is not found by then is not worth the time.
const STEPS: usize = 400;

/// A moment for each of `groups`, for fewer than `known` requests in a plan that is `depth` deep at most. `None`: there is none, or
/// none was found in time.
pub(super) fn moments(groups: &[Group], depth: usize, known: usize) -> Option<Vec<usize>> {
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
        used: BTreeSet::new(),
        steps: STEPS,
        best: None,
    };
    search.place(0);
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
    /// Moments at which entity requests leave, by subgraph.
    used: BTreeSet<(SubgraphId, usize)>,
    steps: usize,
    best: Option<Vec<usize>>,
}

impl Search<'_> {
    /// Chooses the moment of the next group, in topological order; `roots` are those that were met.
    fn place(&mut self, roots: usize) {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 || roots + self.used.len() >= self.known {
            return;
        }
        let Some(group) = self.groups.get(self.chosen.len()) else {
            self.known = roots + self.used.len();
            self.best = Some(self.chosen.clone());
            return;
        };
        let waited = group.depends_on.iter().map(|dep| self.chosen[*dep]).max();
        let first = waited.unwrap_or(0) + 1;
        if group.is_root {
            self.chosen.push(first);
            self.place(roots + 1);
            self.chosen.pop();
            return;
        }
        let window = first..=self.latest[self.chosen.len()];
        let (shared, alone): (Vec<usize>, Vec<usize>) =
            window.partition(|moment| self.used.contains(&(group.subgraph, *moment)));
        for moment in shared.into_iter().chain(alone) {
            let is_new = self.used.insert((group.subgraph, moment));
            self.chosen.push(moment);
            self.place(roots);
            self.chosen.pop();
            if is_new {
                self.used.remove(&(group.subgraph, moment));
            }
        }
    }
}
