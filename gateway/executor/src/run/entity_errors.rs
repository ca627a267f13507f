//! Which entities of a batch a subgraph's errors are about.

use std::collections::HashMap;

use causeway_model::{Shape, ShapeId};
use serde_json::Value;

use crate::{data::Data, parse::SubgraphError, tree::Step};

/// A subgraph's errors, sorted by entity.
pub(super) struct EntityErrors<'e> {
    /// By number of the call and index of the entity.
    located: HashMap<(usize, usize), Vec<EntityError<'e>>>,
    /// Errors without a usable path.
    pub(super) general: Vec<&'e SubgraphError>,
}

#[derive(Clone)]
pub(super) struct EntityError<'e> {
    pub(super) error: &'e SubgraphError,
    /// Where below the entity.
    pub(super) below: Vec<Step>,
}

impl<'e> EntityErrors<'e> {
    /// `calls` and `lists` are those of [`crate::parse::entities`]. Paths look like `["_entities", 3, "name"]`.
    /// Some servers leave the index out; then the entities are meant that have nothing at that place.
    pub(super) fn locate(
        errors: &'e [SubgraphError],
        calls: &[(&str, ShapeId, usize)],
        lists: &[Option<Vec<Data>>],
        shape: &Shape,
    ) -> Self {
        let mut sorted = Self {
            located: HashMap::new(),
            general: Vec::new(),
        };
        for error in errors {
            let alias = error.path.first().and_then(Value::as_str);
            let Some(call) = calls.iter().position(|(known, ..)| Some(*known) == alias) else {
                sorted.general.push(error);
                continue;
            };
            let (_, node, count) = calls[call];
            let (entities, rest) = match &error.path[1..] {
                [Value::Number(index), rest @ ..] => (vec![as_index(index)], rest),
                rest => (without(lists[call].as_deref(), count, shape, node, rest), rest),
            };
            if entities.iter().any(|entity| *entity >= count) {
                sorted.general.push(error);
                continue;
            }
            let found = EntityError {
                error,
                below: data_path(shape, node, rest),
            };
            for entity in entities {
                sorted
                    .located
                    .entry((call, entity))
                    .or_default()
                    .push(found.clone());
            }
        }
        sorted
    }

    pub(super) fn of(&self, call: usize, entity: usize) -> &[EntityError<'e>] {
        self.located.get(&(call, entity)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn concern(&self, call: usize, entity: usize) -> bool {
        !self.of(call, entity).is_empty()
    }
}

/// What is no index is out of every list's range.
fn as_index(number: &serde_json::Number) -> usize {
    number
        .as_u64()
        .and_then(|index| usize::try_from(index).ok())
        .unwrap_or(usize::MAX)
}

/// Entities that are null, or whose field at the start of `rest` is; all of them when none is.
fn without(list: Option<&[Data]>, count: usize, shape: &Shape, node: ShapeId, rest: &[Value]) -> Vec<usize> {
    let key = rest.first().and_then(Value::as_str).and_then(|json_key| {
        shape.nodes[node.0 as usize]
            .iter()
            .find(|field| field.json_key == json_key)
            .map(|field| field.key)
    });
    let lacks = |entity: &Data| match (entity, key) {
        (Data::Object(object), Some(key)) => matches!(object.get(key), None | Some(Data::Null)),
        (Data::Object(_), None) => false,
        _ => true,
    };
    let list = list.unwrap_or_default().iter().enumerate();
    let found: Vec<usize> = list
        .filter(|(_, entity)| lacks(entity))
        .map(|(index, _)| index)
        .collect();
    if found.is_empty() {
        (0..count).collect()
    } else {
        found
    }
}

/// Follows a JSON path along the shape, aliases undone; cut where it leaves the shape.
pub(super) fn data_path(shape: &Shape, node: ShapeId, path: &[Value]) -> Vec<Step> {
    let mut found = Vec::with_capacity(path.len());
    let mut node = Some(node);
    for element in path {
        let step = match element {
            Value::Number(index) => index
                .as_u64()
                .and_then(|index| u32::try_from(index).ok())
                .map(Step::Index),
            Value::String(json_key) => {
                let fields = node.map_or(&[][..], |node| &shape.nodes[node.0 as usize]);
                fields
                    .iter()
                    .find(|field| field.json_key == *json_key)
                    .map(|field| {
                        node = field.child;
                        Step::Key(field.key)
                    })
            }
            _ => None,
        };
        match step {
            Some(step) => found.push(step),
            None => break,
        }
    }
    found
}
