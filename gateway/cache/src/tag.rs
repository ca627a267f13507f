//! By what values are invalidated: each bears the tags of all that it says something about, and an event speaks of some tags.

use causeway_model::{Key, SubgraphType, Supergraph};
use serde_json::{Map, Value};

use crate::{
    event::{Event, Target},
    template,
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

/// Of values about entities of the type of which this key is not known: it may be any.
fn of_some(subgraph: &str, ty: &str, key: &Key) -> Tag {
    tag(&["some", subgraph, ty, &key.fields.to_string()])
}

/// Of values about objects whose `@cacheTag` of this format cannot be made: what it is made of was not asked for.
fn of_format(subgraph: &str, format: &str) -> Tag {
    tag(&["format", subgraph, format])
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
        Target::Tag(text) => {
            let types = found.iter().flat_map(|found| found.types.values());
            let formats = types.flat_map(|ty| &ty.cache_tags);
            let may_be = formats.filter(|format| template::may_give(format, text));
            let untold = may_be.map(|format| of_format(subgraph, format));
            std::iter::once(of_text(subgraph, text)).chain(untold).collect()
        }
        Target::Type(ty) => {
            let types = with_concrete(ty);
            types.iter().map(|ty| of_type(subgraph, ty)).collect()
        }
        Target::Entity { ty, key } => {
            let mut tags = Vec::new();
            for ty in with_concrete(ty) {
                let keys = found.map_or(&[][..], |found| Types(found).keys(&ty));
                let before = tags.len();
                for candidate in keys {
                    if let Some(key) = key_of(&candidate.fields, key) {
                        tags.push(of_entity(subgraph, &ty, &key));
                        tags.push(of_some(subgraph, &ty, candidate));
                    }
                }
                // No key that is known here: it may be any of them.
                if tags.len() == before {
                    tags.push(of_type(subgraph, &ty));
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
    /// By type, how many of its entities were met.
    met: Vec<(&'a str, usize)>,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(types: Types<'a>) -> Self {
        let subgraph = types.0.name.as_str();
        Self {
            subgraph,
            types,
            found: vec![of_subgraph(subgraph)],
            met: Vec::new(),
        }
    }

    /// An object of the value. `fields`: those that are known of it, by their names.
    pub(crate) fn object(&mut self, known: Known<'_>, fields: &Map<String, Value>) {
        for (ty, said) in self.concrete(known) {
            let before = self.meet(ty);
            for format in &said.cache_tags {
                let filled = template::fill(format, &|path| {
                    let key = path.strip_prefix("$key.")?;
                    template::at(fields, key)
                });
                match filled {
                    Some(text) => self.text(&text),
                    None => self.push(of_format(self.subgraph, format)),
                }
            }
            for key in &said.keys {
                match key_of(&key.fields, fields).filter(|_| before < MOST_OF_A_TYPE) {
                    Some(known) => self.push(of_entity(self.subgraph, ty, &known)),
                    None => self.push(of_some(self.subgraph, ty, key)),
                }
            }
        }
    }

    /// Nothing, where something of a type could be. It may come to be, whichever it is.
    pub(crate) fn nothing(&mut self, declared: &str) {
        self.object(
            Known {
                declared,
                named: None,
            },
            &Map::new(),
        );
    }

    /// A list, or all of the root: what is said of any object of the type may change it.
    pub(crate) fn list(&mut self, declared: &str) {
        for (ty, _) in self.concrete(Known {
            declared,
            named: None,
        }) {
            self.meet_type(ty);
        }
    }

    /// The types that an object is of, or may be of, borrowed from the schema instead of from the answer.
    fn concrete(&self, known: Known<'_>) -> Vec<(&'a str, &'a SubgraphType)> {
        let all: Vec<&str> = match known.named {
            Some(named) => vec![known.declared, named],
            None => {
                let possible = self.types.possible(known.declared);
                let possible = possible.filter(|possible| *possible != known.declared);
                std::iter::once(known.declared).chain(possible).collect()
            }
        };
        let types = &self.types.0.types;
        let known = all.into_iter().filter_map(|ty| types.get_key_value(ty));
        known.map(|(ty, said)| (ty.as_str(), said)).collect()
    }

    /// How many were met before.
    fn meet(&mut self, ty: &'a str) -> usize {
        let index = self.meet_type(ty);
        self.met[index].1 += 1;
        self.met[index].1 - 1
    }

    fn meet_type(&mut self, ty: &'a str) -> usize {
        let known = self.met.iter().position(|(known, _)| *known == ty);
        known.unwrap_or_else(|| {
            self.push(of_type(self.subgraph, ty));
            self.met.push((ty, 0));
            self.met.len() - 1
        })
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
