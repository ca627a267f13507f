//! How long what is kept may be used.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub(super) struct Lease {
    base: Instant,
    /// In nanoseconds after `base`.
    until: AtomicU64,
}

impl Lease {
    /// One that has ended.
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            until: AtomicU64::new(0),
        }
    }

    pub(super) fn hold(&self, until: Instant) {
        let until = nanoseconds(until.saturating_duration_since(self.base));
        self.until.store(until, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// The clock is read last: whoever is held up between the two has the older lease and the later time.
    pub(super) fn holds(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        nanoseconds(self.base.elapsed()) < until
    }
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
