//! What is asked for of an object: fields, with their conditions decided and their arguments filled in.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use apollo_compiler::Name;
use serde_json::{Map, Value};

use crate::types::{Known, Types};

/// From so many fields on, a table finds those with one response key faster than looking does.
const MANY: usize = 16;

/// A selection set.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// Two entries answer under the same key.
    doubled: bool,
    /// Answers have the form in which values are kept: no alias, no argument, nothing that hangs on a type.
    pub(crate) plain: bool,
    /// Equal for selections whose answers look alike.
    pub(crate) signature: u128,
}

/// A field.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Types that the object must be of, all of them.
    pub(crate) on: Arc<[Name]>,
    /// Its key in the answer.
    pub(crate) response: Name,
    pub(crate) name: Name,
    /// Its name, and what stands for its arguments if it has any: equal for what has one value.
    pub(crate) key: Arc<str>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) node: Option<Arc<Node>>,
    /// As it stands in the document, with all that is selected below it. Empty where it
    /// is never asked for apart.
    pub(crate) text: Arc<str>,
    /// Variables in `text`.
    pub(crate) uses: Arc<[Name]>,
}

/// The entries of some nodes that concern one object, those of one response key together.
pub(crate) struct Wanted<'n> {
    pub(crate) first: &'n Entry,
    pub(crate) entries: Vec<&'n Entry>,
    pub(crate) nodes: Vec<&'n Node>,
}

/// Which values one field can have is told apart by its arguments. Literals of an enum and of a string look alike here; no argument
/// takes both.
pub(crate) fn key(name: &Name, arguments: &Map<String, Value>) -> Arc<str> {
    if arguments.is_empty() {
        return name.as_str().into();
    }
    // The map is in the order of the names.
    let text = serde_json::to_vec(arguments).expect("JSON values always serialise");
    let hash = blake3::hash(&text).to_hex();
    format!("{name}#{}", &hash[..32]).into()
}

impl Node {
    pub(crate) fn new(entries: Vec<Arc<Entry>>) -> Self {
        let typed = entries.iter().any(|entry| !entry.on.is_empty());
        let doubled = is_doubled(&entries);
        let plain = !typed
            && !doubled
            && entries.iter().all(|entry| {
                *entry.key == *entry.response.as_str() && entry.node.as_ref().is_none_or(|node| node.plain)
            });
        let mut hasher = blake3::Hasher::new();
        for entry in &entries {
            for part in entry
                .on
                .iter()
                .map(Name::as_str)
                .chain([&*entry.key, entry.response.as_str()])
            {
                hasher.update(part.as_bytes());
                hasher.update(b"\0");
            }
            hasher.update(&entry.node.as_ref().map_or(0, |node| node.signature).to_le_bytes());
            hasher.update(b"\x01");
        }
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self {
            entries,
            doubled,
            plain,
            signature: u128::from_le_bytes(half),
        }
    }
}

fn is_doubled(entries: &[Arc<Entry>]) -> bool {
    if entries.len() < MANY {
        let mut rest = entries;
        while let Some((first, after)) = rest.split_first() {
            if after.iter().any(|other| other.response == first.response) {
                return true;
            }
            rest = after;
        }
        return false;
    }
    let mut responses = HashSet::with_capacity(entries.len());
    !entries.iter().all(|entry| responses.insert(&entry.response))
}

/// `None`: it cannot be told which entries are for this object.
pub(crate) fn wanted<'n>(nodes: &[&'n Node], types: Types<'_>, known: Known<'_>) -> Option<Vec<Wanted<'n>>> {
    let mut all: Vec<Wanted<'n>> = Vec::with_capacity(nodes.iter().map(|node| node.entries.len()).sum());
    let simple = matches!(nodes, [node] if !node.doubled);
    let mut known_at: HashMap<&str, usize> = HashMap::new();
    for entry in nodes.iter().flat_map(|node| &node.entries) {
        let mut applies = true;
        for on in &*entry.on {
            applies &= types.applies(on, known)?;
        }
        if !applies {
            continue;
        }
        let next = all.len();
        let at = match simple {
            true => next,
            false => *known_at.entry(entry.response.as_str()).or_insert(next),
        };
        let same = all.get_mut(at);
        match same {
            Some(same) => {
                same.entries.push(entry);
                same.nodes.extend(entry.node.as_deref());
            }
            None => all.push(Wanted {
                first: entry,
                entries: vec![entry],
                nodes: entry.node.as_deref().into_iter().collect(),
            }),
        }
    }
    Some(all)
}
