//! What the cache has done, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use causeway_executor::CacheReport;

/// Of one subgraph.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    memory: AtomicU64,
    shared: AtomicU64,
    stale: AtomicU64,
    partial: AtomicU64,
    missed: AtomicU64,
    pub(crate) stored: AtomicU64,
    pub(crate) not_stored: AtomicU64,
    pub(crate) refreshed: AtomicU64,
    pub(crate) served_on_error: AtomicU64,
}

impl Counters {
    pub(crate) fn looked(&self, report: CacheReport) {
        let add = |counter: &AtomicU64, count: usize| {
            if count > 0 {
                counter.fetch_add(count as u64, Ordering::Relaxed);
            }
        };
        add(&self.memory, report.memory);
        add(&self.shared, report.shared);
        add(&self.stale, report.stale);
        add(&self.partial, report.partial);
        add(&self.missed, report.missed);
    }

    pub(crate) fn snapshot(&self, subgraph: &str) -> SubgraphStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SubgraphStats {
            subgraph: subgraph.to_owned(),
            memory: read(&self.memory),
            shared: read(&self.shared),
            stale: read(&self.stale),
            partial: read(&self.partial),
            missed: read(&self.missed),
            stored: read(&self.stored),
            not_stored: read(&self.not_stored),
            refreshed: read(&self.refreshed),
            served_on_error: read(&self.served_on_error),
        }
    }
}

/// Of one subgraph, since the start or the last reload; in entities and root fields.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubgraphStats {
    pub subgraph: String,
    /// Answered from memory.
    pub memory: u64,
    /// Answered from what gateways share.
    pub shared: u64,
    /// Of those answered, the ones that were over and are loaded anew.
    pub stale: u64,
    /// Of which some fields were there.
    pub partial: u64,
    /// Of which nothing was there.
    pub missed: u64,
    /// Records that were kept.
    pub stored: u64,
    /// Answers of which something could not be kept.
    pub not_stored: u64,
    /// Loads in the background.
    pub refreshed: u64,
    /// Requests that were answered with what was over, since the subgraph failed.
    pub served_on_error: u64,
}

/// Of a cache.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheStats {
    pub subgraphs: Vec<SubgraphStats>,
    pub memory: MemoryStats,
    /// Whether what is kept may be used right now.
    pub current: bool,
    /// Invalidations that were applied.
    pub events: u64,
    /// How often everything had to be forgotten.
    pub resets: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryStats {
    pub records: u64,
    pub bytes: u64,
}
