//! The synthetic subgraphs: four HTTP servers that count their calls, answer from kept bytes and wait as long as told.
//!
//! They run in a process of their own, so that neither the load program nor the gateway is charged for them. Beside
//! `/graphql` each has `GET /calls`, `POST /reset`, `POST /latency/{milliseconds}` and `POST /freshness/{seconds}`: how long
//! answers to queries say that they may be kept; 0: they say nothing.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use apollo_compiler::{Schema, validation::Valid};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::{
    answer,
    graph::{SUBGRAPHS, Urls, served_schema},
    world::World,
};

/// Different request bodies whose answers are kept, per subgraph.
const KEPT: usize = 50_000;

/// What has reached one subgraph since the last reset.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    /// HTTP requests.
    pub(crate) calls: u64,
    /// How many of them were mutations.
    pub(crate) mutations: u64,
    /// Entities and other root fields that were asked for.
    pub(crate) loads: u64,
}

struct Subgraph {
    world: Arc<World>,
    schema: Valid<Schema>,
    kept: RwLock<HashMap<Bytes, Kept>>,
    calls: AtomicU64,
    mutations: AtomicU64,
    loads: AtomicU64,
    latency_millis: AtomicU64,
    freshness_seconds: AtomicU64,
}

#[derive(Clone)]
struct Kept {
    body: Bytes,
    mutation: bool,
    /// What has changed since is not sent again.
    seen: Vec<(usize, u64)>,
    loads: u64,
}

/// Starts the subgraphs on `ports`, in the order of [`SUBGRAPHS`]; 0 takes any port. They are served until the
/// runtime ends.
pub(crate) async fn start(ports: [u16; SUBGRAPHS.len()]) -> anyhow::Result<Urls> {
    let world = Arc::new(World::new());
    let mut urls = Urls::new();
    for ((name, _), port) in SUBGRAPHS.into_iter().zip(ports) {
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(addr)
            .await
            .with_context(|| format!("{name} cannot listen on {addr}"))?;
        let addr = listener.local_addr().context("the listener has no address")?;
        let subgraph = Subgraph {
            world: Arc::clone(&world),
            schema: served_schema(name)?,
            kept: RwLock::default(),
            calls: AtomicU64::default(),
            mutations: AtomicU64::default(),
            loads: AtomicU64::default(),
            latency_millis: AtomicU64::default(),
            freshness_seconds: AtomicU64::default(),
        };
        let listener = listener.tap_io(|stream| {
            // Without it small answers wait for acknowledgements; a failure shows as latency.
            let _ = stream.set_nodelay(true);
        });
        let serving = axum::serve(listener, router(Arc::new(subgraph)));
        tokio::spawn(async move { serving.await });
        urls.insert(name.to_owned(), format!("http://{addr}/graphql"));
    }
    Ok(urls)
}

fn router(subgraph: Arc<Subgraph>) -> Router {
    Router::new()
        .route("/graphql", post(graphql))
        .route("/calls", get(calls))
        .route("/reset", post(reset))
        .route("/latency/{millis}", post(latency))
        .route("/freshness/{seconds}", post(freshness))
        .with_state(subgraph)
}

async fn graphql(State(subgraph): State<Arc<Subgraph>>, body: Bytes) -> Response {
    subgraph.calls.fetch_add(1, Ordering::Relaxed);
    let answer = subgraph.answer(&body);
    // It is on its way that an answer grows old.
    let latency = subgraph.latency_millis.load(Ordering::Relaxed);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    match answer {
        Ok(kept) => {
            subgraph.loads.fetch_add(kept.loads, Ordering::Relaxed);
            let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let freshness = subgraph.freshness_seconds.load(Ordering::Relaxed);
            if kept.mutation {
                subgraph.mutations.fetch_add(1, Ordering::Relaxed);
            } else if freshness > 0 {
                let keep = HeaderValue::try_from(format!("public, max-age={freshness}"));
                let keep = keep.expect("letters and digits");
                return ([json, (header::CACHE_CONTROL, keep)], kept.body).into_response();
            }
            ([json], kept.body).into_response()
        }
        Err(error) => {
            let errors = serde_json::json!({ "errors": [{ "message": format!("{error:#}") }] });
            (StatusCode::OK, Json(errors)).into_response()
        }
    }
}

impl Subgraph {
    fn answer(&self, body: &Bytes) -> anyhow::Result<Kept> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(body)
            && found
                .seen
                .iter()
                .all(|(product, at)| self.world.changed(*product) == *at)
        {
            return Ok(found.clone());
        }
        drop(kept);
        let answer = answer::answer_body(&self.world, &self.schema, body)?;
        let answer = Kept {
            body: answer.body.into(),
            mutation: answer.mutation,
            seen: answer.seen,
            loads: answer.loads,
        };
        // What changes something is done each time.
        if answer.mutation && !answer.seen.is_empty() {
            return Ok(answer);
        }
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT || kept.contains_key(body) {
            kept.insert(body.clone(), answer.clone());
        }
        Ok(answer)
    }
}

async fn calls(State(subgraph): State<Arc<Subgraph>>) -> Json<Calls> {
    Json(Calls {
        calls: subgraph.calls.load(Ordering::Relaxed),
        mutations: subgraph.mutations.load(Ordering::Relaxed),
        loads: subgraph.loads.load(Ordering::Relaxed),
    })
}

async fn reset(State(subgraph): State<Arc<Subgraph>>) {
    subgraph.calls.store(0, Ordering::Relaxed);
    subgraph.mutations.store(0, Ordering::Relaxed);
    subgraph.loads.store(0, Ordering::Relaxed);
}

async fn latency(State(subgraph): State<Arc<Subgraph>>, Path(millis): Path<u64>) {
    subgraph.latency_millis.store(millis, Ordering::Relaxed);
}

async fn freshness(State(subgraph): State<Arc<Subgraph>>, Path(seconds): Path<u64>) {
    subgraph.freshness_seconds.store(seconds, Ordering::Relaxed);
}
