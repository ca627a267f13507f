//! What a loader has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the histogram's buckets are powers of two: 1, 2, 4, …; the last one takes all that is larger.
pub const BATCH_SIZE_BUCKETS: usize = 12;

/// Counts since the start; they only grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubgraphStats {
    pub name: String,
    /// Requests that were sent.
    pub calls: u64,
    /// Entities that callers asked for.
    pub entities_asked: u64,
    /// Entities that were sent; again for each time that they were.
    pub entities_sent: u64,
    /// Entities that were gathered or under way already, for somebody else.
    pub joined: u64,
    /// Root queries that shared a call that was under way already.
    pub shared_calls: u64,
    /// Root queries and batches of entities that left with others, as one operation.
    pub merged_operations: u64,
    /// Calls that they left in.
    pub merged_calls: u64,
    /// Calls with entities by their number: `batch_sizes[n]` had up to 2^n and more than 2^(n-1).
    pub batch_sizes: [u64; BATCH_SIZE_BUCKETS],
    /// What was sent again, for one caller or with one root query, because an answer to several could not be attributed.
    pub isolated: u64,
}

impl SubgraphStats {
    /// Adds what another loader has counted for the same subgraph.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.entities_asked += other.entities_asked;
        self.entities_sent += other.entities_sent;
        self.joined += other.joined;
        self.shared_calls += other.shared_calls;
        self.merged_operations += other.merged_operations;
        self.merged_calls += other.merged_calls;
        self.isolated += other.isolated;
        for (size, more) in self.batch_sizes.iter_mut().zip(other.batch_sizes) {
            *size += more;
        }
    }
}

/// What is under way in this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InFlight {
    /// Groups of equal questions for entities.
    pub groups: usize,
    /// Groups of questions for the same fields.
    pub operation_groups: usize,
    /// Root calls that may be shared.
    pub calls: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: Counter,
    pub(crate) entities_asked: Counter,
    pub(crate) entities_sent: Counter,
    pub(crate) joined: Counter,
    pub(crate) shared_calls: Counter,
    pub(crate) merged_operations: Counter,
    pub(crate) merged_calls: Counter,
    pub(crate) isolated: Counter,
    batch_sizes: [Counter; BATCH_SIZE_BUCKETS],
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
    pub(crate) fn sent(&self, entities: usize) {
        self.calls.add(1);
        if entities > 0 {
            self.entities_sent.add(entities);
            let bucket = entities.next_power_of_two().trailing_zeros() as usize;
            self.batch_sizes[bucket.min(BATCH_SIZE_BUCKETS - 1)].add(1);
        }
    }

    pub(crate) fn snapshot(&self, name: &str) -> SubgraphStats {
        SubgraphStats {
            name: name.to_owned(),
            calls: self.calls.get(),
            entities_asked: self.entities_asked.get(),
            entities_sent: self.entities_sent.get(),
            joined: self.joined.get(),
            shared_calls: self.shared_calls.get(),
            merged_operations: self.merged_operations.get(),
            merged_calls: self.merged_calls.get(),
            batch_sizes: std::array::from_fn(|bucket| self.batch_sizes[bucket].get()),
            isolated: self.isolated.get(),
        }
    }
}
