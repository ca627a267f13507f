//! How much of a selection a subgraph answers by itself: what the search goes by when several subgraphs would do.

use std::cell::RefCell;

use apollo_compiler::{Name, collections::HashMap};
use causeway_model::{Conjunction, SubgraphId};

use crate::{
    collect::{CollectedField, GuardedSelections, collect},
    operation::Selection,
    search::Search,
};

/// Known results. Without them each level of nesting would multiply the work by the number of possible types.
#[derive(Default)]
pub(crate) struct Coverages {
    known: RefCell<HashMap<Question, Known>>,
}

/// A subgraph, a type there, and the selections on it by identity.
type Question = (SubgraphId, Name, Vec<(Conjunction, *const Selection)>);

struct Known {
    leaves: usize,
    /// Keeps the selections alive, so that no other ones take their address.
    _selections: GuardedSelections,
}

impl Search<'_> {
    /// Leaves at and below `field` that the subgraph answers.
    pub(crate) fn coverage(&self, subgraph: SubgraphId, ty: &Name, field: &CollectedField) -> usize {
        match self.graph.answered_field(subgraph, ty, &field.field.name) {
            None => 0,
            Some(_) if field.is_leaf() => 1,
            Some(definition) => self.coverage_below(subgraph, definition.ty.inner_named_type(), &field.below),
        }
    }

    fn coverage_below(&self, subgraph: SubgraphId, ty: &Name, below: &GuardedSelections) -> usize {
        let identity = below
            .iter()
            .map(|(guard, selection)| (*guard, selection.as_ptr()))
            .collect();
        let question: Question = (subgraph, ty.clone(), identity);
        if let Some(known) = self.coverages.known.borrow().get(&question) {
            return known.leaves;
        }
        let possible = self
            .graph
            .subgraph_type(subgraph, ty)
            .map_or(&[][..], |found| &found.possible_types);
        let mut leaves = 0usize;
        for concrete in possible {
            for field in collect(self.graph, below, concrete) {
                leaves = leaves.saturating_add(self.coverage(subgraph, concrete, &field));
            }
        }
        let known = Known {
            leaves,
            _selections: below.clone(),
        };
        self.coverages.known.borrow_mut().insert(question, known);
        leaves
    }
}
