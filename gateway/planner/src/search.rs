//! From selections to fetches.
//!
//! Forced moves come first: a field that the subgraph at hand answers stays there. What is left at an
//! object is loaded over entity hops: the subgraph that answers most of it is entered first, the rest
//! goes on. What no hop at this object can bring is handed up to the parent, which may reach the same object
//! by another way (shared value types have no keys of their own). Every step either adds fields or
//! marks a subgraph as tried, so that planning ends.

use std::{collections::BTreeSet, rc::Rc};

use apollo_compiler::Name;
use causeway_graph::{HopRoute, QueryGraph};
use causeway_model::{Conjunction, FieldSet, RepresentationField, SubgraphField, SubgraphId};

use crate::{
    PlanError,
    collect::{CollectedField, GuardedSelections, collect},
    coverage::Coverages,
    draft::{Drafts, EntityDraft, merge_representation},
    operation::{Keys, NormalizedOperation, Selection},
    position::Position,
    requires::{Needed, NeededBuilder},
    roots,
    scope::Scope,
};

/// Selection sets that all fetches of a plan may have together. Asking type by type multiplies them with each level;
/// this is where that ends.
const NODE_LIMIT: usize = 50_000;

pub(crate) fn search(graph: &QueryGraph, operation: &NormalizedOperation) -> Result<Drafts, PlanError> {
    let mut search = Search {
        graph,
        keys: &operation.keys,
        drafts: Drafts::default(),
        requiring: Vec::new(),
        refused: None,
        coverages: Coverages::default(),
    };
    let scope = Scope::of_client(&operation.selection);
    roots::plan_roots(&mut search, operation, &scope)?;
    match search.refused {
        Some(error) => Err(error),
        None => Ok(search.drafts),
    }
}

pub(crate) struct Search<'a> {
    pub(crate) graph: &'a QueryGraph,
    pub(crate) keys: &'a Keys,
    pub(crate) drafts: Drafts,
    /// Fields whose `@requires` is being planned: a field that needs itself has no plan.
    requiring: Vec<(SubgraphId, Name, Name)>,
    /// The first thing met that has no plan in this version: better no answer than one that lacks data.
    refused: Option<PlanError>,
    pub(crate) coverages: Coverages,
}

/// A composite field's value, before it is known which object types are asked about.
struct Child {
    at: Position,
    below: GuardedSelections,
}

