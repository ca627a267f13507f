//! Which labels of progressive overrides an operation's plan can hang on.

use apollo_compiler::{
    ExecutableDocument, Name, collections::HashSet, executable::Operation, validation::Valid,
};
use causeway_graph::QueryGraph;
use causeway_model::LabelSet;

use crate::{
    PlanError,
    operation::{self, Selection, Selections},
};

/// The labels that must be decided before the operation is planned. Empty for most operations: they have one plan.
///
/// # Errors
/// As [`plan`](crate::plan) for an operation that is too complex to be planned.
pub fn labels(
    graph: &QueryGraph,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
) -> Result<LabelSet, PlanError> {
    if graph.supergraph().labels.is_empty() {
        return Ok(LabelSet::default());
    }
    let normalized = operation::normalize(document, operation)?;
    let mut walk = Walk {
        graph,
        labels: LabelSet::default(),
        seen: HashSet::default(),
    };
    walk.selections(&normalized.root_type, &normalized.selection);
    Ok(walk.labels)
}

struct Walk<'a> {
    graph: &'a QueryGraph,
    labels: LabelSet,
    seen: HashSet<(Name, *const Selection)>,
}

impl Walk<'_> {
    fn selections(&mut self, ty: &Name, selections: &Selections) {
        if !self.seen.insert((ty.clone(), selections.as_ptr())) {
            return;
        }
        let graph = self.graph;
        for item in selections.iter() {
            match item {
                Selection::Fragment { on, selection, .. } => self.selections(on, selection),
                Selection::Field(field) => {
                    for ty in graph.possible_types(ty).iter().chain([ty]) {
                        graph
                            .field_labels(ty, &field.name)
                            .for_each(|label| self.labels.insert(label));
                        graph.key_labels(ty).for_each(|label| self.labels.insert(label));
                    }
                    let schema = &graph.supergraph().api_schema;
                    if let (Some(below), Ok(found)) = (&field.selection, schema.type_field(ty, &field.name)) {
                        self.selections(found.ty.inner_named_type(), below);
                    }
                }
            }
        }
    }
}
