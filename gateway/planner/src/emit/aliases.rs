//! Aliases inside a subgraph document.
//!
//! In one response object of a subgraph a key may stand for one shape of value alone (GraphQL
//! specification, 5.3.2, SameResponseShape). Fields of different object types may break that rule when they
//! meet in one document, e.g. `name: String!` of one union member and `name: String` of another; the second
//! one then gets an alias, which the fetch's shape undoes.

use apollo_compiler::{Name, ast::Type, collections::HashMap};
use causeway_graph::QueryGraph;
use causeway_model::{KeyId, SubgraphId};

use crate::draft::{Drafts, NodeId};

/// By node and by index of the field in it.
pub(super) type Aliases = HashMap<(NodeKey, usize), String>;

/// `NodeId` is no hash key elsewhere; its position is enough here.
pub(super) type NodeKey = usize;

pub(super) struct AliasAssigner<'a> {
    pub(super) graph: &'a QueryGraph,
    pub(super) drafts: &'a Drafts,
    pub(super) subgraph: SubgraphId,
    pub(super) names: &'a dyn Fn(KeyId) -> String,
    pub(super) aliases: &'a mut Aliases,
}

/// Fields with one response key that may share it.
struct Class {
    ty: Option<Type>,
    is_leaf: bool,
    /// (name, arguments) of its first field, and whether a field of an abstract type is in it.
    first: (NodeId, usize),
    has_abstract_parent: bool,
    children: Vec<NodeId>,
}

impl AliasAssigner<'_> {
    /// `nodes` describe one object of the response together.
    pub(super) fn assign(&mut self, nodes: &[NodeId]) {
        let mut flat = Vec::new();
        nodes.iter().for_each(|node| self.flatten(*node, &mut flat));
        let mut by_key: Vec<(KeyId, Vec<(NodeId, usize)>)> = Vec::new();
        for (node, index) in flat {
            let key = self.drafts.node(node).fields[index].key;
            match by_key.iter_mut().find(|(held, _)| *held == key) {
                Some((_, fields)) => fields.push((node, index)),
                None => by_key.push((key, vec![(node, index)])),
            }
        }
        let mut taken: Vec<String> = by_key.iter().map(|(key, _)| (self.names)(*key)).collect();
        for (key, fields) in by_key {
            let classes = self.classes(&fields, key, &mut taken);
            for class in classes {
                if !class.children.is_empty() {
                    self.assign(&class.children);
                }
            }
        }
    }

    fn flatten(&self, node: NodeId, into: &mut Vec<(NodeId, usize)>) {
        let content = self.drafts.node(node);
        into.extend((0..content.fields.len()).map(|index| (node, index)));
        content
            .fragments
            .iter()
            .for_each(|(_, fragment)| self.flatten(*fragment, into));
    }

    fn classes(&mut self, fields: &[(NodeId, usize)], key: KeyId, taken: &mut Vec<String>) -> Vec<Class> {
        let mut classes: Vec<(Class, Option<String>)> = Vec::new();
        for (node, index) in fields {
            let parent = self.drafts.node(*node);
            let field = &parent.fields[*index];
            let ty = self
                .graph
                .field(self.subgraph, &parent.ty, &field.name)
                .map(|found| found.ty.clone());
            let is_abstract = self.is_abstract(&parent.ty);
            let fitting = classes.iter_mut().position(|(class, _)| {
                let first = &self.drafts.node(class.first.0).fields[class.first.1];
                let same_field = first.name == field.name && first.arguments == field.arguments;
                let same_shape =
                    class.is_leaf == field.child.is_none() && same_shape(&class.ty, &ty, class.is_leaf);
                same_shape && (same_field || !(is_abstract || class.has_abstract_parent))
            });
            let at = fitting.unwrap_or_else(|| {
                let alias = (!classes.is_empty()).then(|| fresh(&(self.names)(key), taken));
                let class = Class {
                    ty,
                    is_leaf: field.child.is_none(),
                    first: (*node, *index),
                    has_abstract_parent: false,
                    children: Vec::new(),
                };
                classes.push((class, alias));
                classes.len() - 1
            });
            let (class, alias) = &mut classes[at];
            class.has_abstract_parent |= is_abstract;
            class.children.extend(field.child);
            if let Some(alias) = alias {
                self.aliases.insert((node.position(), *index), alias.clone());
            }
        }
        classes.into_iter().map(|(class, _)| class).collect()
    }

    fn is_abstract(&self, ty: &Name) -> bool {
        self.graph
            .subgraph_type(self.subgraph, ty)
            .is_some_and(|found| found.possible_types.as_slice() != std::slice::from_ref(ty))
    }
}

fn same_shape(a: &Option<Type>, b: &Option<Type>, leaf: bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same_wrapping(a, b) && (!leaf || a.inner_named_type() == b.inner_named_type()),
        _ => a.is_none() && b.is_none(),
    }
}

fn same_wrapping(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Named(_), Type::Named(_)) | (Type::NonNullNamed(_), Type::NonNullNamed(_)) => true,
        (Type::List(a), Type::List(b)) | (Type::NonNullList(a), Type::NonNullList(b)) => same_wrapping(a, b),
        _ => false,
    }
}

fn fresh(name: &str, taken: &mut Vec<String>) -> String {
    let alias = (0..)
        .map(|number| format!("_a{number}_{name}"))
        .find(|candidate| !taken.contains(candidate))
        .expect("numbers do not run out");
    taken.push(alias.clone());
    alias
}
