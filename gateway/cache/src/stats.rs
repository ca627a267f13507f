//! What the cache has done, counted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use causeway_executor::CacheReport;

/// By subgraph and type. Outlives graphs, so that no number goes back when one is replaced.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    all: RwLock<BTreeMap<String, BTreeMap<String, Arc<Counter>>>>,
}

impl Counters {
    /// Types are those of the schema: there is no end of neither. Asked with each request: nothing is allocated for what is known.
    pub(crate) fn of(&self, subgraph: &str, ty: &str) -> Arc<Counter> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(subgraph).and_then(|types| types.get(ty)) {
            return Arc::clone(known);
        }
        drop(all);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let types = all.entry(subgraph.to_owned()).or_default();
        Arc::clone(types.entry(ty.to_owned()).or_default())
    }

    pub(crate) fn snapshot(&self) -> Vec<TypeStats> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let of_subgraph = |(subgraph, types): (&String, &BTreeMap<String, Arc<Counter>>)| -> Vec<TypeStats> {
            let one = |(ty, counter): (&String, &Arc<Counter>)| counter.snapshot(subgraph, ty);
            types.iter().map(one).collect()
        };
        all.iter().flat_map(of_subgraph).collect()
    }
}

/// Of the entities of one type, or the root fields.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    memory: AtomicU64,
    shared: AtomicU64,
    stale: AtomicU64,
    partial: AtomicU64,
    missed: AtomicU64,
    pub(crate) stored: AtomicU64,
    pub(crate) stored_bytes: AtomicU64,
    pub(crate) not_stored: AtomicU64,
    pub(crate) refreshed: AtomicU64,
    pub(crate) served_on_error: AtomicU64,
    /// Whether what came last could be kept.
    pub(crate) is_kept: AtomicBool,
}

impl Counter {
    pub(crate) fn looked(&self, report: CacheReport) {
        for (counter, count) in [
            (&self.memory, report.memory),
            (&self.shared, report.shared),
            (&self.stale, report.stale),
            (&self.partial, report.partial),
            (&self.missed, report.missed),
        ] {
            if count > 0 {
                counter.fetch_add(count as u64, Ordering::Relaxed);
            }
        }
    }

    fn snapshot(&self, subgraph: &str, ty: &str) -> TypeStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TypeStats {
            subgraph: subgraph.to_owned(),
            ty: ty.to_owned(),
            memory: read(&self.memory),
            shared: read(&self.shared),
            stale: read(&self.stale),
            partial: read(&self.partial),
            missed: read(&self.missed),
            stored: read(&self.stored),
            stored_bytes: read(&self.stored_bytes),
            not_stored: read(&self.not_stored),
            refreshed: read(&self.refreshed),
            served_on_error: read(&self.served_on_error),
        }
    }
}

/// Of the entities of one type of one subgraph (or its root fields, under the root's type), since the start. What was looked for
/// counts as one of `memory`, `partial` and `missed`; where nothing is kept in memory, as `missed`, once for all who asked at the same
/// time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeStats {
    pub subgraph: String,
    #[serde(rename = "type")]
    pub ty: String,
    /// Answered from memory.
    pub memory: u64,
    /// Of what was not answered from memory, once for all who asked at the same time: answered from what gateways share.
    pub shared: u64,
    /// Of those answered from memory, the ones that were over and are loaded anew.
    pub stale: u64,
    /// Of which some fields were there.
    pub partial: u64,
    /// Of which nothing was there in memory.
    pub missed: u64,
    /// Records that were kept, and their bytes.
    pub stored: u64,
    pub stored_bytes: u64,
    /// Those that came and could not be kept.
    pub not_stored: u64,
    /// Those that were loaded anew in the background.
    pub refreshed: u64,
    /// Those that were answered with what was over, since the subgraph failed.
    pub served_on_error: u64,
}

/// Of a cache.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheStats {
    pub types: Vec<TypeStats>,
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
