//! What an invalidation request says: a list, or one thing, each in Apollo Router's form or as an event.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What no longer holds of a subgraph's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    pub subgraph: String,
    pub target: InvalidationTarget,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidationTarget {
    /// All of them.
    Subgraph,
    /// All objects of a type.
    Type(String),
    /// One entity, by the fields of at least one of its keys.
    Entity { ty: String, key: Map<String, Value> },
    /// What bears a tag.
    Tag(String),
}

/// Apollo Router's form.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Subgraph {
        subgraph: String,
    },
    Type {
        subgraph: String,
        #[serde(rename = "type")]
        ty: String,
    },
    Entity {
        subgraph: String,
        #[serde(rename = "type")]
        ty: String,
        key: Map<String, Value>,
    },
    CacheTag {
        subgraphs: Vec<String>,
        cache_tag: String,
    },
}

/// As events are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    subgraph: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    key: Option<Map<String, Value>>,
    tag: Option<String>,
}

const FORMS: &str = "write a list of {\"kind\":\"subgraph\",\"subgraph\":…}, {\"kind\":\"type\",\"subgraph\":…,\"type\":…}, \
                     {\"kind\":\"entity\",\"subgraph\":…,\"type\":…,\"key\":{…}} or {\"kind\":\"cache_tag\",\"subgraphs\":[…],\"cache_tag\":…}";

/// At least one. The error says which is wrong, counted from 1.
pub(super) fn read(body: &[u8]) -> Result<Vec<Invalidation>, String> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}; {FORMS}"))?;
    let items = match body {
        Value::Array(items) => items,
        one @ Value::Object(_) => vec![one],
        _ => return Err(format!("the body is neither a list nor an object; {FORMS}")),
    };
    let mut all = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        all.extend(one(item).map_err(|reason| format!("entry {}: {reason}; {FORMS}", index + 1))?);
    }
    if all.is_empty() {
        return Err(format!("the list names nothing; {FORMS}"));
    }
    Ok(all)
}

fn one(item: Value) -> Result<Vec<Invalidation>, String> {
    let targets = if item.get("kind").is_some() {
        kind(serde_json::from_value(item).map_err(|error| error.to_string())?)?
    } else {
        event(serde_json::from_value(item).map_err(|error| error.to_string())?)?
    };
    let (subgraphs, target) = targets;
    let named = |subgraph| Invalidation {
        subgraph,
        target: target.clone(),
    };
    Ok(subgraphs.into_iter().map(named).collect())
}

fn kind(kind: Kind) -> Result<(Vec<String>, InvalidationTarget), String> {
    Ok(match kind {
        Kind::Subgraph { subgraph } => (vec![subgraph], InvalidationTarget::Subgraph),
        Kind::Type { subgraph, ty } => (vec![subgraph], InvalidationTarget::Type(ty)),
        Kind::Entity { subgraph, ty, key } => (vec![subgraph], entity(ty, key)?),
        Kind::CacheTag { subgraphs, .. } if subgraphs.is_empty() => {
            return Err("`subgraphs` is empty".to_owned());
        }
        Kind::CacheTag { subgraphs, cache_tag } => (subgraphs, InvalidationTarget::Tag(cache_tag)),
    })
}

fn event(event: Event) -> Result<(Vec<String>, InvalidationTarget), String> {
    let target = match (event.ty, event.key, event.tag) {
        (None, None, None) => InvalidationTarget::Subgraph,
        (Some(ty), None, None) => InvalidationTarget::Type(ty),
        (Some(ty), Some(key), None) => entity(ty, key)?,
        (None, None, Some(tag)) => InvalidationTarget::Tag(tag),
        (None, Some(_), _) => return Err("a `key` needs the `type` that it is of".to_owned()),
        (Some(_), _, Some(_)) => return Err("has both a `type` and a `tag`".to_owned()),
    };
    Ok((vec![event.subgraph], target))
}

fn entity(ty: String, key: Map<String, Value>) -> Result<InvalidationTarget, String> {
    if key.is_empty() {
        return Err("the `key` has no field".to_owned());
    }
    Ok(InvalidationTarget::Entity { ty, key })
}
