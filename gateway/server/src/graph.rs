//! The graph that is served, and its replacement by another one.

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::HeaderName;
use causeway_executor::SubgraphClient;
use causeway_graph::QueryGraph;
use causeway_model::Supergraph;

use crate::{
    RequestStats, ServerOptions, graphql::Executed, overrides::Overrides, prepare::Preparer,
    sharing::Sharing, stats::Counters,
};

/// How long the operations of the graph before may be planned anew before the next one takes over without them.
const REPLANNING: Duration = Duration::from_secs(30);

/// One graph with all that a request to it needs. It never changes; it is replaced as a whole.
pub struct Graph {
    pub(crate) preparer: Arc<Preparer>,
    pub(crate) supergraph: Arc<Supergraph>,
    pub(crate) overrides: Overrides,
    pub(crate) client: Arc<dyn SubgraphClient>,
    pub(crate) shares_requests: bool,
    pub(crate) vary: Option<Vec<HeaderName>>,
}

/// A document that is prepared before anybody asks for it.
#[derive(Debug, Clone)]
pub struct WarmUp {
    /// Where it comes from, for the log.
    pub source: String,
    pub text: String,
}

impl Graph {
    /// Costs what [`QueryGraph::new`] costs: milliseconds for a large graph.
    pub fn new(
        supergraph: Arc<Supergraph>,
        client: Arc<dyn SubgraphClient>,
        options: &ServerOptions,
    ) -> Self {
        let graph = QueryGraph::new(Arc::clone(&supergraph));
        Self {
            preparer: Arc::new(Preparer::new(graph, options.limits)),
            overrides: Overrides::new(&supergraph, &options.overrides),
            supergraph,
            client,
            shares_requests: options.share_requests,
            vary: options.vary.clone(),
        }
    }

    /// Prepares all operations of the documents. What cannot be prepared is logged.
    pub async fn warm_up(&self, documents: &[WarmUp]) {
        let mut prepared = 0_usize;
        for document in documents {
            for (operation, outcome) in self.preparer.prepare_all(&document.text).await {
                match outcome {
                    Ok(_) => prepared += 1,
                    Err(rejection) => {
                        let (source, operation) = (&document.source, operation.unwrap_or_default());
                        tracing::warn!(source, operation, "cannot be prepared: {}", rejection.told());
                    }
                }
            }
        }
        tracing::info!(
            documents = documents.len(),
            operations = prepared,
            "operations are prepared"
        );
    }
}

/// What is served now. Cheap to clone; clones serve the same.
#[derive(Clone)]
pub struct Gateway {
    current: Arc<RwLock<Arc<Graph>>>,
    warming: Arc<AtomicBool>,
    pub(crate) sharing: Sharing<Executed>,
    pub(crate) counters: Arc<Counters>,
}

impl Gateway {
    pub fn new(graph: Graph) -> Self {
        Self {
            current: Arc::new(RwLock::new(Arc::new(graph))),
            warming: Arc::default(),
            sharing: Sharing::default(),
            counters: Arc::default(),
        }
    }

    /// The graph for one request, from its beginning to its end.
    pub(crate) fn current(&self) -> Arc<Graph> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// To be called when something has changed that answers under way may not know of: nobody joins them from then on.
    pub fn parting(&self) -> impl Fn() + Send + Sync + 'static {
        let sharing = self.sharing.clone();
        move || sharing.part()
    }

    /// What was answered so far, whichever graph was served.
    pub fn requests(&self) -> RequestStats {
        self.counters.snapshot(self.sharing.joined())
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.warming.load(Ordering::Relaxed)
    }

    /// Prepares documents; until that is done the gateway answers, but does not call itself ready.
    pub fn warm_up(&self, documents: Vec<WarmUp>) -> impl Future<Output = ()> + Send + use<> {
        let gateway = self.clone();
        gateway.warming.store(true, Ordering::Relaxed);
        async move {
            gateway.current().warm_up(&documents).await;
            gateway.warming.store(false, Ordering::Relaxed);
        }
    }

    /// Plans in `next` what the present graph has planned, then lets `next` take over. Requests under way finish on the graph
    /// with which they began.
    pub async fn replace(&self, next: Graph) {
        let before = self.current();
        let replanning = next.preparer.prepare_like(&before.preparer);
        match tokio::time::timeout(REPLANNING, replanning).await {
            Ok(operations) => tracing::info!(operations, "operations are planned anew"),
            Err(_) => tracing::warn!("not all operations are planned anew; the rest is when it is asked for"),
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}
