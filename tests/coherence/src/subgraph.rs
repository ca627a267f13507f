//! The two subgraphs, in one HTTP server: `index` knows which entities there are, `table` has their versions.
//!
//! What is answered is read when the request arrives, and leaves when its delay is over: in between it may have become too old.

mod interpreter;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use apollo_compiler::ast::Document;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::Value;

use crate::ledger::Ledger;
use interpreter::Run;

pub const INDEX: &str = include_str!("index.graphql");
pub const TABLE: &str = include_str!("table.graphql");

/// Even numbers are items, odd ones are parts.
pub fn type_of(thing: usize) -> &'static str {
    match thing % 2 {
        0 => "Item",
        _ => "Part",
    }
}

pub fn slug(thing: usize) -> String {
    format!("s-{thing}")
}

/// Every entity has one, wherever it comes from.
pub fn tag(thing: usize) -> String {
    format!("{}-{thing}", type_of(thing).to_lowercase())
}

/// Items of a page, by their numbers.
pub fn page(number: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..PAGE).map(move |place| (number * PAGE + place) * 2 % (count - count % 2))
}

pub const PAGE: usize = 4;

/// How answers are held up.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// The share of answers that leave at once.
    pub none: f64,
    /// The share of those that take long.
    pub long: f64,
    pub short_up_to: Duration,
    pub long_up_to: Duration,
}

impl Delays {
    fn draw(&self) -> Duration {
        let draw = rand::random::<f64>();
        match draw {
            draw if draw < self.none => Duration::ZERO,
            draw if draw < self.none + self.long => self.long_up_to.mul_f64(rand::random()),
            _ => self.short_up_to.mul_f64(rand::random()),
        }
    }
}

pub struct Subgraphs {
    pub addr: SocketAddr,
    calls: Arc<AtomicU64>,
}

struct Shared {
    ledger: Arc<Ledger>,
    delays: Delays,
    documents: RwLock<HashMap<String, Arc<Document>>>,
    calls: Arc<AtomicU64>,
}

impl Subgraphs {
    /// Until the runtime ends.
    pub async fn start(ledger: Arc<Ledger>, delays: Delays) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let calls = Arc::new(AtomicU64::new(0));
        let shared = Arc::new(Shared {
            ledger,
            delays,
            documents: RwLock::default(),
            calls: calls.clone(),
        });
        let routes = Router::new().fallback(post(answer)).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { addr, calls })
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.addr)
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn document(&self, text: &str) -> anyhow::Result<Arc<Document>> {
        let known = self.documents.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(text) {
            return Ok(known.clone());
        }
        drop(known);
        let parsed = Document::parse(text, "request.graphql")
            .map_err(|invalid| anyhow::anyhow!("{}", invalid.errors))?;
        let parsed = Arc::new(parsed);
        let mut known = self.documents.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(text.to_owned(), parsed.clone());
        Ok(parsed)
    }

    fn run(&self, body: &[u8]) -> anyhow::Result<Run<'_>> {
        let request: Value = serde_json::from_slice(body)?;
        let document = self.document(request["query"].as_str().unwrap_or_default())?;
        Run::of(&self.ledger, &document, &request["variables"])
    }
}

async fn answer(State(shared): State<Arc<Shared>>, body: axum::body::Bytes) -> impl IntoResponse {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    let run = match shared.run(&body) {
        Ok(run) => run,
        Err(error) => {
            let body = serde_json::json!({ "errors": [{ "message": format!("{error:#}") }] });
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            return (StatusCode::BAD_REQUEST, headers, body.to_string());
        }
    };
    let delay = shared.delays.draw();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    shared.ledger.leaves(&run.read);
    // Some of it is over soon and then used while it is loaded anew: that must not bring anything back either.
    let freshness = match (run.is_mutation, rand::random_range(0..10)) {
        (true, _) => "no-store",
        (false, 0) => "public, max-age=1, stale-while-revalidate=30, stale-if-error=60",
        (false, _) => "public, max-age=60",
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, freshness),
    ];
    (StatusCode::OK, headers, run.body())
}
