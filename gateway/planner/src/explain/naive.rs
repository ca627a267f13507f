//! What a plan would cost without batching: a call for each entity, at each place where one stands.

use std::fmt::{self, Write as _};

use apollo_compiler::ast::OperationType;
use causeway_model::{EntityPlace, Fetch, FetchTarget, QueryPlan, Supergraph};
use serde::Serialize;

use super::path;

/// Calls that a plan's fetches would be with one for each root fetch and one for each entity at each place of the response. All
/// fetches count, and every item is taken for an entity that is asked for: it is the most there could be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NaivePlan {
    /// When every list on the way to an entity has `list_size` items.
    pub calls: u64,
    /// For lists of any size, e.g. `1 + n(orders.nodes)`: `n` is the number of items at a place, those of all its lists together.
    pub formula: String,
    pub list_size: u64,
    /// Those of the plan, but for the subscription itself, which is made once and not for each event.
    pub fetches: Vec<NaiveFetch>,
    #[serde(skip)]
    is_subscription: bool,
}

#[derive(Debug, Serialize)]
pub struct NaiveFetch {
    /// As in the plan.
    pub id: usize,
    pub calls: u64,
    pub formula: String,
    #[serde(skip)]
    subgraph: String,
}

pub fn naive(plan: &QueryPlan, supergraph: &Supergraph, list_size: u64) -> NaivePlan {
    let is_subscription = plan.operation_type == OperationType::Subscription;
    let mut all = Sum::default();
    let mut fetches = Vec::with_capacity(plan.fetches.len());
    for (index, fetch) in plan.fetches.iter().enumerate() {
        if index == 0 && is_subscription {
            continue;
        }
        let sum = Sum::of(plan, fetch);
        fetches.push(NaiveFetch {
            id: index + 1,
            calls: sum.value(list_size),
            formula: sum.to_string(),
            subgraph: supergraph.subgraph(fetch.subgraph).name.clone(),
        });
        sum.terms.into_iter().for_each(|term| all.add(term));
    }
    NaivePlan {
        calls: all.value(list_size),
        formula: all.to_string(),
        list_size,
        fetches,
        is_subscription,
    }
}

impl NaivePlan {
    /// ```text
    /// Calls with one for each entity: 1 + n(orders.nodes)
    /// With lists of 10: 11 instead of 2
    ///   1 orders  1                1
    ///   2 users   n(orders.nodes)  10
    /// ```
    pub fn text(&self) -> String {
        let Self {
            calls,
            formula,
            list_size,
            fetches,
            is_subscription,
        } = self;
        let event = if *is_subscription { " for each event" } else { "" };
        let mut text = format!("Calls with one for each entity: {formula}{event}\n");
        let _ = writeln!(
            text,
            "With lists of {list_size}: {calls} instead of {}",
            fetches.len()
        );
        let width = |of: fn(&NaiveFetch) -> usize| fetches.iter().map(of).max().unwrap_or(0);
        let name = width(|fetch| fetch.subgraph.chars().count());
        let sum = width(|fetch| fetch.formula.chars().count());
        for fetch in fetches {
            let NaiveFetch {
                id,
                calls,
                formula,
                subgraph,
            } = fetch;
            let _ = writeln!(text, "  {id} {subgraph:name$}  {formula:sum$}  {calls}");
        }
        text
    }
}

/// Calls, by what they hang on.
#[derive(Default)]
struct Sum {
    terms: Vec<Term>,
}

/// `times` calls for each item at `place`.
struct Term {
    times: u64,
    /// `None`: no list is on the way.
    place: Option<String>,
    /// Lists on the way, each in the one before.
    lists: u32,
}

impl Sum {
    fn of(plan: &QueryPlan, fetch: &Fetch) -> Self {
        let mut sum = Self::default();
        match &fetch.target {
            FetchTarget::Root { .. } => sum.add(Term::ONE),
            FetchTarget::Entities(calls) => {
                let places = calls.iter().flat_map(|call| &call.places);
                places.for_each(|place| sum.add(Term::at(plan, place)));
            }
        }
        sum
    }

    fn add(&mut self, term: Term) {
        match self.terms.iter_mut().find(|known| known.place == term.place) {
            Some(known) => known.times += term.times,
            None => self.terms.push(term),
        }
        // From the outside in, as one reads the operation.
        self.terms.sort_by_key(|term| term.lists);
    }

    fn value(&self, list_size: u64) -> u64 {
        let values = self.terms.iter().map(|term| {
            let items = list_size.saturating_pow(term.lists);
            term.times.saturating_mul(items)
        });
        values.fold(0, u64::saturating_add)
    }
}

impl Term {
    const ONE: Self = Self {
        times: 1,
        place: None,
        lists: 0,
    };

    fn at(plan: &QueryPlan, place: &EntityPlace) -> Self {
        match place.path.iter().rposition(|segment| segment.lists > 0) {
            None => Self::ONE,
            Some(last) => Self {
                times: 1,
                place: Some(path(plan, &place.path[..=last])),
                lists: place.path.iter().map(|segment| u32::from(segment.lists)).sum(),
            },
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Term { times, place, .. }) in self.terms.iter().enumerate() {
            let plus = if index == 0 { "" } else { " + " };
            match (place, times) {
                (None, times) => write!(f, "{plus}{times}")?,
                (Some(place), 1) => write!(f, "{plus}n({place})")?,
                (Some(place), times) => write!(f, "{plus}{times} n({place})")?,
            }
        }
        // Introspection alone costs nothing.
        if self.terms.is_empty() {
            f.write_str("0")?;
        }
        Ok(())
    }
}
