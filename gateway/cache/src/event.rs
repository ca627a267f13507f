//! What is no longer true, as services and operators say it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An invalidation. In JSON: `{"subgraph":"catalog","type":"Product","key":{"id":"1"}}`, where everything after the subgraph may
/// be left out, or `{"subgraph":"catalog","tag":"product-1"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What this subgraph has answered; what others say about the same entities is theirs to invalidate.
    pub subgraph: String,
    #[serde(flatten)]
    pub target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawTarget", into = "RawTarget")]
pub enum Target {
    /// All that the subgraph has answered.
    Subgraph,
    /// All entities and other objects of a type, wherever they stand.
    Type(String),
    /// One entity, by the fields of at least one of its keys.
    Entity { ty: String, key: Map<String, Value> },
    /// What bears a tag.
    Tag(String),
}

#[derive(Default, Serialize, Deserialize)]
struct RawTarget {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    ty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

impl TryFrom<RawTarget> for Target {
    type Error = &'static str;

    fn try_from(raw: RawTarget) -> Result<Self, Self::Error> {
        match (raw.ty, raw.key, raw.tag) {
            (None, None, None) => Ok(Self::Subgraph),
            (Some(ty), None, None) => Ok(Self::Type(ty)),
            (Some(ty), Some(key), None) if !key.is_empty() => Ok(Self::Entity { ty, key }),
            (Some(_), Some(_), None) => Err("an event's `key` has no field"),
            (None, None, Some(tag)) => Ok(Self::Tag(tag)),
            (None, Some(_), _) => Err("an event with a `key` needs the `type` that the key is of"),
            (_, _, Some(_)) => Err("an event has either a `type` or a `tag`"),
        }
    }
}

impl From<Target> for RawTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::Subgraph => Self::default(),
            Target::Type(ty) => Self {
                ty: Some(ty),
                ..Self::default()
            },
            Target::Entity { ty, key } => Self {
                ty: Some(ty),
                key: Some(key),
                tag: None,
            },
            Target::Tag(tag) => Self {
                tag: Some(tag),
                ..Self::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_written_alike() {
        for text in [
            r#"{"subgraph":"a"}"#,
            r#"{"subgraph":"a","type":"T"}"#,
            r#"{"subgraph":"a","type":"T","key":{"id":"1","org":{"id":2}}}"#,
            r#"{"subgraph":"a","tag":"t-1"}"#,
        ] {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
        }
    }

    #[test]
    fn what_says_nothing_certain_is_refused() {
        for text in [
            r#"{"type":"T"}"#,
            r#"{"subgraph":"a","key":{"id":"1"}}"#,
            r#"{"subgraph":"a","type":"T","key":{}}"#,
            r#"{"subgraph":"a","type":"T","tag":"t"}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