impl Search<'_> {
    /// Plans `fields` on the object at `at`. Gives what could not be planned from here.
    pub(crate) fn plan_object(&mut self, at: &Position, fields: Vec<CollectedField>) -> Vec<CollectedField> {
        let rest = self.plan_local(at, fields);
        if rest.is_empty() {
            rest
        } else {
            self.plan_hops(at, rest)
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
    fn descend(
        &mut self,
        at: &Position,
        field: CollectedField,
        definition: &SubgraphField,
    ) -> Option<CollectedField> {
        if definition.has_context_arguments {
            self.refuse(PlanError::ContextArguments {
                coordinate: format!("{}.{}", at.ty, field.field.name),
                subgraph: self.graph.supergraph().subgraph(at.subgraph).name.clone(),
            });
            return None;
        }
        if field.is_leaf() {
            self.drafts.add_field(at.fetch, at.node, &field, None);
            return None;
        }
        let ty = definition.ty.inner_named_type();
        let node = self.drafts.add_field(at.fetch, at.node, &field, Some(ty))?;
        let key = field.field.key;
        let child = Child {
            at: Position {
                fetch: at.fetch,
                node,
                subgraph: at.subgraph,
                ty: ty.clone(),
                local_type: ty.clone(),
                path: at.path_below(key),
                narrowed: false,
                scope: at.scope.below(key),
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

    /// Loads `rest` from other subgraphs (and from this one, where `@requires` needs data first).
    fn plan_hops(&mut self, at: &Position, mut rest: Vec<CollectedField>) -> Vec<CollectedField> {
        let mut tried = BTreeSet::new();
        let mut failed = Vec::new();
        while !rest.is_empty() {
            let Some((target, route)) = self.best_target(at, &rest, &tried) else {
                break;
            };
            tried.insert(target);
            let type_name = route
                .last()
                .map_or_else(|| at.ty.clone(), |hop| hop.type_name.clone());
            let (answered, others): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|field| self.answers_after_hop(at, target, &type_name, field).is_some());
            rest = others;
            let (requiring, plain): (Vec<_>, Vec<_>) = answered.into_iter().partition(|field| {
                self.answers_after_hop(at, target, &type_name, field)
                    .is_some_and(|definition| definition.requires.is_some())
            });
            if !plain.is_empty() {
                match self.enter(at, &route, BTreeSet::new(), Vec::new()) {
                    Some(entered) => rest.extend(self.plan_local(&entered, plain)),
                    None => rest.extend(plain),
                }
            }
            for field in requiring {
                match self.plan_requiring(at, target, &route, field) {
                    Ok(left) => rest.extend(left),
                    Err(field) => failed.push(field),
                }
            }
        }
        rest.extend(failed);
        rest
    }

    /// The subgraph that answers most of `rest`, with the way there.
    fn best_target(
        &self,
        at: &Position,
        rest: &[CollectedField],
        tried: &BTreeSet<SubgraphId>,
    ) -> Option<(SubgraphId, HopRoute)> {
        let graph = self.graph;
        let mut best: Option<((usize, std::cmp::Reverse<usize>), SubgraphId, HopRoute)> = None;
        for target in graph.supergraph().subgraph_ids().filter(|id| !tried.contains(id)) {
            let Some(route) = graph.route(&at.ty, at.subgraph, target, at.provided.as_deref()) else {
                continue;
            };
            let Some(last) = route.last() else { continue };
            let gain: usize = rest
                .iter()
                .filter(|field| {
                    self.answers_after_hop(at, target, &last.type_name, field)
                        .is_some()
                })
                .map(|field| self.coverage(target, &last.type_name, field).saturating_add(1))
                .fold(0, usize::saturating_add);
            let merit = (gain, std::cmp::Reverse(route.len()));
            if gain > 0 && best.as_ref().is_none_or(|(held, ..)| merit > *held) {
                best = Some((merit, target, route));
            }
        }
        best.map(|(_, target, route)| (target, route))
    }

    /// Whether entering `target` helps with `field`. Going back into the subgraph at hand helps only
    /// fields that could not be asked for without `@requires` data.
    fn answers_after_hop(
        &self,
        at: &Position,
        target: SubgraphId,
        type_name: &Name,
        field: &CollectedField,
    ) -> Option<&SubgraphField> {
        let definition = self.graph.answered_field(target, type_name, &field.field.name)?;
        (target != at.subgraph || definition.requires.is_some()).then_some(definition)
    }

    /// Plans what `field` requires, then the field itself in a fetch that waits for it.
    fn plan_requiring(
        &mut self,
        at: &Position,
        target: SubgraphId,
        route: &HopRoute,
        field: CollectedField,
    ) -> Result<Option<CollectedField>, CollectedField> {
        let graph = self.graph;
        let Some(type_name) = route.last().map(|hop| hop.type_name.clone()) else {
            return Err(field);
        };
        let Some(definition) = graph.answered_field(target, &type_name, &field.field.name) else {
            return Err(field);
        };
        let Some(required) = &definition.requires else {
            return Err(field);
        };
        let this = (target, at.ty.clone(), field.field.name.clone());
        if self.requiring.contains(&this) {
            return Err(field);
        }
        self.requiring.push(this);
        let needed = self.needed(required, at, false);
        self.drafts.watch();
        let fields = collect(graph, &[(Conjunction::ALWAYS, needed.selection.clone())], &at.ty);
        let missing = self.plan_object(at, fields);
        let after = self.drafts.watched();
        self.requiring.pop();
        if !missing.is_empty() {
            return Err(field);
        }
        match self.enter(at, route, after, needed.representation) {
            Some(entered) => Ok(self.descend(&entered, field, definition)),
            None => Err(field),
        }
    }

    fn needed(&self, set: &FieldSet, at: &Position, is_key: bool) -> Needed {
        NeededBuilder {
            graph: self.graph,
            keys: self.keys,
            is_key,
        }
        .build(set, &at.ty, &at.scope)
    }

    /// Makes the hops of a route. Gives the place that the last one leads to.
    pub(crate) fn enter(
        &mut self,
        at: &Position,
        route: &HopRoute,
        after: BTreeSet<usize>,
        required: Vec<RepresentationField>,
    ) -> Option<Position> {
        let mut entered: Vec<Position> = Vec::with_capacity(route.len());
        for (index, hop) in route.iter().enumerate() {
            let mut representation = Vec::new();
            let mut depends_on = BTreeSet::from([at.fetch]);
            for (item, source) in hop.key.items.iter().zip(&hop.sources) {
                let from = source.map_or(at, |earlier| &entered[earlier]).clone();
                depends_on.insert(from.fetch);
                let needed = self.needed(
                    &FieldSet {
                        items: vec![item.clone()],
                    },
                    &from,
                    true,
                );
                let fields = collect(
                    self.graph,
                    &[(Conjunction::ALWAYS, needed.selection.clone())],
                    &at.ty,
                );
                // What is nested in a key may take hops of its own.
                self.drafts.watch();
                let missing = self.plan_local(&from, fields);
                depends_on.extend(self.drafts.watched());
                if !missing.is_empty() {
                    return None;
                }
                merge_representation(&mut representation, needed.representation);
            }
            if index + 1 == route.len() {
                depends_on.extend(after.iter().copied());
                merge_representation(&mut representation, required.clone());
            }
            let depends_on = self.drafts.reduced(depends_on);
            let (fetch, node) = self.drafts.entity_target(
                hop.to,
                &depends_on,
                &at.path,
                EntityDraft {
                    concrete: &at.ty,
                    type_name: &hop.type_name,
                    alike: self.graph.possible_types(&at.ty) != std::slice::from_ref(&at.ty),
                    representation,
                },
            );
            entered.push(Position {
                fetch,
                node,
                subgraph: hop.to,
                ty: at.ty.clone(),
                local_type: hop.type_name.clone(),
                path: at.path.clone(),
                narrowed: at.narrowed,
                scope: Rc::clone(&at.scope),
                provided: None,
            });
        }
        entered.pop()
    }
}
