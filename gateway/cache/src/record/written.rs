//! Records as gateways share them.
//!
//! ```text
//! form (1)  absent (1)  loads (2)  load...  slots (2)  slot...
//! load: epoch (16)  position (8, 8)  made, fresh, stale, on error (8 each)  cost (4)  private (1)  tags (4)  tag (8)...
//! slot: load (2)  signature (16)  key (4 and its bytes)  value (4 and its bytes)
//! ```
//!
//! Numbers are little-endian. `absent` is 1 where there is no such entity; the first load tells that. A slot's load is a number in
//! the order of the loads. Whoever stores it sees to it that no byte changes; what has another form is as good as absent.

use std::sync::{Arc, atomic::AtomicBool};

use bytes::{Buf as _, BufMut as _, Bytes};

use super::{Load, Record, Slot, Times};
use crate::{
    marks::{Checked, Stamp},
    port::{Epoch, Position},
};

/// Rises when the form changes.
const FORM: u8 = 2;
const LOAD: usize = 16 + 6 * 8 + 4 + 1 + 4;
const SLOT: usize = 2 + 16 + 4 + 4;

impl Record {
    /// `None`: there is more of it than can be written.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        let mut loads: Vec<&Arc<Load>> = self.absent.iter().collect();
        let mut numbers = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let known = loads.iter().position(|known| Arc::ptr_eq(known, &slot.load));
            numbers.push(known.unwrap_or(loads.len()));
            if known.is_none() {
                loads.push(&slot.load);
            }
        }
        let of_loads = loads.iter().map(|load| LOAD + load.tags.len() * 8).sum::<usize>();
        let of_slots = self
            .slots
            .iter()
            .map(|slot| SLOT + slot.key.len() + slot.value.len());
        let mut out = Vec::with_capacity(6 + of_loads + of_slots.sum::<usize>());
        out.put_u8(FORM);
        out.put_u8(u8::from(self.absent.is_some()));
        out.put_u16_le(u16::try_from(loads.len()).ok()?);
        for load in loads {
            load.write(&mut out)?;
        }
        out.put_u16_le(u16::try_from(self.slots.len()).ok()?);
        for (slot, number) in self.slots.iter().zip(numbers) {
            out.put_u16_le(u16::try_from(number).ok()?);
            out.put_u128_le(slot.signature);
            for text in [slot.key.as_bytes(), &slot.value] {
                out.put_u32_le(u32::try_from(text.len()).ok()?);
                out.put_slice(text);
            }
        }
        Some(out.into())
    }

    /// Its values share the memory of `written`. `None`: it is not what [`Self::encode`] writes.
    pub(crate) fn decode(written: &Bytes) -> Option<Self> {
        let mut rest = written.clone();
        if rest.try_get_u8().ok()? != FORM {
            return None;
        }
        let is_absent = rest.try_get_u8().ok()? == 1;
        let count = usize::from(rest.try_get_u16_le().ok()?);
        let mut loads = Vec::with_capacity(count.min(rest.len() / LOAD));
        for _ in 0..count {
            loads.push(Arc::new(Load::read(&mut rest)?));
        }
        let count = usize::from(rest.try_get_u16_le().ok()?);
        let mut slots = Vec::with_capacity(count.min(rest.len() / SLOT));
        for _ in 0..count {
            let load = loads.get(usize::from(rest.try_get_u16_le().ok()?))?;
            let signature = rest.try_get_u128_le().ok()?;
            let key = text(&mut rest)?;
            slots.push(Slot {
                key: std::str::from_utf8(&key).ok()?.into(),
                signature,
                value: text(&mut rest)?,
                load: Arc::clone(load),
            });
        }
        let absent = match is_absent {
            true => Some(Arc::clone(loads.first()?)),
            false => None,
        };
        rest.is_empty().then_some(Self { absent, slots })
    }
}

/// Bytes that are UTF-8.
fn text(rest: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(rest.try_get_u32_le().ok()?).ok()?;
    if length > rest.len() {
        return None;
    }
    let text = rest.split_to(length);
    std::str::from_utf8(&text).is_ok().then_some(text)
}

impl Load {
    fn write(&self, out: &mut Vec<u8>) -> Option<()> {
        out.put_u128_le(self.stamp.epoch.0);
        let Times {
            fresh,
            stale,
            on_error,
        } = self.times;
        let position = self.stamp.position;
        for number in [position.0, position.1, self.made, fresh, stale, on_error] {
            out.put_u64_le(number);
        }
        out.put_u32_le(self.cost);
        out.put_u8(u8::from(self.private));
        out.put_u32_le(u32::try_from(self.tags.len()).ok()?);
        self.tags.iter().for_each(|tag| out.put_u64_le(*tag));
        Some(())
    }

    fn read(rest: &mut Bytes) -> Option<Self> {
        let epoch = rest.try_get_u128_le().ok()?;
        let mut numbers = [0; 6];
        for number in &mut numbers {
            *number = rest.try_get_u64_le().ok()?;
        }
        let [first, second, made, fresh, stale, on_error] = numbers;
        let cost = rest.try_get_u32_le().ok()?;
        let private = rest.try_get_u8().ok()? == 1;
        let count = usize::try_from(rest.try_get_u32_le().ok()?).ok()?;
        if count > rest.len() / 8 {
            return None;
        }
        let tags = (0..count).map(|_| rest.get_u64_le()).collect();
        Some(Self {
            stamp: Stamp {
                epoch: Epoch(epoch),
                position: Position(first, second),
                holds: 0,
            },
            made,
            times: Times {
                fresh,
                stale,
                on_error,
            },
            cost,
            private,
            tags,
            checked: Checked::default(),
            refreshing: AtomicBool::new(false),
        })
    }
}
