//! Keys and requirements: field sets turned into selections to fetch and into representations to send.

use std::rc::Rc;

use apollo_compiler::{Name, name};
use causeway_graph::QueryGraph;
use causeway_model::{
    Conjunction, FieldSet, FieldSetField, FieldSetItem, Guard, RepresentationField, plan::TYPENAME,
};

use crate::{
    draft::merge_representation,
    operation::{Keys, SelectedField, Selection, Selections},
    scope::Scope,
};

/// A field set at one place: what to ask for, and how to build the representation from it.
pub(crate) struct Needed {
    pub(crate) selection: Selections,
    pub(crate) representation: Vec<RepresentationField>,
}

pub(crate) struct NeededBuilder<'a> {
    pub(crate) graph: &'a QueryGraph,
    pub(crate) keys: &'a Keys,
    /// Keys are compulsory in a representation; what `@requires` asks for may be null.
    pub(crate) is_key: bool,
    /// When it is needed.
    pub(crate) guard: &'a Guard,
}

impl NeededBuilder<'_> {
    pub(crate) fn build(&self, set: &FieldSet, ty: &Name, scope: &Scope) -> Needed {
        let mut selection = Vec::with_capacity(set.items.len());
        let mut representation = Vec::with_capacity(set.items.len());
        for item in &set.items {
            match item {
                FieldSetItem::Field(field) if field.name == "__typename" => {
                    add(&mut representation, typename());
                }
                FieldSetItem::Field(field) => {
                    let (selected, sent) = self.field(field, ty, scope);
                    selection.push(selected);
                    add(&mut representation, sent);
                }
                FieldSetItem::Fragment { on, selection: inner } => {
                    let inner = self.build(inner, on, scope);
                    let only_for = self.graph.possible_types(on).to_vec();
                    for field in inner.representation {
                        let only_for = if field.only_for.is_empty() {
                            only_for.clone()
                        } else {
                            field.only_for.clone()
                        };
                        add(&mut representation, RepresentationField { only_for, ..field });
                    }
                    selection.push(Selection::Fragment {
                        on: on.clone(),
                        guard: Conjunction::ALWAYS,
                        selection: inner.selection,
                    });
                }
            }
        }
        Needed {
            selection: selection.into(),
            representation,
        }
    }

    fn field(&self, field: &FieldSetField, ty: &Name, scope: &Scope) -> (Selection, RepresentationField) {
        let key = scope.internal_key(self.keys, &field.name, &field.arguments);
        let below = (!field.selection.is_empty()).then(|| {
            let child = self.field_type(ty, &field.name);
            let mut below = self.build(&field.selection, &child, &scope.below(key));
            let is_abstract = self.graph.possible_types(&child) != std::slice::from_ref(&child);
            if is_abstract && !below.representation.iter().any(|field| field.key == TYPENAME) {
                below.representation.insert(0, typename());
            }
            below
        });
        let (selection, fields) = match below {
            Some(below) => (Some(below.selection), below.representation),
            None => (None, Vec::new()),
        };
        let response_key = Name::new(&self.keys.name(key)).unwrap_or_else(|_| field.name.clone());
        let selected = Selection::Field(Rc::new(SelectedField {
            response_key,
            key,
            name: field.name.clone(),
            arguments: field.arguments.clone(),
            guard: Conjunction::ALWAYS,
            selection,
        }));
        let sent = RepresentationField {
            key,
            name: field.name.clone(),
            only_for: Vec::new(),
            is_key: self.is_key,
            guard: self.guard.clone(),
            fields,
        };
        (selected, sent)
    }

    fn field_type(&self, ty: &Name, field: &Name) -> Name {
        let schema = &self.graph.supergraph().schema;
        schema
            .type_field(ty, field)
            .map_or_else(|_| ty.clone(), |found| found.ty.inner_named_type().clone())
    }
}

/// A name is sent once: fragments that overlap widen each other's types.
fn add(representation: &mut Vec<RepresentationField>, field: RepresentationField) {
    let Some(held) = representation.iter_mut().find(|held| held.key == field.key) else {
        representation.push(field);
        return;
    };
    if held.only_for.is_empty() || field.only_for.is_empty() {
        held.only_for.clear();
    } else {
        let missing: Vec<Name> = field
            .only_for
            .iter()
            .filter(|name| !held.only_for.contains(name))
            .cloned()
            .collect();
        held.only_for.extend(missing);
    }
    held.guard.or(&field.guard);
    merge_representation(&mut held.fields, field.fields);
}

fn typename() -> RepresentationField {
    RepresentationField {
        key: TYPENAME,
        name: name!("__typename"),
        only_for: Vec::new(),
        is_key: false,
        guard: Guard::ALWAYS,
        fields: Vec::new(),
    }
}
