//! The query graph: which subgraph can answer which field, and how to get from one subgraph to
//! another through entity keys.
//!
//! A node is a (subgraph, type) pair. Its edges are fields, entity hops (each with the key that it
//! asks for) and downcasts to possible types. Composition walks this graph to prove that every
//! operation can be answered, and the planner walks the same graph to answer it: "composes" means
//! "can be planned". Pure: no I/O, no execution.

mod hops;
mod labels;
mod selectable;

use std::sync::Arc;

use apollo_compiler::{Name, collections::HashMap, schema::ExtendedType};
use causeway_model::{
    FieldResolution, FieldSet, LabelSet, SubgraphField, SubgraphId, SubgraphType, Supergraph,
};

pub use hops::{Hop, HopRoute};

/// The graph as it is while certain labels of progressive overrides are on; see [`QueryGraph::under`]. Cheap to clone: all
/// parts are behind one reference count.
#[derive(Debug, Clone)]
pub struct QueryGraph {
    inner: Arc<Inner>,
}

/// What does not hang on labels is shared by all of a supergraph's graphs.
#[derive(Debug, Clone)]
struct Inner {
    supergraph: Arc<Supergraph>,
    /// The labels that are on.
    on: LabelSet,
    labels: Arc<labels::Labels>,
    /// Object types that a composite type can have at run time, over the whole supergraph.
    possible_types: Arc<HashMap<Name, Vec<Name>>>,
    /// For an object type: the interfaces that some subgraph treats as an `@interfaceObject`.
    interface_objects: Arc<HashMap<Name, Vec<(SubgraphId, Name)>>>,
    /// For an object or interface type: the subgraphs that know it, in ascending order, each with the names it has there.
    homes: Arc<Homes>,
    /// Hops between subgraphs for entities, where no `@provides` helps; made once.
    reach: Arc<hops::ReachByType>,
}

type Homes = HashMap<Name, Vec<(SubgraphId, Vec<Name>)>>;

impl QueryGraph {
    /// The graph with all labels off. Costs, for each entity type, a walk over its subgraphs from each of them.
    pub fn new(supergraph: Arc<Supergraph>) -> Self {
        let possible_types = Arc::new(possible_types(&supergraph));
        let interface_objects = Arc::new(interface_objects(&supergraph));
        let mut inner = Inner {
            supergraph,
            on: LabelSet::default(),
            labels: Arc::default(),
            possible_types,
            interface_objects,
            homes: Arc::default(),
            reach: Arc::default(),
        };
        inner.homes = Arc::new(homes(&inner));
        inner.labels = Arc::new(labels::Labels::collect(&inner));
        inner.reach = hops::all(&inner);
        Self {
            inner: Arc::new(inner),
        }
    }

    pub fn supergraph(&self) -> &Arc<Supergraph> {
        &self.inner.supergraph
    }

    /// How `subgraph` defines `ty`, if it does.
    pub fn subgraph_type(&self, subgraph: SubgraphId, ty: &str) -> Option<&SubgraphType> {
        self.inner.supergraph.subgraph(subgraph).types.get(ty)
    }

    pub fn field(&self, subgraph: SubgraphId, ty: &str, field: &str) -> Option<&SubgraphField> {
        self.inner.supergraph.subgraph(subgraph).field(ty, field)
    }

    /// The field's definition if `subgraph` answers it without any data from elsewhere; `provided`
    /// are the fields that `@provides` makes available at this very place.
    pub fn local_field(
        &self,
        subgraph: SubgraphId,
        ty: &str,
        field: &str,
        provided: Option<&FieldSet>,
    ) -> Option<&SubgraphField> {
        self.inner.local_field(subgraph, ty, field, provided)
    }

    /// The field's definition if `subgraph` answers it, given what its `@requires` asks for.
    pub fn answered_field(&self, subgraph: SubgraphId, ty: &str, field: &str) -> Option<&SubgraphField> {
        self.field(subgraph, ty, field)
            .filter(|field| field.resolution == FieldResolution::Local && field.is_active(&self.inner.on))
    }

    /// Whether `subgraph` can answer the whole field set on `ty` without data from elsewhere.
    pub fn selects(
        &self,
        subgraph: SubgraphId,
        ty: &str,
        set: &FieldSet,
        provided: Option<&FieldSet>,
    ) -> bool {
        self.inner.selects(subgraph, ty, set, provided)
    }

    /// Object types that a value of this type can have, over all subgraphs. Itself for an object type,
    /// empty for a leaf.
    pub fn possible_types(&self, ty: &str) -> &[Name] {
        self.inner.possible_types.get(ty).map_or(&[], Vec::as_slice)
    }

