//! A field that several subgraphs resolve must be marked `@shareable` in each of them; key fields always are.

use super::Context;
use crate::diagnostic::Code;
use crate::subgraph::FieldDef;
use crate::supergraph::MergedType;
use apollo_compiler::Name;

/// `resolvers`: the subgraphs that resolve the field.
pub(super) fn check(
    cx: &mut Context<'_, '_>,
    parent: &MergedType,
    name: &Name,
    resolvers: Vec<(usize, &FieldDef)>,
) {
    let coordinate = format!("{}.{name}", parent.name);
    // Interface objects resolve the field for the implementations too.
    let mut all: Vec<(usize, Name, &FieldDef)> = resolvers
        .into_iter()
        .map(|(graph, field)| (graph, parent.name.clone(), field))
        .collect();
    let direct = all.len();
    for (graph, subgraph) in cx.subgraphs.iter().enumerate() {
        for interface in &parent.implements {
            let object = subgraph.types.get(interface).filter(|def| def.interface_object);
            let field = object
                .and_then(|def| def.fields.get(name))
                .filter(|field| !field.is_external() && cx.overrides.taken(graph, interface, name).is_none());
            all.extend(field.map(|field| (graph, interface.clone(), field)));
        }
    }
    let strict: Vec<usize> = all
        .iter()
        .filter(|(graph, ty, field)| {
            let is_key = cx.facts[*graph].keys.contains(&(ty.clone(), name.clone()));
            !field.shareable && !field.is_external() && !is_key
        })
        .map(|(graph, ..)| *graph)
        .collect();
    if all.len() < 2 || strict.is_empty() || direct == 0 {
        return;
    }
    let where_strict = if strict.len() == all.len() {
        "any of them".to_owned()
    } else {
        cx.names(strict.iter().copied())
    };
    let message = format!(
        "the field \"{coordinate}\" is resolved by {}, but not marked @shareable in {where_strict}",
        cx.names(all.iter().map(|(graph, ..)| *graph))
    );
    let places: Vec<_> = all
        .iter()
        .map(|(graph, _, field)| (*graph, field.location))
        .collect();
    let diagnostic = cx.finding(Code::InvalidFieldSharing, coordinate, message, places);
    cx.diagnostics
        .push(diagnostic.help("mark it @shareable in all of them, or @external where it is not resolved"));
}
