//! The way of an event, from a call to whoever listens.

use std::time::Duration;

use kit::testing::EventSink;
use serde_json::json;

use super::Server;

#[tokio::test]
async fn who_listens_is_told_of_stock_that_moved() {
    let (_folder, database) = kit::testing::sqlite();
    let mut sink = EventSink::start().await;
    let server = Server::start_with(catalog::Options {
        database,
        seed_size: 5,
        internal_token: Some(super::server::TOKEN.to_owned()),
        sweep_every: Duration::from_secs(3600),
        events: Some(sink.target()),
    })
    .await;
    assert_eq!(sink.next().await, json!({"subgraph": "catalog"}), "the seed");
    for _ in 0..2 {
        assert_eq!(
            server.reserve("r-1", &[("p-1", 1)], 60_000).await.0.as_u16() / 100,
            2
        );
    }
    let id = json!({"id": "p-1"});
    assert_eq!(
        sink.next().await,
        json!({"subgraph": "catalog", "type": "Product", "key": id})
    );
    server.internal("/internal/reservations/r-1/release", None).await;
    assert_eq!(sink.next().await["type"], "Product");
    server.stop().await;
}
