//! HTTP/2 with prior knowledge.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, Uri, Version},
    routing::post,
};
use causeway_client::{ClientOptions, HttpSubgraphs};
use causeway_executor::{FetchFailure, RequestKind, SubgraphClient};
use futures::{StreamExt, stream};
use tokio::sync::{Barrier, mpsc};

use crate::{
    ANSWER, JSON, asking, options, request,
    subgraph::{self, Then},
};

const CALLS: usize = 50;

fn over_http2(url: &str) -> ClientOptions {
    let mut options = options(url);
    options.subgraphs[0].http2 = true;
    options
}

#[tokio::test]
async fn calls_share_one_connection() {
    let (seen, mut received) = mpsc::unbounded_channel();
    // Answers when all have come: they are under way together.
    let together = Arc::new(Barrier::new(CALLS));
    let record = move |version: Version, uri: Uri, headers: HeaderMap| async move {
        seen.send((version, uri, headers)).unwrap();
        together.wait().await;
        (JSON, ANSWER)
    };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(record))).await;
    let client = HttpSubgraphs::new(over_http2(&subgraph.url)).unwrap();
    for _ in 0..2 {
        let calls = stream::iter(0..CALLS).map(|_| client.send(request(HeaderMap::new())));
        let replies: Vec<_> = calls.buffer_unordered(CALLS).collect().await;
        assert!(
            replies
                .iter()
                .all(|reply| reply.as_ref().is_ok_and(|reply| reply.body == ANSWER))
        );
    }
    assert_eq!(subgraph.connections.load(Ordering::SeqCst), 1);
    let (version, uri, headers) = received.recv().await.unwrap();
    assert_eq!(version, Version::HTTP_2);
    assert_eq!(uri.authority().unwrap().as_str(), subgraph.addr.to_string());
    assert!(!headers.contains_key("host"));
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn without_it_http_1_is_spoken() {
    let version = |version: Version| async move {
        assert_eq!(version, Version::HTTP_11);
        (JSON, ANSWER)
    };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(version))).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
}

#[tokio::test]
async fn a_server_that_went_and_came_back_is_asked_again() {
    let router = || Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }));
    let subgraph = subgraph::serve(router()).await;
    let client = HttpSubgraphs::new(over_http2(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    let addr = subgraph.addr;
    subgraph.stop().await;
    client.send(request(HeaderMap::new())).await.unwrap_err();
    let _again = subgraph::serve_at(addr, router()).await;
    client
        .send(asking(RequestKind::Mutation, HeaderMap::new()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_others_their_connection() {
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }))).await;
    let client = HttpSubgraphs::new(over_http2(&subgraph.url)).unwrap();
    // Gone before the connection stands.
    let first = tokio::time::timeout(Duration::ZERO, client.send(request(HeaderMap::new())));
    let (_, second) = tokio::join!(first, client.send(request(HeaderMap::new())));
    second.unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    assert_eq!(subgraph.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn limits_and_timeouts_hold_as_well() {
    let long = || async { (JSON, "x".repeat(1001)) };
    let router = Router::new()
        .route("/graphql", post(long))
        .route("/silent", post(std::future::pending::<&str>));
    let subgraph = subgraph::serve(router).await;
    let client = HttpSubgraphs::new(over_http2(&subgraph.url)).unwrap();
    assert_eq!(
        client.send(request(HeaderMap::new())).await.unwrap_err(),
        FetchFailure::TooLarge { limit: 1000 }
    );
    let mut silent = over_http2(&subgraph.url.replace("/graphql", "/silent"));
    silent.subgraphs[0].timeout = Duration::from_millis(50);
    let silent = HttpSubgraphs::new(silent).unwrap();
    assert_eq!(
        silent.send(request(HeaderMap::new())).await.unwrap_err(),
        FetchFailure::Timeout { millis: 50 }
    );
}

#[tokio::test]
async fn a_server_of_http_1_alone_is_a_failure() {
    let old = subgraph::raw(
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        Then::Close,
    )
    .await;
    let client = HttpSubgraphs::new(over_http2(&old.url)).unwrap();
    let failure = client.send(request(HeaderMap::new())).await.unwrap_err();
    assert_eq!(failure.code(), "SUBGRAPH_UNREACHABLE", "{failure}");
}
