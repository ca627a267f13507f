//! What is kept of one entity (or one root field) for those who may see it.

use std::sync::{Arc, atomic::AtomicBool};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    marks::{Checked, Stamp},
    port::{Epoch, Position},
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

    fn is_in_place_of(&self, other: &Self) -> bool {
        self.key == other.key && self.signature == other.signature
    }
}

impl Record {
    /// Until when anything of it is good for anything.
    pub(crate) fn ends(&self) -> Millis {
        let loads = self.slots.iter().map(|slot| &slot.load).chain(&self.absent);
        loads.map(|load| load.times.on_error).max().unwrap_or(0)
    }

    /// Bytes, roughly.
    pub(crate) fn size(&self) -> usize {
        let of_load = |load: &Load| load.tags.len() * 8 + 160;
        let mut size = 160 + self.absent.as_deref().map_or(0, of_load);
        let mut before: Option<&Arc<Load>> = None;
        for slot in &self.slots {
            size += slot.size();
            // What came with one answer stands together.
            if before.is_none_or(|before| !Arc::ptr_eq(before, &slot.load)) {
                size += of_load(&slot.load);
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
        let mut size: usize = slots.iter().map(Slot::size).sum();
        for slot in known {
            let same_field = slots.iter().filter(|newer| newer.key == slot.key).count();
            let same = slots.iter().position(|newer| newer.is_in_place_of(&slot));
            let has_room = same_field < VARIANTS && slots.len() < most && size + slot.size() <= largest;
            match same {
                Some(at) if slot.load.made > slots[at].load.made => slots[at] = slot,
                None if has_room => {
                    size += slot.size();
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

    /// For gateways that share it.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        let mut loads: Vec<&Arc<Load>> = Vec::new();
        let mut number = |load| match loads.iter().position(|known| Arc::ptr_eq(known, load)) {
            Some(index) => index,
            None => {
                loads.push(load);
                loads.len() - 1
            }
        };
        let absent = self.absent.as_ref().map(&mut number);
        let mut slots = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let text = std::str::from_utf8(&slot.value).ok()?;
            let value = RawValue::from_string(text.to_owned()).ok()?;
            let load = number(&slot.load);
            slots.push((slot.key.to_string(), format!("{:x}", slot.signature), load, value));
        }
        let written = Written {
            absent,
            loads: loads.into_iter().map(|load| WrittenLoad::from(&**load)).collect(),
            slots,
        };
        serde_json::to_vec(&written).ok().map(Bytes::from)
    }

    /// `None`: it is not what [`Self::encode`] writes.
    pub(crate) fn decode(text: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(text).ok()?;
        let loads: Vec<Arc<Load>> = written
            .loads
            .into_iter()
            .map(|load| load.read().map(Arc::new))
            .collect::<Option<_>>()?;
        let slot = |(key, signature, load, value): WrittenSlot| {
            Some(Slot {
                key: key.into(),
                signature: u128::from_str_radix(&signature, 16).ok()?,
                value: Bytes::from(value.get().to_owned()),
                load: Arc::clone(loads.get(load)?),
            })
        };
        Some(Self {
            absent: match written.absent {
                Some(load) => Some(Arc::clone(loads.get(load)?)),
                None => None,
            },
            slots: written.slots.into_iter().map(slot).collect::<Option<_>>()?,
        })
    }
}

/// A slot's key, signature, load and value.
type WrittenSlot = (String, String, usize, Box<RawValue>);

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<usize>,
    loads: Vec<WrittenLoad>,
    slots: Vec<WrittenSlot>,
}

#[derive(Serialize, Deserialize)]
struct WrittenLoad {
    epoch: String,
    position: (u64, u64),
    made: Millis,
    times: Times,
    cost: u32,
    private: bool,
    tags: Vec<Tag>,
}

impl From<&Load> for WrittenLoad {
    fn from(load: &Load) -> Self {
        Self {
            epoch: format!("{:x}", load.stamp.epoch.0),
            position: (load.stamp.position.0, load.stamp.position.1),
            made: load.made,
            times: load.times,
            cost: load.cost,
            private: load.private,
            tags: load.tags.to_vec(),
        }
    }
}

impl WrittenLoad {
    fn read(self) -> Option<Load> {
        Some(Load {
            stamp: Stamp {
                epoch: Epoch(u128::from_str_radix(&self.epoch, 16).ok()?),
                position: Position(self.position.0, self.position.1),
                holds: 0,
            },
            made: self.made,
            times: self.times,
            cost: self.cost,
            private: self.private,
            tags: self.tags.into(),
            checked: Checked::default(),
            refreshing: AtomicBool::new(false),
        })
    }
}

#[cfg(test)]
mod tests;
