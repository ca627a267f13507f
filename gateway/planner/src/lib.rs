//! The planner: a supergraph and an operation -> a [`QueryPlan`].
//!
//! Pure and deterministic: the same input gives the same plan. It knows nothing of HTTP, time or
//! data; the executor knows nothing of how a plan came about.

mod bound;
mod choices;
mod collect;
mod context;
mod coverage;
mod draft;
mod emit;
mod explain;
mod grouping;
mod hops;
mod interface_object;
mod labels;
mod operation;
mod position;
mod projection;
mod requires;
mod roots;
mod scope;
mod search;
mod targets;

use apollo_compiler::{ExecutableDocument, executable::Operation, validation::Valid};
use causeway_graph::QueryGraph;
use causeway_model::{LabelSet, QueryPlan};

pub use explain::{NaivePlan, explain, explain_json, naive};
pub use labels::labels;

/// Why an operation that is valid against the API schema has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(
        "the operation asks for so many types below each other that its plan has more than {limit} selection sets; \
         ask for less at once"
    )]
    TooComplex { limit: usize },
    /// Composition proves that this cannot happen; a supergraph composed by others without that proof
    /// may bring it about.
    #[error(
        "no subgraph can answer `{coordinate}` at `{path}`: {reason}. The supergraph does not satisfy this operation; \
         compose it again with `causeway compose`, which says which key or field is missing"
    )]
    Unsatisfiable {
        coordinate: String,
        path: String,
        reason: String,
    },
    #[error("the operation has {count} boolean variables in @skip and @include; {limit} are the most")]
    TooManyConditions { count: usize, limit: usize },
    #[error(
        "subgraph `{subgraph}` answers with its @interfaceObject type `{ty}`, and no subgraph that defines `{ty}` as an \
         interface can be reached from there by a @key to tell its concrete type"
    )]
    InterfaceObject { subgraph: String, ty: String },
}

impl PlanError {
    /// More of the operation than can be planned, whichever way it is planned.
    fn is_limit(&self) -> bool {
        matches!(self, Self::TooComplex { .. })
    }

    /// Stable, for `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsatisfiable { .. } => "UNSATISFIABLE_OPERATION",
            Self::TooManyConditions { .. } | Self::TooComplex { .. } => "OPERATION_TOO_COMPLEX",
            Self::InterfaceObject { .. } => "UNSATISFIABLE_OPERATION",
        }
    }
}

/// Plans one operation of a document that was validated against the graph's API schema. `on` are the labels of progressive
/// overrides that are on; only those among [`labels`] make a difference.
pub fn plan(
    graph: &QueryGraph,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    on: &LabelSet,
) -> Result<QueryPlan, PlanError> {
    let normalized = operation::normalize(document, operation)?;
    let graph = graph.under(on);
    let drafts = choices::search(&graph, &normalized)?;
    Ok(emit::finish(&graph, &normalized, drafts))
}
