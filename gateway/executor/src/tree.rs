//! The tree of data that fetches fill and the response is read from: one arena, no object with an allocation of its own.
//!
//! Leaves are slices of the subgraphs' answers: they go to the client as they came, so that numbers keep every digit and
//! strings are never re-escaped. An entity that stands at many positions of one place is stored once ([`Tree::unite`]).

use std::collections::HashMap;

use bytes::Bytes;
use causeway_model::{KeyId, plan::TYPENAME};

/// A value of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// Raw, valid JSON; never `null`.
    Leaf(Text),
    List(List),
    Object(ObjectId),
    /// What would stand here could not be loaded; an index into the run's failures.
    Failed(FailureId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailureId(pub(crate) u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(u32);

impl ObjectId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A slice of one of the buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    buffer: u32,
    start: u32,
    end: u32,
}

/// A slice of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    start: u32,
    len: u32,
}

pub(crate) type Entry = (KeyId, Value);

/// Copies by original.
pub(crate) type Parted = HashMap<ObjectId, Vec<ObjectId>>;

#[derive(Debug, Default)]
pub(crate) struct Tree {
    buffers: Vec<Bytes>,
    entries: Vec<Entry>,
    items: Vec<Value>,
    objects: Vec<Chunk>,
    /// Objects that were copied because another one was to stay as it is: the original, the copy.
    parted: Vec<(ObjectId, ObjectId)>,
}

/// Some of an object's fields; the object's id is that of its first chunk. Few fields, looked up by an integer: a scan is
/// faster than a hash.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    first: u32,
    len: u32,
    /// The next chunk of the same object.
    next: Option<ObjectId>,
    /// The object is another one.
    same_as: Option<ObjectId>,
    /// Other objects are this one.
    shared: bool,
}

/// How many values two objects are compared by before they count as different.
const COMPARED: usize = 64;

impl Tree {
    /// Takes in an answer, so that leaves can point into it.
    pub(crate) fn add_buffer(&mut self, buffer: Bytes) -> Buffer {
        self.buffers.push(buffer);
        Buffer(count(self.buffers.len() - 1))
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        &self.buffers[text.buffer as usize][text.start as usize..text.end as usize]
    }

    pub(crate) fn items(&self, list: List) -> &[Value] {
        &self.items[list.start as usize..(list.start + list.len) as usize]
    }

    /// Makes a list of what stands on the stack from `from` on.
    pub(crate) fn list_of(&mut self, stack: &mut Vec<Value>, from: usize) -> List {
        let start = count(self.items.len());
        self.items.extend(stack.drain(from..));
        List {
            start,
            len: count(self.items.len()) - start,
        }
    }

    /// Makes an object of what stands on the stack from `from` on. No key may occur twice.
    pub(crate) fn object_of(&mut self, stack: &mut Vec<Entry>, from: usize) -> ObjectId {
        let first = self.entries.len();
        self.entries.extend(stack.drain(from..));
        self.chunk(first)
    }

    fn chunk(&mut self, first: usize) -> ObjectId {
        self.objects.push(Chunk {
            first: count(first),
            len: count(self.entries.len() - first),
            next: None,
            same_as: None,
            shared: false,
        });
        ObjectId(count(self.objects.len() - 1))
    }

    pub(crate) fn object_count(&self) -> usize {
        self.objects.len()
    }

    /// The object that this one is.
    pub(crate) fn canonical(&self, object: ObjectId) -> ObjectId {
        self.objects[object.index()].same_as.unwrap_or(object)
    }

    /// Whether the object stands at several positions.
    pub(crate) fn is_shared(&self, object: ObjectId) -> bool {
        self.objects[object.index()].shared
    }

    pub(crate) fn get(&self, object: ObjectId, key: KeyId) -> Option<Value> {
        self.slot(object, key).map(|slot| self.entries[slot].1)
    }

    fn slot(&self, object: ObjectId, key: KeyId) -> Option<usize> {
        let mut at = Some(self.canonical(object));
        while let Some(chunk) = at {
            let chunk = &self.objects[chunk.index()];
            let first = chunk.first as usize;
            let entries = &self.entries[first..first + chunk.len as usize];
            if let Some(index) = entries.iter().position(|(held, _)| *held == key) {
                return Some(first + index);
            }
            at = chunk.next;
        }
        None
    }

    /// The concrete type, where the plan asked for it.
    pub(crate) fn typename(&self, object: ObjectId) -> Option<&str> {
        match self.get(object, TYPENAME) {
            Some(Value::Leaf(text)) => unquoted(self.text(text)),
            _ => None,
        }
    }

