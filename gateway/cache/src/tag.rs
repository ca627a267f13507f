//! By what values are invalidated: each bears the tags of all that it says something about, and an event speaks of some tags.

use causeway_model::Supergraph;
use serde_json::{Map, Value};

use crate::{
    event::{Event, Target},
    types::{Known, Types, key_of},
};

/// A tag by its hash. Two that collide are invalidated together, which is safe.
pub(crate) type Tag = u64;

/// Tags of single entities in one value; with more of a type, any event about an entity of the type is about the value.
const MOST_OF_A_TYPE: usize = 256;

fn tag(parts: &[&str]) -> Tag {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut half = [0; 8];
    hasher.finalize_xof().fill(&mut half);
    u64::from_le_bytes(half)
}

fn of_subgraph(subgraph: &str) -> Tag {
    tag(&["subgraph", subgraph])
}

fn of_type(subgraph: &str, ty: &str) -> Tag {
    tag(&["type", subgraph, ty])
}

fn of_entity(subgraph: &str, ty: &str, key: &str) -> Tag {
    tag(&["entity", subgraph, ty, key])
}

/// Of values about entities of the type that cannot be told apart by the keys that events name.
fn of_some(subgraph: &str, ty: &str) -> Tag {
    tag(&["some", subgraph, ty])
}

fn of_text(subgraph: &str, text: &str) -> Tag {
    tag(&["tag", subgraph, text])
}

/// What an event speaks of.
pub(crate) fn of_event(supergraph: &Supergraph, event: &Event) -> Vec<Tag> {
    let subgraph = event.subgraph.as_str();
    let found = supergraph.subgraphs.iter().find(|known| known.name == subgraph);
    let with_concrete = |ty: &str| {
        let mut types = vec![ty.to_owned()];
        if let Some(found) = found {
            let possible = Types(found).possible(ty).filter(|possible| *possible != ty);
            types.extend(possible.map(str::to_owned));
        }
        types
    };
    match &event.target {
        Target::Subgraph => vec![of_subgraph(subgraph)],
        Target::Tag(text) => vec![of_text(subgraph, text)],
        Target::Type(ty) => {
            let types = with_concrete(ty);
            types.iter().map(|ty| of_type(subgraph, ty)).collect()
        }
        Target::Entity { ty, key } => {
            let mut tags = Vec::new();
            for ty in with_concrete(ty) {
                let keys = found.map_or(&[][..], |found| Types(found).keys(&ty));
                let before = tags.len();
                let named = keys.iter().filter_map(|candidate| key_of(&candidate.fields, key));
                tags.extend(named.map(|key| of_entity(subgraph, &ty, &key)));
                match tags.len() > before {
                    true => tags.push(of_some(subgraph, &ty)),
                    // No key that is known here: it may be any of them.
                    false => tags.push(of_type(subgraph, &ty)),
                }
            }
            tags
        }
    }
}

/// Whether an event's entity is named by a key that the subgraph has.
pub(crate) fn names_entity(
    supergraph: &Supergraph,
    subgraph: &str,
    ty: &str,
    key: &Map<String, Value>,
) -> bool {
    let found = supergraph.subgraphs.iter().find(|known| known.name == subgraph);
    found.is_some_and(|found| {
        let mut types = std::iter::once(ty).chain(Types(found).possible(ty));
        types.any(|ty| {
            Types(found)
                .keys(ty)
                .iter()
                .any(|known| key_of(&known.fields, key).is_some())
        })
    })
}

/// Collects the tags of a value while it is read.
pub(crate) struct Tags<'a> {
    subgraph: &'a str,
    types: Types<'a>,
    found: Vec<Tag>,
    /// Entities by type.
    entities: Vec<(&'a str, usize)>,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(types: Types<'a>) -> Self {
        let subgraph = types.0.name.as_str();
        Self {
            subgraph,
            types,
            found: vec![of_subgraph(subgraph)],
            entities: Vec::new(),
        }
    }

    /// An object of the value. `fields`: those that are known of it, by their names.
    pub(crate) fn object(&mut self, known: Known<'_>, fields: &Map<String, Value>) {
        let declared = std::iter::once(known.declared);
        let concrete: Vec<&str> = match known.named {
            Some(named) => declared.chain([named]).collect(),
            None => declared.chain(self.types.possible(known.declared)).collect(),
        };
        for ty in concrete {
            // Borrowed from the schema, not from the answer.
            let Some((ty, _)) = self.types.0.types.get_key_value(ty) else {
                continue;
            };
            self.push(of_type(self.subgraph, ty));
            let keys = self.types.keys(ty);
            if keys.is_empty() {
                continue;
            }
            let known: Vec<String> = keys
                .iter()
                .filter_map(|key| key_of(&key.fields, fields))
                .collect();
            let complete = known.len() == keys.len();
            if !complete || self.count(ty) > MOST_OF_A_TYPE {
                self.push(of_some(self.subgraph, ty));
            }
            if self.count(ty) <= MOST_OF_A_TYPE {
                for key in known {
                    self.push(of_entity(self.subgraph, ty, &key));
                }
            }
        }
    }

    fn count(&mut self, ty: &'a str) -> usize {
        match self.entities.iter_mut().find(|(known, _)| *known == ty) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.entities.push((ty, 1));
                1
            }
        }
    }

    /// A cache tag.
    pub(crate) fn text(&mut self, text: &str) {
        self.push(of_text(self.subgraph, text));
    }

    fn push(&mut self, tag: Tag) {
        self.found.push(tag);
    }

    pub(crate) fn finish(mut self) -> Vec<Tag> {
        self.found.sort_unstable();
        self.found.dedup();
        self.found
    }
}
