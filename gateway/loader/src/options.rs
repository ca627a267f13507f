//! What a loader is told about the subgraphs behind it.

use std::time::Duration;

#[derive(Debug, Clone)]
pub struct LoaderOptions {
    /// In the order of the supergraph's subgraphs.
    pub subgraphs: Vec<SubgraphLoading>,
    /// Whether equal root queries that are under way at the same time share one call.
    pub share_calls: bool,
}

#[derive(Debug, Clone)]
pub struct SubgraphLoading {
    /// For messages.
    pub name: String,
    /// How long a caller waits at most, the time in the queue included. The client's own limit for a call must not be longer.
    pub timeout: Duration,
    pub batching: Batching,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batching {
    /// Every entity has a call of its own: what a gateway does that knows no loader, and for subgraphs that cannot do better.
    Off {
        /// Calls of one request that are under way at the same time; at least 1.
        slots: usize,
    },
    On {
        /// Whether requests of different clients load together. Without it, each request loads its own entities, in batches
        /// of at most `max_batch_size`, `slots` at a time.
        across_requests: bool,
        /// Entities in one call, over all lists of its document; at least 1.
        max_batch_size: usize,
        /// Calls under way at the same time for one document with its variables and one identity; at least 1. Fewer while calls
        /// are full.
        slots: usize,
        /// What the subgraph answers is the same for everybody, so that clients with different identities load together. A
        /// call then bears the headers of whoever asked first.
        public: bool,
        /// How different questions for the same fields leave as one operation, with `across_requests`. `None`: each has a call of
        /// its own.
        merging: Option<Merging>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging {
    /// Questions in one operation: root queries, or batches of entities; at least 1.
    pub max_operations: usize,
    /// What has waited for so long leaves though all slots are taken.
    pub max_wait: Duration,
}

impl Default for Merging {
    fn default() -> Self {
        Self {
            max_operations: 50,
            max_wait: Duration::from_millis(50),
        }
    }
}

impl Batching {
    pub(crate) fn limits(self) -> Limits {
        match self {
            Self::Off { slots } => Limits {
                max_batch_size: 1,
                slots: slots.max(1),
            },
            Self::On {
                max_batch_size,
                slots,
                ..
            } => Limits {
                max_batch_size: max_batch_size.max(1),
                slots: slots.max(1),
            },
        }
    }

    /// `None`: nothing is asked in one operation with others.
    pub(crate) fn merge_limits(self) -> Option<MergeLimits> {
        match self {
            Self::On {
                across_requests: true,
                max_batch_size,
                slots,
                merging: Some(merging),
                ..
            } if merging.max_operations > 1 => Some(MergeLimits {
                max_operations: merging.max_operations,
                max_entities: max_batch_size.max(1),
                max_wait: merging.max_wait,
                slots: slots.max(1),
            }),
            _ => None,
        }
    }

    pub(crate) fn is_public(self) -> bool {
        matches!(self, Self::On { public: true, .. })
    }
}

/// Callers that a call may carry before the next ones rather wait for it than for a slot of their own.
const CROWD: usize = 8;

/// How many of a group's slots are open. `carried`: callers whose questions left with the last call. Where calls are full anyway, one
/// call less under way makes the others fuller, and costs each caller less than it spares the subgraph; where they are not, it
/// would cost time and spare nothing.
pub(crate) fn open_slots(slots: usize, carried: usize) -> usize {
    match carried {
        0..=CROWD => slots,
        carried => (slots * CROWD / carried).max(1),
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_batch_size: usize,
    pub(crate) slots: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct MergeLimits {
    pub(crate) max_operations: usize,
    pub(crate) max_entities: usize,
    pub(crate) max_wait: Duration,
    pub(crate) slots: usize,
}
