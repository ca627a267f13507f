//! What is kept of one entity (or one root field) for those who may see it.

use std::sync::{Arc, atomic::AtomicBool};

use bytes::Bytes;

use crate::{
    marks::{Checked, Stamp},
    tag::Tag,
};

/// Milliseconds since 1970.
pub(crate) type Millis = u64;

/// Values of one field that are kept beside each other, for selections of which none has all of another's.
const VARIANTS: usize = 3;
/// Fields of one record, unless one answer brings more. Arguments make any number of them.
const FIELDS: usize = 96;

/// Immutable: something new makes a new one.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// There is no such entity.
    pub(crate) absent: Option<Arc<Load>>,
    /// The newest of a field first.
    pub(crate) slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// The field's.
    pub(crate) key: Arc<str>,
    /// Of what was selected below it.
    pub(crate) signature: u128,
    /// JSON in the form of `value`.
    pub(crate) value: Bytes,
    pub(crate) load: Arc<Load>,
}

/// Slots that came with one answer.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) stamp: Stamp,
    /// When the subgraph made it.
    pub(crate) made: Millis,
    pub(crate) times: Times,
    /// How long it took, in milliseconds.
    pub(crate) cost: u32,
    pub(crate) private: bool,
    pub(crate) tags: Box<[Tag]>,
    pub(crate) checked: Checked,
    /// Somebody is loading it anew.
    pub(crate) refreshing: AtomicBool,
}

/// Until when something is good for what; each no earlier than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) fresh: Millis,
    /// Served while it is loaded anew.
    pub(crate) stale: Millis,
    /// Served when the subgraph fails.
    pub(crate) on_error: Millis,
}

impl Slot {
    fn size(&self) -> usize {
        self.value.len() + self.key.len() + 96
    }

    /// What it adds to others: with its load, if none of them came with the same.
    fn size_beside(&self, others: &[Self]) -> usize {
        let is_known = others.iter().any(|other| Arc::ptr_eq(&other.load, &self.load));
        self.size() + if is_known { 0 } else { self.load.size() }
    }

    fn is_in_place_of(&self, other: &Self) -> bool {
        self.key == other.key && self.signature == other.signature
    }
}

impl Load {
    fn size(&self) -> usize {
        self.tags.len() * 8 + 160
    }
}

/// Of a record without anything.
const EMPTY: usize = 160;

impl Record {
    /// Until when anything of it is good for anything.
    pub(crate) fn ends(&self) -> Millis {
        let loads = self.slots.iter().map(|slot| &slot.load).chain(&self.absent);
        loads.map(|load| load.times.on_error).max().unwrap_or(0)
    }

    /// Bytes, roughly.
    pub(crate) fn size(&self) -> usize {
        let mut size = EMPTY + self.absent.as_deref().map_or(0, Load::size);
        let mut before: Option<&Arc<Load>> = None;
        for slot in &self.slots {
            size += slot.size();
            // What came with one answer stands together.
            if before.is_none_or(|before| !Arc::ptr_eq(before, &slot.load)) {
                size += slot.load.size();
            }
            before = Some(&slot.load);
        }
        size
    }

    /// This one with another one that came. What `is_usable` does not allow any more is left out, and so is what goes beyond `largest`
    /// bytes of what was there. Where both have the same, the one that the subgraph made later stays: what gateways share may be
    /// older than what is known here.
    pub(crate) fn with(&self, newer: &Self, is_usable: impl Fn(&Load) -> bool, largest: usize) -> Self {
        let usable = |slots: &[Slot]| -> Vec<Slot> {
            let slots = slots.iter().filter(|slot| is_usable(&slot.load));
            slots.cloned().collect()
        };
        let (mut slots, known) = (usable(&newer.slots), usable(&self.slots));
        let gone = newer.absent.as_ref().filter(|load| is_usable(load));
        if let Some(gone) = gone
            && known.iter().all(|slot| slot.load.made <= gone.made)
        {
            return Self {
                absent: Some(Arc::clone(gone)),
                slots: Vec::new(),
            };
        }
        let was_gone = self.absent.as_ref().filter(|load| is_usable(load));
        if let Some(gone) = was_gone
            && slots.iter().all(|slot| slot.load.made < gone.made)
        {
            return Self {
                absent: Some(Arc::clone(gone)),
                slots: Vec::new(),
            };
        }
        let most = FIELDS.max(slots.len());
        let beside = |at: usize| slots[at].size_beside(&slots[..at]);
        let mut size = EMPTY + (0..slots.len()).map(beside).sum::<usize>();
        for slot in known {
            let same_field = slots.iter().filter(|newer| newer.key == slot.key).count();
            let same = slots.iter().position(|newer| newer.is_in_place_of(&slot));
            let more = slot.size_beside(&slots);
            let has_room = same_field < VARIANTS && slots.len() < most && size + more <= largest;
            match same {
                Some(at) if slot.load.made > slots[at].load.made => slots[at] = slot,
                None if has_room => {
                    size += more;
                    slots.push(slot);
                }
                _ => {}
            }
        }
        slots.sort_by_key(|slot| std::cmp::Reverse(slot.load.made));
        Self { absent: None, slots }
    }

    /// What of it is usable.
    pub(crate) fn only(self, is_usable: impl Fn(&Load) -> bool) -> Self {
        Self {
            absent: self.absent.filter(|load| is_usable(load)),
            slots: self
                .slots
                .into_iter()
                .filter(|slot| is_usable(&slot.load))
                .collect(),
        }
    }

    /// With memory of its own for each value, as it is counted by [`Self::size`].
    pub(crate) fn detached(mut self) -> Self {
        for slot in &mut self.slots {
            slot.value = Bytes::copy_from_slice(&slot.value);
        }
        self
    }
}

mod written;

#[cfg(test)]
pub(crate) mod tests;
