//! Field collection (GraphQL specification, section 6.3.2), at planning time: which fields a selection
//! asks for on an object of one concrete type.

use std::rc::Rc;

use apollo_compiler::Name;
use causeway_graph::QueryGraph;
use causeway_model::{Conjunction, Guard};

use crate::operation::{SelectedField, Selection, Selections};

/// Selections of several occurrences of a field, each with the condition it stands under.
pub(crate) type GuardedSelections = Vec<(Conjunction, Selections)>;

/// A field of one object, all its occurrences taken together.
#[derive(Clone)]
pub(crate) struct CollectedField {
    pub(crate) field: Rc<SelectedField>,
    pub(crate) guard: Guard,
    /// Relative to `guard`; empty for a leaf.
    pub(crate) below: GuardedSelections,
}

impl CollectedField {
    /// Asks for the same, however it was written.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.field.key == other.field.key
            && self.field.name == other.field.name
            && self.guard == other.guard
            && self.field.arguments == other.field.arguments
            && self.below.len() == other.below.len()
            && self
                .below
                .iter()
                .zip(&other.below)
                .all(|(a, b)| a.0 == b.0 && Rc::ptr_eq(&a.1, &b.1))
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.field.selection.is_none()
    }

    /// The same field with only a part of what it selects.
    pub(crate) fn with_below(&self, rest: Vec<Selection>) -> Self {
        Self {
            field: self.field.clone(),
            guard: self.guard.clone(),
            below: vec![(Conjunction::ALWAYS, rest.into())],
        }
    }

    /// Back to a selection, for handing it up to the parent.
    pub(crate) fn into_selections(self) -> Vec<Selection> {
        let selection = self.field.selection.is_some().then(|| nest(self.below));
        let guards = match self.guard.terms() {
            [] => vec![Conjunction::ALWAYS],
            terms => terms.to_vec(),
        };
        guards
            .into_iter()
            .map(|guard| {
                Selection::Field(Rc::new(SelectedField {
                    response_key: self.field.response_key.clone(),
                    key: self.field.key,
                    name: self.field.name.clone(),
                    arguments: self.field.arguments.clone(),
                    guard,
                    selection: selection.clone(),
                }))
            })
            .collect()
    }
}

fn nest(below: GuardedSelections) -> Selections {
    if let [(guard, only)] = below.as_slice()
        && guard.is_always()
    {
        return only.clone();
    }
    let mut items = Vec::new();
    for (guard, selection) in below {
        for item in selection.iter() {
            items.push(match item {
                Selection::Field(field) if !guard.is_always() => Selection::Field(Rc::new(SelectedField {
                    response_key: field.response_key.clone(),
                    key: field.key,
                    name: field.name.clone(),
                    arguments: field.arguments.clone(),
                    guard: field.guard.and(guard),
                    selection: field.selection.clone(),
                })),
                Selection::Field(field) => Selection::Field(field.clone()),
                Selection::Fragment {
                    on,
                    guard: own,
                    selection,
                } => Selection::Fragment {
                    on: on.clone(),
                    guard: own.and(guard),
                    selection: selection.clone(),
                },
            });
        }
    }
    items.into()
}

/// The fields that `selections` ask for on `concrete`, in the order of the client's document.
pub(crate) fn collect(
    graph: &QueryGraph,
    selections: &[(Conjunction, Selections)],
    concrete: &Name,
) -> Vec<CollectedField> {
    let mut collector = Collector {
        graph,
        concrete,
        fields: Vec::new(),
        seen: Vec::new(),
    };
    for (guard, selection) in selections {
        collector.add(*guard, selection);
    }
    for collected in &mut collector.fields {
        if let Some(known) = collected.guard.single() {
            collected
                .below
                .iter_mut()
                .for_each(|(guard, _)| *guard = guard.without(known));
        }
    }
    collector.fields
}

struct Collector<'a> {
    graph: &'a QueryGraph,
    concrete: &'a Name,
    fields: Vec<CollectedField>,
    seen: Vec<(Conjunction, *const Selection)>,
}

impl Collector<'_> {
    fn add(&mut self, guard: Conjunction, selection: &Selections) {
        if self.seen.contains(&(guard, selection.as_ptr())) {
            return;
        }
        self.seen.push((guard, selection.as_ptr()));
        for item in selection.iter() {
            match item {
                Selection::Field(field) => self.add_field(guard.and(field.guard), field),
                Selection::Fragment {
                    on,
                    guard: own,
                    selection,
                } => {
                    let guard = guard.and(*own);
                    if !guard.is_never() && self.graph.possible_types(on).contains(self.concrete) {
                        self.add(guard, selection);
                    }
                }
            }
        }
    }

    fn add_field(&mut self, guard: Conjunction, field: &Rc<SelectedField>) {
        if guard.is_never() {
            return;
        }
        let below = field
            .selection
            .as_ref()
            .map(|selection| (guard, selection.clone()));
        // Two internal aliases never share a key, so the key alone tells fields apart.
        let held = self
            .fields
            .iter_mut()
            .find(|held| held.field.key == field.key && held.field.response_key == field.response_key);
        match held {
            Some(held) => {
                held.guard.or(&Guard::from(guard));
                if let Some(below) = below
                    && !held
                        .below
                        .iter()
                        .any(|(g, s)| *g == below.0 && Rc::ptr_eq(s, &below.1))
                {
                    held.below.push(below);
                }
            }
            None => self.fields.push(CollectedField {
                field: field.clone(),
                guard: Guard::from(guard),
                below: below.into_iter().collect(),
            }),
        }
    }
}
