//! When connections are opened, used again and given up, and when a request is sent once more.

use std::{sync::atomic::Ordering, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use causeway_client::HttpSubgraphs;
use causeway_executor::{FetchFailure, RequestKind, SubgraphClient};
use futures::{StreamExt, stream};
use tokio::time::Instant;

use crate::{
    ANSWER, JSON, asking, options, request,
    subgraph::{self, Turn},
};

fn answering() -> Router {
    Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }))
}

#[tokio::test]
async fn connections_are_used_again() {
    let subgraph = subgraph::serve(answering()).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    let calls = stream::iter(0..200).map(|_| client.send(request(HeaderMap::new())));
    let replies: Vec<_> = calls.buffer_unordered(10).collect().await;
    assert!(replies.iter().all(Result::is_ok));
    let opened = subgraph.connections.load(Ordering::SeqCst);
    assert!(opened <= 10, "{opened} connections for 200 calls, ten at a time");
}

#[tokio::test]
async fn one_call_after_another_uses_one_connection() {
    let subgraph = subgraph::serve(answering()).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    for _ in 0..20 {
        client.send(request(HeaderMap::new())).await.unwrap();
    }
    assert_eq!(subgraph.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_has_waited_long_is_not_used_again() {
    let subgraph = subgraph::serve(answering()).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    for (seconds, connections) in [(0, 1), (54, 1), (56, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        client.send(request(HeaderMap::new())).await.unwrap();
        let opened = subgraph.connections.load(Ordering::SeqCst);
        assert_eq!(opened, connections, "after {seconds} s");
    }
}

#[tokio::test]
async fn error_pages_leave_the_connection_in_use() {
    let page = || async { (StatusCode::BAD_GATEWAY, "<h1>Bad Gateway</h1>") };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(page))).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    for _ in 0..20 {
        let failure = client.send(request(HeaderMap::new())).await.unwrap_err();
        assert_eq!(failure, FetchFailure::BadStatus { status: 502 });
    }
    let opened = subgraph.connections.load(Ordering::SeqCst);
    assert!(
        opened < 20,
        "{opened} connections for 20 calls, one after another"
    );
}

#[tokio::test]
async fn a_broken_connection_does_not_harm_the_next_call() {
    let subgraph = subgraph::serve(answering()).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    let addr = subgraph.addr;
    subgraph.stop().await;
    client.send(request(HeaderMap::new())).await.unwrap_err();
    let _again = subgraph::serve_at(addr, answering()).await;
    client.send(request(HeaderMap::new())).await.unwrap();
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_is_asked_on_new_connections() {
    // Says nothing of closing, and does it.
    let subgraph = subgraph::scripted(&[&[Turn::Answer]]).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    // A mutation, too: it is known that it did not leave.
    for kind in [RequestKind::Query, RequestKind::Mutation] {
        for _ in 0..50 {
            client.send(asking(kind, HeaderMap::new())).await.unwrap();
        }
    }
    assert_eq!(subgraph.requests.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn a_read_on_a_connection_that_is_closed_under_it_is_sent_once_more() {
    for kind in [RequestKind::Query, RequestKind::QueryAfterMutation] {
        let subgraph =
            subgraph::scripted(&[&[Turn::Answer, Turn::Close], &[Turn::Answer, Turn::Answer]]).await;
        let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
        for _ in 0..3 {
            client.send(asking(kind, HeaderMap::new())).await.unwrap();
        }
        assert_eq!(subgraph.connections.load(Ordering::SeqCst), 2);
        assert_eq!(subgraph.requests.load(Ordering::SeqCst), 4);
    }
}

#[tokio::test]
async fn a_mutation_that_may_have_arrived_is_not_sent_again() {
    let subgraph = subgraph::scripted(&[&[Turn::Answer, Turn::Close], &[Turn::Answer]]).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    let mutation = || asking(RequestKind::Mutation, HeaderMap::new());
    client.send(mutation()).await.unwrap();
    let failure = client.send(mutation()).await.unwrap_err();
    assert!(matches!(failure, FetchFailure::Unreachable { .. }), "{failure}");
    assert_eq!(subgraph.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_read_is_sent_twice_at_most_and_once_on_a_new_connection() {
    let subgraph = subgraph::scripted(&[&[Turn::Answer, Turn::Close], &[Turn::Close]]).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    client.send(request(HeaderMap::new())).await.unwrap_err();
    assert_eq!(subgraph.requests.load(Ordering::SeqCst), 3);
    client.send(request(HeaderMap::new())).await.unwrap_err();
    assert_eq!(subgraph.requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn an_answer_that_began_is_not_asked_for_again() {
    let subgraph = subgraph::scripted(&[&[Turn::Answer, Turn::Half], &[Turn::Answer]]).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    client.send(request(HeaderMap::new())).await.unwrap_err();
    assert_eq!(subgraph.requests.load(Ordering::SeqCst), 2);
    client.send(request(HeaderMap::new())).await.unwrap();
}

#[tokio::test]
async fn an_answer_longer_than_announced_spoils_its_connection_alone() {
    let subgraph = subgraph::scripted(&[&[Turn::TooMuch, Turn::Answer], &[Turn::Answer]]).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    for _ in 0..2 {
        let reply = client.send(request(HeaderMap::new())).await.unwrap();
        assert_eq!(reply.body, ANSWER);
    }
    assert_eq!(subgraph.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_reached_and_says_nothing_in_tls_is_given_up() {
    let silent = subgraph::raw("", subgraph::Then::Stay).await;
    let url = silent.url.replace("http://", "https://");
    let client = HttpSubgraphs::new(options(&url)).unwrap();
    let started = Instant::now();
    let failure = client.send(request(HeaderMap::new())).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "could not be reached: no connection within 3 s"
    );
    assert_eq!(started.elapsed().as_secs(), 3);
}
