//! The merged graph as data: what the merge builds, the checks read and the printer writes.
//!
//! Types are kept in name order; fields, values and members in the order in which subgraphs, by name, have them.

use crate::spec::Fed;
use crate::subgraph::{Kind, Meaning};
use apollo_compiler::ast::{Type, Value};
use apollo_compiler::schema::DirectiveDefinition;
use apollo_compiler::{Name, Node};
use indexmap::{IndexMap, IndexSet};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Supergraph {
    pub(crate) graphs: Vec<Graph>,
    pub(crate) features: Vec<Feature>,
    pub(crate) directives: BTreeMap<Name, Node<DirectiveDefinition>>,
    pub(crate) schema_directives: Vec<MergedDirective>,
    pub(crate) types: BTreeMap<Name, MergedType>,
}

/// One subgraph as the supergraph refers to it.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    /// The value of `join__Graph`.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
}

/// A specification that the supergraph links, beside `link` and `join`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Feature {
    pub(crate) url: String,
    pub(crate) purpose: Option<&'static str>,
    /// (element, local name when it differs), with `@`.
    pub(crate) imports: Vec<(String, Option<String>)>,
    /// Set for federation's own specifications.
    pub(crate) directives: Vec<(Fed, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct MergedType {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) description: Option<String>,
    pub(crate) joins: Vec<JoinType>,
    pub(crate) join_implements: Vec<(usize, Name)>,
    pub(crate) join_members: Vec<(usize, Name)>,
    pub(crate) implements: IndexSet<Name>,
    pub(crate) fields: IndexMap<Name, MergedField>,
    pub(crate) inputs: IndexMap<Name, MergedInput>,
    pub(crate) members: IndexSet<Name>,
    pub(crate) values: IndexMap<Name, MergedValue>,
    pub(crate) applied: Vec<MergedDirective>,
}

/// `@join__type`; graphs are indexes into [`Supergraph::graphs`].
#[derive(Debug, Clone)]
pub(crate) struct JoinType {
    pub(crate) graph: usize,
    pub(crate) key: Option<String>,
    pub(crate) extension: bool,
    pub(crate) resolvable: bool,
    pub(crate) interface_object: bool,
}

/// `@join__field`; without a graph it marks a field that only an interface object resolves.
#[derive(Debug, Clone, Default)]
pub(crate) struct JoinField {
    pub(crate) graph: Option<usize>,
    pub(crate) requires: Option<String>,
    pub(crate) provides: Option<String>,
    pub(crate) ty: Option<Type>,
    pub(crate) external: bool,
    pub(crate) overrides: Option<String>,
    pub(crate) used_overridden: bool,
    pub(crate) override_label: Option<String>,
    pub(crate) context_arguments: Vec<ContextArgument>,
}

#[derive(Debug, Clone)]
pub(crate) struct ContextArgument {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    pub(crate) context: String,
    pub(crate) selection: String,
}

#[derive(Debug, Clone)]
pub(crate) struct MergedField {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) ty: Type,
    pub(crate) arguments: IndexMap<Name, MergedInput>,
    pub(crate) joins: Vec<JoinField>,
    pub(crate) applied: Vec<MergedDirective>,
}

#[derive(Debug, Clone)]
pub(crate) struct MergedInput {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) ty: Type,
    pub(crate) default: Option<Node<Value>>,
    pub(crate) joins: Vec<JoinField>,
    pub(crate) applied: Vec<MergedDirective>,
}

#[derive(Debug, Clone)]
pub(crate) struct MergedValue {
    pub(crate) description: Option<String>,
    pub(crate) graphs: Vec<usize>,
    pub(crate) applied: Vec<MergedDirective>,
}

/// A directive with the name it has in the supergraph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MergedDirective {
    pub(crate) meaning: Meaning,
    pub(crate) name: Name,
    pub(crate) arguments: Vec<(Name, Node<Value>)>,
}

pub(crate) fn is(applied: &[MergedDirective], fed: Fed) -> bool {
    applied
        .iter()
        .any(|directive| directive.meaning == Meaning::Fed(fed))
}

pub(crate) fn is_inaccessible(applied: &[MergedDirective]) -> bool {
    is(applied, Fed::Inaccessible)
}

impl MergedType {
    pub(crate) fn new(name: Name, kind: Kind) -> Self {
        Self {
            name,
            kind,
            description: None,
            joins: Vec::new(),
            join_implements: Vec::new(),
            join_members: Vec::new(),
            implements: IndexSet::new(),
            fields: IndexMap::new(),
            inputs: IndexMap::new(),
            members: IndexSet::new(),
            values: IndexMap::new(),
            applied: Vec::new(),
        }
    }
}
