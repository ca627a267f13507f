//! What store and feed have done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the histogram's buckets are 125 µs, 250 µs, 500 µs, …; the last one takes all that is slower.
pub const LATENCY_BUCKETS: usize = 14;

const FIRST_BUCKET: Duration = Duration::from_micros(125);

/// Counts since the start; they only grow, but for `up`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Whether operations are sent right now.
    pub up: bool,
    /// Values that were asked for and found.
    pub hits: u64,
    /// Values that were asked for and not found, for whatever reason.
    pub misses: u64,
    /// Operations that had no answer within the deadline.
    pub timeouts: u64,
    /// Operations that were not sent, for Redis is away.
    pub refused: u64,
    /// Commands that Redis answered with an error, and operations that ended with their connection.
    pub failed: u64,
    /// Values that were found and could not be read.
    pub garbage: u64,
    /// Values that were written.
    pub stored: u64,
    /// Values that were not written, for too many waited, or Redis was away.
    pub dropped: u64,
    /// Values that were not written, for they are larger than the limit.
    pub too_large: u64,
    /// Bytes of values as they were sent and received: compressed.
    pub bytes_written: u64,
    pub bytes_read: u64,
    /// Times from sending an operation to its answer; those that had none are not in it.
    pub latencies: [u64; LATENCY_BUCKETS],
    /// Their sum in microseconds.
    pub latency_sum: u64,
}

/// Counts since the start; they only grow, but for `current`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedStats {
    /// Whether what is kept may be used right now.
    pub current: bool,
    /// Events that came and were applied.
    pub applied: u64,
    /// Entries of the stream that were not understood.
    pub unknown: u64,
    /// How many times everything was forgotten, for it was not certain what had happened.
    pub resets: u64,
    /// Events that this gateway has published, and that have reached all.
    pub spread: u64,
    /// Events that this gateway has published, and that may not have reached all.
    pub unspread: u64,
}

#[derive(Debug, Default)]
pub(crate) struct FeedCounters {
    pub(crate) applied: Counter,
    pub(crate) unknown: Counter,
    pub(crate) resets: Counter,
    pub(crate) spread: Counter,
    pub(crate) unspread: Counter,
}

impl FeedCounters {
    pub(crate) fn snapshot(&self, current: bool) -> FeedStats {
        FeedStats {
            current,
            applied: self.applied.get(),
            unknown: self.unknown.get(),
            resets: self.resets.get(),
            spread: self.spread.get(),
            unspread: self.unspread.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) refused: Counter,
    pub(crate) failed: Counter,
    pub(crate) garbage: Counter,
    pub(crate) stored: Counter,
    pub(crate) dropped: Counter,
    pub(crate) too_large: Counter,
    pub(crate) bytes_written: Counter,
    pub(crate) bytes_read: Counter,
    latencies: [Counter; LATENCY_BUCKETS],
    latency_sum: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn answered(&self, after: Duration) {
        let buckets = after.as_nanos().div_ceil(FIRST_BUCKET.as_nanos()).max(1);
        let bucket = buckets.next_power_of_two().trailing_zeros() as usize;
        self.latencies[bucket.min(LATENCY_BUCKETS - 1)].add(1);
        self.latency_sum
            .add(usize::try_from(after.as_micros()).unwrap_or(usize::MAX));
    }

    pub(crate) fn snapshot(&self, up: bool) -> StoreStats {
        StoreStats {
            up,
            hits: self.hits.get(),
            misses: self.misses.get(),
            timeouts: self.timeouts.get(),
            refused: self.refused.get(),
            failed: self.failed.get(),
            garbage: self.garbage.get(),
            stored: self.stored.get(),
            dropped: self.dropped.get(),
            too_large: self.too_large.get(),
            bytes_written: self.bytes_written.get(),
            bytes_read: self.bytes_read.get(),
            latencies: std::array::from_fn(|bucket| self.latencies[bucket].get()),
            latency_sum: self.latency_sum.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_its_upper_end() {
        let counters = Counters::default();
        for microseconds in [0, 125, 126, 250, 251, 10_000_000] {
            counters.answered(Duration::from_micros(microseconds));
        }
        let latencies = counters.snapshot(true).latencies;
        assert_eq!(
            (
                latencies[0],
                latencies[1],
                latencies[2],
                latencies[LATENCY_BUCKETS - 1]
            ),
            (2, 2, 1, 1)
        );
    }
}
