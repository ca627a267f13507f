//! What no plan can do without.

use std::collections::BTreeSet;

use apollo_compiler::{Name, collections::HashSet};
use causeway_graph::QueryGraph;
use causeway_model::{FieldSetItem, SubgraphId};

use crate::operation::{NormalizedOperation, Selection, Selections};

/// A number of requests that any plan of the operation has at least: the subgraphs that alone know some field, and one that is asked
/// first where none of these can be.
pub(crate) fn fewest_requests(graph: &QueryGraph, operation: &NormalizedOperation) -> usize {
    let mut bound = Bound {
        graph,
        forced: BTreeSet::new(),
        seen: HashSet::default(),
    };
    bound.walk(&operation.root_type, &operation.selection);
    let is_first = |id: &SubgraphId| {
        operation.selection.iter().any(|item| match item {
            Selection::Field(field) => graph.field(*id, &operation.root_type, &field.name).is_some(),
            Selection::Fragment { .. } => true,
        })
    };
    let none_is_first = !bound.forced.iter().any(is_first);
    bound.forced.len() + usize::from(none_is_first)
}

/// How deep any plan of the operation is at least: for the field that is known last, the requests that wait for each other on the shortest
/// way there, if each subgraph that knows a field would answer it.
pub(crate) fn least_depth(graph: &QueryGraph, operation: &NormalizedOperation) -> usize {
    let supergraph = graph.supergraph();
    let knows_interface_objects = supergraph
        .subgraphs
        .iter()
        .any(|subgraph| subgraph.types.values().any(|ty| ty.is_interface_object));
    if knows_interface_objects {
        return 1;
    }
    let mut depth = Depth {
        graph,
        least: 1,
        steps: 2_000,
    };
    let roots = vec![Some(1); supergraph.subgraphs.len()];
    depth.walk(&operation.root_type, &roots, &operation.selection);
    depth.least
}

struct Depth<'a> {
    graph: &'a QueryGraph,
    least: usize,
    steps: usize,
}

/// For each subgraph, how many requests it takes to ask it about an object.
type Asked = Vec<Option<usize>>;

impl Depth<'_> {
    fn walk(&mut self, ty: &Name, asked: &Asked, selection: &Selections) {
        for item in selection.iter() {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                return;
            }
            let Selection::Field(field) = item else {
                continue;
            };
            let answered = self.answered(ty, asked, &field.name);
            let Some(least) = answered.iter().flatten().min() else {
                continue;
            };
            self.least = self.least.max(*least);
            let schema = &self.graph.supergraph().schema;
            if let Some(below) = &field.selection
                && let Ok(found) = schema.type_field(ty, &field.name)
                && schema.get_object(found.ty.inner_named_type()).is_some()
            {
                let child = found.ty.inner_named_type().clone();
                let reached = self.hop(&child, answered);
                self.walk(&child, &reached, below);
            }
        }
    }

    fn answered(&self, ty: &Name, asked: &Asked, field: &Name) -> Asked {
        let subgraphs = self.graph.supergraph().subgraph_ids().zip(asked);
        subgraphs
            .map(|(id, asked)| asked.filter(|_| self.graph.field(id, ty, field).is_some()))
            .collect()
    }

    /// Adds what keys lead to.
    fn hop(&self, ty: &Name, mut asked: Asked) -> Asked {
        let ids: Vec<SubgraphId> = self.graph.supergraph().subgraph_ids().collect();
        loop {
            let mut sooner = false;
            for (at, id) in ids.iter().enumerate() {
                for (_, key) in self.graph.keys(*id, ty) {
                    let parts = key.items.iter().map(|item| match item {
                        FieldSetItem::Field(field) => {
                            self.answered(ty, &asked, &field.name).into_iter().flatten().min()
                        }
                        FieldSetItem::Fragment { .. } => Some(0),
                    });
                    let known = parts.reduce(|one, other| Some(one?.max(other?))).flatten();
                    if let Some(known) = known
                        && asked[at].is_none_or(|held| known + 1 < held)
                    {
                        asked[at] = Some(known + 1);
                        sooner = true;
                    }
                }
            }
            if !sooner {
                return asked;
            }
        }
    }
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
