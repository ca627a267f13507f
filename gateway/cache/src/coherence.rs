//! What a gateway has applied of the events that end what is kept. Outlives the graphs that are served.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use causeway_model::Supergraph;

use crate::{
    event::{Event, Target},
    marks::Marks,
    port::{Epoch, Feed, Follower, Position},
    stats::Counters,
    tag,
};

/// Events of mutations that wait to be said; beyond that they are taken together.
const MOST_UNTOLD: usize = 10_000;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Follows a feed. One for each gateway; its caches come and go with graphs.
pub struct Coherence {
    pub(crate) marks: Marks,
    graph: RwLock<Arc<Supergraph>>,
    /// What must not let anybody join any more what was under way before an event.
    barriers: RwLock<Vec<Barrier>>,
    /// Events of mutations that the feed did not take.
    untold: Mutex<Vec<Event>>,
    telling: AtomicBool,
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
            untold: Mutex::default(),
            telling: AtomicBool::new(false),
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

    /// Says again what could not be said, until it is. Nothing is used here in the meantime but what this gateway has asked for since.
    pub(crate) fn untold(self: &Arc<Self>, feed: Arc<dyn Feed>, events: Vec<Event>) {
        let is_first = {
            let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
            untold.extend(events);
            if untold.len() > MOST_UNTOLD {
                // Less exactly, and no less.
                *untold = whole_subgraphs(&untold);
            }
            !self.telling.swap(true, Ordering::SeqCst)
        };
        self.marks.hold();
        self.raise();
        if !is_first {
            // Whoever tells the rest tells this as well; what was kept until now stays held back by them.
            self.marks.release();
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                let events = this.take_untold();
                if feed.publish(events.clone()).await.is_err() {
                    let mut untold = this.untold.lock().unwrap_or_else(PoisonError::into_inner);
                    untold.splice(0..0, events);
                    continue;
                }
                let untold = this.untold.lock().unwrap_or_else(PoisonError::into_inner);
                if untold.is_empty() {
                    // Under the lock: who comes now is the first again.
                    this.telling.store(false, Ordering::SeqCst);
                    break;
                }
            }
            this.marks.release();
        });
    }

    fn take_untold(&self) -> Vec<Event> {
        std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn graph(&self) -> Arc<Supergraph> {
        Arc::clone(&self.graph.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn raise(&self) {
        let barriers = self.barriers.read().unwrap_or_else(PoisonError::into_inner);
        barriers.iter().for_each(|barrier| barrier());
    }
}

fn whole_subgraphs(events: &[Event]) -> Vec<Event> {
    let names: BTreeSet<&str> = events.iter().map(|event| event.subgraph.as_str()).collect();
    let whole = |name: &str| Event {
        subgraph: name.to_owned(),
        target: Target::Subgraph,
    };
    names.into_iter().map(whole).collect()
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

#[cfg(test)]
mod tests {
    use causeway_composition::{SubgraphInput, compose};
    use futures::future::{BoxFuture, FutureExt as _};

    use super::*;
    use crate::{marks::Checked, port::Unspread};

    /// Takes nothing for a while.
    struct Deaf {
        refusals: AtomicU64,
        follower: Arc<Coherence>,
        heard: Mutex<Vec<Event>>,
    }

    impl Feed for Deaf {
        fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Unspread>> {
            let left = self.refusals.load(Ordering::SeqCst);
            if left > 0 {
                self.refusals.store(left - 1, Ordering::SeqCst);
                let reason = "nobody listens".to_owned();
                return std::future::ready(Err(Unspread { reason })).boxed();
            }
            self.follower.apply(Position(0, 1), &events);
            self.heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(events);
            std::future::ready(Ok(())).boxed()
        }

        fn is_current(&self) -> bool {
            true
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_said_is_said_again_and_holds_back_what_was_kept() {
        let input = SubgraphInput {
            name: "a".to_owned(),
            url: None,
            sdl: "type Query { a: Int }".to_owned(),
            source: "a.graphql".to_owned(),
        };
        let supergraph = compose(&[input]).ok().map(|composed| composed.supergraph);
        let coherence = Arc::new(Coherence::new(supergraph.expect("it composes")));
        let feed = Arc::new(Deaf {
            refusals: AtomicU64::new(3),
            follower: Arc::clone(&coherence),
            heard: Mutex::default(),
        });
        let old = coherence.marks.stamp();
        let event = |subgraph: &str| Event {
            subgraph: subgraph.to_owned(),
            target: Target::Subgraph,
        };
        let allows = |stamp| coherence.marks.allow(stamp, &[], &Checked::default());
        coherence.untold(Arc::clone(&feed) as _, vec![event("a")]);
        coherence.untold(Arc::clone(&feed) as _, vec![event("b")]);
        let new = coherence.marks.stamp();
        assert!(!allows(old) && allows(new));
        while coherence.telling.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::task::yield_now().await;
        let heard = feed.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(heard, [event("a"), event("b")]);
        assert!(allows(old), "the feed has said what has ended");
        assert_eq!(feed.refusals.load(Ordering::SeqCst), 0);
    }
}
