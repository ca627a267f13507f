//! Drafts -> the finished plan: fetches that leave together become one request, selections become documents.

mod aliases;
mod document;
mod own_names;

use std::sync::Arc;

use apollo_compiler::{
    Name,
    ast::{OperationType, Type},
};
use causeway_graph::QueryGraph;
use causeway_model::{
    ContextVariable, EntityCall, EntityPlace, EntityTarget, Fetch, FetchId, FetchTarget, Guard, QueryPlan,
    Representation, Shape,
};

use crate::{
    draft::{DraftKind, Drafts, NodeId, TargetDraft},
    grouping::{Group, requests},
    operation::NormalizedOperation,
    projection,
};
use document::{Document, DocumentWriter};
use own_names::Marks;

pub(crate) fn finish(graph: &QueryGraph, operation: &NormalizedOperation, drafts: Drafts) -> QueryPlan {
    let (projection, has_introspection) = projection::projection(graph, operation);
    let fetches = requests(&drafts)
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
        deferred: operation.deferred.clone(),
        projection,
        has_introspection,
    }
}

struct Emitter<'a> {
    graph: &'a QueryGraph,
    operation: &'a NormalizedOperation,
    drafts: &'a Drafts,
}

impl Emitter<'_> {
    fn fetch(&self, group: &Group) -> Fetch {
        let marks = self.marks(group);
        let mut writer = DocumentWriter::new(self.graph, self.operation, self.drafts, group.subgraph, marks);
        let mut shape = Shape::default();
        let mut guards: Vec<&Guard> = Vec::new();
        let target = match &self.drafts.fetches[group.members[0]].kind {
            DraftKind::Root { node } => {
                writer.root(*node);
                guards.extend(self.drafts.guards(*node));
                let root = writer.shape(&[*node], &mut shape);
                FetchTarget::Root { shape: root }
            }
            DraftKind::Entities { .. } => {
                let calls = self.calls(group, &mut writer, &mut shape, &mut guards);
                FetchTarget::Entities(calls)
            }
        };
        let Document {
            text,
            variables,
            template,
            merging,
        } = writer.finish();
        Fetch {
            subgraph: group.subgraph,
            depends_on: group.depends_on.iter().map(|dep| fetch_id(*dep)).collect(),
            document: text.into(),
            template,
            merging: merging.map(Arc::new),
            variables,
            target,
            guard: union(&guards),
            shape,
        }
    }

    /// Whether it can be asked with others: a read whose document is always the same.
    fn marks(&self, group: &Group) -> Marks {
        let can = |member: &usize| match &self.drafts.fetches[*member].kind {
            DraftKind::Root { .. } => self.operation.operation_type == OperationType::Query,
            DraftKind::Entities { contexts, .. } => contexts.is_empty(),
        };
        match group.members.iter().all(can) {
            true => Marks::OWN_NAMES,
            false => Marks::NONE,
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
            let contexts: Vec<ContextVariable> = question
                .contexts
                .iter()
                .enumerate()
                .map(|(index, ty)| ContextVariable {
                    name: self.fresh_variable(format!("_c{number}_{index}")),
                    ty: (*ty).clone(),
                })
                .collect();
            writer.entities_field(&alias, &variable, (&question.text, question.variables), &contexts);
            let shape = writer.shape(&question.nodes, shape);
            calls.push(EntityCall {
                alias,
                variable,
                places: question.places,
                shape,
                contexts,
            });
        }
        calls
    }

    /// A name with which no variable of the client begins: calls that are made several times add a number to it.
    fn fresh_variable(&self, mut name: String) -> String {
        while self
            .operation
            .variables
            .iter()
            .any(|variable| variable.name.starts_with(name.as_str()))
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
    ) -> Vec<Question<'s>> {
        let mut questions: Vec<Question<'s>> = Vec::new();
        for index in &group.members {
            let DraftKind::Entities {
                path,
                targets,
                contexts,
            } = &self.drafts.fetches[*index].kind
            else {
                continue;
            };
            let mut nodes: Vec<NodeId> = Vec::new();
            for target in targets {
                guards.extend(self.drafts.guards(target.node));
                if !nodes.contains(&target.node) {
                    nodes.push(target.node);
                }
            }
            let place = EntityPlace {
                path: path.to_vec(),
                targets: self.targets(targets),
                contexts: contexts.iter().map(|context| context.sources.clone()).collect(),
            };
            let types: Vec<&Type> = contexts.iter().map(|context| &context.argument.ty).collect();
            let (text, variables) = writer.entity_selection(&nodes);
            match questions
                .iter_mut()
                .find(|held| held.text == text && held.contexts == types)
            {
                Some(same) => same.places.push(place),
                None => questions.push(Question {
                    text,
                    variables,
                    nodes,
                    places: vec![place],
                    contexts: types,
                }),
            }
        }
        questions
    }

    fn asked_when(&self, node: NodeId) -> Guard {
        let node = self.drafts.node(node);
        if node.typename || !node.fragments.is_empty() {
            return Guard::ALWAYS;
        }
        let guards: Vec<&Guard> = node.fields.iter().map(|field| &field.guard).collect();
        union(&guards)
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
                guard: self.asked_when(target.node),
            }));
        }
        made
    }
}

/// One `_entities` field in the making.
struct Question<'s> {
    text: String,
    /// The client's variables in it.
    variables: Vec<Name>,
    nodes: Vec<NodeId>,
    places: Vec<EntityPlace>,
    /// Types of the variables that are filled from contexts.
    contexts: Vec<&'s Type>,
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
