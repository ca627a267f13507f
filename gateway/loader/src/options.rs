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
        /// Calls under way at the same time for one document with its variables and one identity; at least 1.
        slots: usize,
        /// What the subgraph answers is the same for everybody, so that clients with different identities load together. A
        /// call then bears the headers of whoever asked first.
        public: bool,
    },
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

    pub(crate) fn is_public(self) -> bool {
        matches!(self, Self::On { public: true, .. })
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_batch_size: usize,
    pub(crate) slots: usize,
}
