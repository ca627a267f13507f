//! Loads entities: a [`SubgraphClient`] in front of another one that takes questions together.
//!
//! Requests for entities that ask the same document with the same variables for the same identity form a group. A group with a
//! free slot sends at once; while its slots are taken, entities gather, each once, and leave as one batch when a slot frees. What
//! is gathered or under way already is not asked again. Each caller gets a body made for it: its entities, their errors.
//!
//! Batches and root queries that differ, but ask for the same fields, leave as one operation with an alias for each.
//!
//! It does not know what entities mean, keeps no answer once its callers have it, and opens no connection.
//!
//! Who may share with whom:
//! - Nothing crosses a [`Partition`].
//! - Mutations are passed through, and so is what follows them in their operation. What left before a mutation was answered is
//!   not joined by anybody who comes after: clients read what they wrote.
//! - An error reaches those who asked for its entity. An answer whose errors cannot be attributed reaches nobody but a caller
//!   who asked for exactly its entities; everybody else is asked for again, alone, once. So is each question of an operation whose
//!   answer cannot be divided among them.
//!
//! Calls run in tasks of their own: a caller that goes away takes nobody's answer with it, and what it alone waited for is not
//! sent any more.

mod answer;
mod ask;
mod batch;
mod flight;
mod group;
mod meter;
mod operations;
mod options;
mod registry;
mod reply;
mod sources;
mod split;
mod stats;

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use causeway_executor::{
    FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_model::SubgraphId;
use foldhash::quality::RandomState;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;

use group::{Group, count};
pub use meter::Meter;
use operations::{Call, OperationGroup};
pub use options::{Batching, LoaderOptions, Merging, SubgraphLoading};
use registry::{Question, Registry};
use stats::Counters;
pub use stats::{BATCH_SIZE_BUCKETS, InFlight, SubgraphStats};

/// Cheap to clone. Its futures must be polled in a tokio runtime with time.
#[derive(Clone)]
pub struct Loader {
    inner: Arc<Inner>,
}

struct Inner {
    client: Arc<dyn SubgraphClient>,
    share_calls: bool,
    subgraphs: Arc<[Subgraph]>,
    /// Mutations that have been answered, and other reasons not to join what left before.
    epoch: AtomicU64,
    hasher: RandomState,
    groups: Registry<Group>,
    operation_groups: Registry<OperationGroup>,
    calls: Registry<Call>,
}

struct Subgraph {
    name: String,
    timeout: Duration,
    batching: Batching,
    counters: Counters,
}

impl Loader {
    pub fn new(client: Arc<dyn SubgraphClient>, options: LoaderOptions) -> Self {
        let subgraph = |loading: SubgraphLoading| Subgraph {
            name: loading.name,
            timeout: loading.timeout,
            batching: loading.batching,
            counters: Counters::default(),
        };
        Self {
            inner: Arc::new(Inner {
                client,
                share_calls: options.share_calls,
                subgraphs: options.subgraphs.into_iter().map(subgraph).collect(),
                epoch: AtomicU64::new(0),
                hasher: RandomState::default(),
                groups: Registry::default(),
                operation_groups: Registry::default(),
                calls: Registry::default(),
            }),
        }
    }

    /// To be called when something has changed that answers under way may not know of: nobody joins them from then on. Does
    /// nothing once the loader is gone.
    pub fn parting(&self) -> impl Fn() + Send + Sync + 'static {
        let inner = Arc::downgrade(&self.inner);
        move || {
            if let Some(inner) = inner.upgrade() {
                inner.epoch.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// By subgraph, in the order of the options.
    pub fn stats(&self) -> Vec<SubgraphStats> {
        stats(&self.inner.subgraphs)
    }

    pub fn in_flight(&self) -> InFlight {
        InFlight {
            groups: self.inner.groups.len(),
            operation_groups: self.inner.operation_groups.len(),
            calls: self.inner.calls.len(),
        }
    }
}

fn stats(subgraphs: &[Subgraph]) -> Vec<SubgraphStats> {
    let snapshot = |subgraph: &Subgraph| subgraph.counters.snapshot(&subgraph.name);
    subgraphs.iter().map(snapshot).collect()
}

impl SubgraphClient for Loader {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        let Some(subgraph) = self.inner.subgraphs.get(request.subgraph.index()) else {
            // The client knows what to say of a subgraph that nobody knows.
            return self.inner.client.send(request);
        };
        let across = matches!(
            subgraph.batching,
            Batching::On {
                across_requests: true,
                ..
            }
        );
        let is_merged = subgraph.batching.merge_limits().is_some() && request.merging.is_some();
        if request.kind == RequestKind::Query && !self.inner.client.may_join() {
            drop(NextEpoch(&self.inner.epoch));
        }
        match (request.kind, count(&request.entities) > 0) {
            (RequestKind::Mutation, _) => Box::pin(self.inner.mutate(subgraph, request)),
            (RequestKind::Query, true) if across => Box::pin(ask::among_others(&self.inner, request)),
            (_, true) => Box::pin(ask::alone(&self.inner, request)),
            (RequestKind::Query, false) if self.inner.share_calls || is_merged => {
                Box::pin(operations::load(&self.inner, request))
            }
            (_, false) => Box::pin(self.inner.pass(subgraph, request)),
        }
    }

    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        self.inner.partition(subgraph, headers)
    }

    fn may_join(&self) -> bool {
        self.inner.client.may_join()
    }
}

impl Inner {
    fn subgraph(&self, id: SubgraphId) -> &Subgraph {
        &self.subgraphs[id.index()]
    }

    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        match self.subgraphs.get(subgraph.index()) {
            Some(known) if known.batching.is_public() => Partition::EVERYBODY,
            _ => self.client.partition(subgraph, headers),
        }
    }

    fn question(&self, request: &SubgraphRequest) -> Question {
        let partition = self.partition(request.subgraph, &request.headers);
        Question::new(
            &self.hasher,
            request.subgraph,
            partition,
            &request.document,
            &request.variables,
        )
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// One call, for one caller.
    async fn pass(
        &self,
        subgraph: &Subgraph,
        request: SubgraphRequest,
    ) -> Result<SubgraphReply, FetchFailure> {
        let entities = count(&request.entities);
        subgraph.counters.sent(entities);
        let mut reply = self.call(request).await?;
        reply.dispatch.batch_size = entities;
        Ok(reply)
    }

    async fn mutate(
        &self,
        subgraph: &Subgraph,
        request: SubgraphRequest,
    ) -> Result<SubgraphReply, FetchFailure> {
        // Whatever becomes of it, and of who waits for it: the subgraph may have done it.
        let _done = NextEpoch(&self.epoch);
        self.pass(subgraph, request).await
    }

    /// A panic below must not become the caller's.
    async fn call(&self, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        let subgraph = request.subgraph;
        let call = AssertUnwindSafe(async { self.client.send(request).await });
        call.catch_unwind().await.unwrap_or_else(|_| {
            let subgraph = &self.subgraph(subgraph).name;
            tracing::error!(subgraph, "a call panicked; whoever waits for it gets an error");
            Err(FetchFailure::Broken)
        })
    }
}

struct NextEpoch<'e>(&'e AtomicU64);

impl Drop for NextEpoch<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
