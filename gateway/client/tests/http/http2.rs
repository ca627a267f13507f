//! HTTP/2 with prior knowledge.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, Response, Uri, Version},
    routing::post,
};
use causeway_client::{ClientOptions, HttpSubgraphs};
use causeway_executor::{FetchFailure, RequestKind, SubgraphClient};
use futures::{StreamExt, stream};
use tokio::{
    net::TcpListener,
    sync::{Barrier, mpsc},
};

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

/// What a server does with a stream.
#[derive(Clone, Copy)]
enum Turn {
    Answer,
    Reset(h2::Reason),
    /// Answers, and takes no more on this connection.
    AnswerAndGo,
}

/// Keeps to a script, stream by stream, over all connections; answers when that is at its end.
async fn scripted(script: &'static [Turn]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let streams: Arc<AtomicUsize> = Arc::default();
    let seen = Arc::clone(&streams);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let nth = seen.fetch_add(1, Ordering::SeqCst);
                    let turn = script.get(nth).copied().unwrap_or(Turn::Answer);
                    if let Turn::Reset(reason) = turn {
                        respond.send_reset(reason);
                        continue;
                    }
                    let mut body = respond.send_response(Response::new(()), false).unwrap();
                    body.send_data(ANSWER.into(), true).unwrap();
                    if matches!(turn, Turn::AnswerAndGo) {
                        connection.graceful_shutdown();
                    }
                }
            });
        }
    });
    (url, streams)
}

#[tokio::test]
async fn what_the_server_refused_unseen_is_sent_once_more() {
    const REFUSED: Turn = Turn::Reset(h2::Reason::REFUSED_STREAM);
    let (url, streams) = scripted(&[Turn::Answer, REFUSED, Turn::Answer, REFUSED, REFUSED]).await;
    let client = HttpSubgraphs::new(over_http2(&url)).unwrap();
    let mutation = || asking(RequestKind::Mutation, HeaderMap::new());
    client.send(mutation()).await.unwrap();
    client.send(mutation()).await.unwrap();
    assert_eq!(streams.load(Ordering::SeqCst), 3);
    // Not for ever.
    client.send(mutation()).await.unwrap_err();
    assert_eq!(streams.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn what_failed_for_another_reason_is_not_sent_again() {
    for reason in [h2::Reason::INTERNAL_ERROR, h2::Reason::CANCEL] {
        let script: &'static [Turn] = Box::leak(Box::new([Turn::Answer, Turn::Reset(reason)]));
        let (url, streams) = scripted(script).await;
        let client = HttpSubgraphs::new(over_http2(&url)).unwrap();
        let mutation = || asking(RequestKind::Mutation, HeaderMap::new());
        client.send(mutation()).await.unwrap();
        client.send(mutation()).await.unwrap_err();
        assert_eq!(streams.load(Ordering::SeqCst), 2, "{reason:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_goodbye_is_asked_on_a_new_connection() {
    let (url, streams) = scripted(&[Turn::AnswerAndGo, Turn::AnswerAndGo, Turn::AnswerAndGo]).await;
    let client = HttpSubgraphs::new(over_http2(&url)).unwrap();
    for _ in 0..20 {
        client
            .send(asking(RequestKind::Mutation, HeaderMap::new()))
            .await
            .unwrap();
    }
    assert_eq!(streams.load(Ordering::SeqCst), 20);
}
