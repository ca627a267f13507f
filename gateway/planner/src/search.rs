//! From selections to fetches.
//!
//! A field that the subgraph at hand answers wholly stays there. What is left at an object is loaded over entity hops. What no hop at
//! this object can bring is handed up to the parent, which may reach the same object by another way (shared value types
//! have no keys of their own). Every step either adds fields or marks a subgraph as tried, so that planning ends.

use std::rc::Rc;

use apollo_compiler::{Name, ast::OperationType, collections::HashMap};
use causeway_graph::{HopRoute, QueryGraph};
use causeway_model::{Conjunction, SubgraphField, SubgraphId};

use crate::{
    PlanError,
    choices::Choices,
    collect::{CollectedField, GuardedSelections, collect},
    coverage::Coverages,
    draft::Drafts,
    grouping::{Cost, is_hopeless},
    operation::{Keys, NormalizedOperation, Selection},
    position::Position,
};

/// Selection sets that all fetches of a plan may have together. Asking type by type multiplies them with each level;
/// this is where that ends.
const NODE_LIMIT: usize = 50_000;

/// Fields of one object that are looked at one by one, for whether another subgraph that has the same object answers them.
const HANDED_UP: usize = 3;

pub(crate) struct Search<'a> {
    pub(crate) graph: &'a QueryGraph,
    pub(crate) keys: &'a Keys,
    pub(crate) is_mutation: bool,
    pub(crate) drafts: Drafts,
    pub(crate) choices: Choices,
    /// Fields whose `@requires` is being planned: a field that needs itself has no plan.
    pub(crate) requiring: Vec<(SubgraphId, Name, Name)>,
    /// The first thing met that has no plan in this version: better no answer than one that lacks data.
    pub(crate) refused: Option<PlanError>,
    pub(crate) coverages: Coverages,
    /// Ways between two subgraphs for an entity, where more than one hop is needed.
    pub(crate) routes: HashMap<(Name, SubgraphId, SubgraphId), Rc<[HopRoute]>>,
    /// What a run must stay below to be of use.
    pub(crate) limit: Option<Limit>,
    /// Fetches when the limit was looked at last.
    pub(crate) checked: usize,
    /// Work that may still be done, in fields and fetches drafted.
    pub(crate) fuel: usize,
    /// This run leads nowhere: what it gives is not a plan.
    pub(crate) abandoned: bool,
}

/// What a run is measured by.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// The best plan's cost.
    pub(crate) best: Cost,
    /// Requests of a run before any are joined that may be of use yet.
    pub(crate) apart: usize,
}

/// A composite field's value, before it is known which object types are asked about.
struct Child {
    at: Position,
    below: GuardedSelections,
}

impl<'a> Search<'a> {
    pub(crate) fn new(graph: &'a QueryGraph, operation: &'a NormalizedOperation) -> Self {
        Self {
            graph,
            keys: &operation.keys,
            is_mutation: operation.operation_type == OperationType::Mutation,
            drafts: Drafts::default(),
            choices: Choices::default(),
            requiring: Vec::new(),
            refused: None,
            coverages: Coverages::default(),
            routes: HashMap::default(),
            limit: None,
            checked: 0,
            fuel: usize::MAX,
            abandoned: false,
        }
    }
}

