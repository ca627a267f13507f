//! Fetches in the making: selection trees in an arena, and what each fetch depends on.

use std::{collections::BTreeSet, rc::Rc};

use apollo_compiler::{Name, Node, ast::Argument};
use causeway_model::{Guard, KeyId, PathSegment, RepresentationField, SubgraphId};

use crate::{collect::CollectedField, context::ContextDraft};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NodeId(usize);

impl NodeId {
    pub(crate) fn position(self) -> usize {
        self.0
    }
}

/// A selection set of a subgraph document.
pub(crate) struct SelectionNode {
    /// Its type, by the subgraph's name for it.
    pub(crate) ty: Name,
    pub(crate) fields: Vec<NodeField>,
    pub(crate) fragments: Vec<(Name, NodeId)>,
    /// The type is abstract: ask which one it is.
    pub(crate) typename: bool,
    /// When the client wants to know which type it is, and only this selection set can tell.
    pub(crate) tells_type: Option<Guard>,
}

pub(crate) struct NodeField {
    pub(crate) key: KeyId,
    pub(crate) name: Name,
    pub(crate) arguments: Vec<Node<Argument>>,
    /// Arguments that are filled from contexts of the fetch, each with the index of its context there.
    pub(crate) contexts: Vec<(Name, usize)>,
    pub(crate) guard: Guard,
    pub(crate) child: Option<NodeId>,
}

pub(crate) struct FetchDraft {
    pub(crate) subgraph: SubgraphId,
    pub(crate) depends_on: BTreeSet<usize>,
    pub(crate) kind: DraftKind,
}

pub(crate) enum DraftKind {
    Root {
        node: NodeId,
    },
    Entities {
        path: Rc<[PathSegment]>,
        targets: Vec<TargetDraft>,
        contexts: Vec<ContextDraft>,
    },
}

pub(crate) struct TargetDraft {
    pub(crate) concrete: Name,
    /// The type's name in the subgraph that is asked; differs for interface objects.
    pub(crate) type_name: Name,
    /// `concrete` is an interface whose possible types are treated alike.
    pub(crate) alike: bool,
    pub(crate) representation: Vec<RepresentationField>,
    pub(crate) node: NodeId,
}

#[derive(Default)]
pub(crate) struct Drafts {
    pub(crate) nodes: Vec<SelectionNode>,
    pub(crate) fetches: Vec<FetchDraft>,
    /// When requests leave, where this was settled: some wait to be shared.
    pub(crate) moments: Option<Vec<usize>>,
    /// Fetches that were added to, for whoever is watching; innermost last.
    watchers: Vec<BTreeSet<usize>>,
}