    /// The way from `from` to `to` for the entity `ty`: the hops in order, the last one into `to`.
    /// `None` when no chain of resolvable keys leads there. From a subgraph to itself the route is one
    /// hop, too: it is how a field with `@requires` gets its data.
    pub fn route(
        &self,
        ty: &Name,
        from: SubgraphId,
        to: SubgraphId,
        provided: Option<&FieldSet>,
    ) -> Option<HopRoute> {
        match provided {
            None => hops::backtrack(hops::known(&self.inner, ty, from), to),
            Some(_) => hops::backtrack(&hops::explore(&self.inner, ty, from, provided), to),
        }
    }

    /// Other ways to where `shortest` (a [`Self::route`] from `from`) leads, past other subgraphs. A few at most.
    pub fn detours(
        &self,
        ty: &Name,
        from: SubgraphId,
        shortest: &HopRoute,
        provided: Option<&FieldSet>,
    ) -> Vec<HopRoute> {
        hops::detours(&self.inner, ty, from, shortest, provided)
    }

    /// Keys by which `subgraph` loads the entity `ty`, each with the type's name there.
    pub fn keys<'a>(
        &'a self,
        subgraph: SubgraphId,
        ty: &Name,
    ) -> impl Iterator<Item = (&'a Name, &'a FieldSet)> + use<'a> {
        let types = &self.inner.supergraph.subgraph(subgraph).types;
        let names = self.inner.names_in(subgraph, ty).iter();
        names.flat_map(move |name| {
            let keys = types[name].keys.iter().filter(|key| key.resolvable);
            keys.map(move |key| (name, &key.fields))
        })
    }

    /// Where one can get from `from` for the entity `ty`: for each subgraph, the type's name there. Cheaper than asking for each
    /// route.
    pub fn reachable(
        &self,
        ty: &Name,
        from: SubgraphId,
        provided: Option<&FieldSet>,
    ) -> Vec<(SubgraphId, Name)> {
        let names = |hops: &[Hop]| hops.iter().map(|hop| (hop.to, hop.type_name.clone())).collect();
        match provided {
            None => names(hops::known(&self.inner, ty, from)),
            Some(_) => names(&hops::explore(&self.inner, ty, from, provided)),
        }
    }
}

impl Inner {
    /// Names under which `subgraph` knows the entity `ty`: its own, or an interface object's.
    fn names_in(&self, subgraph: SubgraphId, ty: &Name) -> &[Name] {
        let homes = self.homes.get(ty).map(Vec::as_slice).unwrap_or_default();
        match homes.binary_search_by_key(&subgraph, |(id, _)| *id) {
            Ok(at) => &homes[at].1,
            Err(_) => &[],
        }
    }
}

fn possible_types(supergraph: &Supergraph) -> HashMap<Name, Vec<Name>> {
    let schema = &supergraph.schema;
    let implementers = schema.implementers_map();
    let mut possible = HashMap::default();
    for (name, ty) in &schema.types {
        let objects: Vec<Name> = match ty {
            ExtendedType::Object(_) => vec![name.clone()],
            ExtendedType::Interface(_) => implementers
                .get(name)
                .map_or_else(Vec::new, |found| found.objects.iter().cloned().collect()),
            ExtendedType::Union(union) => union.members.iter().map(|member| (**member).clone()).collect(),
            _ => continue,
        };
        possible.insert(name.clone(), objects);
    }
    possible
}

fn interface_objects(supergraph: &Supergraph) -> HashMap<Name, Vec<(SubgraphId, Name)>> {
    let mut found: HashMap<Name, Vec<(SubgraphId, Name)>> = HashMap::default();
    for id in supergraph.subgraph_ids() {
        for (interface, _) in supergraph
            .subgraph(id)
            .types
            .iter()
            .filter(|(_, ty)| ty.is_interface_object)
        {
            for (name, ty) in &supergraph.schema.types {
                let implements = ty.as_object().is_some_and(|object| {
                    object
                        .implements_interfaces
                        .iter()
                        .any(|one| **one == **interface)
                });
                if implements {
                    found
                        .entry(name.clone())
                        .or_default()
                        .push((id, interface.clone()));
                }
            }
        }
    }
    found
}

fn homes(inner: &Inner) -> Homes {
    let schema = &inner.supergraph.schema;
    let mut homes = Homes::default();
    for id in inner.supergraph.subgraph_ids() {
        for name in inner.supergraph.subgraph(id).types.keys() {
            if schema
                .types
                .get(name)
                .is_some_and(|ty| ty.is_object() || ty.is_interface())
            {
                homes
                    .entry(name.clone())
                    .or_default()
                    .push((id, vec![name.clone()]));
            }
        }
    }
    for (name, interfaces) in &*inner.interface_objects {
        let known = homes.entry(name.clone()).or_default();
        for (id, interface) in interfaces {
            match known.binary_search_by_key(id, |(id, _)| *id) {
                Ok(at) => known[at].1.push(interface.clone()),
                Err(at) => known.insert(at, (*id, vec![interface.clone()])),
            }
        }
    }
    homes
}
