//! What is true, and since when everybody has to know it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::time::Instant;

/// Entities by number. Each has a version, which only rises.
pub struct Ledger {
    things: Vec<Thing>,
    /// Answers that left the subgraph after it was acknowledged that they are too old.
    late: AtomicU64,
}

#[derive(Default)]
struct Thing {
    version: AtomicU64,
    acknowledged: AtomicU64,
    last: Mutex<Option<Acknowledged>>,
}

/// For the report of a violation.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledged {
    pub version: u64,
    pub route: &'static str,
    pub at: Instant,
}

impl Ledger {
    pub fn new(count: usize) -> Self {
        Self {
            things: (0..count).map(|_| Thing::default()).collect(),
            late: AtomicU64::new(0),
        }
    }

    pub fn count(&self) -> usize {
        self.things.len()
    }

    pub fn version(&self, thing: usize) -> u64 {
        self.things[thing].version.load(Ordering::SeqCst)
    }

    /// The new version.
    pub fn raise(&self, thing: usize) -> u64 {
        self.things[thing].version.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// From now on nobody may answer with less than this version.
    pub fn acknowledge(&self, thing: usize, version: u64, route: &'static str) {
        let thing = &self.things[thing];
        let mut last = thing.last.lock().unwrap_or_else(PoisonError::into_inner);
        if thing.acknowledged.fetch_max(version, Ordering::SeqCst) < version {
            *last = Some(Acknowledged {
                version,
                route,
                at: Instant::now(),
            });
        }
    }

    /// The least version that an answer to a request that is sent from now on may have.
    pub fn floor(&self, thing: usize) -> u64 {
        self.things[thing].acknowledged.load(Ordering::SeqCst)
    }

    pub fn last(&self, thing: usize) -> Option<Acknowledged> {
        *self.things[thing]
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Called by the subgraph when it sends what it read some time ago.
    pub(crate) fn leaves(&self, read: &[(usize, u64)]) {
        if read.iter().any(|(thing, version)| *version < self.floor(*thing)) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }
}
