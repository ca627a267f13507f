//! Entity hops: from what is known of an entity, through keys, to the subgraph that is wanted.

use apollo_compiler::{Name, collections::HashMap};
use causeway_model::{FieldSet, FieldSetItem, SubgraphId};

use crate::Inner;

/// One `_entities` step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    pub to: SubgraphId,
    /// The type under which `to` loads the entity: the entity's own or an interface object's.
    pub type_name: Name,
    /// The key that is sent.
    pub key: FieldSet,
    /// For each of the key's items, where it comes from: the place the route starts at (`None`) or an
    /// earlier hop of the same route (its index).
    pub sources: Vec<Option<usize>>,
}

/// Hops in the order in which they can be made; the last one reaches the wanted subgraph. Every other
/// one brings a part of a later key.
pub type HopRoute = Vec<Hop>;

/// Routes of all entity types. A key's nested parts may themselves need routes (of other entities), so this is
/// repeated until nothing new is reached; each round reaches more, or is the last.
pub(crate) fn all_routes(inner: &mut Inner) {
    let mut reached = 0;
    loop {
        inner.routes = round(inner);
        let now = inner
            .routes
            .values()
            .flatten()
            .flatten()
            .filter(|route| route.is_some())
            .count();
        if now == reached {
            return;
        }
        reached = now;
    }
}

fn round(inner: &Inner) -> HashMap<Name, Vec<Vec<Option<HopRoute>>>> {
    let count = inner.supergraph.subgraphs.len();
    let mut routes = HashMap::default();
    for (name, ty) in &inner.supergraph.schema.types {
        if !ty.is_object() && !ty.is_interface() {
            continue;
        }
        let table: Vec<Vec<Option<HopRoute>>> = (0..count)
            .map(|from| {
                let from = id(from);
                if inner.names_in(from, name).is_empty() {
                    return vec![None; count];
                }
                let reached = explore(inner, name, from, None);
                (0..count).map(|to| backtrack(&reached, id(to))).collect()
            })
            .collect();
        if table.iter().flatten().any(Option::is_some) {
            routes.insert(name.clone(), table);
        }
    }
    routes
}

pub(crate) fn find_route(
    inner: &Inner,
    ty: &Name,
    from: SubgraphId,
    to: SubgraphId,
    provided: Option<&FieldSet>,
) -> Option<HopRoute> {
    backtrack(&explore(inner, ty, from, provided), to)
}

/// All subgraphs that can be reached, nearest first. A key counts as known when each of its parts
/// is known from some place reached before, so that the parts of a compound key may come from
/// different subgraphs.
fn explore(inner: &Inner, ty: &Name, from: SubgraphId, provided: Option<&FieldSet>) -> Vec<Hop> {
    let mut reached: Vec<Hop> = Vec::new();
    loop {
        let round: Vec<Hop> = inner
            .supergraph
            .subgraph_ids()
            .filter(|to| !reached.iter().any(|hop| hop.to == *to))
            .filter_map(|to| hop_into(inner, ty, from, to, &reached, provided))
            .collect();
        if round.is_empty() {
            return reached;
        }
        reached.extend(round);
    }
}

/// The cheapest hop into `to` from what is known: the one whose key needs the fewest earlier hops.
fn hop_into(
    inner: &Inner,
    ty: &Name,
    from: SubgraphId,
    to: SubgraphId,
    reached: &[Hop],
    provided: Option<&FieldSet>,
) -> Option<Hop> {
    let mut best: Option<(usize, Hop)> = None;
    for type_name in inner.names_in(to, ty) {
        for key in &inner.supergraph.subgraph(to).types[&type_name].keys {
            if !key.resolvable {
                continue;
            }
            let sources: Option<Vec<Option<usize>>> = key
                .fields
                .items
                .iter()
                .map(|item| source(inner, ty, from, item, reached, provided))
                .collect();
            let Some(sources) = sources else { continue };
            let cost = sources.iter().filter(|source| source.is_some()).count();
            if best.as_ref().is_none_or(|(held, _)| cost < *held) {
                let hop = Hop {
                    to,
                    type_name: type_name.clone(),
                    key: key.fields.clone(),
                    sources,
                };
                best = Some((cost, hop));
            }
        }
    }
    best.map(|(_, hop)| hop)
}

fn source(
    inner: &Inner,
    ty: &Name,
    from: SubgraphId,
    item: &FieldSetItem,
    reached: &[Hop],
    provided: Option<&FieldSet>,
) -> Option<Option<usize>> {
    if inner
        .names_in(from, ty)
        .iter()
        .any(|name| obtains(inner, from, name, item, provided))
    {
        return Some(None);
    }
    reached
        .iter()
        .position(|hop| obtains(inner, hop.to, &hop.type_name, item, None))
        .map(Some)
}

/// Whether a part of a key can be had at `subgraph`: the field itself there, what is nested below it there or by hops of
/// the nested entities.
fn obtains(
    inner: &Inner,
    subgraph: SubgraphId,
    ty: &str,
    item: &FieldSetItem,
    provided: Option<&FieldSet>,
) -> bool {
    if inner.selects_item(subgraph, ty, item, provided) {
        return true;
    }
    let FieldSetItem::Field(field) = item else {
        return false;
    };
    let Some(definition) = inner.local_field(subgraph, ty, &field.name, provided) else {
        return false;
    };
    let child = definition.ty.inner_named_type();
    !field.selection.is_empty()
        && field.selection.items.iter().all(|item| {
            obtains(inner, subgraph, child, item, definition.provides.as_ref())
                || inner.routes.get(child).is_some_and(|routes| {
                    routes[subgraph.index()]
                        .iter()
                        .flatten()
                        .filter_map(|route| route.last())
                        .any(|hop| inner.selects_item(hop.to, &hop.type_name, item, None))
                })
        })
}

/// Cuts what was explored down to the hops that `to` needs, in order, with indexes made to fit.
fn backtrack(reached: &[Hop], to: SubgraphId) -> Option<HopRoute> {
    let last = reached.iter().position(|hop| hop.to == to)?;
    let mut needed = vec![false; last + 1];
    needed[last] = true;
    for index in (0..=last).rev() {
        if needed[index] {
            for source in reached[index].sources.iter().flatten() {
                needed[*source] = true;
            }
        }
    }
    let mut position = vec![0; last + 1];
    let mut route = HopRoute::new();
    for index in (0..=last).filter(|index| needed[*index]) {
        position[index] = route.len();
        let mut hop = reached[index].clone();
        for source in hop.sources.iter_mut().flatten() {
            *source = position[*source];
        }
        route.push(hop);
    }
    Some(route)
}

fn id(index: usize) -> SubgraphId {
    SubgraphId(u16::try_from(index).expect("composition refuses more than 65,535 subgraphs"))
}
