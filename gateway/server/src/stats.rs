//! What the server has answered so far, in numbers, and the route at which numbers are told.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{Router, http::header, routing::get};

use crate::rejection::Rejection;

/// Requests to /graphql since the start, by what became of them. One whose client went away before the end is in none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestStats {
    /// Executed, without any error.
    pub complete: u64,
    /// Executed, with errors in the response.
    pub with_errors: u64,
    /// Not executed, for a reason that lies in the request.
    pub refused: u64,
    /// Not executed to the end, for a reason that lies here.
    pub failed: u64,
    /// Of those executed, the ones that got the answer of another execution.
    pub shared: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    complete: AtomicU64,
    with_errors: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    pub(crate) fn executed(&self, has_errors: bool) {
        let counter = if has_errors {
            &self.with_errors
        } else {
            &self.complete
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self, rejection: &Rejection) {
        let counter = if rejection.is_ours() {
            &self.failed
        } else {
            &self.refused
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self, shared: u64) -> RequestStats {
        RequestStats {
            complete: self.complete.load(Ordering::Relaxed),
            with_errors: self.with_errors.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            shared,
        }
    }
}

/// GET /metrics, to be served where clients do not come. `render` gives OpenMetrics text, anew for each request.
pub fn metrics_routes(render: impl Fn() -> String + Send + Sync + 'static) -> Router {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let render = Arc::new(render);
    let tell = move || async move { ([(header::CONTENT_TYPE, OPEN_METRICS)], render()) };
    Router::new().route("/metrics", get(tell))
}
