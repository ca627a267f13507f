//! `cache.mutations`: what a mutation ends.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{ConfigError, validate::At};

/// What of a subgraph's answers no longer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedBy {
    pub subgraph: String,
    pub what: EndedWhat,
}

/// Texts may have placeholders, `{$args.input.id}`: an argument of the mutation's field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedWhat {
    Subgraph,
    Type(String),
    /// Texts in the key may have placeholders. One that is nothing but a placeholder stands for the argument's value, whatever its
    /// kind.
    Entity {
        ty: String,
        key: Map<String, Value>,
    },
    /// May have placeholders.
    Tag(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEndedBy {
    subgraph: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    key: Option<Map<String, Value>>,
    tag: Option<String>,
}

pub(super) fn validate(
    at: &At<'_>,
    raw: IndexMap<String, Vec<RawEndedBy>>,
) -> Result<IndexMap<String, Vec<EndedBy>>, ConfigError> {
    let mut mutations = IndexMap::new();
    for (field, ended) in raw {
        let key = format!("cache.mutations.{field}");
        if ended.is_empty() {
            let reason = "names nothing that the mutation ends, e.g. { subgraph: catalog, type: Product }";
            return Err(at.invalid(key, reason));
        }
        let ended = ended.into_iter().map(|raw| one(at, &key, raw));
        mutations.insert(field, ended.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(mutations)
}

fn one(at: &At<'_>, key: &str, raw: RawEndedBy) -> Result<EndedBy, ConfigError> {
    let wrong = |reason: &str| Err(at.invalid(key, reason));
    let what = match (raw.ty, raw.key, raw.tag) {
        (None, None, None) => EndedWhat::Subgraph,
        (Some(ty), None, None) => EndedWhat::Type(ty),
        (None, None, Some(tag)) => {
            placeholders(at, key, &tag)?;
            EndedWhat::Tag(tag)
        }
        (Some(_), Some(fields), None) if fields.is_empty() => {
            return wrong("the `key` has no field; write e.g. { id: \"{$args.id}\" }");
        }
        (Some(ty), Some(fields), None) => {
            fields.values().try_for_each(|value| texts(at, key, value))?;
            EndedWhat::Entity { ty, key: fields }
        }
        (None, Some(_), _) => return wrong("a `key` needs the `type` that it is of"),
        (Some(_), _, Some(_)) => {
            return wrong("has both a `type` and a `tag`; write them as two entries of the list");
        }
    };
    Ok(EndedBy {
        subgraph: raw.subgraph,
        what,
    })
}

fn texts(at: &At<'_>, key: &str, value: &Value) -> Result<(), ConfigError> {
    match value {
        Value::String(text) => placeholders(at, key, text),
        Value::Array(items) => items.iter().try_for_each(|item| texts(at, key, item)),
        Value::Object(fields) => {
            if let Some(name) = fields.keys().find(|name| name.starts_with('$')) {
                let reason = format!(
                    "{{{name}}} has to stand in quotes, for YAML reads braces itself: \"{{{name}}}\""
                );
                return Err(at.invalid(key, reason));
            }
            fields.values().try_for_each(|value| texts(at, key, value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn placeholders(at: &At<'_>, key: &str, text: &str) -> Result<(), ConfigError> {
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let inside = rest[open..]
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let path = inside.and_then(|(path, after)| Some((path.strip_prefix("$args.")?, after)));
        match path {
            Some((path, after)) if path.split('.').all(is_name) => rest = after,
            _ => {
                let reason = format!(
                    "`{text}` has braces that are no placeholder; write {{$args.name}} for an argument of the mutation's field"
                );
                return Err(at.invalid(key, reason));
            }
        }
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
