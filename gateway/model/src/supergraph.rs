//! The composed graph: what each subgraph defines, and what the client sees.

use apollo_compiler::{Name, Schema, ast::Type, collections::IndexMap, validation::Valid};

use crate::{
    field_set::FieldSet,
    label::{LabelCondition, LabelId, LabelSet},
};

/// Index of a subgraph in [`Supergraph::subgraphs`]; dense and stable for one supergraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubgraphId(pub u16);

impl SubgraphId {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A composed supergraph, read from supergraph SDL. Whoever holds one may rely on it: every
/// name in a subgraph's types stands in `schema` too, and field sets are parsed.
#[derive(Debug)]
pub struct Supergraph {
    /// All types, the inaccessible ones included; without `join__`/`link__` machinery.
    pub schema: Valid<Schema>,
    /// What clients may ask for: `schema` without its inaccessible parts.
    pub api_schema: Valid<Schema>,
    pub subgraphs: Vec<Subgraph>,
    /// Labels of progressive `@override`s, by [`LabelId`], in alphabetical order.
    pub labels: Vec<String>,
    /// The types that set each `@context`, by the context's name, which is made of the subgraph's and its own.
    pub contexts: IndexMap<String, Vec<Name>>,
}

/// One service's part of the supergraph.
#[derive(Debug)]
pub struct Subgraph {
    /// The name given at composition, e.g. `catalog`.
    pub name: String,
    /// Where it is served, if composition was told; empty otherwise.
    pub url: String,
    pub types: IndexMap<Name, SubgraphType>,
}

#[derive(Debug, Default)]
pub struct SubgraphType {
    pub keys: Vec<Key>,
    /// `@interfaceObject`: an object here, an interface in the supergraph.
    pub is_interface_object: bool,
    pub fields: IndexMap<Name, SubgraphField>,
    /// The object types that a value of this type can have **in this subgraph**: itself for an
    /// object, implementers for an interface, members for a union; empty for leaf and input types.
    pub possible_types: Vec<Name>,
    /// Formats of `@cacheTag` on an entity, e.g. `product-{$key.id}`.
    pub cache_tags: Vec<String>,
    /// What holds for every field here that returns this type, unless the field says otherwise. Unions have it on their fields.
    pub cache_control: Option<CacheControl>,
}

/// `@cacheControl`, as it was written. What it leaves out is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheControl {
    /// Seconds.
    pub max_age: Option<u32>,
    /// `scope`: for one user alone.
    pub private: Option<bool>,
    /// `inheritMaxAge`: where no age is said, the parent field's holds instead of the default.
    pub inherit: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub fields: FieldSet,
    /// `false`: this subgraph can name the entity but cannot load it.
    pub resolvable: bool,
}

/// How a subgraph takes part in one field.
#[derive(Debug)]
pub struct SubgraphField {
    /// The field's type in this subgraph; may be narrower than the supergraph's.
    pub ty: Type,
    pub resolution: FieldResolution,
    /// Set while a progressive `@override` moves the field between subgraphs.
    pub label: Option<LabelCondition>,
    pub requires: Option<FieldSet>,
    pub provides: Option<FieldSet>,
    /// Arguments that are filled from a `@context`; clients do not see them.
    pub context_arguments: Vec<ContextArgument>,
    /// Formats of `@cacheTag` on a field of `Query`, e.g. `products-{$args.first}`.
    pub cache_tags: Vec<String>,
    pub cache_control: Option<CacheControl>,
}

/// `@fromContext`: an argument whose value an object further up holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextArgument {
    pub name: Name,
    pub ty: Type,
    /// A key of [`Supergraph::contexts`].
    pub context: String,
    /// One leaf, which may hang on the type of the object that holds it.
    pub selection: FieldSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldResolution {
    /// The subgraph answers it wherever it has the parent (once `requires` is at hand).
    Local,
    /// `@external`: known here, answered elsewhere, save where a `@provides` says otherwise.
    External,
    /// Another subgraph's `@override` has taken it over.
    Overridden,
}

impl Supergraph {
    pub fn subgraph(&self, id: SubgraphId) -> &Subgraph {
        &self.subgraphs[id.index()]
    }

    pub fn subgraph_ids(&self) -> impl Iterator<Item = SubgraphId> + use<> {
        (0..self.subgraphs.len()).map(|index| {
            SubgraphId(u16::try_from(index).expect("composition refuses more than 65,535 subgraphs"))
        })
    }
}

impl Supergraph {
    pub fn label(&self, id: LabelId) -> &str {
        &self.labels[id.index()]
    }

    pub fn label_ids(&self) -> impl Iterator<Item = LabelId> + use<> {
        (0..self.labels.len())
            .map(|index| LabelId(u16::try_from(index).expect("reading refuses more than 65,535 labels")))
    }

    /// The labels of these names; names that no `@override` has are left out.
    pub fn label_set<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> LabelSet {
        let find = |name: &str| self.label_ids().find(|id| self.label(*id) == name);
        names.into_iter().filter_map(find).collect()
    }
}

impl SubgraphField {
    /// A field of which nothing more is said.
    pub fn new(ty: Type, resolution: FieldResolution) -> Self {
        Self {
            ty,
            resolution,
            label: None,
            requires: None,
            provides: None,
            context_arguments: Vec::new(),
            cache_tags: Vec::new(),
            cache_control: None,
        }
    }

    /// Whether the subgraph must be given data before it answers: it is asked for the field on entities alone.
    pub fn needs_data(&self) -> bool {
        self.requires.is_some() || !self.context_arguments.is_empty()
    }

    /// Whether the subgraph takes part in answering the field while the labels in `on` are on.
    pub fn is_active(&self, on: &LabelSet) -> bool {
        self.label.is_none_or(|condition| condition.holds(on))
    }
}

impl Subgraph {
    pub fn field(&self, ty: &str, field: &str) -> Option<&SubgraphField> {
        self.types.get(ty)?.fields.get(field)
    }
}
