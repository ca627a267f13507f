//! Satisfiability: every operation that the API schema allows can be answered.
//!
//! The query graph is walked from the roots. A state is an object type together with the subgraphs in which
//! one can stand at such an object, and those that can be entered from there; what can be done from a set of
//! subgraphs can be done from any larger set, so a state is visited only when no smaller set was. The walk is
//! breadth first: the operation shown for an error is a shortest one.
//!
//! Where a label of a progressive override decides who answers a field, the walk goes on in both states of the label; it
//! remembers what it has decided, so that a label is on or off all the way down.

mod decided;
mod explain;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, VecDeque};

use apollo_compiler::{
    Name,
    ast::{FieldDefinition, OperationType},
    collections::HashMap,
};
use causeway_graph::QueryGraph;
use causeway_model::{FieldSet, FieldSetItem, SubgraphField, SubgraphId};

use crate::diagnostic::{Code, Diagnostic};
use decided::Decided;
use view::View;

/// States that are visited before the check gives up: the graph is then refused, for it could not be proved sound.
const STATE_LIMIT: usize = 200_000;
/// Errors of one run; each names another field.
const ERROR_LIMIT: usize = 100;

/// What cannot be answered, a diagnostic for each field; empty for a sound supergraph.
pub fn check(graph: &QueryGraph) -> Vec<Diagnostic> {
    check_within(graph, STATE_LIMIT)
}

fn check_within(graph: &QueryGraph, limit: usize) -> Vec<Diagnostic> {
    let mut walk = Walk {
        graph,
        visited: HashMap::default(),
        queue: VecDeque::new(),
        errors: Vec::new(),
        states: 0,
        limit,
    };
    walk.run();
    let unfinished = (walk.states >= limit && !walk.queue.is_empty()).then(|| unfinished(limit));
    let found = walk.errors.into_iter().map(|(_, diagnostic)| diagnostic);
    found.chain(unfinished).collect()
}

fn unfinished(limit: usize) -> Diagnostic {
    let message = format!(
        "the graph has more than {limit} combinations of types and subgraphs in which an operation can stand; \
         whether all operations can be answered is unknown"
    );
    Diagnostic::new(Code::MaxValidationSubgraphPathsExceeded, message).help(
        "let fewer subgraphs share the same types without keys, so that there are fewer ways to each of them",
    )
}

/// A place in one subgraph, with what `@provides` adds there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stand {
    subgraph: SubgraphId,
    /// The type's name in that subgraph.
    type_name: Name,
    provided: Option<FieldSet>,
}

/// One step of the operation that led to a state.
#[derive(Debug, Clone)]
struct Step {
    field: Name,
    arguments: bool,
    /// `... on Type` after the field, where its type is abstract.
    on: Option<Name>,
}

struct State {
    operation: OperationType,
    steps: Vec<Step>,
    ty: Name,
    stands: Vec<Stand>,
    reachable: Reachable,
    decided: Decided,
}

/// Subgraphs that can be entered by a key, with the type's name there.
type Reachable = BTreeMap<SubgraphId, Name>;

struct Walk<'a> {
    graph: &'a QueryGraph,
    /// For each type, the smallest views that were visited.
    visited: HashMap<Name, Vec<View>>,
    queue: VecDeque<State>,
    errors: Vec<((Name, Name), Diagnostic)>,
    states: usize,
    limit: usize,
}

