//! Which fields a subgraph's federation directives and interfaces make use of.

use crate::subgraph::{FieldSet, Kind, Subgraph};
use apollo_compiler::Name;
use apollo_compiler::ast::Selection;
use std::collections::BTreeSet;

/// (type, field) pairs that are used in a `@key`, `@requires` or `@provides`, or that an interface demands.
pub(crate) fn used_fields(subgraph: &Subgraph) -> BTreeSet<(Name, Name)> {
    let mut used = Used {
        subgraph,
        fields: BTreeSet::new(),
    };
    for def in subgraph.types.values() {
        for key in &def.keys {
            used.add(&def.name, key.fields.selections());
        }
        for field in def.fields.values() {
            if let Some(requires) = &field.requires {
                used.add(&def.name, requires.selections());
            }
            if let Some(provides) = &field.provides {
                used.add(field.ty.inner_named_type(), provides.selections());
            }
            if is_demanded(subgraph, &def.name, &field.name) {
                used.fields.insert((def.name.clone(), field.name.clone()));
            }
        }
    }
    used.fields
}

/// (type, field) pairs that keys select, nested ones too.
pub(crate) fn key_fields(subgraph: &Subgraph) -> BTreeSet<(Name, Name)> {
    let mut used = Used {
        subgraph,
        fields: BTreeSet::new(),
    };
    for def in subgraph.types.values() {
        def.keys
            .iter()
            .for_each(|key| used.add(&def.name, key.fields.selections()));
    }
    used.fields
}

/// (type, field) pairs that some `@provides` selects.
pub(crate) fn provided_fields(subgraph: &Subgraph) -> BTreeSet<(Name, Name)> {
    let mut used = Used {
        subgraph,
        fields: BTreeSet::new(),
    };
    for field in subgraph.types.values().flat_map(|def| def.fields.values()) {
        if let Some(provides) = &field.provides {
            used.add(field.ty.inner_named_type(), provides.selections());
        }
    }
    used.fields
}

/// (type, field) pairs that one field set selects.
pub(crate) fn selected_fields(subgraph: &Subgraph, on: &Name, fields: &FieldSet) -> BTreeSet<(Name, Name)> {
    let mut used = Used {
        subgraph,
        fields: BTreeSet::new(),
    };
    used.add(on, fields.selections());
    used.fields
}

/// Whether an interface of the type has the field.
pub(crate) fn is_demanded(subgraph: &Subgraph, ty: &Name, field: &Name) -> bool {
    subgraph.types.get(ty).is_some_and(|def| {
        def.implements.iter().any(|interface| {
            subgraph
                .types
                .get(interface)
                .is_some_and(|def| def.fields.contains_key(field))
        })
    })
}

struct Used<'a> {
    subgraph: &'a Subgraph,
    fields: BTreeSet<(Name, Name)>,
}

impl Used<'_> {
    fn add(&mut self, parent: &Name, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    self.insert(parent, &field.name);
                    let ty = field_type(self.subgraph, parent, &field.name);
                    if let (Some(ty), Some(nested)) = (ty, &field.selection_set) {
                        self.add(&ty, nested);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().unwrap_or(parent);
                    self.add(on, &fragment.selection_set);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// Using an interface's field uses it in every implementation.
    fn insert(&mut self, parent: &Name, field: &Name) {
        self.fields.insert((parent.clone(), field.clone()));
        if self
            .subgraph
            .types
            .get(parent)
            .is_some_and(|def| def.kind == Kind::Interface)
        {
            for implementer in self.subgraph.implementers(parent) {
                self.fields.insert((implementer.name.clone(), field.clone()));
            }
        }
    }
}

pub(crate) fn field_type(subgraph: &Subgraph, parent: &Name, field: &Name) -> Option<Name> {
    let def = subgraph.types.get(parent)?.fields.get(field)?;
    Some(def.ty.inner_named_type().clone())
}
