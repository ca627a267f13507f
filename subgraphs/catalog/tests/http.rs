//! The real server on a port of its own, over HTTP: GraphQL, the internal API, health, shutdown.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "http/events.rs"]
mod events;
#[path = "http/freshness.rs"]
mod freshness;
#[path = "http/graphql.rs"]
mod graphql;
#[path = "http/reservations.rs"]
mod reservations;
#[path = "http/server.rs"]
mod server;

use server::Server;

#[tokio::test]
async fn health_answers_and_shutdown_ends_the_server() {
    let server = Server::start().await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.get(path).await, 200, "{path}");
    }
    let address = server.address();
    server.stop().await;
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nothing listens any more"
    );
}

#[tokio::test]
async fn a_restart_keeps_the_data_and_seeds_nothing_twice() {
    let (folder, url) = kit::testing::sqlite();
    let count = "{ products(first: 1) { totalCount } }";
    let server = Server::start_on(url.clone(), 5).await;
    assert_eq!(server.ask(count).await["data"]["products"]["totalCount"], 20);
    assert_eq!(server.reserve("r-1", &[("p-1", 1)], 60_000).await.0, 201);
    let left = server.available("p-1").await;
    server.stop().await;

    let server = Server::start_on(url, 50).await;
    assert_eq!(server.ask(count).await["data"]["products"]["totalCount"], 20);
    assert_eq!(server.available("p-1").await, left);
    assert_eq!(server.reserve("r-1", &[("p-1", 1)], 60_000).await.0, 200);
    server.stop().await;
    drop(folder);
}

#[tokio::test]
async fn a_seed_size_of_zero_leaves_the_shop_empty() {
    let (_folder, url) = kit::testing::sqlite();
    let server = Server::start_on(url, 0).await;
    let answer = server
        .ask("{ products { totalCount nodes { id } } bundles { id } search(text: \"a\") { id } }")
        .await;
    let expected =
        serde_json::json!({"products": {"totalCount": 0, "nodes": []}, "bundles": [], "search": []});
    assert_eq!(answer["data"], expected);
    server.stop().await;
}