impl Walk<'_> {
    fn run(&mut self) {
        let api = &self.graph.supergraph().api_schema;
        for operation in [
            OperationType::Query,
            OperationType::Mutation,
            OperationType::Subscription,
        ] {
            let Some(ty) = api.root_operation(operation) else {
                continue;
            };
            let stands = self
                .graph
                .supergraph()
                .subgraph_ids()
                .filter(|id| self.graph.subgraph_type(*id, ty).is_some())
                .map(|subgraph| Stand {
                    subgraph,
                    type_name: ty.clone(),
                    provided: None,
                })
                .collect();
            self.enqueue(ty, stands, Decided::default(), &|| (operation, Vec::new()));
        }
        while self.states < self.limit && self.errors.len() < ERROR_LIMIT {
            let Some(state) = self.queue.pop_front() else {
                return;
            };
            self.states += 1;
            self.visit(&state);
        }
    }

    /// Takes a state up, if it can do less than any that was taken up before. `way` tells how one came there.
    fn enqueue(
        &mut self,
        ty: &Name,
        stands: Vec<Stand>,
        decided: Decided,
        way: &dyn Fn() -> (OperationType, Vec<Step>),
    ) {
        if let Some((off, on)) = decided.split(self.graph.key_labels(ty)) {
            self.enqueue(ty, stands.clone(), off, way);
            self.enqueue(ty, stands, on, way);
            return;
        }
        let reachable = reachable(&decided.graph(self.graph), ty, &stands);
        let view = View::new(&stands, &reachable, decided.clone());
        let known = self.visited.entry(ty.clone()).or_default();
        if known.iter().any(|smaller| smaller.is_within(&view)) {
            return;
        }
        known.retain(|larger| !view.is_within(larger));
        known.push(view);
        let (operation, steps) = way();
        self.queue.push_back(State {
            operation,
            steps,
            ty: ty.clone(),
            stands,
            reachable,
            decided,
        });
    }

    fn visit(&mut self, state: &State) {
        let Some(object) = self.graph.supergraph().api_schema.get_object(&state.ty) else {
            return;
        };
        let fields: Vec<_> = object
            .fields
            .iter()
            .map(|(name, field)| (name.clone(), field.clone()))
            .collect();
        for (name, field) in &fields {
            self.visit_field(state, name, field, &state.decided);
        }
    }

    /// In both states of each label that has a say here.
    fn visit_field(&mut self, state: &State, name: &Name, field: &FieldDefinition, decided: &Decided) {
        if let Some((off, on)) = decided.split(self.graph.field_labels(&state.ty, name)) {
            self.visit_field(state, name, field, &off);
            self.visit_field(state, name, field, &on);
            return;
        }
        let graph = &decided.graph(self.graph);
        let place = Place {
            ty: &state.ty,
            stands: &state.stands,
            reachable: &state.reachable,
        };
        let resolvers = Resolution {
            graph,
            requiring: Vec::new(),
        }
        .resolvers(&place, name);
        let api_type = field.ty.inner_named_type();
        if resolvers.is_empty() {
            self.report(graph, state, decided, (name, api_type));
            return;
        }
        let step = Step {
            field: name.clone(),
            arguments: !field.arguments.is_empty(),
            on: None,
        };
        self.descend(graph, state, &step, api_type, (&resolvers, decided));
    }

    fn descend(
        &mut self,
        graph: &QueryGraph,
        state: &State,
        step: &Step,
        api_type: &Name,
        (resolvers, decided): (&[Stand], &Decided),
    ) {
        let is_object = graph.possible_types(api_type) == std::slice::from_ref(api_type);
        if !is_object
            && resolvers
                .iter()
                .all(|stand| hides_types(graph, stand, &step.field))
        {
            let diagnostic = explain::hidden_types(graph, state, step, api_type, resolvers);
            self.push((state.ty.clone(), step.field.clone()), diagnostic);
            return;
        }
        for concrete in graph.possible_types(api_type) {
            let stands: Vec<Stand> = resolvers
                .iter()
                .filter_map(|stand| below(graph, stand, step, concrete))
                .collect();
            if stands.is_empty() {
                continue;
            }
            let on = (!is_object).then(|| concrete.clone());
            self.enqueue(concrete, stands, decided.clone(), &|| {
                let step = Step {
                    on: on.clone(),
                    ..step.clone()
                };
                let steps = state.steps.iter().cloned().chain([step]).collect();
                (state.operation, steps)
            });
        }
    }

    fn report(
        &mut self,
        graph: &QueryGraph,
        state: &State,
        decided: &Decided,
        (field, field_type): (&Name, &Name),
    ) {
        let diagnostic = explain::diagnostic(graph, state, decided, (field, field_type));
        self.push((state.ty.clone(), field.clone()), diagnostic);
    }

    fn push(&mut self, field: (Name, Name), diagnostic: Diagnostic) {
        if self.errors.iter().all(|(known, _)| *known != field) {
            self.errors.push((field, diagnostic));
        }
    }
}

/// Whether nobody can say which types the field's values have: the subgraph knows their interface as an interface object,
/// and no key leads from there to a subgraph where it is an interface.
fn hides_types(graph: &QueryGraph, stand: &Stand, field: &Name) -> bool {
    let Some(definition) = graph.field(stand.subgraph, &stand.type_name, field) else {
        return false;
    };
    let ty = definition.ty.inner_named_type();
    let is_interface_object = |subgraph: SubgraphId| {
        graph
            .subgraph_type(subgraph, ty)
            .is_some_and(|ty| ty.is_interface_object)
    };
    let provided = provided_at(stand, field, definition);
    is_interface_object(stand.subgraph)
        && graph
            .reachable(ty, stand.subgraph, provided.as_ref())
            .iter()
            .all(|(subgraph, _)| is_interface_object(*subgraph))
}

/// The place that a field's value puts one in, if the value can be a `concrete` there.
fn below(graph: &QueryGraph, stand: &Stand, step: &Step, concrete: &Name) -> Option<Stand> {
    let definition = graph.field(stand.subgraph, &stand.type_name, &step.field)?;
    let static_type = definition.ty.inner_named_type();
    let local = graph.subgraph_type(stand.subgraph, static_type)?;
    let type_name = if local.is_interface_object {
        graph
            .possible_types(static_type)
            .contains(concrete)
            .then(|| static_type.clone())?
    } else {
        local
            .possible_types
            .contains(concrete)
            .then(|| concrete.clone())?
    };
    Some(Stand {
        subgraph: stand.subgraph,
        type_name,
        provided: provided_at(stand, &step.field, definition),
    })
}

