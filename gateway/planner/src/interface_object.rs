//! `@interfaceObject`: a subgraph that knows an interface as if it were one object type.
//!
//! What all possible types are asked for in the same way needs no concrete type: the subgraph itself, or another one
//! that knows the interface, answers it. For the rest there is one hop to a subgraph where the type is a real
//! interface; its `__typename` says what each object is, and planning goes on from there, type by type.

use apollo_compiler::Name;
use causeway_graph::HopRoute;
use causeway_model::{Conjunction, Guard};

use crate::{
    PlanError,
    collect::{CollectedField, GuardedSelections, collect},
    hops::Awaited,
    operation::Selection,
    position::Position,
    search::Search,
};

impl Search<'_> {
    /// Plans the selections on an object that `at.subgraph` knows as an interface object. Gives what could not be
    /// planned from here.
    pub(crate) fn plan_interface_object(
        &mut self,
        at: &Position,
        below: &GuardedSelections,
    ) -> Vec<Selection> {
        let mut by_type: Vec<(Name, Vec<CollectedField>)> = self
            .graph
            .possible_types(&at.ty)
            .iter()
            .map(|ty| (ty.clone(), collect(self.graph, below, ty)))
            .collect();
        let typenames = by_type
            .iter()
            .flat_map(|(_, fields)| fields.iter().filter(|field| field.field.name == "__typename"));
        let wants_typename = typenames
            .map(|field| field.guard.clone())
            .reduce(|mut all, guard| {
                all.or(&guard);
                all
            });
        let alike = take_alike(&mut by_type);
        let left = self.plan_object(at, alike);
        for (_, fields) in &mut by_type {
            fields.retain(|field| field.field.name != "__typename");
            fields.extend(left.iter().cloned());
        }
        by_type.retain(|(_, fields)| !fields.is_empty());
        if by_type.is_empty() && wants_typename.is_none() {
            return Vec::new();
        }
        let rest: Vec<Selection> = by_type
            .into_iter()
            .map(|(on, fields)| Selection::Fragment {
                on,
                guard: Conjunction::ALWAYS,
                selection: fields
                    .into_iter()
                    .flat_map(CollectedField::into_selections)
                    .collect(),
            })
            .collect();
        self.plan_concretised(at, rest, wants_typename)
    }

    /// Hops to where the concrete type is known, and plans `rest` there.
    fn plan_concretised(
        &mut self,
        at: &Position,
        rest: Vec<Selection>,
        wants_typename: Option<Guard>,
    ) -> Vec<Selection> {
        let graph = self.graph;
        let mut routes: Vec<HopRoute> = graph
            .supergraph()
            .subgraph_ids()
            .filter_map(|id| {
                let ty = graph.subgraph_type(id, &at.ty)?;
                let is_interface = !ty.is_interface_object && !ty.possible_types.is_empty();
                is_interface
                    .then(|| graph.route(&at.ty, at.subgraph, id, at.provided.as_deref()))
                    .flatten()
            })
            .collect();
        let taken = self.choices.choose(routes.len());
        let route = (taken < routes.len()).then(|| routes.swap_remove(taken));
        let entered = route.and_then(|route| self.enter(at, &route, Awaited::default()));
        match entered {
            Some(entered) => {
                let told = &mut self.drafts.node_mut(entered.node).tells_type;
                match (told, wants_typename) {
                    (Some(held), Some(guard)) => held.or(&guard),
                    (told, Some(guard)) => *told = Some(guard),
                    (_, None) => {}
                }
                let below = vec![(Conjunction::ALWAYS, rest.into())];
                self.plan_possible_types(&entered, &below)
            }
            None => {
                self.refuse(PlanError::InterfaceObject {
                    subgraph: graph.supergraph().subgraph(at.subgraph).name.clone(),
                    ty: at.ty.to_string(),
                });
                Vec::new()
            }
        }
    }
}

/// Takes out the fields that every type is asked for in the same way, `__typename` aside.
fn take_alike(by_type: &mut [(Name, Vec<CollectedField>)]) -> Vec<CollectedField> {
    let Some((_, first)) = by_type.first() else {
        return Vec::new();
    };
    let alike: Vec<CollectedField> = first
        .iter()
        .filter(|field| field.field.name != "__typename")
        .filter(|field| {
            by_type
                .iter()
                .all(|(_, fields)| fields.iter().any(|other| other.same_as(field)))
        })
        .cloned()
        .collect();
    for (_, fields) in by_type {
        fields.retain(|field| !alike.iter().any(|one| one.same_as(field)));
    }
    alike
}
