//! An endpoint that takes events, in place of a gateway's.

use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::events::Target;

/// Listens until the runtime ends.
pub struct EventSink {
    target: Target,
    coming: UnboundedReceiver<Value>,
}

impl EventSink {
    pub async fn start() -> Self {
        let (came, coming) = unbounded_channel();
        let take = |State(came): State<UnboundedSender<Value>>, Json(events): Json<Vec<Value>>| async move {
            for event in events {
                // Nobody listens any more: the test is over.
                let _ = came.send(event);
            }
            StatusCode::ACCEPTED
        };
        let router = Router::new().route("/events", post(take)).with_state(came);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let target = Target::http(&format!("http://{address}/events"), "key").expect("an http URL");
        Self { target, coming }
    }

    /// Where a service sends its events to.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// The next event; waits for it, half a minute at most.
    pub async fn next(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(30), self.coming.recv());
        next.await.expect("an event comes").expect("the endpoint listens")
    }
}
