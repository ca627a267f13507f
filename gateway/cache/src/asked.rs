//! A request, taken apart: whom it asks for, and what of each.

use std::sync::Arc;

use causeway_executor::SubgraphRequest;
use causeway_model::Subgraph;

use crate::{
    document::Document,
    port::RecordKey,
    scope::Scopes,
    selection::{Entry, Node, Wanted, wanted},
    types::{Known, Types},
};

/// What does not borrow from the request.
pub(crate) struct Asked {
    pub(crate) document: Arc<Document>,
    pub(crate) node: Arc<Node>,
    pub(crate) scopes: Scopes,
}

/// Everybody and everything that a request asks for.
pub(crate) struct Subjects<'a> {
    pub(crate) types: Types<'a>,
    pub(crate) kinds: Vec<Kind<'a>>,
    /// In the order of the lists and their representations; of a root request, by field.
    pub(crate) all: Vec<Subject>,
    pub(crate) is_root: bool,
}

/// Subjects of which the same is wanted.
pub(crate) struct Kind<'a> {
    pub(crate) list: usize,
    /// The type of the representation.
    pub(crate) declared: &'a str,
    /// Empty where that hangs on the concrete type: see [`Self::wanted_of`].
    pub(crate) wanted: Vec<Wanted<'a>>,
    /// What is selected of objects of any type.
    pub(crate) node: &'a Node,
}

impl<'a> Kind<'a> {
    /// What is wanted of an object that names its type.
    pub(crate) fn wanted_of(&self, types: Types<'_>, named: &str) -> Option<Vec<Wanted<'a>>> {
        let known = Known {
            declared: self.declared,
            named: Some(named),
        };
        wanted(&[self.node], types, known)
    }

    /// The key in the answer under which an object names its type.
    pub(crate) fn typename_key(&self) -> Option<&'a str> {
        let names_it =
            |entry: &&Arc<Entry>| entry.name == "__typename" && entry.on.iter().all(|on| on == self.declared);
        let entry = self.node.entries.iter().find(names_it)?;
        Some(entry.response.as_str())
    }
}

pub(crate) struct Subject {
    pub(crate) kind: usize,
    /// In its list.
    pub(crate) position: usize,
    /// Where it may be kept: one for each audience.
    pub(crate) keys: Vec<RecordKey>,
}

impl<'a> Subjects<'a> {
    /// `None`: it is not understood, and passed on as it is.
    pub(crate) fn new(
        subgraph: &'a Subgraph,
        root_type: &'a str,
        asked: &'a Asked,
        request: &'a SubgraphRequest,
    ) -> Option<Self> {
        let mut subjects = Self {
            types: Types(subgraph),
            kinds: Vec::new(),
            all: Vec::new(),
            is_root: request.entities.is_empty(),
        };
        match subjects.is_root {
            true => subjects.roots(root_type, asked)?,
            false => subjects.entities(asked, request)?,
        }
        Some(subjects)
    }

    fn roots(&mut self, root_type: &'a str, asked: &'a Asked) -> Option<()> {
        let known = Known {
            declared: root_type,
            named: None,
        };
        for (position, field) in wanted(&[&*asked.node], self.types, known)?
            .into_iter()
            .enumerate()
        {
            if field.first.name == "_entities" || field.first.name == "_service" {
                return None;
            }
            let keys = asked.scopes.keys(&[b"root", field.first.key.as_bytes()]);
            self.all.push(Subject {
                kind: self.kinds.len(),
                position,
                keys,
            });
            self.kinds.push(Kind {
                list: 0,
                declared: root_type,
                wanted: vec![field],
                node: &asked.node,
            });
        }
        Some(())
    }

    fn entities(&mut self, asked: &'a Asked, request: &'a SubgraphRequest) -> Option<()> {
        if asked.node.entries.len() != request.entities.len() {
            return None;
        }
        for (list, entities) in request.entities.iter().enumerate() {
            let mut entries = asked.node.entries.iter();
            let entry = entries.find(|entry| entry.response == entities.key.as_str())?;
            let node = entry.node.as_ref().filter(|_| entry.name == "_entities")?;
            for (position, representation) in entities.representations.iter().enumerate() {
                let declared = typename(representation)?;
                let kind = self.kind(list, node, declared);
                self.all.push(Subject {
                    kind,
                    position,
                    keys: asked.scopes.keys(&[b"entity", representation]),
                });
            }
        }
        Some(())
    }

    fn kind(&mut self, list: usize, node: &'a Node, declared: &'a str) -> usize {
        let is_this = |kind: &Kind<'_>| kind.list == list && kind.declared == declared;
        if let Some(known) = self.kinds.iter().rposition(is_this) {
            return known;
        }
        let known = Known {
            declared,
            named: None,
        };
        self.kinds.push(Kind {
            list,
            declared,
            wanted: wanted(&[node], self.types, known).unwrap_or_default(),
            node,
        });
        self.kinds.len() - 1
    }
}

/// Representations begin with their type.
fn typename(representation: &[u8]) -> Option<&str> {
    let rest = representation.strip_prefix(b"{\"__typename\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}
