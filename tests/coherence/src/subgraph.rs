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
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::Value;

use crate::ledger::Ledger;
use crate::who::{PLAN, USER};
use interpreter::{About, Client, Run};

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
    personal: Arc<AtomicU64>,
}

struct Shared {
    ledger: Arc<Ledger>,
    delays: Delays,
    documents: RwLock<HashMap<String, Arc<Document>>>,
    calls: Arc<AtomicU64>,
    personal: Arc<AtomicU64>,
}

impl Subgraphs {
    /// Until the runtime ends.
    pub async fn start(ledger: Arc<Ledger>, delays: Delays) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let calls = Arc::<AtomicU64>::default();
        let personal = Arc::<AtomicU64>::default();
        let shared = Arc::new(Shared {
            ledger,
            delays,
            documents: RwLock::default(),
            calls: calls.clone(),
            personal: personal.clone(),
        });
        let routes = Router::new().fallback(post(answer)).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self {
            addr,
            calls,
            personal,
        })
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.addr)
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Those whose answers are about who asked.
    pub fn personal(&self) -> u64 {
        self.personal.load(Ordering::Relaxed)
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

    fn run(&self, headers: &HeaderMap, body: &[u8]) -> anyhow::Result<Run<'_>> {
        let request: Value = serde_json::from_slice(body)?;
        let document = self.document(request["query"].as_str().unwrap_or_default())?;
        let seen = |name| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let client = Client {
            user: seen(USER),
            plan: seen(PLAN),
        };
        Run::of(&self.ledger, client, &document, &request["variables"])
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> impl IntoResponse {
    shared.calls.fetch_add(1, Ordering::Relaxed);
    let run = match shared.run(&headers, &body) {
        Ok(run) => run,
        Err(error) => {
            let body = serde_json::json!({ "errors": [{ "message": format!("{error:#}") }] });
            let headers = [
                (header::CONTENT_TYPE, "application/json".to_owned()),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ];
            return (StatusCode::BAD_REQUEST, headers, body.to_string());
        }
    };
    let delay = shared.delays.draw();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    shared.ledger.leaves(&run.read);
    if run.about != About::Nobody {
        shared.personal.fetch_add(1, Ordering::Relaxed);
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CACHE_CONTROL, caching(&run)),
    ];
    (StatusCode::OK, headers, run.body())
}

/// For whom, and for how long.
fn caching(run: &Run<'_>) -> String {
    if run.is_mutation {
        return "no-store".to_owned();
    }
    // Whoever says nothing means those who look the same.
    let audience = match (run.about, run.has_user(), rand::random_range(0..10)) {
        (About::Nobody, _, 0..5) => "public, ",
        (About::Nobody, true, 5..7) | (About::User, true, 0..6) => "private, ",
        _ => "",
    };
    // Some of it is over soon and then used while it is loaded anew: that must not bring anything back either.
    let lifetime = match rand::random_range(0..10) {
        0 => "max-age=1, stale-while-revalidate=30, stale-if-error=60",
        _ => "max-age=60",
    };
    format!("{audience}{lifetime}")
}
