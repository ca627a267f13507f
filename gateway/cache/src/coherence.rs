//! What a gateway has applied of the events that end what is kept. Outlives the graphs that are served.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use causeway_model::Supergraph;

use crate::{
    event::Event,
    marks::Marks,
    port::{Epoch, Follower, Position},
    stats::Counters,
    tag,
};

/// Follows a feed. One for each gateway; its caches come and go with graphs.
pub struct Coherence {
    pub(crate) marks: Marks,
    graph: RwLock<Arc<Supergraph>>,
    /// What must not let anybody join any more what was under way before an event.
    barriers: RwLock<Vec<Barrier>>,
    pub(crate) counters: Counters,
    pub(crate) events: AtomicU64,
    pub(crate) resets: AtomicU64,
}

/// Called with each event, before it counts as applied.
pub type Barrier = Box<dyn Fn() + Send + Sync>;

impl Coherence {
    pub fn new(graph: Arc<Supergraph>) -> Self {
        Self {
            marks: Marks::new(),
            graph: RwLock::new(graph),
            barriers: RwLock::default(),
            counters: Counters::default(),
            events: AtomicU64::new(0),
            resets: AtomicU64::new(0),
        }
    }

    /// From now on events are read as this graph understands them.
    pub fn follow(&self, graph: Arc<Supergraph>) {
        *self.graph.write().unwrap_or_else(PoisonError::into_inner) = graph;
    }

    /// Kept as long as this is.
    pub fn add_barrier(&self, barrier: Barrier) {
        self.barriers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(barrier);
    }

    pub(crate) fn graph(&self) -> Arc<Supergraph> {
        Arc::clone(&self.graph.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn raise(&self) {
        let barriers = self.barriers.read().unwrap_or_else(PoisonError::into_inner);
        barriers.iter().for_each(|barrier| barrier());
    }
}

impl Follower for Coherence {
    fn reset(&self, epoch: Epoch, floor: Position) {
        self.resets.fetch_add(1, Ordering::Relaxed);
        self.marks.reset(epoch, floor);
        self.raise();
    }

    fn apply(&self, position: Position, events: &[Event]) {
        self.events.fetch_add(events.len() as u64, Ordering::Relaxed);
        let graph = self.graph();
        let tags = events.iter().flat_map(|event| tag::of_event(&graph, event));
        self.marks.apply(position, &tags.collect::<Vec<_>>());
        self.raise();
    }
}
