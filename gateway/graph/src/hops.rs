//! Entity hops: from what is known of an entity, through keys, to the subgraph that is wanted.

use std::sync::Arc;

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

/// What can be reached of one type, for each subgraph that knows it (in ascending order). Most subgraphs reach the same by the same
/// keys; such lists are kept once.
pub(crate) type Reach = Vec<(SubgraphId, Arc<[Hop]>)>;

pub(crate) type ReachByType = HashMap<Name, Reach>;

/// Reach of all entity types. A key's nested parts may themselves need routes (of other entities), so types with such
/// keys are looked at again until nothing new is reached; each round reaches more, or is the last.
pub(crate) fn all(inner: &Inner) -> Arc<ReachByType> {
    let inner = &mut inner.clone();
    inner.reach = Arc::default();
    let names: Vec<Name> = inner
        .homes
        .iter()
        .filter(|(_, homes)| homes.iter().any(|(id, names)| has_key(inner, *id, names)))
        .map(|(name, _)| name.clone())
        .collect();
    for name in &names {
        let reach = reach(inner, name);
        insert(inner, name, reach);
    }
    let nested: Vec<&Name> = names.iter().filter(|name| has_nested_key(inner, name)).collect();
    let count = |reach: &Reach| -> usize { reach.iter().map(|(_, hops)| hops.len()).sum() };
    loop {
        let mut grown = false;
        for name in &nested {
            let reach = reach(inner, name);
            grown |= count(&reach) > count(&inner.reach[*name]);
            insert(inner, name, reach);
        }
        if !grown {
            return Arc::clone(&inner.reach);
        }
    }
}

fn insert(inner: &mut Inner, name: &Name, reach: Reach) {
    Arc::make_mut(&mut inner.reach).insert(name.clone(), reach);
}

fn has_key(inner: &Inner, subgraph: SubgraphId, names: &[Name]) -> bool {
    let types = &inner.supergraph.subgraph(subgraph).types;
    names
        .iter()
        .any(|name| types[name].keys.iter().any(|key| key.resolvable))
}

fn has_nested_key(inner: &Inner, name: &Name) -> bool {
    let nested = |item: &FieldSetItem| match item {
        FieldSetItem::Field(field) => !field.selection.is_empty(),
        FieldSetItem::Fragment { .. } => true,
    };
    inner.homes[name].iter().any(|(id, names)| {
        let types = &inner.supergraph.subgraph(*id).types;
        let mut keys = names.iter().flat_map(|name| &types[name].keys);
        keys.any(|key| key.fields.items.iter().any(nested))
    })
}

fn reach(inner: &Inner, name: &Name) -> Reach {
    let mut kinds: Vec<Arc<[Hop]>> = Vec::new();
    let mut reach = Reach::new();
    for (from, _) in &inner.homes[name] {
        let hops = explore(inner, name, *from, None);
        let held = kinds.iter().find(|kind| ***kind == hops[..]).cloned();
        let kind = held.unwrap_or_else(|| {
            let kind: Arc<[Hop]> = hops.into();
            kinds.push(Arc::clone(&kind));
            kind
        });
        reach.push((*from, kind));
    }
    reach
}

/// What was found for a place without `@provides`.
pub(crate) fn known<'a>(inner: &'a Inner, ty: &str, from: SubgraphId) -> &'a [Hop] {
    let Some(reach) = inner.reach.get(ty) else {
        return &[];
    };
    match reach.binary_search_by_key(&from, |(id, _)| *id) {
        Ok(at) => &reach[at].1,
        Err(_) => &[],
    }
}

/// All subgraphs that can be reached, nearest first. A key counts as known when each of its parts
/// is known from some place reached before, so that the parts of a compound key may come from
/// different subgraphs.
pub(crate) fn explore(inner: &Inner, ty: &Name, from: SubgraphId, provided: Option<&FieldSet>) -> Vec<Hop> {
    explore_without(inner, ty, from, provided, &[])
}

