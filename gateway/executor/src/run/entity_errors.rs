//! Which entities of a batch a subgraph's errors are about.

use std::collections::{HashMap, HashSet};

use causeway_model::{Shape, ShapeId};
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    parse::SubgraphError,
    tree::{List, Tree, Value as TreeValue},
    walk::Step,
};

/// A subgraph's errors, sorted by entity.
pub(super) struct EntityErrors<'e> {
    /// By number of the call and index of the entity.
    located: HashMap<(usize, usize), Vec<EntityError<'e>>>,
    /// Errors without a usable path.
    pub(super) general: Vec<&'e SubgraphError>,
    /// Errors about some entities that nobody can tell apart any more; said once, at no place.
    pub(super) leftover: Vec<&'e SubgraphError>,
}

#[derive(Clone)]
pub(super) struct EntityError<'e> {
    pub(super) error: &'e SubgraphError,
    /// Where below the entity.
    pub(super) below: Vec<Step>,
}

impl<'e> EntityErrors<'e> {
    /// `calls` are those that were expected, `lists` what came of them. Paths look like `["_entities", 3, "name"]`.
    /// Some servers leave the index out; then the entities are meant that have nothing at that place.
    pub(super) fn locate(
        errors: &'e [SubgraphError],
        tree: &Tree,
        calls: &[(&str, ShapeId, usize)],
        lists: &[Option<List>],
        shape: &Shape,
    ) -> Self {
        let mut sorted = Self {
            located: HashMap::new(),
            general: Vec::new(),
            leftover: Vec::new(),
        };
        let mut without_index: IndexLess<'e> = IndexLess::default();
        for error in errors {
            let alias = error.path.first().and_then(Value::as_str);
            let Some(call) = calls.iter().position(|(known, ..)| Some(*known) == alias) else {
                sorted.general.push(error);
                continue;
            };
            match &error.path[1..] {
                [Value::Number(index), rest @ ..] => {
                    let (_, node, count) = calls[call];
                    match as_index(index) {
                        entity if entity < count => {
                            sorted.add(call, entity, error, data_path(shape, node, rest))
                        }
                        _ => sorted.general.push(error),
                    }
                }
                rest => without_index.add(call, rest, error),
            }
        }
        for ((call, _), errors) in without_index.groups {
            let (_, node, count) = calls[call];
            let rest = &errors[0].path[1..];
            let list = lists[call].map_or(&[][..], |list| tree.items(list));
            let entities = without(tree, (list, count), shape, node, rest);
            sorted.spread(call, &entities, &errors, &data_path(shape, node, rest));
        }
        sorted
    }

    fn add(&mut self, call: usize, entity: usize, error: &'e SubgraphError, below: Vec<Step>) {
        self.located
            .entry((call, entity))
            .or_default()
            .push(EntityError { error, below });
    }

    /// As many errors as entities: one each, since each entity has failed on its own. Else the first one lands on every
    /// entity, and what else was said is said once: the response stays as long as its entities and errors together.
    fn spread(&mut self, call: usize, entities: &[usize], errors: &[&'e SubgraphError], below: &[Step]) {
        let one_each = errors.len() == entities.len();
        for (position, entity) in entities.iter().enumerate() {
            let error = errors[if one_each { position } else { 0 }];
            self.add(call, *entity, error, below.to_vec());
        }
        if one_each {
            return;
        }
        let mut said = HashSet::from([errors[0].content()]);
        self.leftover
            .extend(errors[1..].iter().filter(|error| said.insert(error.content())));
    }

    pub(super) fn of(&self, call: usize, entity: usize) -> &[EntityError<'e>] {
        self.located.get(&(call, entity)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn concern_any(&self, call: usize) -> bool {
        self.located.keys().any(|(about, _)| *about == call)
    }

    pub(super) fn concern(&self, call: usize, entity: usize) -> bool {
        !self.of(call, entity).is_empty()
    }
}

/// Errors whose path has no entity index, by call and path, in the order in which they came.
#[derive(Default)]
struct IndexLess<'e> {
    groups: IndexMap<(usize, String), Vec<&'e SubgraphError>>,
}

impl<'e> IndexLess<'e> {
    fn add(&mut self, call: usize, rest: &[Value], error: &'e SubgraphError) {
        let path = rest.iter().map(Value::to_string).collect::<Vec<_>>().join("/");
        self.groups.entry((call, path)).or_default().push(error);
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
fn without(
    tree: &Tree,
    (list, count): (&[TreeValue], usize),
    shape: &Shape,
    node: ShapeId,
    rest: &[Value],
) -> Vec<usize> {
    let key = rest.first().and_then(Value::as_str).and_then(|json_key| {
        shape.nodes[node.0 as usize]
            .iter()
            .find(|field| field.json_key == json_key)
            .map(|field| field.key)
    });
    let lacks = |entity: &TreeValue| match (entity, key) {
        (TreeValue::Object(object), Some(key)) => {
            matches!(tree.get(*object, key), None | Some(TreeValue::Null))
        }
        (TreeValue::Object(_), None) => false,
        _ => true,
    };
    let list = list.iter().enumerate();
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
