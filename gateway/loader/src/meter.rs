//! A loader's numbers for who outlives it.

use std::sync::{
    Arc, Weak,
    atomic::{Ordering, fence},
};

use crate::{InFlight, Inner, Loader, Subgraph, SubgraphStats, stats};

/// Reads what a loader counts without keeping it, its client or its connections alive.
pub struct Meter {
    subgraphs: Arc<[Subgraph]>,
    loader: Weak<Inner>,
}

impl Loader {
    pub fn meter(&self) -> Meter {
        Meter {
            subgraphs: Arc::clone(&self.inner.subgraphs),
            loader: Arc::downgrade(&self.inner),
        }
    }
}

impl Meter {
    /// As [`Loader::stats`]; the last ones once the loader is gone.
    pub fn stats(&self) -> Vec<SubgraphStats> {
        stats(&self.subgraphs)
    }

    /// As [`Loader::in_flight`]; nothing once the loader is gone.
    pub fn in_flight(&self) -> InFlight {
        let loader = self.loader.upgrade().map(|inner| Loader { inner });
        loader.map_or_else(InFlight::default, |loader| loader.in_flight())
    }

    /// Whether the loader is gone: the stats that are read after this do not change any more.
    pub fn is_final(&self) -> bool {
        let gone = self.loader.strong_count() == 0;
        // What the last holder counted was counted before it let go.
        fence(Ordering::Acquire);
        gone
    }
}