/// The same, as if some subgraphs were not there.
fn explore_without(
    inner: &Inner,
    ty: &Name,
    from: SubgraphId,
    provided: Option<&FieldSet>,
    avoided: &[SubgraphId],
) -> Vec<Hop> {
    let homes = inner.homes.get(ty).map(Vec::as_slice).unwrap_or_default();
    let mut done = vec![false; inner.supergraph.subgraphs.len()];
    avoided.iter().for_each(|id| done[id.index()] = true);
    let mut reached: Vec<Hop> = Vec::new();
    loop {
        let round: Vec<Hop> = homes
            .iter()
            .filter(|(to, _)| !done[to.index()])
            .filter_map(|(to, _)| hop_into(inner, ty, from, *to, &reached, provided))
            .collect();
        if round.is_empty() {
            return reached;
        }
        round.iter().for_each(|hop| done[hop.to.index()] = true);
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
        for key in &inner.supergraph.subgraph(to).types[type_name].keys {
            if !key.resolvable {
                continue;
            }
            let sources: Option<Vec<Option<usize>>> = key
                .fields
                .items
                .iter()
                .map(|item| source(inner, (ty, from), (to, &key.fields), item, reached, provided))
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

/// Where a part of the key `(to, key)` comes from. Not from a hop that was made with the very same key: who has that key needs no
/// detour, and only a detour would be left where the direct way is not one.
fn source(
    inner: &Inner,
    (ty, from): (&Name, SubgraphId),
    (to, key): (SubgraphId, &FieldSet),
    item: &FieldSetItem,
    reached: &[Hop],
    provided: Option<&FieldSet>,
) -> Option<Option<usize>> {
    if inner
        .names_in(from, ty)
        .iter()
        .any(|name| obtains(inner, (from, name), item, provided, to))
    {
        return Some(None);
    }
    reached
        .iter()
        .position(|hop| hop.key != *key && obtains(inner, (hop.to, &hop.type_name), item, None, to))
        .map(Some)
}

/// Whether a part of a key can be had at `subgraph`: the field itself there, what is nested below it there or by hops of
/// the nested entities. `to`, which the key leads to, is not asked for a part of it.
fn obtains(
    inner: &Inner,
    (subgraph, ty): (SubgraphId, &Name),
    item: &FieldSetItem,
    provided: Option<&FieldSet>,
    to: SubgraphId,
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
    let elsewhere = known_without(inner, child, subgraph, to);
    !field.selection.is_empty()
        && field.selection.items.iter().all(|item| {
            obtains(inner, (subgraph, child), item, definition.provides.as_ref(), to)
                || elsewhere
                    .iter()
                    .any(|hop| inner.selects_item(hop.to, &hop.type_name, item, None))
        })
}

/// Other routes to where `shortest` leads, each without some of the subgraphs that an earlier one passes. At most
/// `DETOURS`; none for a `LONG` route, since each subgraph that is passed would be gone around.
pub(crate) fn detours(
    inner: &Inner,
    ty: &Name,
    from: SubgraphId,
    shortest: &HopRoute,
    provided: Option<&FieldSet>,
) -> Vec<HopRoute> {
    const DETOURS: usize = 7;
    const LONG: usize = 8;
    let Some(last) = shortest.last().filter(|_| shortest.len() < LONG) else {
        return Vec::new();
    };
    let mut found: Vec<(HopRoute, Vec<SubgraphId>)> = vec![(shortest.clone(), Vec::new())];
    let mut next = 0;
    while next < found.len() && found.len() <= DETOURS {
        let (route, avoided) = found[next].clone();
        next += 1;
        for passed in &route[..route.len() - 1] {
            let mut avoided = avoided.clone();
            avoided.push(passed.to);
            let reached = explore_without(inner, ty, from, provided, &avoided);
            if let Some(other) = backtrack(&reached, last.to)
                && found.len() <= DETOURS
                && found.iter().all(|(held, _)| *held != other)
            {
                found.push((other, avoided));
            }
        }
    }
    found.into_iter().skip(1).map(|(route, _)| route).collect()
}

/// Of the known hops those that can be made without entering `avoided`.
fn known_without<'a>(inner: &'a Inner, ty: &Name, from: SubgraphId, avoided: SubgraphId) -> Vec<&'a Hop> {
    let mut rest: Vec<&Hop> = known(inner, ty, from)
        .iter()
        .filter(|hop| hop.to != avoided)
        .collect();
    let mut reached: Vec<&Hop> = Vec::new();
    loop {
        let (now, later): (Vec<&Hop>, Vec<&Hop>) = rest.iter().partition(|hop| {
            let has = |(item, source): (&FieldSetItem, &Option<usize>)| {
                let holder = |hop: &&Hop| inner.selects_item(hop.to, &hop.type_name, item, None);
                source.is_none() || reached.iter().any(holder)
            };
            hop.key.items.iter().zip(&hop.sources).all(has)
        });
        if now.is_empty() {
            return reached;
        }
        reached.extend(now);
        rest = later;
    }
}

/// Cuts what was explored down to the hops that `to` needs, in order, with indexes made to fit.
pub(crate) fn backtrack(reached: &[Hop], to: SubgraphId) -> Option<HopRoute> {
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
