//! Which fields a subgraph's federation directives and interfaces make use of.

use crate::subgraph::{Kind, Subgraph};
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

/// Whether any selected field is external here.
pub(crate) fn selects_external(subgraph: &Subgraph, parent: &Name, selections: &[Selection]) -> bool {
    any_field(subgraph, parent, selections, &mut |found| {
        found.is_some_and(|field| field.is_external())
    })
}

/// Whether every selected field is defined here.
pub(crate) fn all_exist(subgraph: &Subgraph, parent: &Name, selections: &[Selection]) -> bool {
    !any_field(subgraph, parent, selections, &mut |found| found.is_none())
}

fn any_field(
    subgraph: &Subgraph,
    parent: &Name,
    selections: &[Selection],
    test: &mut impl FnMut(Option<&crate::subgraph::FieldDef>) -> bool,
) -> bool {
    selections.iter().any(|selection| match selection {
        Selection::Field(field) if field.name == "__typename" => false,
        Selection::Field(field) => {
            let def = subgraph
                .types
                .get(parent)
                .and_then(|def| def.fields.get(&field.name));
            if test(def) {
                return true;
            }
            let (Some(def), Some(nested)) = (def, &field.selection_set) else {
                return false;
            };
            any_field(subgraph, def.ty.inner_named_type(), nested, test)
        }
        Selection::InlineFragment(fragment) => {
            let on = fragment.type_condition.as_ref().unwrap_or(parent);
            any_field(subgraph, on, &fragment.selection_set, test)
        }
        Selection::FragmentSpread(_) => false,
    })
}
