//! What came back: merged into the tree, its errors brought to the client's paths.

use causeway_model::{EntityCall, FetchTarget, Shape, ShapeId};
use serde_json::Value;

use super::{Run, request::EntityBatch};
use crate::{
    data::{Data, FailureId},
    error::{GraphqlError, PathElement},
    parse::{self, Envelope, ParseError, SubgraphError},
    port::{FetchFailure, SubgraphReply},
    tree::{self, visit_objects},
};

impl From<ParseError> for FetchFailure {
    fn from(error: ParseError) -> Self {
        FetchFailure::Malformed { reason: error.to_string() }
    }
}

/// Merges a reply. An error means that the whole fetch brought nothing.
pub(super) fn place(
    run: &mut Run<'_>,
    index: usize,
    batch: Option<&EntityBatch>,
    reply: &SubgraphReply,
) -> Result<(), FetchFailure> {
    let envelope = parse::envelope(&reply.body)?;
    let plan = run.request.plan;
    let shape = &plan.fetches[index].shape;
    match (&plan.fetches[index].target, batch) {
        (FetchTarget::Root { shape: node }, _) => place_root(run, index, (shape, *node), envelope),
        (FetchTarget::Entities(calls), Some(batch)) => place_entities(run, index, (calls, batch), envelope),
        (FetchTarget::Entities(_), None) => Ok(()),
    }
}

/// Marks everything that the fetch would have brought.
pub(super) fn fail(run: &mut Run<'_>, index: usize, batch: Option<&EntityBatch>, failure: FailureId) {
    let plan = run.request.plan;
    let shape = &plan.fetches[index].shape;
    match (&plan.fetches[index].target, batch) {
        (FetchTarget::Root { shape: node }, _) => {
            if let Data::Object(root) = &mut run.root {
                tree::fail_missing(root, shape, *node, failure);
            }
        }
        (FetchTarget::Entities(calls), Some(batch)) => {
            each_entity(run, calls, batch, &mut |object, _, call, _| {
                tree::fail_missing(object, shape, calls[call].shape, failure);
            });
        }
        (FetchTarget::Entities(_), None) => {}
    }
}

fn place_root(
    run: &mut Run<'_>,
    index: usize,
    (shape, node): (&Shape, ShapeId),
    envelope: Envelope,
) -> Result<(), FetchFailure> {
    let subgraph = run.subgraph_name(index);
    let names = &run.request.plan.keys;
    let parsed = envelope.data.as_ref().map(|data| parse::object(data, shape, node)).transpose()?;
    let has_data = parsed.is_some();
    if let (Some(parsed), Data::Object(root)) = (parsed, &mut run.root) {
        root.merge(parsed);
    }
    let mut without_path: Option<GraphqlError> = None;
    for error in &envelope.errors {
        let path = error.path.as_deref().and_then(|path| shape_path(names, shape, node, path));
        let own = |path| GraphqlError::from_subgraph(subgraph, &error.message, error.extensions.as_ref(), path);
        match path {
            Some(path) if !path.is_empty() => run.errors.push(own(path)),
            _ if has_data => run.errors.push(own(Vec::new())),
            _ => without_path = without_path.or(Some(own(Vec::new()))),
        }
    }
    if !has_data {
        fail_root(run, index, without_path);
    }
    Ok(())
}

/// `data: null`: what no error of the subgraph speaks of gets one.
fn fail_root(run: &mut Run<'_>, index: usize, error: Option<GraphqlError>) {
    let subgraph = run.subgraph_name(index);
    let error = error.unwrap_or_else(|| {
        let message = format!("subgraph `{subgraph}` answered without data");
        GraphqlError::new("SUBGRAPH_ERROR", Some(subgraph), message, Vec::new())
    });
    let explained: Vec<String> = run
        .errors
        .iter()
        .filter_map(|error| match error.path.first() {
            Some(PathElement::Key(key)) => Some(key.clone()),
            _ => None,
        })
        .collect();
    let failure = run.add_failure(error);
    let plan = run.request.plan;
    let fetch = &plan.fetches[index];
    let (FetchTarget::Root { shape }, Data::Object(root)) = (&fetch.target, &mut run.root) else { return };
    for field in &fetch.shape.nodes[shape.0 as usize] {
        if !explained.contains(&plan.keys[field.key.0 as usize]) && root.get(field.key).is_none() {
            root.merge_field(field.key, Data::Failed(failure));
        }
    }
}

