//! `Causeway-Explain: 1`: what an operation cost, in the response's extensions.

use std::{collections::BTreeMap, time::Duration};

use axum::http::{HeaderMap, HeaderName};
use causeway_executor::{CacheReport, FetchOutcome, FetchReport, Outcome};
use causeway_model::{Fetch, FetchTarget, Supergraph};
use serde_json::{Value, json};

use crate::prepare::PreparedOperation;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("causeway-explain");

pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(HEADER)
        .is_some_and(|value| matches!(value.as_bytes(), b"1" | b"true"))
}

/// What a fetch cost, or several together.
#[derive(Default, Clone, Copy)]
struct Cost {
    calls: usize,
    naive: usize,
    entities_asked: usize,
    entities_sent: usize,
}

impl Cost {
    fn of(fetch: &Fetch, report: &FetchReport) -> Self {
        let made = report.outcome != FetchOutcome::Skipped;
        Self {
            // The port says why a call failed, and not who else waited for it.
            calls: report
                .dispatch
                .map_or(usize::from(made), |dispatch| dispatch.calls),
            naive: match fetch.target {
                FetchTarget::Root { .. } => usize::from(made),
                FetchTarget::Entities(_) => report.entities_asked,
            },
            entities_asked: report.entities_asked,
            entities_sent: report.entities_sent,
        }
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.naive += other.naive;
        self.entities_asked += other.entities_asked;
        self.entities_sent += other.entities_sent;
    }
}

/// `{"causeway": {"calls", "callsNaive", "subgraphs": {name: {calls, callsNaive, entitiesAsked, entitiesSent}}, "plan"}}`, and
/// `"overrideLabels"` with those that are on where the operation touches any. docs/query-plans.md says what they mean.
pub(crate) fn extension(prepared: &PreparedOperation, supergraph: &Supergraph, outcome: &Outcome) -> Value {
    let plan = &prepared.plan;
    let mut all = Cost::default();
    let mut by_subgraph: BTreeMap<&str, Cost> = BTreeMap::new();
    let mut explained = json!(causeway_planner::explain_json(plan, supergraph));
    for (index, (fetch, report)) in plan.fetches.iter().zip(&outcome.fetches).enumerate() {
        let cost = Cost::of(fetch, report);
        all.add(cost);
        let name = &supergraph.subgraph(fetch.subgraph).name;
        by_subgraph.entry(name).or_default().add(cost);
        explained["fetches"][index]["run"] = run(fetch, cost, report);
    }
    let subgraphs = by_subgraph.into_iter().map(|(name, cost)| {
        let value = json!({
            "calls": cost.calls,
            "callsNaive": cost.naive,
            "entitiesAsked": cost.entities_asked,
            "entitiesSent": cost.entities_sent,
        });
        (name.to_owned(), value)
    });
    let mut told = json!({
        "calls": all.calls,
        "callsNaive": all.naive,
        "subgraphs": subgraphs.collect::<serde_json::Map<_, _>>(),
        "plan": explained,
    });
    if !prepared.parsed.labels.is_empty() {
        let on = prepared.on.iter().map(|label| supergraph.label(label));
        told["overrideLabels"] = on.collect();
    }
    json!({ "causeway": told })
}

/// What became of one fetch.
fn run(fetch: &Fetch, cost: Cost, report: &FetchReport) -> Value {
    let mut run = json!({
        "outcome": match report.outcome {
            FetchOutcome::Answered => "answered",
            FetchOutcome::Failed => "failed",
            FetchOutcome::Skipped => "skipped",
        },
        "calls": cost.calls,
        "entitiesAsked": cost.entities_asked,
        "entitiesSent": cost.entities_sent,
        "entitiesDeduplicated": cost.entities_asked.saturating_sub(cost.entities_sent),
        "micros": micros(report.elapsed),
    });
    if let Some(dispatch) = report.dispatch {
        let is_root = matches!(fetch.target, FetchTarget::Root { .. });
        run["entitiesJoined"] = json!(if is_root { 0 } else { dispatch.joined });
        run["batchSize"] = json!(dispatch.batch_size);
        run["waitedMicros"] = json!(micros(dispatch.waited));
        if dispatch.cache != CacheReport::default() {
            run["cache"] = cache(dispatch.cache);
        }
    }
    run
}

/// In entities; of a root fetch, in root fields.
fn cache(report: CacheReport) -> Value {
    let mut cache = json!({
        "memory": report.memory,
        "shared": report.shared,
        "stale": report.stale,
        "partial": report.partial,
        "missed": report.missed,
    });
    if let Some(why) = report.not_stored {
        cache["notStored"] = why.into();
    }
    cache
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
