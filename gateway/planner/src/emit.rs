//! Drafts -> the finished plan: fetches that leave together become one request, selections become documents.

mod aliases;
mod document;

use std::collections::BTreeSet;

use apollo_compiler::Name;
use causeway_graph::QueryGraph;
use causeway_model::{
    EntityCall, EntityPlace, EntityTarget, Fetch, FetchId, FetchTarget, Guard, QueryPlan, Representation,
    Shape, SubgraphId,
};

use crate::{
    draft::{DraftKind, Drafts, FetchDraft, NodeId, TargetDraft},
    operation::NormalizedOperation,
    projection,
};
use document::DocumentWriter;

pub(crate) fn finish(graph: &QueryGraph, operation: &NormalizedOperation, drafts: Drafts) -> QueryPlan {
    let (projection, has_introspection) = projection::projection(graph, operation);
    let fetches = group(&drafts)
        .into_iter()
        .map(|group| {
            Emitter {
                graph,
                operation,
                drafts: &drafts,
            }
            .fetch(&group)
        })
        .collect();
    QueryPlan {
        operation_type: operation.operation_type,
        fetches,
        keys: operation.keys.all(),
        conditions: operation.conditions.clone(),
        projection,
        has_introspection,
    }
}

/// Drafts that become one request, in topological order.
struct Group {
    subgraph: SubgraphId,
    depends_on: BTreeSet<usize>,
    /// Indexes of drafts; one for a root fetch.
    members: Vec<usize>,
    is_root: bool,
}

/// Entity fetches to one subgraph that can leave at the same moment, i.e. wait for the same fetches,
/// become one request with several `_entities` fields.
fn group(drafts: &Drafts) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: Vec<Option<usize>> = Vec::with_capacity(drafts.fetches.len());
    let needed: BTreeSet<usize> = drafts
        .fetches
        .iter()
        .flat_map(|fetch| fetch.depends_on.iter().copied())
        .collect();
    for (index, draft) in drafts.fetches.iter().enumerate() {
        if is_empty(drafts, draft) && !needed.contains(&index) {
            group_of.push(None);
            continue;
        }
        let depends_on: BTreeSet<usize> = draft.depends_on.iter().filter_map(|dep| group_of[*dep]).collect();
        let is_root = matches!(draft.kind, DraftKind::Root { .. });
        let held = groups.iter().position(|group| {
            !is_root && !group.is_root && group.subgraph == draft.subgraph && group.depends_on == depends_on
        });
        let target = held.unwrap_or_else(|| {
            groups.push(Group {
                subgraph: draft.subgraph,
                depends_on,
                members: Vec::new(),
                is_root,
            });
            groups.len() - 1
        });
        groups[target].members.push(index);
        group_of.push(Some(target));
    }
    groups
}

fn is_empty(drafts: &Drafts, draft: &FetchDraft) -> bool {
    let empty = |node: NodeId| drafts.node(node).fields.is_empty() && drafts.node(node).fragments.is_empty();
    match &draft.kind {
        DraftKind::Root { node } => empty(*node),
        // A hop that only tells the types of an interface object's entities brings something, too.
        DraftKind::Entities { targets, .. } => targets
            .iter()
            .all(|target| empty(target.node) && !drafts.node(target.node).typename),
    }
}

struct Emitter<'a> {
    graph: &'a QueryGraph,
    operation: &'a NormalizedOperation,
    drafts: &'a Drafts,
}