fn place_entities(
    run: &mut Run<'_>,
    index: usize,
    (calls, batch): (&[EntityCall], &EntityBatch),
    envelope: Envelope,
) -> Result<(), FetchFailure> {
    let subgraph = run.subgraph_name(index);
    let shape = &run.request.plan.fetches[index].shape;
    let Some(data) = &envelope.data else {
        // Nothing came: the subgraph's errors, if they point nowhere, land on every entity of the batch.
        let error = envelope.errors.first().map_or_else(
            || {
                let message = format!("subgraph `{subgraph}` answered without data");
                GraphqlError::new("SUBGRAPH_ERROR", Some(subgraph), message, Vec::new())
            },
            |error| GraphqlError::from_subgraph(subgraph, &error.message, error.extensions.as_ref(), Vec::new()),
        );
        let failure = run.add_failure(error);
        fail(run, index, Some(batch), failure);
        return Ok(());
    };
    let names = &run.request.plan.keys;
    let expected: Vec<_> = calls
        .iter()
        .zip(&batch.calls)
        .map(|(call, batch)| (call.alias.as_str(), call.shape, batch.count))
        .collect();
    let lists = parse::entities(data, shape, &expected)?;
    let errors: Vec<EntityError<'_>> =
        envelope.errors.iter().map(|error| EntityError::locate(error, calls, &lists, (names, shape))).collect();
    let mut located = Vec::new();
    each_entity(run, calls, batch, &mut |object, path, call, entity| {
        if let Data::Object(loaded) = &lists[call][entity] {
            object.merge(loaded.clone());
        }
        for error in errors.iter().filter(|error| error.concerns(call, entity)) {
            let path = path.iter().cloned().chain(error.below.iter().cloned()).collect();
            let extensions = error.error.extensions.as_ref();
            located.push(GraphqlError::from_subgraph(subgraph, &error.error.message, extensions, path));
        }
    });
    run.errors.extend(located);
    Ok(())
}

/// Calls `visit` with each object that was asked for: the object, its path, its call, its index in the answer.
fn each_entity(
    run: &mut Run<'_>,
    calls: &[EntityCall],
    batch: &EntityBatch,
    visit: &mut dyn FnMut(&mut crate::data::Object, &[PathElement], usize, usize),
) {
    let names = &run.request.plan.keys;
    for (number, (call, gathered)) in calls.iter().zip(&batch.calls).enumerate() {
        for (place, assigned) in call.places.iter().zip(&gathered.assigned) {
            let mut next = assigned.iter();
            visit_objects(&mut run.root, &place.path, names, &mut |object, path| {
                if let Some(Some(entity)) = next.next() {
                    visit(object, path, number, *entity);
                }
            });
        }
    }
}

/// A subgraph's error, and which entities of the batch it is about.
struct EntityError<'e> {
    error: &'e SubgraphError,
    /// `None`: any call.
    call: Option<usize>,
    /// Empty: every entity.
    entities: Vec<usize>,
    below: Vec<PathElement>,
}

impl<'e> EntityError<'e> {
    /// Paths look like `["_entities", 3, "name"]`. Some servers leave the index out; then the entities are meant
    /// that have nothing at that place.
    fn locate(
        error: &'e SubgraphError,
        calls: &[EntityCall],
        lists: &[Vec<Data>],
        (names, shape): (&[String], &Shape),
    ) -> Self {
        let path = error.path.as_deref().unwrap_or_default();
        let call = path.first().and_then(Value::as_str).and_then(|alias| {
            calls.iter().position(|call| call.alias == alias)
        });
        let (index, rest) = match path.get(1..) {
            Some([Value::Number(index), rest @ ..]) => (index.as_u64().and_then(|i| usize::try_from(i).ok()), rest),
            Some(rest) => (None, rest),
            None => (None, [].as_slice()),
        };
        let Some(number) = call else {
            return Self { error, call: None, entities: Vec::new(), below: Vec::new() };
        };
        let below = shape_path(names, shape, calls[number].shape, rest);
        let entities = match index {
            Some(index) => vec![index],
            None => entities_without(&lists[number], shape, calls[number].shape, rest),
        };
        Self { error, call: Some(number), entities, below: below.unwrap_or_default() }
    }

    fn concerns(&self, call: usize, entity: usize) -> bool {
        self.call.is_none_or(|own| own == call) && (self.entities.is_empty() || self.entities.contains(&entity))
    }
}

/// Entities that are null, or whose field at the start of `rest` is.
fn entities_without(list: &[Data], shape: &Shape, node: ShapeId, rest: &[Value]) -> Vec<usize> {
    let key = rest.first().and_then(Value::as_str).and_then(|json_key| {
        shape.nodes[node.0 as usize].iter().find(|field| field.json_key == json_key).map(|field| field.key)
    });
    let lacks = |entity: &Data| match (entity, key) {
        (Data::Object(object), Some(key)) => matches!(object.get(key), None | Some(Data::Null)),
        (Data::Object(_), None) => false,
        _ => true,
    };
    list.iter().enumerate().filter(|(_, entity)| lacks(entity)).map(|(index, _)| index).collect()
}

/// Follows a JSON path along the shape, aliases undone; cut where it leaves the shape.
fn shape_path(names: &[String], shape: &Shape, node: ShapeId, path: &[Value]) -> Option<Vec<PathElement>> {
    let mut found = Vec::with_capacity(path.len());
    let mut node = Some(node);
    for element in path {
        match element {
            Value::Number(index) => found.push(PathElement::Index(usize::try_from(index.as_u64()?).ok()?)),
            Value::String(json_key) => {
                let Some(here) = node else { break };
                let Some(field) = shape.nodes[here.0 as usize].iter().find(|field| field.json_key == *json_key)
                else {
                    break;
                };
                node = field.child;
                found.push(PathElement::Key(tree::name(names, field.key)));
            }
            _ => return None,
        }
    }
    Some(found)
}
