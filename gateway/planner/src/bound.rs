//! What no plan can do without.

use std::collections::BTreeSet;

use apollo_compiler::{Name, collections::HashSet};
use causeway_graph::QueryGraph;
use causeway_model::SubgraphId;

use crate::operation::{NormalizedOperation, Selection, Selections};

/// A number of requests that any plan of the operation has at least: the subgraphs that alone know some field.
pub(crate) fn fewest_requests(graph: &QueryGraph, operation: &NormalizedOperation) -> usize {
    let mut bound = Bound {
        graph,
        forced: BTreeSet::new(),
        seen: HashSet::default(),
    };
    bound.walk(&operation.root_type, &operation.selection);
    bound.forced.len().max(1)
}

struct Bound<'a> {
    graph: &'a QueryGraph,
    forced: BTreeSet<SubgraphId>,
    seen: HashSet<(Name, *const Selection)>,
}

impl Bound<'_> {
    fn walk(&mut self, ty: &Name, selection: &Selections) {
        if !self.seen.insert((ty.clone(), selection.as_ptr())) {
            return;
        }
        for item in selection.iter() {
            match item {
                Selection::Field(field) => {
                    self.force(ty, &field.name);
                    if let Some(below) = &field.selection
                        && let Ok(found) = self.graph.supergraph().schema.type_field(ty, &field.name)
                    {
                        self.walk(&found.ty.inner_named_type().clone(), below);
                    }
                }
                Selection::Fragment { on, selection, .. } => self.walk(on, selection),
            }
        }
    }

    /// Fields of abstract types force nothing: which of their types there are depends on who is asked.
    fn force(&mut self, ty: &Name, field: &Name) {
        let supergraph = self.graph.supergraph();
        let Some(object) = supergraph.schema.get_object(ty) else {
            return;
        };
        let mut knows = supergraph.subgraph_ids().filter(|id| {
            let subgraph = supergraph.subgraph(*id);
            let interfaces = object.implements_interfaces.iter().map(|one| one.as_str());
            [ty.as_str()]
                .into_iter()
                .chain(interfaces)
                .any(|name| subgraph.field(name, field).is_some())
        });
        if let (Some(only), None) = (knows.next(), knows.next()) {
            self.forced.insert(only);
        }
    }
}
