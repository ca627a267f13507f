//! Where a selection can be answered in more than one way, and the search over these ways.
//!
//! Planning is a function of its decisions: a run follows a *tape* of them and takes the most promising option (number 0) where
//! the tape has ended. The first run is the greedy plan. Further runs change one decision of an earlier run, the cheapest run
//! first (limited discrepancy search, Harvey and Ginsberg 1995), so that each combination of decisions is met once at most; runs that
//! drafted what another one did come last. A run is given up when what it has drafted already costs as much as the best plan
//! so far. The search ends when all combinations are tried, when nothing can be better, or when its fuel is spent: there is always
//! a plan.

mod shallow;

use std::{cell::LazyCell, cmp::Reverse, collections::BinaryHeap, rc::Rc};

use apollo_compiler::collections::HashSet;
use causeway_graph::QueryGraph;

use crate::{
    PlanError,
    bound::{fewest_requests, least_depth},
    draft::Drafts,
    grouping::{Cost, settle},
    operation::NormalizedOperation,
    roots,
    scope::Scope,
    search::{Limit, Search},
};
use shallow::Shallow;

/// The most that is spent on better plans than the greedy one, in fields and fetches drafted. A unit is about a fifth of
/// a microsecond.
const FUEL: usize = 10_000;

/// The most runs after the first, and the most in a row that find nothing better.
const RUNS: usize = 400;
const RUNS_IN_VAIN: usize = 250;

/// What a run may spend, as a multiple of what the first one did, and beside it. One that takes much more is lost in requirements of
/// requirements.
const RUN_FUEL: (usize, usize) = (4, 100);

/// Ways from one run that drafted nothing new, one after the other, before others are followed first: decisions that were made for a
/// requirement that cannot be had come to nothing.
const REPEATED: usize = 8;

/// Requests by which a run may be ahead of the best plan, before those are joined that leave at different moments. Joining
/// may make up for them; more are hardly ever worth the time.
const APART: usize = 1;

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
    /// Another run drafted the same.
    again: bool,
    cost: Cost,
    order: usize,
    /// Decisions up to here are fixed.
    fixed: usize,
    /// Of the other ways from there, those that were followed.
    tried: usize,
    made: Vec<Choice>,
}

pub(crate) fn search(graph: &QueryGraph, operation: &NormalizedOperation) -> Result<Drafts, PlanError> {
    let scope = Scope::of_client(&operation.selection);
    let mut search = Search::new(graph, operation);
    let run = |search: &mut Search<'_>, tape: Vec<Choice>| run(search, operation, &scope, tape);
    let first = run(&mut search, Vec::new());
    let mut left = Left {
        fuel: FUEL,
        of_a_run: RUN_FUEL.0 * (usize::MAX - search.fuel) + RUN_FUEL.1,
        runs: RUNS,
        in_vain: RUNS_IN_VAIN,
    };
    let made = first.made;
    let mut best = Best::first(first.outcome, &made, &mut left);
    if made.is_empty() {
        return best.plan.map(|(_, drafts)| drafts);
    }
    let fewest = fewest_requests(graph, operation);
    let least = LazyCell::new(|| least_depth(graph, operation));
    let mut drafted: HashSet<u64> = HashSet::default();
    let mut open = BinaryHeap::from([Reverse(Branch {
        again: false,
        cost: best.cost(),
        order: 0,
        fixed: 0,
        tried: 0,
        made,
    })]);
    'search: while let Some(Reverse(mut branch)) = open.pop() {
        let mut in_vain = 0;
        while let Some((at, taken)) = branch.other() {
            let done = match &best.plan {
                Ok((cost, _)) => cost.requests <= fewest && cost.depth <= *least,
                Err(error) => error.is_limit(),
            };
            if done || left.is_nothing() {
                break 'search;
            }
            let mut tape = branch.made[..=at].to_vec();
            tape[at].taken = taken;
            search.limit = best.limit;
            let Run { outcome, made, print } = left.spend(&mut search, |search| run(search, tape));
            branch.tried += 1;
            let again = !drafted.insert(print);
            in_vain = if again { in_vain + 1 } else { 0 };
            open.push(Reverse(Branch {
                again,
                cost: best.take(outcome, &made, &mut left),
                order: RUNS - left.runs,
                fixed: at + 1,
                tried: 0,
                made,
            }));
            if in_vain == REPEATED && !branch.again {
                branch.again = true;
                open.push(Reverse(branch));
                break;
            }
        }
    }
    search.limit = None;
    search.fuel = usize::MAX;
    let (cost, drafts) = best.plan?;
    Ok(best
        .shallow
        .wait(cost, drafts, |tape| run(&mut search, tape).outcome))
}

