//! `@cacheControl`: each subgraph's own, and never the client's.
//!
//! `@join__directive` has no place on unions. There, what holds for all fields that return the union is written on those fields.

use super::directives::by_graph;
use super::{Context, Source};
use crate::cache_control::{self, CACHE_CONTROL};
use crate::subgraph::{FieldDef, Kind, Meaning};
use crate::supergraph::MergedDirective;
use apollo_compiler::ast::Value;
use apollo_compiler::{Name, Node, name};
use causeway_model::CacheControl;

pub(super) fn of_type(cx: &Context<'_, '_>, kind: Kind, sources: &[Source<'_>]) -> Vec<MergedDirective> {
    if !matches!(kind, Kind::Object | Kind::Interface) {
        return Vec::new();
    }
    let said = sources.iter().filter_map(|source| {
        let links = &cx.subgraphs[source.graph].links;
        Some((source.graph, cache_control::of(links, &source.def.applied)?))
    });
    merged(cx, said)
}

/// A field in the subgraphs that resolve it.
pub(super) fn of_field<'a>(
    cx: &Context<'_, '_>,
    fields: impl Iterator<Item = (usize, &'a FieldDef)>,
) -> Vec<MergedDirective> {
    let said = fields.filter_map(|(graph, field)| {
        let subgraph = &cx.subgraphs[graph];
        let own = cache_control::of(&subgraph.links, &field.applied);
        let union = subgraph.types.get(field.ty.inner_named_type());
        let union = union.filter(|def| def.kind == Kind::Union);
        let union = union.and_then(|def| cache_control::of(&subgraph.links, &def.applied));
        Some((graph, specific(own, union)?))
    });
    merged(cx, said)
}

/// What a field says of itself goes before what its type says.
fn specific(field: Option<CacheControl>, ty: Option<CacheControl>) -> Option<CacheControl> {
    let (Some(field), Some(ty)) = (field, ty) else {
        return field.or(ty);
    };
    Some(CacheControl {
        max_age: field.max_age.or(ty.max_age),
        private: field.private.or(ty.private),
        inherit: field.inherit || (ty.inherit && field.max_age.is_none()),
    })
}

/// One `@join__directive` for all subgraphs that say the same.
fn merged(cx: &Context<'_, '_>, said: impl Iterator<Item = (usize, CacheControl)>) -> Vec<MergedDirective> {
    let mut groups: Vec<(CacheControl, Vec<usize>)> = Vec::new();
    for (graph, control) in said {
        match groups.iter_mut().find(|(known, _)| *known == control) {
            Some((_, graphs)) => graphs.push(graph),
            None => groups.push((control, vec![graph])),
        }
    }
    let meaning = Meaning::Custom(Name::new_static_unchecked(CACHE_CONTROL));
    groups
        .into_iter()
        .map(|(control, graphs)| by_graph(cx, &meaning, CACHE_CONTROL, &(arguments(control), graphs)))
        .collect()
}

fn arguments(control: CacheControl) -> Vec<(Name, Node<Value>)> {
    let age = control.max_age.and_then(|age| i32::try_from(age).ok());
    let age = age.map(|age| Value::Int(age.into()));
    let scope = control.private.map(|private| {
        Value::Enum(if private {
            name!("PRIVATE")
        } else {
            name!("PUBLIC")
        })
    });
    let inherit = control.inherit.then_some(Value::Boolean(true));
    [
        (name!("maxAge"), age),
        (name!("scope"), scope),
        (name!("inheritMaxAge"), inherit),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, Node::new(value?))))
    .collect()
}