impl Drafts {
    pub(crate) fn node(&self, id: NodeId) -> &SelectionNode {
        &self.nodes[id.0]
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut SelectionNode {
        &mut self.nodes[id.0]
    }

    pub(crate) fn new_node(&mut self, ty: Name) -> NodeId {
        self.nodes.push(SelectionNode {
            ty,
            fields: Vec::new(),
            fragments: Vec::new(),
            typename: false,
            tells_type: None,
        });
        NodeId(self.nodes.len() - 1)
    }

    /// The conditions under which something is asked for by a selection set: fields, in fragments too, and types that it tells.
    pub(crate) fn guards(&self, node: NodeId) -> Vec<&Guard> {
        let node = self.node(node);
        let mut guards: Vec<&Guard> = node.fields.iter().map(|field| &field.guard).collect();
        guards.extend(&node.tells_type);
        guards.extend(node.fragments.iter().flat_map(|(_, below)| self.guards(*below)));
        guards
    }

    /// The fragment on `on` below `node`, made if need be.
    pub(crate) fn fragment(&mut self, node: NodeId, on: &Name) -> NodeId {
        if let Some((_, id)) = self.node(node).fragments.iter().find(|(name, _)| name == on) {
            return *id;
        }
        let id = self.new_node(on.clone());
        self.node_mut(node).fragments.push((on.clone(), id));
        id
    }

    /// Adds a field, or widens the one that is there. Gives the child's node for a composite field.
    pub(crate) fn add_field(
        &mut self,
        fetch: usize,
        node: NodeId,
        field: &CollectedField,
        child_type: Option<&Name>,
    ) -> Option<NodeId> {
        for watcher in &mut self.watchers {
            watcher.insert(fetch);
        }
        let key = field.field.key;
        if let Some(held) = self.node_mut(node).fields.iter_mut().find(|held| held.key == key) {
            held.guard.or(&field.guard);
            return held.child;
        }
        let child = child_type.map(|ty| self.new_node(ty.clone()));
        self.node_mut(node).fields.push(NodeField {
            key,
            name: field.field.name.clone(),
            arguments: field.field.arguments.clone(),
            contexts: Vec::new(),
            guard: field.guard.clone(),
            child,
        });
        child
    }

    /// Runs `work` and tells which fetches it added to.
    pub(crate) fn watch(&mut self) {
        self.watchers.push(BTreeSet::new());
    }

    pub(crate) fn watched(&mut self) -> BTreeSet<usize> {
        self.watchers.pop().unwrap_or_default()
    }

    /// The fetches that nobody waits for; who waits for these waits for all.
    pub(crate) fn last(&self) -> BTreeSet<usize> {
        let mut last: BTreeSet<usize> = (0..self.fetches.len()).collect();
        for fetch in &self.fetches {
            fetch.depends_on.iter().for_each(|dep| {
                last.remove(dep);
            });
        }
        last
    }

    /// `deps` without those that others of them wait for anyway.
    pub(crate) fn reduced(&self, deps: BTreeSet<usize>) -> BTreeSet<usize> {
        if deps.len() < 2 {
            return deps;
        }
        let implied: BTreeSet<usize> = deps
            .iter()
            .flat_map(|dep| &self.fetches[*dep].depends_on)
            .flat_map(|dep| self.ancestors(*dep))
            .collect();
        deps.into_iter().filter(|dep| !implied.contains(dep)).collect()
    }

    /// `fetch` and all that it waits for.
    fn ancestors(&self, fetch: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([fetch]);
        let mut open = vec![fetch];
        while let Some(next) = open.pop() {
            open.extend(
                self.fetches[next]
                    .depends_on
                    .iter()
                    .copied()
                    .filter(|dep| found.insert(*dep)),
            );
        }
        found
    }

    /// Equal for drafts that ask for the same in the same order. Costs about a nanosecond a field.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut print = 0_u64;
        let mut add = |value: usize| {
            print = (print.rotate_left(5) ^ value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        };
        for fetch in &self.fetches {
            add(fetch.subgraph.index());
            fetch.depends_on.iter().for_each(|dep| add(*dep));
        }
        for node in &self.nodes {
            add(node.fields.len());
            for field in &node.fields {
                add(field.key.0 as usize);
                add(field.child.map_or(0, |child| child.0));
            }
            node.fragments.iter().for_each(|(_, below)| add(below.0));
        }
        print
    }

    pub(crate) fn new_fetch(&mut self, fetch: FetchDraft) -> usize {
        self.fetches.push(fetch);
        self.fetches.len() - 1
    }

    /// The target for an entity in the fetch to `subgraph` at `path` after `depends_on`; the fetch and
    /// the target are made if need be. Gives the fetch's index and the node to add fields to.
    pub(crate) fn entity_target(
        &mut self,
        subgraph: SubgraphId,
        depends_on: &BTreeSet<usize>,
        path: &Rc<[PathSegment]>,
        entity: EntityDraft<'_>,
    ) -> (usize, NodeId) {
        let held = self.fetches.iter().position(|fetch| {
            fetch.subgraph == subgraph
                && fetch.depends_on == *depends_on
                && matches!(
                    &fetch.kind,
                    DraftKind::Entities { path: held, targets, contexts }
                        if held == path && *contexts == entity.contexts && entity.fits(targets)
                )
        });
        let index = held.unwrap_or_else(|| {
            self.new_fetch(FetchDraft {
                subgraph,
                depends_on: depends_on.clone(),
                kind: DraftKind::Entities {
                    path: path.clone(),
                    targets: Vec::new(),
                    contexts: entity.contexts.clone(),
                },
            })
        });
        let EntityDraft {
            concrete,
            type_name,
            alike,
            representation,
            contexts: _,
        } = entity;
        let fresh = self.new_node(type_name.clone());
        let DraftKind::Entities { targets, .. } = &mut self.fetches[index].kind else {
            unreachable!("found among entity fetches")
        };
        if let Some(target) = targets.iter_mut().find(|target| target.concrete == *concrete) {
            merge_representation(&mut target.representation, representation);
            return (index, target.node);
        }
        targets.push(TargetDraft {
            concrete: concrete.clone(),
            type_name: type_name.clone(),
            alike,
            representation,
            node: fresh,
        });
        (index, fresh)
    }
}

/// An entity that is to be loaded, as its fetch will name it.
pub(crate) struct EntityDraft<'a> {
    pub(crate) concrete: &'a Name,
    pub(crate) type_name: &'a Name,
    pub(crate) alike: bool,
    pub(crate) representation: Vec<RepresentationField>,
    pub(crate) contexts: Vec<ContextDraft>,
}

impl EntityDraft<'_> {
    /// Whether this can be asked together with `targets`. Types that share a name in the subgraph (below an interface object) would
    /// share a fragment there, and may be asked the same field with different arguments: they are asked apart. Emission
    /// makes one question of equal ones.
    fn fits(&self, targets: &[TargetDraft]) -> bool {
        targets.iter().all(|target| {
            target.alike == self.alike
                && if target.concrete == *self.concrete {
                    compatible(&target.representation, &self.representation)
                } else {
                    target.type_name != *self.type_name
                }
        })
    }
}

/// Whether entities can be sent with both. What is sent under a condition goes only with fields that are asked for under the
/// same one: a field that is asked for must not lack what it requires.
pub(crate) fn compatible(a: &[RepresentationField], b: &[RepresentationField]) -> bool {
    let required = |all: &[RepresentationField]| -> Vec<RepresentationField> {
        all.iter().filter(|field| !field.is_key).cloned().collect()
    };
    if is_guarded(a) || is_guarded(b) {
        let (a, b) = (required(a), required(b));
        if a.len() != b.len() || !a.iter().all(|field| b.contains(field)) {
            return false;
        }
    }
    !conflict(a, b)
}

fn is_guarded(representation: &[RepresentationField]) -> bool {
    representation
        .iter()
        .any(|field| !field.guard.is_always() || is_guarded(&field.fields))
}

/// Whether a name would have to stand for two values, e.g. for one field with different arguments.
fn conflict(a: &[RepresentationField], b: &[RepresentationField]) -> bool {
    a.iter().any(|one| {
        b.iter()
            .filter(|other| one.name == other.name)
            .any(|other| one.key != other.key || conflict(&one.fields, &other.fields))
    })
}

/// Adds what `held` lacks.
pub(crate) fn merge_representation(held: &mut Vec<RepresentationField>, added: Vec<RepresentationField>) {
    for field in added {
        match held
            .iter_mut()
            .find(|one| one.key == field.key && one.name == field.name && one.only_for == field.only_for)
        {
            Some(one) => {
                one.is_key |= field.is_key;
                one.guard.or(&field.guard);
                merge_representation(&mut one.fields, field.fields);
            }
            None => held.push(field),
        }
    }
}
