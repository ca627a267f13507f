//! Fields of interface objects belong to every implementation, though no subgraph writes them there.

use super::Context;
use crate::subgraph::Kind;
use crate::supergraph::{JoinField, MergedField, Supergraph};
use apollo_compiler::Name;

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

fn is_resolved(cx: &Context<'_, '_>, interface: &Name, field: &Name) -> bool {
    cx.subgraphs.iter().enumerate().any(|(graph, subgraph)| {
        let object = subgraph.types.get(interface).filter(|def| def.interface_object);
        let field = object.and_then(|def| def.fields.get(field));
        field.is_some_and(|field| {
            !field.is_external() && cx.overrides.taken(graph, interface, &field.name).is_none()
        })
    })
}
