//! The tier in this process: bounded by bytes, each record as long as it is good for something.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;
use moka::{Expiry, sync::Cache};

use crate::{
    clock::Clock,
    port::RecordKey,
    record::{Load, Record},
};

pub(crate) struct Memory {
    /// Bytes up to which what comes is put beside what is there.
    largest: usize,
    records: Cache<RecordKey, Arc<Record>, RandomState>,
    keeps: bool,
}

struct Ends(Clock);

impl Ends {
    fn left(&self, record: &Record) -> Option<Duration> {
        Some(Duration::from_millis(record.ends().saturating_sub(self.0.now())))
    }
}

impl Expiry<RecordKey, Arc<Record>> for Ends {
    fn expire_after_create(&self, _: &RecordKey, record: &Arc<Record>, _: Instant) -> Option<Duration> {
        self.left(record)
    }

    fn expire_after_update(
        &self,
        _: &RecordKey,
        record: &Arc<Record>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.left(record)
    }
}

impl Memory {
    /// With 0 bytes nothing is kept.
    pub(crate) fn new(bytes: u64, largest: usize, clock: &Clock) -> Self {
        let records = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, record: &Arc<Record>| u32::try_from(record.size()).unwrap_or(u32::MAX))
            .expire_after(Ends(clock.clone()))
            .build_with_hasher(RandomState::default());
        Self {
            largest,
            records,
            keeps: bytes > 0,
        }
    }

    /// Whether there is room for anything.
    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    pub(crate) fn get(&self, key: RecordKey) -> Option<Arc<Record>> {
        if !self.keeps {
            return None;
        }
        self.records.get(&key)
    }

    /// Adds what came to what is known: here, or, where nothing of it is kept (any more), what was `brought` from elsewhere. Gives
    /// both together.
    pub(crate) fn add(
        &self,
        key: RecordKey,
        newer: Record,
        brought: Option<&Arc<Record>>,
        is_usable: impl Fn(&Load) -> bool,
    ) -> Arc<Record> {
        let together = |known: Option<&Arc<Record>>| {
            Arc::new(match known.or(brought) {
                Some(known) => known.with(&newer, is_usable, self.largest),
                None => newer,
            })
        };
        if !self.keeps {
            return together(None);
        }
        let entry = self.records.entry(key).and_upsert_with(|known| {
            let known = known.map(moka::Entry::into_value);
            together(known.as_ref())
        });
        entry.into_value()
    }

    /// Records of which anything came with such a load.
    pub(crate) fn count(&self, is_meant: impl Fn(&Load) -> bool) -> u64 {
        let is_meant = |record: &Record| {
            let mut loads = record.slots.iter().map(|slot| &slot.load).chain(&record.absent);
            loads.any(|load| is_meant(load))
        };
        self.records.iter().filter(|(_, record)| is_meant(record)).count() as u64
    }

    pub(crate) fn len(&self) -> u64 {
        self.records.entry_count()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.records.weighted_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{load, record, slot, values};

    #[test]
    fn what_was_brought_is_not_lost_where_it_found_no_place() {
        for bytes in [0, 1 << 20] {
            let memory = Memory::new(bytes, 1 << 20, &Clock::new());
            let brought = Arc::new(record(vec![slot("a", "1", &load(1))]));
            let newer = record(vec![slot("b", "2", &load(2))]);
            let both = memory.add(RecordKey(1), newer, Some(&brought), |_| true);
            assert_eq!(values(&both), ["2", "1"], "{bytes} bytes");
        }
    }
}
