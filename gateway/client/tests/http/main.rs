//! The client against real servers on ports of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod subgraph;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::post,
};
use causeway_client::{ClientError, ClientOptions, HttpSubgraphs, SubgraphOptions};
use causeway_executor::{FetchFailure, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;

const ANSWER: &str = r#"{"data":{"a":1}}"#;
const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
/// Long enough that no test meets it unless the answer never comes.
const PATIENT: Duration = Duration::from_secs(60);

fn options(url: &str) -> ClientOptions {
    ClientOptions {
        subgraphs: vec![SubgraphOptions {
            name: "users".into(),
            url: url.to_owned(),
            timeout: PATIENT,
        }],
        forward_headers: vec!["authorization".into(), "x-tenant".into()],
        response_limit: 1000,
    }
}

fn request(headers: HeaderMap) -> SubgraphRequest {
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: "{a}".into(),
        variables: Bytes::new(),
        entities: Vec::new(),
        headers: Arc::new(headers),
    }
}

async fn call(options: ClientOptions) -> Result<SubgraphReply, FetchFailure> {
    HttpSubgraphs::new(options)
        .unwrap()
        .send(request(HeaderMap::new()))
        .await
}

/// What the client makes of an answer that a handler gives at once.
async fn answered(
    answer: impl IntoResponse + Clone + Send + Sync + 'static,
) -> Result<SubgraphReply, FetchFailure> {
    let subgraph =
        subgraph::serve(Router::new().route("/graphql", post(move || async move { answer }))).await;
    call(options(&subgraph.url)).await
}

#[tokio::test]
async fn only_headers_of_the_allow_list_go_on() {
    let (seen, mut received) = mpsc::unbounded_channel();
    let record = move |headers: HeaderMap, body: Bytes| async move {
        seen.send((headers, body)).unwrap();
        (JSON, ANSWER)
    };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(record))).await;
    let mut sent = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer t"),
        ("x-tenant", "one"),
        ("x-tenant", "two"),
        ("cookie", "session=1"),
        ("host", "gateway.example"),
        ("content-type", "text/plain"),
        ("content-length", "3"),
        ("accept", "text/html"),
        ("accept-encoding", "br"),
        ("connection", "close"),
        ("x-forwarded-for", "10.0.0.1"),
        ("proxy-authorization", "Basic x"),
    ] {
        sent.append(name, HeaderValue::from_static(value));
    }
    let reply = HttpSubgraphs::new(options(&subgraph.url))
        .unwrap()
        .send(request(sent))
        .await
        .unwrap();
    assert_eq!(reply.body, ANSWER);
    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(&body[..], br#"{"query":"{a}","variables":{}}"#);
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-tenant"
        ]
    );
    assert_eq!(headers["host"], subgraph.addr.to_string());
    assert_eq!(headers["content-type"], "application/json");
    assert!(
        headers["accept"]
            .to_str()
            .unwrap()
            .starts_with("application/graphql-response+json")
    );
    assert_eq!(
        headers.get_all("x-tenant").iter().collect::<Vec<_>>(),
        ["one", "two"]
    );
}

#[tokio::test]
async fn a_subgraph_that_never_answers_is_given_up() {
    let silent = Router::new().route("/graphql", post(std::future::pending::<&str>));
    let silent = subgraph::serve(silent).await;
    let stalls = subgraph::raw(
        "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"data\"",
        subgraph::Then::Stay,
    )
    .await;
    for url in [&silent.url, &stalls.url] {
        let mut options = options(url);
        options.subgraphs[0].timeout = Duration::from_millis(50);
        assert_eq!(
            call(options).await.unwrap_err(),
            FetchFailure::Timeout { millis: 50 },
            "{url}"
        );
    }
}

#[tokio::test]
async fn an_announced_size_beyond_the_limit_is_refused_unread() {
    // The body never comes: whoever waits for it meets the time limit instead.
    let subgraph = subgraph::raw(
        "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n",
        subgraph::Then::Stay,
    )
    .await;
    let mut options = options(&subgraph.url);
    options.subgraphs[0].timeout = Duration::from_secs(5);
    assert_eq!(
        call(options).await.unwrap_err(),
        FetchFailure::TooLarge { limit: 1000 }
    );
}

#[tokio::test]
async fn an_endless_answer_is_read_as_far_as_the_limit() {
    let endless =
        || async { Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(64)))) };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(endless))).await;
    assert_eq!(
        call(options(&subgraph.url)).await.unwrap_err(),
        FetchFailure::TooLarge { limit: 1000 }
    );
}

#[tokio::test]
async fn the_limit_itself_is_allowed_in_one_piece_and_in_many() {
    for (size, fits) in [(1000, true), (1001, false)] {
        for chunk in [size, 7] {
            let pieces = move || async move {
                let text = "x".repeat(size).into_bytes();
                let pieces: Vec<_> = text
                    .chunks(chunk)
                    .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
                    .collect();
                Body::from_stream(stream::iter(pieces))
            };
            let subgraph = subgraph::serve(Router::new().route("/graphql", post(pieces))).await;
            let read = call(options(&subgraph.url)).await;
            assert_eq!(
                read.is_ok_and(|reply| reply.body.len() == size),
                fits,
                "{size} in pieces of {chunk}"
            );
        }
    }
}

