//! `Causeway-Explain: 1`: what an operation cost, in the response's extensions.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName};
use causeway_executor::{FetchOutcome, Outcome};
use causeway_model::Supergraph;
use serde_json::json;

use crate::prepare::PreparedOperation;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("causeway-explain");

pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get(HEADER)
        .is_some_and(|value| matches!(value.as_bytes(), b"1" | b"true"))
}

#[derive(Default)]
struct SubgraphCost {
    calls: usize,
    entities_asked: usize,
    entities_sent: usize,
}

/// `{"causeway": {"calls", "subgraphs": {name: {calls, entitiesAsked, entitiesSent}}, "plan"}}`, and `"overrideLabels"`
/// with those that are on where the operation touches any. Entities asked are
/// places of the response; entities sent are distinct representations.
pub(crate) fn extension(
    prepared: &PreparedOperation,
    supergraph: &Supergraph,
    outcome: &Outcome,
) -> serde_json::Value {
    let plan = &prepared.plan;
    let mut costs: BTreeMap<&str, SubgraphCost> = BTreeMap::new();
    let mut explained = json!(causeway_planner::explain_json(plan, supergraph));
    for (index, (fetch, report)) in plan.fetches.iter().zip(&outcome.fetches).enumerate() {
        let cost = costs
            .entry(&supergraph.subgraph(fetch.subgraph).name)
            .or_default();
        cost.calls += usize::from(report.outcome != FetchOutcome::Skipped);
        cost.entities_asked += report.entities_asked;
        cost.entities_sent += report.entities_sent;
        explained["fetches"][index]["run"] = json!({
            "outcome": match report.outcome {
                FetchOutcome::Answered => "answered",
                FetchOutcome::Failed => "failed",
                FetchOutcome::Skipped => "skipped",
            },
            "entitiesAsked": report.entities_asked,
            "entitiesSent": report.entities_sent,
            "micros": u64::try_from(report.elapsed.as_micros()).unwrap_or(u64::MAX),
        });
    }
    let calls: usize = costs.values().map(|cost| cost.calls).sum();
    let subgraphs: serde_json::Map<String, serde_json::Value> = costs
        .into_iter()
        .map(|(name, cost)| {
            let value = json!({
                "calls": cost.calls,
                "entitiesAsked": cost.entities_asked,
                "entitiesSent": cost.entities_sent,
            });
            (name.to_owned(), value)
        })
        .collect();
    let mut told = json!({ "calls": calls, "subgraphs": subgraphs, "plan": explained });
    if !prepared.parsed.labels.is_empty() {
        let on = prepared.on.iter().map(|label| supergraph.label(label));
        told["overrideLabels"] = on.collect();
    }
    json!({ "causeway": told })
}
