//! Fields of interface objects belong to every implementation, though no subgraph writes them there.

use super::{Context, directives};
use crate::subgraph::{Applied, Kind};
use crate::supergraph::{JoinField, MergedDirective, MergedField, Supergraph};
use apollo_compiler::Name;
use indexmap::IndexSet;

/// Adds to each implementation the fields that interface objects resolve for it.
pub(super) fn complete(cx: &mut Context<'_, '_>, out: &mut Supergraph) {
    let mut missing: Vec<(Name, MergedField)> = Vec::new();
    for object in out.types.values().filter(|ty| ty.kind == Kind::Object) {
        for interface in &object.implements {
            let Some(merged) = out.types.get(interface) else {
                continue;
            };
            for field in merged
                .fields
                .values()
                .filter(|field| !object.fields.contains_key(&field.name))
            {
                if is_resolved(cx, interface, &field.name) {
                    let mut field = field.clone();
                    field.joins = vec![JoinField::default()];
                    field.applied = applied(cx, &object.name, interface, &field.name);
                    missing.push((object.name.clone(), field));
                }
            }
        }
    }
    for (object, field) in missing {
        if let Some(object) = out.types.get_mut(&object) {
            object.fields.entry(field.name.clone()).or_insert(field);
        }
    }
}

/// What the subgraphs that know the interface say of the field, without what other implementations demand.
fn applied(cx: &mut Context<'_, '_>, object: &Name, interface: &Name, field: &Name) -> Vec<MergedDirective> {
    let sources: Vec<(usize, &[Applied])> = cx
        .sources(interface)
        .into_iter()
        .filter_map(|source| Some((source.graph, source.def.fields.get(field)?.applied.as_slice())))
        .collect();
    directives::merge(cx, &format!("{object}.{field}"), &sources)
}

/// Whether some interface object stands for one of the interfaces and resolves the field.
pub(super) fn resolves(cx: &Context<'_, '_>, interfaces: &IndexSet<Name>, field: &Name) -> bool {
    interfaces
        .iter()
        .any(|interface| is_resolved(cx, interface, field))
}

fn is_resolved(cx: &Context<'_, '_>, interface: &Name, field: &Name) -> bool {
    cx.subgraphs.iter().enumerate().any(|(graph, subgraph)| {
        let object = subgraph.types.get(interface).filter(|def| def.interface_object);
        let field = object.and_then(|def| def.fields.get(field));
        field.is_some_and(|field| {
            !field.is_external() && cx.overrides.taken(graph, interface, &field.name).is_none()
        })
    })
}
