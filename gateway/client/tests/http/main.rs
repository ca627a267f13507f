//! The client against real servers on ports of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod connections;
mod encodings;
mod headers;
mod http2;
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
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::post,
};
use causeway_client::{ClientError, ClientOptions, HttpSubgraphs, SubgraphOptions};
use causeway_executor::{FetchFailure, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::stream;

const ANSWER: &str = r#"{"data":{"a":1}}"#;
const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
/// Long enough that no test meets it unless the answer never comes.
const PATIENT: Duration = Duration::from_secs(60);

fn options(url: &str) -> ClientOptions {
    ClientOptions {
        subgraphs: vec![SubgraphOptions {
            timeout: PATIENT,
            ..SubgraphOptions::new("users", url)
        }],
        response_limit: 1000,
    }
}

fn request(headers: HeaderMap) -> SubgraphRequest {
    asking(RequestKind::Query, headers)
}

fn asking(kind: RequestKind, headers: HeaderMap) -> SubgraphRequest {
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind,
        document: "{a}".into(),
        variables: Bytes::new(),
        entities: Vec::new(),
        merging: None,
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
    // The length that is announced is the one that counts: what comes is shorter.
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
async fn options_that_cannot_work_are_refused_at_once() {
    for url in ["", "users", "/graphql", "ftp://users/graphql", "http://"] {
        let error = HttpSubgraphs::new(options(url)).unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{url}: {error}");
        assert!(error.to_string().contains("`subgraphs.users.url`"), "{error}");
    }
    let credentials = HttpSubgraphs::new(options("http://ada:secret@users/graphql")).unwrap_err();
    assert!(
        matches!(credentials, ClientError::Credentials { .. }),
        "{credentials}"
    );
    assert!(!credentials.to_string().contains("secret"));
    let mut bad_header = options("http://users/graphql");
    bad_header.subgraphs[0]
        .headers
        .forward
        .push("no header".to_owned());
    let error = HttpSubgraphs::new(bad_header).unwrap_err();
    assert!(
        matches!(&error, ClientError::Header { name, .. } if name == "no header"),
        "{error}"
    );
    let mut bad_value = options("http://users/graphql");
    bad_value.subgraphs[0]
        .headers
        .set
        .push(("x-a".into(), "a\nb".into()));
    let error = HttpSubgraphs::new(bad_value).unwrap_err();
    assert!(
        matches!(&error, ClientError::HeaderValue { name, .. } if name == "x-a"),
        "{error}"
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
