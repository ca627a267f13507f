//! Labels of progressive overrides: the graph as it is while some of them are on, and which of them matter to what.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use apollo_compiler::{
    Name,
    collections::{HashMap, HashSet},
};
use causeway_model::{FieldSet, FieldSetItem, LabelId, LabelSet, SubgraphField};

use crate::{Inner, QueryGraph, hops};

/// Hops that are kept for combinations of labels on key fields; more than these are made anew.
const REACH_LIMIT: usize = 64;

/// What is known of a supergraph's labels.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    /// Labels on which the ways of an entity type between subgraphs hang.
    keys: HashMap<Name, BTreeSet<LabelId>>,
    /// Labels on which it hangs how a field is answered, by type and field; only those with any.
    fields: HashMap<Name, HashMap<Name, BTreeSet<LabelId>>>,
    /// All of `keys` together.
    in_keys: BTreeSet<LabelId>,
    reach: Mutex<HashMap<LabelSet, Arc<hops::ReachByType>>>,
}

impl Labels {
    pub(crate) fn collect(inner: &Inner) -> Self {
        if inner.supergraph.labels.is_empty() {
            return Self::default();
        }
        let keys: HashMap<Name, BTreeSet<LabelId>> = inner
            .homes
            .keys()
            .map(|name| {
                let mut touched = Touched::new(inner);
                touched.keys(name);
                (name.clone(), touched.labels)
            })
            .collect();
        let fields = inner
            .homes
            .keys()
            .map(|ty| (ty.clone(), field_labels(inner, ty)))
            .collect();
        let in_keys = keys.values().flatten().copied().collect();
        Self {
            keys,
            fields,
            in_keys,
            reach: Mutex::default(),
        }
    }
}

impl QueryGraph {
    /// The same graph while the labels in `on`, and no others, are on. Costs a little, and the making of all hops where it is
    /// the first time that these labels of key fields are on together.
    pub fn under(&self, on: &LabelSet) -> QueryGraph {
        if self.inner.on == *on {
            return self.clone();
        }
        let mut inner = Inner {
            on: on.clone(),
            ..(*self.inner).clone()
        };
        let in_keys = |set: &LabelSet| -> LabelSet {
            let labels = &self.inner.labels.in_keys;
            set.iter().filter(|label| labels.contains(label)).collect()
        };
        let wanted = in_keys(on);
        if wanted != in_keys(&self.inner.on) {
            inner.reach = self.reach_under(&inner, wanted);
        }
        QueryGraph {
            inner: Arc::new(inner),
        }
    }

    fn reach_under(&self, inner: &Inner, wanted: LabelSet) -> Arc<hops::ReachByType> {
        // Nothing panics while it is held, and what it holds is never half made.
        let lock = || inner.labels.reach.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&wanted) {
            return Arc::clone(known);
        }
        let made = hops::all(inner);
        let mut known = lock();
        if known.len() >= REACH_LIMIT {
            known.clear();
        }
        known.insert(wanted, Arc::clone(&made));
        made
    }

    /// Whether a progressive override has the field answered by another subgraph while the labels are as they are.
    pub fn is_moved(&self, field: &SubgraphField) -> bool {
        !field.is_active(&self.inner.on)
    }

    /// Labels on which the ways to and from the entity `ty` hang: those of its keys' fields.
    pub fn key_labels(&self, ty: &str) -> impl Iterator<Item = LabelId> + '_ {
        self.inner.labels.keys.get(ty).into_iter().flatten().copied()
    }

    /// Labels on which it hangs how `field` of `ty` is answered, wherever one stands: its own, those of what it
    /// `@requires`, and those of the keys on the way.
    pub fn field_labels(&self, ty: &str, field: &str) -> impl Iterator<Item = LabelId> + '_ {
        let of_type = self.inner.labels.fields.get(ty);
        of_type
            .and_then(|fields| fields.get(field))
            .into_iter()
            .flatten()
            .copied()
    }
}

fn field_labels(inner: &Inner, ty: &Name) -> HashMap<Name, BTreeSet<LabelId>> {
    let homes = inner.homes.get(ty).map(Vec::as_slice).unwrap_or_default();
    let names: BTreeSet<&Name> = homes
        .iter()
        .flat_map(|(subgraph, names)| {
            let types = &inner.supergraph.subgraph(*subgraph).types;
            names.iter().flat_map(|name| types[name].fields.keys())
        })
        .collect();
    let labels = names.into_iter().map(|field| {
        let mut touched = Touched::new(inner);
        touched.keys(ty);
        touched.field(ty, field);
        (field.clone(), touched.labels)
    });
    labels.filter(|(_, labels)| !labels.is_empty()).collect()
}

/// Collects labels; each field and type is looked at once.
struct Touched<'a> {
    inner: &'a Inner,
    labels: BTreeSet<LabelId>,
    fields: HashSet<(Name, Name)>,
    types: HashSet<Name>,
}

impl<'a> Touched<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self {
            inner,
            labels: BTreeSet::new(),
            fields: HashSet::default(),
            types: HashSet::default(),
        }
    }

    fn keys(&mut self, ty: &Name) {
        if !self.types.insert(ty.clone()) {
            return;
        }
        let inner = self.inner;
        for (subgraph, names) in inner.homes.get(ty).map(Vec::as_slice).unwrap_or_default() {
            let types = &inner.supergraph.subgraph(*subgraph).types;
            for key in names.iter().flat_map(|name| &types[name].keys) {
                self.set(ty, &key.fields);
            }
        }
    }

    fn field(&mut self, ty: &Name, field: &Name) {
        if !self.fields.insert((ty.clone(), field.clone())) {
            return;
        }
        let inner = self.inner;
        for (subgraph, names) in inner.homes.get(ty).map(Vec::as_slice).unwrap_or_default() {
            let types = &inner.supergraph.subgraph(*subgraph).types;
            for definition in names.iter().filter_map(|name| types[name].fields.get(field)) {
                self.labels
                    .extend(definition.label.map(|condition| condition.label));
                if let Some(required) = &definition.requires {
                    self.set(ty, required);
                }
                for argument in &definition.context_arguments {
                    let setters = inner.supergraph.contexts.get(&argument.context);
                    let setters = setters.map(Vec::as_slice).unwrap_or_default();
                    setters.iter().for_each(|ty| self.set(ty, &argument.selection));
                }
            }
        }
        for concrete in self.concrete(ty) {
            self.field(concrete, field);
        }
    }

    fn set(&mut self, ty: &Name, set: &FieldSet) {
        self.keys(ty);
        for concrete in self.concrete(ty) {
            self.keys(concrete);
        }
        for item in &set.items {
            match item {
                FieldSetItem::Field(field) => {
                    self.field(ty, &field.name);
                    let schema = &self.inner.supergraph.schema;
                    if let (false, Ok(found)) =
                        (field.selection.is_empty(), schema.type_field(ty, &field.name))
                    {
                        self.set(found.ty.inner_named_type(), &field.selection);
                    }
                }
                FieldSetItem::Fragment { on, selection } => self.set(on, selection),
            }
        }
    }

    /// The object types of an abstract one.
    fn concrete(&self, ty: &Name) -> impl Iterator<Item = &'a Name> + use<'a> {
        let own = ty.clone();
        let possible = self.inner.possible_types.get(ty);
        possible.into_iter().flatten().filter(move |name| **name != own)
    }
}