impl Emitter<'_> {
    fn fetch(&self, group: &Group) -> Fetch {
        let mut writer = DocumentWriter::new(self.graph, self.operation, self.drafts, group.subgraph);
        let mut shape = Shape::default();
        let mut guards: Vec<&Guard> = Vec::new();
        let target = match &self.drafts.fetches[group.members[0]].kind {
            DraftKind::Root { node } => {
                writer.root(*node);
                guards.extend(self.drafts.node(*node).fields.iter().map(|field| &field.guard));
                let root = writer.shape(&[*node], &mut shape);
                FetchTarget::Root { shape: root }
            }
            DraftKind::Entities { .. } => {
                let calls = self.calls(group, &mut writer, &mut shape, &mut guards);
                FetchTarget::Entities(calls)
            }
        };
        let (document, variables) = writer.finish();
        Fetch {
            subgraph: group.subgraph,
            depends_on: group.depends_on.iter().map(|dep| fetch_id(*dep)).collect(),
            document,
            variables,
            target,
            guard: union(&guards),
            shape,
        }
    }

    fn calls<'s>(
        &'s self,
        group: &Group,
        writer: &mut DocumentWriter<'_>,
        shape: &mut Shape,
        guards: &mut Vec<&'s Guard>,
    ) -> Vec<EntityCall> {
        let questions = self.questions(group, writer, guards);
        let alone = questions.len() == 1;
        let mut calls = Vec::with_capacity(questions.len());
        for (number, question) in questions.into_iter().enumerate() {
            let (alias, variable) = if alone {
                ("_entities".to_owned(), "representations".to_owned())
            } else {
                (format!("_e{number}"), format!("r{number}"))
            };
            let variable = self.fresh_variable(variable);
            writer.entities_field(&alias, &variable, &question.text);
            let shape = writer.shape(&question.nodes, shape);
            calls.push(EntityCall {
                alias,
                variable,
                places: question.places,
                shape,
            });
        }
        calls
    }

    /// A name that no variable of the client has.
    fn fresh_variable(&self, mut name: String) -> String {
        while self
            .operation
            .variables
            .iter()
            .any(|variable| variable.name == name.as_str())
        {
            name.insert(0, '_');
        }
        name
    }

    /// What the group asks, each question once, with all places that ask it.
    fn questions<'s>(
        &'s self,
        group: &Group,
        writer: &mut DocumentWriter<'_>,
        guards: &mut Vec<&'s Guard>,
    ) -> Vec<Question> {
        let mut questions: Vec<Question> = Vec::new();
        for index in &group.members {
            let DraftKind::Entities { path, targets } = &self.drafts.fetches[*index].kind else {
                continue;
            };
            let mut nodes: Vec<NodeId> = Vec::new();
            for target in targets {
                guards.extend(
                    self.drafts
                        .node(target.node)
                        .fields
                        .iter()
                        .map(|field| &field.guard),
                );
                if !nodes.contains(&target.node) {
                    nodes.push(target.node);
                }
            }
            let place = EntityPlace {
                path: path.to_vec(),
                targets: self.targets(targets),
            };
            let text = writer.entity_selection(&nodes);
            match questions.iter_mut().find(|held| held.text == text) {
                Some(same) => same.places.push(place),
                None => questions.push(Question {
                    text,
                    nodes,
                    places: vec![place],
                }),
            }
        }
        questions
    }

    /// Where all types are treated alike, an object may or may not know its own by now: there is a target for each.
    fn targets(&self, targets: &[TargetDraft]) -> Vec<EntityTarget> {
        let mut made = Vec::with_capacity(targets.len());
        for target in targets {
            let representation = Representation {
                typename: target.type_name.clone(),
                fields: target.representation.clone(),
            };
            let concrete: &[Name] = if target.alike {
                self.graph.possible_types(&target.concrete)
            } else {
                std::slice::from_ref(&target.concrete)
            };
            made.extend(concrete.iter().map(|concrete_type| EntityTarget {
                concrete_type: concrete_type.clone(),
                representation: representation.clone(),
            }));
        }
        made
    }
}

/// One `_entities` field in the making.
struct Question {
    text: String,
    nodes: Vec<NodeId>,
    places: Vec<EntityPlace>,
}

/// Holds where any of `guards` holds.
fn union(guards: &[&Guard]) -> Guard {
    let Some((first, others)) = guards.split_first() else {
        return Guard::ALWAYS;
    };
    let mut all = (*first).clone();
    others.iter().for_each(|guard| all.or(guard));
    all
}

fn fetch_id(index: usize) -> FetchId {
    FetchId(u32::try_from(index).expect("a plan has fewer than 2^32 fetches"))
}
