//! The tree of data that fetches fill and the response is read from.

use bytes::Bytes;
use causeway_model::{KeyId, plan::TYPENAME};

/// A value of the tree. Leaves are slices of the subgraphs' answers: they go to the client as they
/// came, so that numbers keep every digit and strings are never re-escaped.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    /// Raw, valid JSON; never `null`.
    Leaf(Bytes),
    List(Vec<Data>),
    Object(Object),
    /// What would stand here could not be loaded; an index into the run's failures.
    Failed(FailureId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailureId(pub(crate) usize);

/// Few fields, looked up by an integer: a scan is faster than a hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    fields: Vec<(KeyId, Data)>,
}

impl Object {
    pub(crate) fn get(&self, key: KeyId) -> Option<&Data> {
        self.fields
            .iter()
            .find(|(held, _)| *held == key)
            .map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: KeyId) -> Option<&mut Data> {
        self.fields
            .iter_mut()
            .find(|(held, _)| *held == key)
            .map(|(_, value)| value)
    }

    /// Sets a field; what was there under the key is merged with it.
    pub(crate) fn merge_field(&mut self, key: KeyId, value: Data) {
        match self.get_mut(key) {
            Some(held) => held.merge(value),
            None => self.fields.push((key, value)),
        }
    }

    /// The concrete type, where the plan asked for it.
    pub(crate) fn typename(&self) -> Option<&str> {
        match self.get(TYPENAME) {
            Some(Data::Leaf(raw)) => unquoted(raw),
            _ => None,
        }
    }

    pub(crate) fn merge(&mut self, other: Object) {
        for (key, value) in other.fields {
            self.merge_field(key, value);
        }
    }
}

impl Data {
    /// Adds what another fetch brought for the same place. Objects and lists are merged deeply; a value wins
    /// over a null and over a failure, so that the order in which fetches are answered does not matter.
    pub(crate) fn merge(&mut self, other: Data) {
        match (&mut *self, other) {
            (Data::Object(held), Data::Object(other)) => held.merge(other),
            (Data::List(held), Data::List(other)) if held.len() == other.len() => {
                held.iter_mut()
                    .zip(other)
                    .for_each(|(held, other)| held.merge(other));
            }
            (Data::Failed(_) | Data::Null, other) => *self = other,
            (Data::Leaf(_), Data::Leaf(other)) => *self = Data::Leaf(other),
            _ => {}
        }
    }
}

/// The text of a JSON string without escapes; names have none.
pub(crate) fn unquoted(raw: &[u8]) -> Option<&str> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}
