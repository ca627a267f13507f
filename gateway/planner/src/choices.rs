//! Where a selection can be answered in more than one way, and the search over these ways.
//!
//! Planning is a function of its decisions: a run follows a *tape* of them and takes the most promising option (number 0) where
//! the tape has ended. The first run is the greedy plan. Further runs change one decision of an earlier run, the cheapest run
//! first (limited discrepancy search, Harvey and Ginsberg 1995), so that each combination of decisions is met once at most. A
//! run is given up when what it has drafted already costs as much as the best plan so far. The search ends when all
//! combinations are tried, when nothing can be better, or when its fuel is spent: there is always a plan.

use std::{cmp::Reverse, collections::BinaryHeap, rc::Rc};

use causeway_graph::QueryGraph;

use crate::{
    PlanError,
    bound::fewest_requests,
    draft::Drafts,
    grouping::{Cost, wait},
    operation::NormalizedOperation,
    roots,
    scope::Scope,
    search::{Limit, Search},
};

/// The most that is spent on better plans than the greedy one, in fields and fetches drafted. A unit is about a fifth of
/// a microsecond.
const FUEL: usize = 8_000;

/// The most runs after the first, and the most in a row that find nothing better.
const RUNS: usize = 400;
const RUNS_IN_VAIN: usize = 150;

/// Requests by which a run may be ahead of the best plan, before those are joined that leave at different moments. Joining
/// may make up for them; more are hardly ever worth the time.
const APART: usize = 1;

/// Plans that are looked at again for requests that could wait to be shared.
const PATIENT: usize = 16;

/// The decisions of one run.
#[derive(Default)]
pub(crate) struct Choices {
    tape: Vec<Choice>,
    made: Vec<Choice>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Choice {
    taken: usize,
    options: usize,
}

impl Choices {
    /// Which of `options` to take, the most promising of which is number 0.
    pub(crate) fn choose(&mut self, options: usize) -> usize {
        if options < 2 {
            return 0;
        }
        let taken = self.tape.get(self.made.len()).map_or(0, |choice| choice.taken);
        let taken = taken.min(options - 1);
        self.made.push(Choice { taken, options });
        taken
    }
}

/// A run that was made, from which others start: they change a decision that comes after its own last change.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    cost: Cost,
    order: usize,
    /// Decisions up to here are fixed.
    fixed: usize,
    made: Vec<Choice>,
}

pub(crate) fn search(graph: &QueryGraph, operation: &NormalizedOperation) -> Result<Drafts, PlanError> {
    let scope = Scope::of_client(&operation.selection);
    let mut search = Search::new(graph, operation);
    let (seed, made) = run(&mut search, operation, &scope, Vec::new());
    let mut best = match seed {
        Outcome::Planned(drafts) if made.is_empty() => return Ok(drafts),
        Outcome::Planned(drafts) => Ok((Cost::of(&drafts), drafts)),
        Outcome::Failed(error) => Err(error),
        Outcome::Abandoned(_) => unreachable!("the first run has neither a limit nor an end of fuel"),
    };
    if made.is_empty() {
        return best.map(|(_, drafts)| drafts);
    }
    let mut shallow = Shallow::default();
    shallow.add(cost_of(&best), &made);
    let mut runs = 1;
    let mut in_vain = 0;
    let fewest = fewest_requests(graph, operation);
    let done = |best: &Result<(Cost, Drafts), PlanError>| match best {
        Ok((cost, _)) => cost.requests <= fewest && cost.depth <= 1,
        Err(error) => error.is_limit(),
    };
    let mut open = BinaryHeap::from([Reverse(Branch {
        cost: cost_of(&best),
        order: 0,
        fixed: 0,
        made,
    })]);
    search.fuel = FUEL;
    while let Some(Reverse(branch)) = open.pop() {
        for at in branch.fixed..branch.made.len() {
            for taken in 1..branch.made[at].options {
                if done(&best) || search.fuel == 0 || runs > RUNS || in_vain > RUNS_IN_VAIN {
                    return shallow.wait(&mut search, operation, &scope, best);
                }
                let mut tape = branch.made[..=at].to_vec();
                tape[at].taken = taken;
                search.limit = best.as_ref().ok().map(|(cost, drafts)| Limit {
                    best: *cost,
                    apart: Cost::so_far(drafts).requests + APART,
                });
                let (outcome, made) = run(&mut search, operation, &scope, tape);
                runs += 1;
                in_vain += 1;
                let cost = match outcome {
                    Outcome::Planned(drafts) => {
                        let cost = Cost::of(&drafts);
                        shallow.add(cost, &made);
                        if cost < cost_of(&best) {
                            best = Ok((cost, drafts));
                            in_vain = 0;
                        }
                        cost
                    }
                    Outcome::Abandoned(cost) => cost,
                    Outcome::Failed(_) => Cost::NONE,
                };
                open.push(Reverse(Branch {
                    cost,
                    order: runs,
                    fixed: at + 1,
                    made,
                }));
            }
        }
    }
    shallow.wait(&mut search, operation, &scope, best)
}

/// Plans that were met, by how deep they are. Where the best one is deeper than these because it makes fewer requests, one of them may
/// make as few when requests wait to be shared.
#[derive(Default)]
struct Shallow {
    plans: Vec<(Cost, Vec<Choice>)>,
}

impl Shallow {
    fn add(&mut self, cost: Cost, made: &[Choice]) {
        if self.plans.len() < PATIENT && cost != Cost::NONE {
            self.plans.push((cost, made.to_vec()));
        }
    }

    fn wait(
        self,
        search: &mut Search<'_>,
        operation: &NormalizedOperation,
        scope: &Rc<Scope>,
        best: Result<(Cost, Drafts), PlanError>,
    ) -> Result<Drafts, PlanError> {
        let (mut cost, mut best) = best?;
        search.limit = None;
        search.fuel = usize::MAX;
        for (held, tape) in self.plans {
            if held.depth >= cost.depth {
                continue;
            }
            let (Outcome::Planned(mut drafts), _) = run(search, operation, scope, tape) else {
                continue;
            };
            let mut waits = false;
            while wait(&mut drafts, cost) {
                cost = Cost::of(&drafts);
                waits = true;
            }
            if waits {
                best = drafts;
            }
        }
        Ok(best)
    }
}

fn cost_of(best: &Result<(Cost, Drafts), PlanError>) -> Cost {
    best.as_ref().map_or(Cost::NONE, |(cost, _)| *cost)
}

enum Outcome {
    Planned(Drafts),
    /// Given up; what was drafted by then costs this.
    Abandoned(Cost),
    Failed(PlanError),
}

fn run(
    search: &mut Search<'_>,
    operation: &NormalizedOperation,
    scope: &Rc<Scope>,
    tape: Vec<Choice>,
) -> (Outcome, Vec<Choice>) {
    search.choices = Choices {
        tape,
        made: Vec::new(),
    };
    search.abandoned = false;
    let planned = roots::plan_roots(search, operation, scope);
    let drafts = std::mem::take(&mut search.drafts);
    let made = std::mem::take(&mut search.choices.made);
    let refused = search.refused.take();
    let outcome = if search.abandoned {
        Outcome::Abandoned(Cost::so_far(&drafts))
    } else {
        match refused.map_or(planned, Err) {
            Ok(()) => Outcome::Planned(drafts),
            Err(error) => Outcome::Failed(error),
        }
    };
    (outcome, made)
}