#[tokio::test]
async fn an_error_status_may_carry_a_response() {
    let errors = r#" {"errors":[{"message":"no"}]}"#;
    for content_type in [
        "application/json",
        "application/graphql-response+json; charset=utf-8",
        "Application/JSON",
    ] {
        for status in [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::INTERNAL_SERVER_ERROR,
        ] {
            let reply = answered((status, [(header::CONTENT_TYPE, content_type)], errors)).await;
            assert_eq!(reply.unwrap().body, errors, "{status} {content_type}");
        }
    }
}

#[tokio::test]
async fn an_error_status_without_a_response_is_told_as_such() {
    let long_page = "x".repeat(5000);
    for (content_type, body) in [
        ("text/html", "<h1>Bad Gateway</h1>"),
        ("text/html", &long_page),
        ("application/json", r#"{"status":502,"message":"upstream"}"#),
        ("application/json", "[]"),
        ("application/json", ""),
        ("application/json", &long_page),
        ("text/plain", r#"{"errors":[{"message":"no"}]}"#),
    ] {
        let answer = (
            StatusCode::BAD_GATEWAY,
            [(header::CONTENT_TYPE, content_type)],
            body.to_owned(),
        );
        assert_eq!(
            answered(answer).await.unwrap_err(),
            FetchFailure::BadStatus { status: 502 },
            "{content_type} {body}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&followed);
    let elsewhere = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        (JSON, ANSWER)
    };
    for redirect in [Redirect::temporary("/elsewhere"), Redirect::to("/elsewhere")] {
        let router = Router::new()
            .route("/graphql", post(move || async move { redirect }))
            .route("/elsewhere", post(elsewhere.clone()).get(elsewhere.clone()));
        let subgraph = subgraph::serve(router).await;
        let failure = call(options(&subgraph.url)).await.unwrap_err();
        assert!(
            matches!(failure, FetchFailure::BadStatus { status: 303 | 307 }),
            "{failure}"
        );
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    // Bound and let go: nobody listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    drop(listener);
    let failure = call(options(&url)).await.unwrap_err();
    assert_eq!(failure.code(), "SUBGRAPH_UNREACHABLE");
    assert!(
        failure.to_string().to_lowercase().contains("connection refused"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_unknown_host_says_so() {
    let failure = call(options("http://no-such-host.invalid/graphql"))
        .await
        .unwrap_err();
    assert!(
        matches!(&failure, FetchFailure::Unreachable { reason } if !reason.contains("error sending")),
        "{failure}"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_failure_not_half_a_reply() {
    for head in ["content-length: 100", "transfer-encoding: chunked"] {
        let bytes =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}\r\n\r\n10\r\n{{\"data\"");
        let subgraph = subgraph::raw(&bytes, subgraph::Then::Close).await;
        let failure = call(options(&subgraph.url)).await.unwrap_err();
        assert!(
            matches!(failure, FetchFailure::Unreachable { .. }),
            "{head}: {failure}"
        );
    }
    let nothing = subgraph::raw("", subgraph::Then::Close).await;
    assert!(matches!(
        call(options(&nothing.url)).await.unwrap_err(),
        FetchFailure::Unreachable { .. }
    ));
    let no_http = subgraph::raw("hello\r\n\r\n", subgraph::Then::Close).await;
    assert!(matches!(
        call(options(&no_http.url)).await.unwrap_err(),
        FetchFailure::Unreachable { .. }
    ));
}

#[tokio::test]
async fn connections_are_used_again() {
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }))).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    let calls = stream::iter(0..200).map(|_| client.send(request(HeaderMap::new())));
    let replies: Vec<_> = calls.buffer_unordered(10).collect().await;
    assert!(replies.iter().all(Result::is_ok));
    // Ten at a time; a call may open a connection and then take one that came free sooner.
    let opened = subgraph.connections.load(Ordering::SeqCst);
    assert!(opened <= 20, "{opened} connections for 200 calls, ten at a time");
}

#[tokio::test]
async fn a_broken_connection_does_not_harm_the_next_call() {
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }))).await;
    let client = HttpSubgraphs::new(options(&subgraph.url)).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    let addr = subgraph.addr;
    subgraph.stop().await;
    client.send(request(HeaderMap::new())).await.unwrap_err();
    let again = Router::new().route("/graphql", post(|| async { (JSON, ANSWER) }));
    let _again = subgraph::serve_at(addr, again).await;
    client.send(request(HeaderMap::new())).await.unwrap();
}

#[tokio::test]
async fn options_that_cannot_work_are_refused_at_once() {
    for url in ["", "users", "/graphql", "ftp://users/graphql", "http://"] {
        let error = HttpSubgraphs::new(options(url)).unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{url}: {error}");
        assert!(error.to_string().contains("`subgraphs.users.url`"), "{error}");
    }
    let mut bad_header = options("http://users/graphql");
    bad_header.forward_headers.push("no header".to_owned());
    assert!(
        matches!(HttpSubgraphs::new(bad_header).unwrap_err(), ClientError::Header { name } if name == "no header")
    );
}

#[tokio::test]
async fn a_subgraph_without_an_address_is_unreachable() {
    let client = HttpSubgraphs::new(options("http://users/graphql")).unwrap();
    let unknown = SubgraphRequest {
        subgraph: SubgraphId(1),
        ..request(HeaderMap::new())
    };
    assert!(matches!(
        client.send(unknown).await.unwrap_err(),
        FetchFailure::Unreachable { .. }
    ));
}
