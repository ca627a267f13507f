//! The exhaustive search.

use std::collections::HashMap;

use super::{
    facts::Facts,
    graph::Case,
    model::{Brought, Known, Model},
};

/// Sets of requests that are tried for one operation at most.
const BUDGET: usize = 20_000_000;

/// Requests, and how many of them wait for each other at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    pub requests: usize,
    pub depth: usize,
}

impl Cost {
    /// Neither more requests nor more waiting.
    pub fn is_within(self, other: Self) -> bool {
        self.requests <= other.requests && self.depth <= other.depth
    }
}

/// There is more to try than the search has time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfBudget;

/// Costs of the plans that no plan beats: the first has the least waiting, the last the fewest requests. Empty: no requests answer
/// the operation.
///
/// # Errors
/// When the budget is spent before all is tried.
pub fn best(case: &Case) -> Result<Vec<Cost>, OutOfBudget> {
    walk(case, false)
}

/// The same among plans in which nothing waits for the sake of a shared request: the plan is as deep as some chain of requests of
/// which none could leave without what the one before brought.
///
/// # Errors
/// When the budget is spent before all is tried.
pub fn best_without_waiting(case: &Case) -> Result<Vec<Cost>, OutOfBudget> {
    walk(case, true)
}

/// Step by step, where a step is a set of requests that leave together; for all that can be known after a step, the fewest requests.
fn walk(case: &Case, chained: bool) -> Result<Vec<Cost>, OutOfBudget> {
    let model = Model::new(case).ok_or(OutOfBudget)?;
    let mut budget = BUDGET;
    let mut found = Vec::new();
    let mut fewest = usize::MAX;
    let mut seen: HashMap<Known, usize> = HashMap::new();
    let mut step: HashMap<Known, usize> = HashMap::from([(Known::default(), 0)]);
    for depth in 1.. {
        if step.is_empty() {
            break;
        }
        let mut next: HashMap<Known, usize> = HashMap::new();
        let before = fewest;
        for (known, requests) in step {
            let brought = brought(&model, &known, chained);
            for set in 1_u32..1 << brought.len() {
                budget = budget.checked_sub(1).ok_or(OutOfBudget)?;
                let requests = requests + set.count_ones() as usize;
                if requests >= fewest {
                    continue;
                }
                let known = add(&known, &brought, set);
                let in_chain = !chained || !(known.chain & model.wanted).is_empty();
                if known.facts.has_all(model.wanted) {
                    if in_chain {
                        fewest = requests;
                    }
                    continue;
                }
                let dead = chained && known.chain.is_empty();
                let best = seen.get(&known).into_iter().chain(next.get(&known)).min();
                if !dead && best.is_none_or(|best| requests < *best) {
                    next.insert(known, requests);
                }
            }
        }
        if fewest < before {
            found.push(Cost {
                requests: fewest,
                depth,
            });
        }
        next.retain(|_, requests| *requests + 1 < fewest);
        seen.extend(next.iter().map(|(known, requests)| (*known, *requests)));
        step = next;
    }
    Ok(found)
}

/// What each request that brings something new brings.
fn brought(model: &Model<'_>, known: &Known, chained: bool) -> Vec<Brought> {
    let requests = model.requests.iter();
    let brought = requests.map(|request| {
        let brought = model.brings(*request, known);
        let new = |facts: Facts| facts.without(known.facts);
        Brought {
            facts: new(brought.facts),
            waited: if chained {
                new(brought.waited)
            } else {
                Facts::default()
            },
        }
    });
    brought.filter(|brought| !brought.facts.is_empty()).collect()
}

fn add(known: &Known, brought: &[Brought], set: u32) -> Known {
    let mut next = Known {
        facts: known.facts,
        chain: Facts::default(),
    };
    for (at, brought) in brought.iter().enumerate() {
        if set >> at & 1 == 1 {
            next.facts |= brought.facts;
            next.chain |= brought.waited;
        }
    }
    next
}
