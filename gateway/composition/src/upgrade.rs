//! Federation 1 subgraphs in federation 2 terms: what was implied before becomes explicit.
//!
//! In federation 1 every value type is shared, `extend type` only says who owns a type, and `@external`, `@key`
//! and `@provides` may stand where they mean nothing. Runs only when every subgraph is valid by itself,
//! because what a field means depends on the other subgraphs.

use crate::diagnostic::{Code, Diagnostics};
use crate::rules::usage;
use crate::spec::Fed;
use crate::subgraph::{FieldSet, Kind, Subgraph};
use apollo_compiler::Name;
use apollo_compiler::ast::Selection;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn upgrade(subgraphs: &mut [Subgraph], diagnostics: &mut Diagnostics) {
    check_bases(subgraphs, diagnostics);
    for subgraph in subgraphs.iter_mut().filter(|subgraph| subgraph.is_federation_1()) {
        drop_meaningless_directives(subgraph);
        key_fields_are_resolved(subgraph);
        drop_unused_externals(subgraph);
        prune_provides(subgraph);
    }
    let resolved = resolved_fields(subgraphs);
    for (index, subgraph) in subgraphs.iter_mut().enumerate() {
        if subgraph.is_federation_1() {
            share(subgraph, index, &resolved);
        }
    }
}

/// An extension needs a definition somewhere. `type X @extends` counts as one for other subgraphs' sake.
fn check_bases(subgraphs: &mut [Subgraph], diagnostics: &mut Diagnostics) {
    for index in 0..subgraphs.len() {
        let subgraph = &subgraphs[index];
        if !subgraph.is_federation_1() {
            continue;
        }
        for def in subgraph.types.values().filter(|def| def.extension) {
            let based = subgraphs.iter().enumerate().any(|(other, candidate)| {
                other != index
                    && candidate
                        .types
                        .get(&def.name)
                        .is_some_and(|def| def.has_definition || !def.extension)
            });
            if !based {
                diagnostics.push(
                    subgraph
                        .diagnostic(
                            Code::ExtensionWithNoBase,
                            def.location,
                            format!(
                                "the type \"{}\" is only extended: no subgraph defines it",
                                def.name
                            ),
                        )
                        .at(def.name.as_str())
                        .help(format!(
                            "write `type {}` without `extend` in the subgraph that owns it",
                            def.name
                        )),
                );
            }
        }
    }
    for subgraph in subgraphs.iter_mut().filter(|subgraph| subgraph.is_federation_1()) {
        for def in subgraph.types.values_mut() {
            def.extension = false;
        }
    }
}

fn drop_meaningless_directives(subgraph: &mut Subgraph) {
    let composite: BTreeSet<Name> = subgraph
        .types
        .values()
        .filter(|def| def.kind.is_composite())
        .map(|def| def.name.clone())
        .collect();
    for def in subgraph.types.values_mut() {
        let on_interface = def.kind == Kind::Interface;
        if on_interface {
            def.keys.clear();
            def.applied.retain(|directive| !directive.is(Fed::Key));
        }
        for key in &mut def.keys {
            loosen(&mut key.fields);
        }
        for field in def.fields.values_mut() {
            if on_interface {
                field.external = false;
                field.requires = None;
                field.provides = None;
            }
            if !composite.contains(field.ty.inner_named_type()) {
                field.provides = None;
            }
            field
                .requires
                .as_mut()
                .into_iter()
                .chain(field.provides.as_mut())
                .for_each(loosen);
            if field.external {
                field.applied.retain(|directive| !directive.is(Fed::Tag));
            }
        }
    }
}

/// Federation 1 took lists of strings and bare names where federation 2 takes one string.
fn loosen(fields: &mut FieldSet) {
    if fields.parsed != Err(crate::subgraph::FieldSetProblem::NotAString) {
        return;
    }
    let text = fields.text.trim_matches(['[', ']']).replace(['"', ','], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_literal = matches!(text.as_str(), "" | "true" | "false" | "null")
        || text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    if !is_literal {
        *fields = FieldSet::from_text(text, fields.location);
    }
}

/// `@external` on a key field says who owns the type; the field can be resolved here all the same.
fn key_fields_are_resolved(subgraph: &mut Subgraph) {
    let mut in_keys: BTreeSet<(Name, Name)> = BTreeSet::new();
    for def in subgraph.types.values() {
        for key in &def.keys {
            collect(subgraph, &def.name, key.fields.selections(), &mut in_keys);
        }
    }
    for def in subgraph.types.values_mut() {
        for field in def.fields.values_mut() {
            if in_keys.contains(&(def.name.clone(), field.name.clone())) {
                field.external = false;
                field.external_in_name_only = false;
            }
        }
    }
}

fn collect(subgraph: &Subgraph, parent: &Name, selections: &[Selection], found: &mut BTreeSet<(Name, Name)>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                found.insert((parent.clone(), field.name.clone()));
                let def = subgraph
                    .types
                    .get(parent)
                    .and_then(|def| def.fields.get(&field.name));
                if let (Some(def), Some(nested)) = (def, &field.selection_set) {
                    collect(subgraph, def.ty.inner_named_type(), nested, found);
                }
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.type_condition.as_ref().unwrap_or(parent);
                collect(subgraph, on, &fragment.selection_set, found);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn drop_unused_externals(subgraph: &mut Subgraph) {
    let used = usage::used_fields(subgraph);
    for def in subgraph.types.values_mut() {
        let name = def.name.clone();
        def.fields
            .retain(|_, field| !field.is_external() || used.contains(&(name.clone(), field.name.clone())));
    }
}

/// `@provides` of fields that are resolved here anyway says nothing; when nothing is left it goes.
fn prune_provides(subgraph: &mut Subgraph) {
    let mut empty: Vec<(Name, Name)> = Vec::new();
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            let Some(provides) = &field.provides else { continue };
            let ty = field.ty.inner_named_type();
            if !provides.selections().is_empty()
                && !usage::selects_external(subgraph, ty, provides.selections())
            {
                let exists = usage::all_exist(subgraph, ty, provides.selections());
                if exists {
                    empty.push((def.name.clone(), field.name.clone()));
                }
            }
        }
    }
    for (ty, field) in empty {
        if let Some(field) = subgraph
            .types
            .get_mut(&ty)
            .and_then(|def| def.fields.get_mut(&field))
        {
            field.provides = None;
        }
    }
}

/// For each object field, the subgraphs that resolve it.
fn resolved_fields(subgraphs: &[Subgraph]) -> BTreeMap<(Name, Name), BTreeSet<usize>> {
    let mut resolved: BTreeMap<(Name, Name), BTreeSet<usize>> = BTreeMap::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        for def in subgraph.types.values().filter(|def| def.kind == Kind::Object) {
            for field in def.fields.values().filter(|field| !field.is_external()) {
                resolved
                    .entry((def.name.clone(), field.name.clone()))
                    .or_default()
                    .insert(index);
            }
        }
    }
    resolved
}

fn share(subgraph: &mut Subgraph, index: usize, resolved: &BTreeMap<(Name, Name), BTreeSet<usize>>) {
    for def in subgraph
        .types
        .values_mut()
        .filter(|def| def.kind == Kind::Object && def.name != "Subscription")
    {
        for field in def.fields.values_mut().filter(|field| !field.is_external()) {
            let places = resolved.get(&(def.name.clone(), field.name.clone()));
            if places.is_some_and(|places| places.iter().any(|place| *place != index)) {
                field.shareable = true;
            }
        }
    }
}