    /// The object's fields.
    fn entries(&self, object: ObjectId) -> impl Iterator<Item = Entry> + '_ {
        let mut at = Some(self.canonical(object));
        std::iter::from_fn(move || {
            let chunk = &self.objects[at?.index()];
            at = chunk.next;
            let first = chunk.first as usize;
            Some(&self.entries[first..first + chunk.len as usize])
        })
        .flatten()
        .copied()
    }

    /// Sets a field; what was there under the key is merged with it.
    pub(crate) fn set(&mut self, object: ObjectId, key: KeyId, value: Value) {
        match self.slot(object, key) {
            Some(slot) => self.entries[slot].1 = self.merged(self.entries[slot].1, value),
            None => {
                let first = self.entries.len();
                self.entries.push((key, value));
                let chunk = self.chunk(first);
                self.append(object, chunk);
            }
        }
    }

    /// Puts another value where a field stands.
    pub(crate) fn replace(&mut self, object: ObjectId, key: KeyId, value: Value) {
        if let Some(slot) = self.slot(object, key) {
            self.entries[slot].1 = value;
        }
    }

    pub(crate) fn replace_item(&mut self, list: List, index: usize, value: Value) {
        self.items[list.start as usize + index] = value;
    }

    /// Adds the fields of another object, wherever `object` stands. The other one must be nobody else's.
    pub(crate) fn absorb(&mut self, object: ObjectId, other: ObjectId) {
        let object = self.canonical(object);
        if self
            .entries(other)
            .all(|(key, _)| self.slot(object, key).is_none())
        {
            return self.append(object, other);
        }
        let brought: Vec<Entry> = self.entries(other).collect();
        for (key, value) in brought {
            self.set(object, key, value);
        }
    }

    fn append(&mut self, object: ObjectId, chunk: ObjectId) {
        let mut last = self.canonical(object);
        while let Some(next) = self.objects[last.index()].next {
            last = next;
        }
        self.objects[last.index()].next = Some(chunk);
    }

    /// What another fetch brought for the same position is added. Objects and lists are merged deeply; a value wins
    /// over a null and over a failure, so that the order in which fetches are answered does not matter.
    fn merged(&mut self, held: Value, other: Value) -> Value {
        match (held, other) {
            (Value::Object(held), Value::Object(other)) => {
                let own = self.own(held);
                self.absorb(own, other);
                Value::Object(own)
            }
            (Value::List(list), Value::List(other)) if list.len == other.len => {
                for index in 0..list.len as usize {
                    let (at, with) = (list.start as usize + index, other.start as usize + index);
                    self.items[at] = self.merged(self.items[at], self.items[with]);
                }
                held
            }
            (Value::Failed(_) | Value::Null, other) => other,
            (Value::Leaf(_), Value::Leaf(_)) => other,
            _ => held,
        }
    }

    /// The object, if nobody shares it; else a copy. What is brought for one position must not show at others.
    pub(crate) fn own(&mut self, object: ObjectId) -> ObjectId {
        let canonical = self.canonical(object);
        if !self.objects[canonical.index()].shared {
            return canonical;
        }
        self.copied(canonical)
    }

    fn copied(&mut self, object: ObjectId) -> ObjectId {
        let object = self.canonical(object);
        let held: Vec<Entry> = self.entries(object).collect();
        let mut copied: Vec<Entry> = Vec::with_capacity(held.len());
        for (key, value) in held {
            let value = self.copy(value);
            copied.push((key, value));
        }
        let copy = self.object_of(&mut copied, 0);
        self.parted.push((object, copy));
        copy
    }

    /// A deep copy of what hangs nowhere yet, so that nobody can wait for it.
    pub(crate) fn copy_new(&mut self, value: Value) -> Value {
        let noted = self.parted.len();
        let copy = self.copy(value);
        self.parted.truncate(noted);
        copy
    }

    fn copy(&mut self, value: Value) -> Value {
        match value {
            Value::Object(object) => Value::Object(self.copied(object)),
            Value::List(list) => {
                let mut items: Vec<Value> = self.items(list).to_vec();
                for item in &mut items {
                    *item = self.copy(*item);
                }
                Value::List(self.list_of(&mut items, 0))
            }
            other => other,
        }
    }

    /// The copies made since this was last asked, by original.
    pub(crate) fn take_parted(&mut self) -> Parted {
        let mut copies = Parted::new();
        for (original, copy) in self.parted.drain(..) {
            copies.entry(original).or_default().push(copy);
        }
        copies
    }

    /// Two objects at one place that are the same entity become one, if they look alike so far: what is brought for one of them
    /// is there for both, and whatever is done with them is done once. Gives whether they are one now.
    ///
    /// Only for positions of one place: at another one, the same key may stand for another field.
    pub(crate) fn unite(&mut self, kept: ObjectId, other: ObjectId) -> bool {
        let (kept, other) = (self.canonical(kept), self.canonical(other));
        if kept == other {
            return true;
        }
        // Objects that are others already stay: one step leads to what an object is.
        if self.objects[other.index()].shared || !self.alike(kept, other, &mut COMPARED.clone()) {
            return false;
        }
        self.objects[kept.index()].shared = true;
        self.objects[other.index()].same_as = Some(kept);
        true
    }

    fn alike(&self, one: ObjectId, other: ObjectId, budget: &mut usize) -> bool {
        if self.canonical(one) == self.canonical(other) {
            return true;
        }
        let mut entries = 0;
        for (key, value) in self.entries(one) {
            entries += 1;
            let fits = self
                .get(other, key)
                .is_some_and(|with| self.values_alike(value, with, budget));
            if !fits {
                return false;
            }
        }
        self.entries(other).count() == entries
    }

    fn values_alike(&self, one: Value, other: Value, budget: &mut usize) -> bool {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        match (one, other) {
            (Value::Leaf(one), Value::Leaf(other)) => self.text(one) == self.text(other),
            (Value::Object(one), Value::Object(other)) => self.alike(one, other, budget),
            (Value::List(one), Value::List(other)) => {
                let pairs = self.items(one).iter().zip(self.items(other));
                one.len == other.len
                    && pairs
                        .into_iter()
                        .all(|(one, other)| self.values_alike(*one, *other, budget))
            }
            (one, other) => one == other,
        }
    }
}

/// An answer that the tree has taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer(u32);

impl Buffer {
    pub(crate) fn text(self, start: usize, end: usize) -> Text {
        Text {
            buffer: self.0,
            start: count(start),
            end: count(end),
        }
    }
}

/// Answers have a size limit far below 4 GiB each; more values than that do not fit into memory.
fn count(number: usize) -> u32 {
    u32::try_from(number).expect("an execution has fewer than 2^32 values")
}

/// The text of a JSON string without escapes; names have none.
pub(crate) fn unquoted(raw: &[u8]) -> Option<&str> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}
