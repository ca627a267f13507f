//! For tests alone: a Redis server that can be killed, stopped and started again, and a proxy that makes the way to it slow.

mod proxy;
mod server;

pub use proxy::{Proxy, Way};
pub use server::RedisServer;

use std::time::{Duration, Instant};

/// Looks again and again until something holds.
///
/// # Panics
/// When it does not within the limit.
pub async fn eventually(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