impl Search<'_> {
    /// Plans `fields` on the object at `at`. Gives what could not be planned from here.
    pub(crate) fn plan_object(&mut self, at: &Position, fields: Vec<CollectedField>) -> Vec<CollectedField> {
        if self.abandoned {
            return Vec::new();
        }
        let (staying, leaving) = self.stay_or_leave(at, fields);
        let mut rest = self.plan_local(at, staying);
        rest.extend(leaving);
        let up = self.hand_up(at, &mut rest);
        if rest.is_empty() {
            return up;
        }
        let mut left = self.plan_hops(at, rest);
        left.extend(up);
        left
    }

    /// Takes out what another subgraph is to answer that has the same object: nothing, all, or one field or all but one.
    fn hand_up(&mut self, at: &Position, rest: &mut Vec<CollectedField>) -> Vec<CollectedField> {
        if rest.is_empty() || !at.shared {
            return Vec::new();
        }
        let fields = rest.len();
        let single = if (2..=HANDED_UP).contains(&fields) {
            fields
        } else {
            0
        };
        let but_one = if single > 2 { fields } else { 0 };
        match self.choices.choose(2 + single + but_one) {
            0 => Vec::new(),
            1 => std::mem::take(rest),
            taken if taken < 2 + single => vec![rest.remove(taken - 2)],
            taken => {
                let kept = rest.remove(taken - 2 - single);
                std::mem::replace(rest, vec![kept])
            }
        }
    }

    /// Whether what `field` holds could be asked for in another subgraph as well: a value that is the same everywhere. Items of
    /// lists are told apart by their keys rather than by their places.
    fn is_shared(&self, at: &Position, field: &CollectedField, definition: &SubgraphField) -> bool {
        let graph = self.graph;
        !self.is_mutation
            && !definition.ty.is_list()
            && graph
                .supergraph()
                .subgraph_ids()
                .any(|id| id != at.subgraph && graph.answered_field(id, &at.ty, &field.field.name).is_some())
    }

    /// Fields that the subgraph at hand answers stay there, unless another one answers more of what is selected below.
    fn stay_or_leave(
        &mut self,
        at: &Position,
        fields: Vec<CollectedField>,
    ) -> (Vec<CollectedField>, Vec<CollectedField>) {
        fields.into_iter().partition(|field| {
            field.is_leaf() || !self.is_better_elsewhere(at, field) || self.choices.choose(2) == 0
        })
    }

    fn is_better_elsewhere(&self, at: &Position, field: &CollectedField) -> bool {
        let name = &field.field.name;
        let provided = at.provided.as_deref();
        let Some(local) = self
            .graph
            .local_field(at.subgraph, &at.local_type, name, provided)
        else {
            return false;
        };
        if local.provides.is_some() || self.complete(at.subgraph, &at.local_type, field) {
            return false;
        }
        let here = self.coverage(at.subgraph, &at.local_type, field);
        self.graph
            .reachable(&at.ty, at.subgraph, provided)
            .iter()
            .filter(|(subgraph, _)| *subgraph != at.subgraph)
            .any(|(subgraph, ty)| self.coverage(*subgraph, ty, field) > here)
    }

    /// Counts work; the run is given up when there is no fuel left.
    pub(crate) fn spend(&mut self) {
        self.fuel = self.fuel.saturating_sub(1);
        self.abandoned |= self.fuel == 0;
    }

    /// Gives the run up when it cannot come out below its limit (a draft only grows), or is hardly going to. Looked at when there is
    /// one more fetch, and paid for by the fetches looked at.
    pub(crate) fn check_limit(&mut self) {
        self.spend();
        let fetches = self.drafts.fetches.len();
        if let Some(limit) = &self.limit
            && fetches >= limit.best.requests
            && fetches != self.checked
        {
            self.checked = fetches;
            self.fuel = self.fuel.saturating_sub(fetches);
            self.abandoned |= is_hopeless(&self.drafts, limit.best, limit.apart);
        }
    }

    /// Plans those of `fields` that the subgraph at hand answers.
    pub(crate) fn plan_local(&mut self, at: &Position, fields: Vec<CollectedField>) -> Vec<CollectedField> {
        let graph = self.graph;
        let mut rest = Vec::new();
        for field in fields {
            if field.field.name == "__typename" {
                continue;
            }
            let provided = at.provided.as_deref();
            match graph.local_field(at.subgraph, &at.local_type, &field.field.name, provided) {
                Some(definition) => rest.extend(self.descend(at, field, definition)),
                None => rest.push(field),
            }
        }
        rest
    }

    /// Adds a field that the subgraph answers, with what it can of the selections below.
    pub(crate) fn descend(
        &mut self,
        at: &Position,
        field: CollectedField,
        definition: &SubgraphField,
    ) -> Option<CollectedField> {
        self.spend();
        let ty = (!field.is_leaf()).then(|| definition.ty.inner_named_type());
        let added = self.drafts.add_field(at.fetch, at.node, &field, ty);
        if !definition.context_arguments.is_empty() {
            self.drafts
                .fill_from_contexts(at, field.field.key, &definition.context_arguments);
        }
        let (ty, node) = ty.zip(added)?;
        let key = field.field.key;
        let child = Child {
            at: Position {
                fetch: at.fetch,
                node,
                subgraph: at.subgraph,
                ty: ty.clone(),
                local_type: ty.clone(),
                path: at.path_below(key, &definition.ty),
                narrowed: false,
                shared: self.is_shared(at, &field, definition),
                scope: at.scope.below(key),
                parent: Some(Rc::new(at.clone())),
                provided: at.provided_below(&field.field.name, definition.provides.as_ref()),
            },
            below: field.below.clone(),
        };
        let rest = self.plan_child(&child);
        (!rest.is_empty()).then(|| field.with_below(rest))
    }

    fn plan_child(&mut self, child: &Child) -> Vec<Selection> {
        let at = &child.at;
        let ty = self.graph.subgraph_type(at.subgraph, &at.ty);
        if ty.is_some_and(|ty| ty.is_interface_object) {
            return self.plan_interface_object(at, &child.below);
        }
        if ty.is_some_and(|ty| ty.possible_types.as_slice() == std::slice::from_ref(&at.ty)) {
            let fields = collect(self.graph, &child.below, &at.ty);
            let rest = self.plan_object(at, fields);
            return rest
                .into_iter()
                .flat_map(CollectedField::into_selections)
                .collect();
        }
        self.plan_possible_types(at, &child.below)
    }

    pub(crate) fn refuse(&mut self, error: PlanError) {
        self.refused.get_or_insert(error);
    }

    /// An interface or union: what is asked of all possible types alike is asked once, on the interface;
    /// the rest type by type.
    pub(crate) fn plan_possible_types(&mut self, at: &Position, below: &GuardedSelections) -> Vec<Selection> {
        if self.drafts.nodes.len() > NODE_LIMIT {
            self.refuse(PlanError::TooComplex { limit: NODE_LIMIT });
            return Vec::new();
        }
        self.drafts.node_mut(at.node).typename = true;
        let graph = self.graph;
        let possible = graph
            .subgraph_type(at.subgraph, &at.ty)
            .map_or(&[][..], |ty| &ty.possible_types);
        let mut by_type: Vec<(Name, Vec<CollectedField>)> = possible
            .iter()
            .map(|ty| (ty.clone(), collect(graph, below, ty)))
            .collect();
        let shared = self.take_shared(at, &mut by_type);
        let left = self.plan_local(at, shared);
        for (_, fields) in &mut by_type {
            fields.extend(left.iter().cloned());
        }
        let mut rest = Vec::new();
        for (ty, fields) in by_type {
            if fields.iter().all(|field| field.field.name == "__typename") {
                continue;
            }
            let at = Position {
                node: self.drafts.fragment(at.node, &ty),
                ty: ty.clone(),
                local_type: ty.clone(),
                narrowed: true,
                ..at.clone()
            };
            let left: Vec<Selection> = self
                .plan_object(&at, fields)
                .into_iter()
                .flat_map(CollectedField::into_selections)
                .collect();
            if !left.is_empty() {
                rest.push(Selection::Fragment {
                    on: ty,
                    guard: Conjunction::ALWAYS,
                    selection: left.into(),
                });
            }
        }
        rest
    }

    /// Takes out the fields that every possible type is asked for in the same way and that the subgraph
    /// answers on the abstract type itself.
    fn take_shared(&self, at: &Position, by_type: &mut [(Name, Vec<CollectedField>)]) -> Vec<CollectedField> {
        let provided = at.provided.as_deref();
        let Some((_, first)) = by_type.first() else {
            return Vec::new();
        };
        let shared: Vec<CollectedField> = first
            .iter()
            .filter(|field| {
                let name = &field.field.name;
                self.graph
                    .local_field(at.subgraph, &at.ty, name, provided)
                    .is_some()
                    && by_type.iter().all(|(ty, fields)| {
                        fields.iter().any(|other| other.same_as(field))
                            && self.graph.local_field(at.subgraph, ty, name, provided).is_some()
                    })
            })
            .cloned()
            .collect();
        for (_, fields) in by_type {
            fields.retain(|field| !shared.iter().any(|one| one.same_as(field)));
        }
        shared
    }
}
