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

/// An object's members in the order of their keys, so that wide objects take no longer than their text is long.
pub(crate) struct Members<'v>(Vec<(&'v [u8], &'v [u8])>);

impl<'v> Members<'v> {
    pub(crate) fn read(object: &'v [u8]) -> Result<Self, JsonError> {
        let mut all: Vec<(&[u8], &[u8])> = members(object)?.collect::<Result<_, _>>()?;
        all.sort_by_key(|(key, _)| name_of(key));
        Ok(Self(all))
    }

    /// Those of one key, in their order.
    fn of(&self, key: &str) -> impl Iterator<Item = &'v [u8]> {
        let start = self
            .0
            .partition_point(|(quoted, _)| name_of(quoted) < key.as_bytes());
        let rest = self.0[start..].iter();
        rest.take_while(move |(quoted, _)| name_of(quoted) == key.as_bytes())
            .map(|(_, value)| *value)
    }

    /// `None`: it is not there, or twice.
    pub(crate) fn only(&self, key: &str) -> Option<&'v [u8]> {
        let mut found = self.of(key);
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }
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
    let members = Members::read(value)?;
    let known = Known {
        declared: ty,
        named: typename(nodes, &members),
    };
    let mut leaves = Map::new();
    out.push(b'{');
    let mut first = true;
    for wanted in wanted(nodes, types, known).ok_or(Unusable::Unexpected)? {
        let entry = wanted.first;
        let value = members.only(&entry.response).ok_or(Unusable::Unexpected)?;
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
fn typename<'v>(nodes: &[&Node], members: &Members<'v>) -> Option<&'v str> {
    let entry = nodes
        .iter()
        .flat_map(|node| &node.entries)
        .find(|entry| entry.name == "__typename" && entry.on.is_empty())?;
    unquoted(members.of(&entry.response).next()?)
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
            let members = Members::read(kept)?;
            let named = members.of("__typename").next().and_then(unquoted);
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
                let mut of_field = members.of(&entry.key);
                let start = out.len();
                let given = of_field.any(|value| {
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
