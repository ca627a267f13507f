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

#[derive(Clone, Copy)]
struct Below {
    leaves: usize,
    /// All of them, with nothing needed from elsewhere.
    complete: bool,
}

struct Known {
    below: Below,
    /// Keeps the selections alive, so that no other ones take their address.
    _selections: GuardedSelections,
}

impl Search<'_> {
    /// Leaves at and below `field` that the subgraph answers.
    pub(crate) fn coverage(&self, subgraph: SubgraphId, ty: &Name, field: &CollectedField) -> usize {
        match self.graph.answered_field(subgraph, ty, &field.field.name) {
            None => 0,
            Some(_) if field.is_leaf() => 1,
            Some(definition) => {
                let ty = definition.ty.inner_named_type();
                self.coverage_below(subgraph, ty, &field.below).leaves
            }
        }
    }

    /// Whether the subgraph answers all of `field`, with nothing needed from elsewhere.
    pub(crate) fn complete(&self, subgraph: SubgraphId, ty: &Name, field: &CollectedField) -> bool {
        match self.graph.local_field(subgraph, ty, &field.field.name, None) {
            None => false,
            Some(_) if field.is_leaf() => true,
            Some(definition) => {
                let ty = definition.ty.inner_named_type();
                self.coverage_below(subgraph, ty, &field.below).complete
            }
        }
    }

    fn coverage_below(&self, subgraph: SubgraphId, ty: &Name, below: &GuardedSelections) -> Below {
        let identity = below
            .iter()
            .map(|(guard, selection)| (*guard, selection.as_ptr()))
            .collect();
        let question: Question = (subgraph, ty.clone(), identity);
        if let Some(known) = self.coverages.known.borrow().get(&question) {
            return known.below;
        }
        let found = self.graph.subgraph_type(subgraph, ty);
        let possible = found.map_or(&[][..], |found| &found.possible_types);
        let mut answer = Below {
            leaves: 0,
            complete: found.is_some_and(|found| !found.is_interface_object),
        };
        for concrete in possible {
            for field in collect(self.graph, below, concrete) {
                let leaves = self.coverage(subgraph, concrete, &field);
                answer.leaves = answer.leaves.saturating_add(leaves);
                answer.complete &=
                    field.field.name == "__typename" || self.complete(subgraph, concrete, &field);
            }
        }
        let known = Known {
            below: answer,
            _selections: below.clone(),
        };
        self.coverages.known.borrow_mut().insert(question, known);
        answer
    }
}
