//! Values as they are kept: under the fields' own keys instead of a document's, so that another document can be answered.

use causeway_json::{JsonError, items, members};
use serde_json::{Map, Value};

use crate::{
    selection::{Node, wanted},
    tag::Tags,
    types::{Known, Types},
};

/// Why a value cannot be kept or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is not what was asked for.
    Unexpected,
    /// Something is asked for that is not there.
    Missing,
}

impl From<JsonError> for Unusable {
    fn from(_: JsonError) -> Self {
        Self::Unexpected
    }
}

pub(crate) fn name_of(quoted: &[u8]) -> &[u8] {
    &quoted[1..quoted.len() - 1]
}

/// The text of a JSON string without escapes; names have none.
pub(crate) fn unquoted(raw: &[u8]) -> Option<&str> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner)
        .ok()
        .filter(|text| !text.contains('\\'))
}

/// Writes a subgraph's value as it is kept, and collects what it speaks of. `ty`: the named type that the schema gives it.
pub(crate) fn keep<'a>(
    (types, tags): (Types<'a>, &mut Tags<'a>),
    nodes: &[&Node],
    ty: Option<&str>,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unusable> {
    match value.first() {
        _ if nodes.is_empty() => out.extend_from_slice(value),
        Some(b'n') => {
            if let Some(ty) = ty {
                tags.nothing(ty);
            }
            out.extend_from_slice(b"null");
        }
        Some(b'[') => {
            if let Some(ty) = ty {
                tags.list(ty);
            }
            out.push(b'[');
            for (index, item) in items(value)?.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                keep((types, tags), nodes, ty, item?, out)?;
            }
            out.push(b']');
        }
        Some(b'{') => keep_object((types, tags), nodes, ty.ok_or(Unusable::Unexpected)?, value, out)?,
        _ => return Err(Unusable::Unexpected),
    }
    Ok(())
}

fn keep_object<'a>(
    (types, tags): (Types<'a>, &mut Tags<'a>),
    nodes: &[&Node],
    ty: &str,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unusable> {
    let members: Vec<(&[u8], &[u8])> = members(value)?.collect::<Result<_, _>>()?;
    let known = Known {
        declared: ty,
        named: typename(nodes, &members),
    };
    let mut leaves = Map::new();
    out.push(b'{');
    let mut first = true;
    for wanted in wanted(nodes, types, known).ok_or(Unusable::Unexpected)? {
        let entry = wanted.first;
        let mut found = members
            .iter()
            .filter(|(key, _)| name_of(key) == entry.response.as_bytes());
        let (_, value) = found.next().ok_or(Unusable::Unexpected)?;
        if found.next().is_some() {
            return Err(Unusable::Unexpected);
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.push(b'"');
        out.extend_from_slice(entry.key.as_bytes());
        out.extend_from_slice(b"\":");
        let below = types.of_field(known, &entry.name);
        keep((types, tags), &wanted.nodes, below, value, out)?;
        if entry.arguments.is_empty() {
            note_key_part(&wanted.nodes, value, entry.name.as_str(), &mut leaves);
        }
    }
    out.push(b'}');
    tags.object(known, &leaves);
    Ok(())
}

/// Keys are read from what was answered. Fields with aliases below are rare in keys, and only make the tags less exact.
pub(crate) fn note_key_part(nodes: &[&Node], value: &[u8], name: &str, into: &mut Map<String, Value>) {
    let is_small = value.len() <= 512;
    let is_plain = nodes.iter().all(|node| node.plain);
    if is_small
        && is_plain
        && let Ok(value) = serde_json::from_slice(value)
    {
        into.insert(name.to_owned(), value);
    }
}

/// The concrete type that an object names, wherever the document has it.
fn typename<'v>(nodes: &[&Node], members: &[(&[u8], &'v [u8])]) -> Option<&'v str> {
    let entry = nodes
        .iter()
        .flat_map(|node| &node.entries)
        .find(|entry| entry.name == "__typename" && entry.on.is_empty())?;
    let (_, value) = members
        .iter()
        .find(|(key, _)| name_of(key) == entry.response.as_bytes())?;
    unquoted(value)
}

/// Writes a kept value as a document asks for it.
pub(crate) fn give(
    types: Types<'_>,
    nodes: &[&Node],
    ty: Option<&str>,
    kept: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unusable> {
    match kept.first() {
        _ if nodes.is_empty() => out.extend_from_slice(kept),
        Some(b'n') => out.extend_from_slice(b"null"),
        Some(b'[') => {
            out.push(b'[');
            for (index, item) in items(kept)?.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                give(types, nodes, ty, item?, out)?;
            }
            out.push(b']');
        }
        Some(b'{') => {
            let ty = ty.ok_or(Unusable::Unexpected)?;
            let members: Vec<(&[u8], &[u8])> = members(kept)?.collect::<Result<_, _>>()?;
            let named = members
                .iter()
                .find(|(key, _)| name_of(key) == b"__typename")
                .and_then(|(_, value)| unquoted(value));
            let known = Known { declared: ty, named };
            out.push(b'{');
            for (index, wanted) in wanted(nodes, types, known)
                .ok_or(Unusable::Missing)?
                .into_iter()
                .enumerate()
            {
                let entry = wanted.first;
                if index > 0 {
                    out.push(b',');
                }
                out.push(b'"');
                out.extend_from_slice(entry.response.as_bytes());
                out.extend_from_slice(b"\":");
                let ty = types.of_field(known, &entry.name);
                // One field may stand there several times, with other things selected below it.
                let mut of_field = members
                    .iter()
                    .filter(|(key, _)| name_of(key) == entry.key.as_bytes());
                let start = out.len();
                let given = of_field.any(|(_, value)| {
                    out.truncate(start);
                    give(types, &wanted.nodes, ty, value, out).is_ok()
                });
                if !given {
                    return Err(Unusable::Missing);
                }
            }
            out.push(b'}');
        }
        _ => return Err(Unusable::Unexpected),
    }
    Ok(())
}