/// What `@provides` makes available below a field, from the field itself and from above.
fn provided_at(stand: &Stand, name: &Name, field: &SubgraphField) -> Option<FieldSet> {
    let mut items: Vec<FieldSetItem> = stand
        .provided
        .iter()
        .flat_map(|set| provided_below(set, name))
        .collect();
    items.extend(field.provides.iter().flat_map(|set| set.items.clone()));
    (!items.is_empty()).then_some(FieldSet { items })
}

fn provided_below(set: &FieldSet, field: &str) -> Vec<FieldSetItem> {
    set.items
        .iter()
        .flat_map(|item| match item {
            FieldSetItem::Field(provided) if provided.name == field => provided.selection.items.clone(),
            FieldSetItem::Field(_) => Vec::new(),
            FieldSetItem::Fragment { selection, .. } => provided_below(selection, field),
        })
        .collect()
}

/// Who can answer a field, from a set of places.
struct Resolution<'a> {
    graph: &'a QueryGraph,
    /// `@requires` fields under examination: one that needs itself is answered by nobody.
    requiring: Vec<(SubgraphId, Name, Name)>,
}

/// An object with all the places where one can stand at it.
struct Place<'a> {
    ty: &'a Name,
    stands: &'a [Stand],
    reachable: &'a Reachable,
}

fn reachable(graph: &QueryGraph, ty: &Name, stands: &[Stand]) -> Reachable {
    let mut reachable = Reachable::new();
    for stand in stands {
        for (target, name) in graph.reachable(ty, stand.subgraph, stand.provided.as_ref()) {
            reachable.entry(target).or_insert(name);
        }
    }
    reachable
}

impl Resolution<'_> {
    /// The places where `field` can be asked for.
    fn resolvers(&mut self, place: &Place<'_>, field: &Name) -> Vec<Stand> {
        let graph = self.graph;
        let mut found: Vec<Stand> = place
            .stands
            .iter()
            .filter(|stand| {
                graph
                    .local_field(stand.subgraph, &stand.type_name, field, stand.provided.as_ref())
                    .is_some()
            })
            .cloned()
            .collect();
        for (subgraph, type_name) in place.reachable {
            let Some(definition) = graph.answered_field(*subgraph, type_name, field) else {
                continue;
            };
            let answers = match &definition.requires {
                // That a context is set somewhere above is for the rules to check.
                None if definition.needs_data() => true,
                None => !place.stands.iter().any(|stand| stand.subgraph == *subgraph),
                Some(required) => self.can_require_somewhere(place, (*subgraph, field), required),
            };
            let stand = Stand {
                subgraph: *subgraph,
                type_name: type_name.clone(),
                provided: None,
            };
            if answers && !found.contains(&stand) {
                found.push(stand);
            }
        }
        found
    }

    /// What a field requires must be had from one and the same place, from which the field is then asked for: objects
    /// reached in different ways are not known to have the same key.
    fn can_require_somewhere(
        &mut self,
        place: &Place<'_>,
        field: (SubgraphId, &Name),
        required: &FieldSet,
    ) -> bool {
        if let [_] = place.stands {
            return self.can_require(place, field, required);
        }
        place.stands.iter().any(|stand| {
            let stands = std::slice::from_ref(stand);
            let reachable = reachable(self.graph, place.ty, stands);
            let alone = Place {
                stands,
                reachable: &reachable,
                ..*place
            };
            reachable.contains_key(&field.0) && self.can_require(&alone, field, required)
        })
    }

    fn can_require(
        &mut self,
        place: &Place<'_>,
        (subgraph, field): (SubgraphId, &Name),
        required: &FieldSet,
    ) -> bool {
        let this = (subgraph, place.ty.clone(), field.clone());
        if self.requiring.contains(&this) {
            return false;
        }
        self.requiring.push(this);
        let possible = self.can_select(place, required);
        self.requiring.pop();
        possible
    }

    fn can_select(&mut self, place: &Place<'_>, set: &FieldSet) -> bool {
        let graph = self.graph;
        let ty = place.ty;
        set.items.iter().all(|item| match item {
            FieldSetItem::Field(field) if field.name == "__typename" => true,
            FieldSetItem::Field(field) => {
                let resolvers = self.resolvers(place, &field.name);
                if resolvers.is_empty() || field.selection.is_empty() {
                    return !resolvers.is_empty();
                }
                let Ok(definition) = graph.supergraph().schema.type_field(ty, &field.name) else {
                    return false;
                };
                let step = Step {
                    field: field.name.clone(),
                    arguments: false,
                    on: None,
                };
                graph
                    .possible_types(definition.ty.inner_named_type())
                    .iter()
                    .all(|concrete| {
                        let stands: Vec<Stand> = resolvers
                            .iter()
                            .filter_map(|stand| below(graph, stand, &step, concrete))
                            .collect();
                        let place = Place {
                            ty: concrete,
                            stands: &stands,
                            reachable: &reachable(graph, concrete, &stands),
                        };
                        stands.is_empty() || self.can_select(&place, &field.selection)
                    })
            }
            FieldSetItem::Fragment { on, selection } => {
                !graph.possible_types(on).contains(ty) || self.can_select(place, selection)
            }
        })
    }
}
