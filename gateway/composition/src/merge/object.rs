//! Object types: all fields and interfaces of all subgraphs.

use super::{Context, Source, field};
use crate::diagnostic::Code;
use crate::supergraph::MergedType;

pub(super) fn merge(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    implement(sources, merged);
    field::merge_all(cx, sources, merged);
    let is_entity = sources.iter().any(|source| !source.def.keys.is_empty());
    if is_entity {
        hint_entity(cx, sources, merged);
    } else if !sources.iter().any(|source| source.def.is_root()) {
        hint_partial_fields(cx, sources, merged, Code::InconsistentObjectValueTypeField);
    }
}

pub(super) fn implement(sources: &[Source<'_>], merged: &mut MergedType) {
    for source in sources {
        for interface in &source.def.implements {
            merged.implements.insert(interface.clone());
            merged.join_implements.push((source.graph, interface.clone()));
        }
    }
}

/// A type with a key in some subgraphs only can be entered through those alone.
fn hint_entity(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &MergedType) {
    let (with, without): (Vec<&Source<'_>>, Vec<&Source<'_>>) =
        sources.iter().partition(|source| !source.def.keys.is_empty());
    if without.is_empty() {
        return;
    }
    let message = format!(
        "the type \"{}\" is an entity (has a @key) in {}, but not in {}",
        merged.name,
        cx.names(with.iter().map(|source| source.graph)),
        cx.names(without.iter().map(|source| source.graph))
    );
    let places = without.iter().map(|source| (source.graph, source.def.location));
    let diagnostic = cx.finding(Code::InconsistentEntity, merged.name.as_str(), message, places);
    cx.diagnostics
        .push(diagnostic.help("give it a @key in every subgraph"));
}

/// A value cannot be fetched again elsewhere, so a field that some subgraphs lack may be out of reach.
pub(super) fn hint_partial_fields(
    cx: &mut Context<'_, '_>,
    sources: &[Source<'_>],
    merged: &MergedType,
    code: Code,
) {
    for field in merged.fields.keys() {
        let (with, without): (Vec<&Source<'_>>, Vec<&Source<'_>>) = sources
            .iter()
            .partition(|source| source.def.fields.contains_key(field));
        // A subgraph that resolves nothing of the type does not lead to it either.
        let resolves = |source: &&Source<'_>| !source.def.fields.values().all(|field| field.is_external());
        let without: Vec<&Source<'_>> = without.into_iter().filter(resolves).collect();
        if without.is_empty() {
            continue;
        }
        let message = format!(
            "the field \"{}.{field}\" is in {}, but not in {}, which have the type too",
            merged.name,
            cx.names(with.iter().map(|source| source.graph)),
            cx.names(without.iter().map(|source| source.graph))
        );
        let places = with
            .iter()
            .map(|source| (source.graph, source.def.fields[field].location));
        let diagnostic = cx.finding(code, merged.name.as_str(), message, places);
        cx.diagnostics.push(diagnostic);
    }
}
