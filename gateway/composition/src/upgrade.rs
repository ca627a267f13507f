//! Federation 1 subgraphs in federation 2 terms: what was implied before becomes explicit.
//!
//! In federation 1 every value type is shared, `extend type` only says who owns a type, and `@external`, `@key`,
//! `@requires` and `@provides` may stand where they mean nothing. Runs only when every subgraph is valid by itself,
//! because what a field means depends on the other subgraphs.

mod field_sets;

use crate::diagnostic::{Code, Diagnostics};
use crate::rules::usage::{provided_fields, selected_fields, used_fields};
use crate::spec::Fed;
use crate::subgraph::{FieldDef, FieldSet, Kind, Subgraph};
use apollo_compiler::Name;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn upgrade(subgraphs: &mut [Subgraph], diagnostics: &mut Diagnostics) {
    check_bases(subgraphs, diagnostics);
    check_interface_objects(subgraphs, diagnostics);
    let keys = keys_by_type(subgraphs);
    for subgraph in subgraphs.iter_mut().filter(|subgraph| subgraph.is_federation_1()) {
        drop_meaningless_directives(subgraph);
        key_fields_are_resolved(subgraph, &keys);
        drop_tags_on_externals(subgraph);
        drop_unused_externals(subgraph, diagnostics);
        field_sets::prune(subgraph);
        forget_extensions(subgraph);
    }
    let resolved = resolved_fields(subgraphs);
    for (index, subgraph) in subgraphs.iter_mut().enumerate() {
        if subgraph.is_federation_1() {
            share(subgraph, index, &resolved);
        }
    }
}

/// An extension needs a definition somewhere. `type X @extends` counts as one for other subgraphs' sake.
fn check_bases(subgraphs: &[Subgraph], diagnostics: &mut Diagnostics) {
    for (index, subgraph) in subgraphs
        .iter()
        .enumerate()
        .filter(|(_, subgraph)| subgraph.is_federation_1())
    {
        for def in subgraph.types.values().filter(|def| def.extension) {
            let based = subgraphs.iter().enumerate().any(|(other, candidate)| {
                other != index
                    && candidate
                        .types
                        .get(&def.name)
                        .is_some_and(|def| def.has_definition)
            });
            if !based {
                let message = format!(
                    "the type \"{}\" is only extended: no subgraph defines it",
                    def.name
                );
                let diagnostic = subgraph.diagnostic(Code::ExtensionWithNoBase, def.location, message);
                let help = format!(
                    "write `type {}` without `extend` in the subgraph that owns it",
                    def.name
                );
                diagnostics.push(diagnostic.at(def.name.as_str()).help(help));
            }
        }
    }
}

/// In federation 1 a @key on an interface meant nothing, so it cannot be what an interface object relies on.
fn check_interface_objects(subgraphs: &[Subgraph], diagnostics: &mut Diagnostics) {
    let objects: BTreeSet<&Name> = subgraphs
        .iter()
        .flat_map(|subgraph| subgraph.types.values())
        .filter(|def| def.interface_object)
        .map(|def| &def.name)
        .collect();
    for subgraph in subgraphs.iter().filter(|subgraph| subgraph.is_federation_1()) {
        for def in subgraph.types.values() {
            if def.kind == Kind::Interface && !def.keys.is_empty() && objects.contains(&def.name) {
                let message = format!(
                    "the interface \"{}\" has a @key here, in a federation 1 subgraph, and is an @interfaceObject elsewhere",
                    def.name
                );
                let diagnostic = subgraph.diagnostic(Code::InterfaceObjectUsageError, def.location, message);
                let help = "link federation v2.3 or later in this subgraph";
                diagnostics.push(diagnostic.at(def.name.as_str()).help(help));
            }
        }
    }
}

fn keys_by_type(subgraphs: &[Subgraph]) -> BTreeMap<Name, Vec<FieldSet>> {
    let mut keys: BTreeMap<Name, Vec<FieldSet>> = BTreeMap::new();
    for def in subgraphs.iter().flat_map(|subgraph| subgraph.types.values()) {
        keys.entry(def.name.clone())
            .or_default()
            .extend(def.keys.iter().map(|key| key.fields.clone()));
    }
    keys
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
            field_sets::loosen(&mut key.fields);
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
                .for_each(field_sets::loosen);
        }
    }
}

/// On an extension, `@external` on a key field says who owns the type; the field can be resolved here all the same.
/// An extension without a key is entered by those of the owner.
fn key_fields_are_resolved(subgraph: &mut Subgraph, all_keys: &BTreeMap<Name, Vec<FieldSet>>) {
    let mut in_keys: BTreeSet<(Name, Name)> = BTreeSet::new();
    for def in subgraph.types.values().filter(|def| def.extension) {
        let own: Vec<&FieldSet> = def.keys.iter().map(|key| &key.fields).collect();
        let foreign = || all_keys.get(&def.name).into_iter().flatten().collect();
        let keys: Vec<&FieldSet> = if own.is_empty() { foreign() } else { own };
        in_keys.extend(
            keys.into_iter()
                .flat_map(|key| selected_fields(subgraph, &def.name, key)),
        );
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

fn drop_tags_on_externals(subgraph: &mut Subgraph) {
    for field in subgraph
        .types
        .values_mut()
        .flat_map(|def| def.fields.values_mut())
    {
        if field.is_external() {
            field.applied.retain(|directive| !directive.is(Fed::Tag));
        }
    }
}

fn drop_unused_externals(subgraph: &mut Subgraph, diagnostics: &mut Diagnostics) {
    let used = used_fields(subgraph);
    let is_unused = |ty: &Name, field: &FieldDef| {
        field.is_external() && !used.contains(&(ty.clone(), field.name.clone()))
    };
    for def in subgraph.types.values().filter(|def| !def.fields.is_empty()) {
        if def.fields.values().all(|field| is_unused(&def.name, field)) {
            let message = format!(
                "all fields of the type \"{}\" are @external and none is used",
                def.name
            );
            let diagnostic = subgraph.diagnostic(Code::TypeWithOnlyUnusedExternal, def.location, message);
            diagnostics.push(
                diagnostic
                    .at(def.name.as_str())
                    .help("remove the type, or resolve one of its fields here"),
            );
        }
    }
    for def in subgraph.types.values_mut() {
        let name = def.name.clone();
        def.fields.retain(|_, field| !is_unused(&name, field));
    }
}

/// `extend type` means no more than a definition would; `@extends` is kept as it was written.
fn forget_extensions(subgraph: &mut Subgraph) {
    for def in subgraph.types.values_mut() {
        def.extension &= def.has_definition;
        def.has_definition = true;
    }
}

/// For each object field, the subgraphs that resolve it, be it only where they provide it.
fn resolved_fields(subgraphs: &[Subgraph]) -> BTreeMap<(Name, Name), BTreeSet<usize>> {
    let mut resolved: BTreeMap<(Name, Name), BTreeSet<usize>> = BTreeMap::new();
    for (index, subgraph) in subgraphs.iter().enumerate() {
        let provided = provided_fields(subgraph);
        for def in subgraph.types.values().filter(|def| def.kind == Kind::Object) {
            let resolves = |field: &&FieldDef| {
                !field.is_external() || provided.contains(&(def.name.clone(), field.name.clone()))
            };
            for field in def.fields.values().filter(resolves) {
                resolved
                    .entry((def.name.clone(), field.name.clone()))
                    .or_default()
                    .insert(index);
            }
        }
    }
    resolved
}

/// What federation 2 wants marked `@shareable`, federation 1 took for granted.
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