/// The best plan so far.
struct Best {
    plan: Result<(Cost, Drafts), PlanError>,
    limit: Option<Limit>,
    shallow: Shallow,
}

impl Best {
    fn first(outcome: Outcome, made: &[Choice], left: &mut Left) -> Self {
        let mut shallow = Shallow::default();
        let plan = match outcome {
            Outcome::Planned(mut drafts) => {
                let cost = settle(&mut drafts, Cost::NONE, &mut left.fuel);
                shallow.add(cost, made);
                Ok((cost, drafts))
            }
            Outcome::Failed(error) => Err(error),
            Outcome::Abandoned(_) => unreachable!("the first run has neither a limit nor an end of fuel"),
        };
        let mut best = Self {
            plan,
            limit: None,
            shallow,
        };
        best.set_limit();
        best
    }

    fn cost(&self) -> Cost {
        self.plan.as_ref().map_or(Cost::NONE, |(cost, _)| *cost)
    }

    fn set_limit(&mut self) {
        self.limit = self.plan.as_ref().ok().map(|(cost, drafts)| Limit {
            best: *cost,
            apart: Cost::so_far(drafts).requests + APART,
        });
    }

    /// Keeps what a run gave where it is better. Gives what it costs.
    fn take(&mut self, outcome: Outcome, made: &[Choice], left: &mut Left) -> Cost {
        let mut drafts = match outcome {
            Outcome::Planned(drafts) => drafts,
            Outcome::Abandoned(cost) => return cost,
            Outcome::Failed(_) => return Cost::NONE,
        };
        let cost = settle(&mut drafts, self.cost(), &mut left.fuel);
        self.shallow.add(cost, made);
        if cost < self.cost() {
            self.plan = Ok((cost, drafts));
            self.set_limit();
            left.in_vain = RUNS_IN_VAIN;
        }
        cost
    }
}

impl Branch {
    /// The next decision that may be made otherwise, and how.
    fn other(&self) -> Option<(usize, usize)> {
        let decisions = (self.fixed..self.made.len()).map(|at| (at, self.made[at].options));
        decisions
            .flat_map(|(at, options)| (1..options).map(move |taken| (at, taken)))
            .nth(self.tried)
    }
}

/// What may still be spent.
struct Left {
    fuel: usize,
    of_a_run: usize,
    runs: usize,
    in_vain: usize,
}

impl Left {
    fn is_nothing(&self) -> bool {
        self.fuel == 0 || self.runs == 0 || self.in_vain == 0
    }

    fn spend(&mut self, search: &mut Search<'_>, run: impl FnOnce(&mut Search<'_>) -> Run) -> Run {
        let allowed = self.fuel.min(self.of_a_run);
        search.fuel = allowed;
        let made = run(search);
        self.fuel -= allowed - search.fuel;
        self.runs -= 1;
        self.in_vain -= 1;
        made
    }
}

enum Outcome {
    Planned(Drafts),
    /// Given up; what was drafted by then costs this.
    Abandoned(Cost),
    Failed(PlanError),
}

struct Run {
    outcome: Outcome,
    made: Vec<Choice>,
    /// Of what it drafted.
    print: u64,
}

fn run(
    search: &mut Search<'_>,
    operation: &NormalizedOperation,
    scope: &Rc<Scope>,
    tape: Vec<Choice>,
) -> Run {
    search.choices = Choices {
        tape,
        made: Vec::new(),
    };
    search.abandoned = false;
    search.checked = 0;
    let planned = roots::plan_roots(search, operation, scope);
    let drafts = std::mem::take(&mut search.drafts);
    let print = drafts.fingerprint();
    let refused = search.refused.take();
    let outcome = if search.abandoned && search.fuel == 0 {
        // What starts from there is as lost.
        Outcome::Abandoned(Cost::NONE)
    } else if search.abandoned {
        Outcome::Abandoned(Cost::so_far(&drafts))
    } else {
        match refused.map_or(planned, Err) {
            Ok(()) => Outcome::Planned(drafts),
            Err(error) => Outcome::Failed(error),
        }
    };
    Run {
        outcome,
        made: std::mem::take(&mut search.choices.made),
        print,
    }
}
