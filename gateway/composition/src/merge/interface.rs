//! Interfaces: all fields of all subgraphs; interface objects count as interfaces.

use super::{AUTH, Context, Source, field, object};
use crate::diagnostic::{Code, enumerate};
use crate::subgraph::{Applied, Kind, Meaning};
use crate::supergraph::MergedType;
use apollo_compiler::Name;

pub(super) fn merge(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    object::implement(sources, merged);
    field::merge_all(cx, sources, merged);
    if sources.iter().all(|source| source.def.keys.is_empty()) {
        object::hint_partial_fields(cx, sources, merged, Code::InconsistentInterfaceValueTypeField);
    }
    check_implementations(cx, sources, merged);
}

/// Authorisation that the implementations of an interface (or of its field) demand, so that the interface demands it.
pub(super) fn demanded_of(
    cx: &Context<'_, '_>,
    kind: Kind,
    interface: &Name,
    field: Option<&Name>,
) -> Vec<(usize, Vec<Applied>)> {
    let is_auth = |applied: &&Applied| AUTH.iter().any(|fed| applied.meaning == Meaning::Fed(*fed));
    let mut demanded = Vec::new();
    let graphs = if kind == Kind::Interface {
        cx.subgraphs
    } else {
        &[]
    };
    for (graph, subgraph) in graphs.iter().enumerate() {
        for def in subgraph.implementers(interface) {
            let applied = match field {
                None => Some(&def.applied),
                Some(field) => def.fields.get(field).map(|field| &field.applied),
            };
            demanded.push((
                graph,
                applied.into_iter().flatten().filter(is_auth).cloned().collect(),
            ));
        }
    }
    demanded
}

/// A subgraph that can look an interface up by key must know every implementation, or it may meet one it does not.
fn check_implementations(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &MergedType) {
    let mut all: Vec<&Name> = cx
        .subgraphs
        .iter()
        .flat_map(|subgraph| subgraph.implementers(&merged.name))
        .map(|def| &def.name)
        .collect();
    all.sort();
    all.dedup();
    for source in sources.iter().filter(|source| !source.def.interface_object) {
        let Some(key) = source.def.keys.iter().find(|key| key.resolvable) else {
            continue;
        };
        let known: Vec<&Name> = cx.subgraphs[source.graph]
            .implementers(&merged.name)
            .map(|def| &def.name)
            .collect();
        let missing: Vec<String> = all
            .iter()
            .filter(|name| !known.contains(name))
            .map(|name| format!("\"{name}\""))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let message = format!(
            "[{}] the interface \"{}\" can be looked up here (@key(fields: \"{}\")), but its implementations {} are not known here",
            cx.name_of(source.graph),
            merged.name,
            key.fields.text,
            enumerate(&missing)
        );
        let place = [(source.graph, source.def.location)];
        let code = Code::InterfaceKeyMissingImplementationType;
        let diagnostic = cx.finding(code, merged.name.as_str(), message, place);
        cx.diagnostics
            .push(diagnostic.help("define them in this subgraph, or make the key resolvable: false"));
    }
}
