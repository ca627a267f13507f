//! Which headers of a client reach the subgraph, and who counts as the same client.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue},
    routing::post,
};
use causeway_client::{HeaderRules, HttpSubgraphs};
use causeway_executor::SubgraphClient;
use causeway_model::SubgraphId;
use tokio::sync::mpsc;

use crate::{ANSWER, JSON, options, request, subgraph};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    map
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()));
    owned.collect()
}

fn forwarding(names: &[&str]) -> HeaderRules {
    HeaderRules {
        forward: names.iter().map(|name| (*name).to_owned()).collect(),
        ..HeaderRules::default()
    }
}

/// What the subgraph gets of `sent`, and the body.
async fn received(rules: HeaderRules, sent: HeaderMap) -> (HeaderMap, Bytes, String) {
    let (seen, mut received) = mpsc::unbounded_channel();
    let record = move |headers: HeaderMap, body: Bytes| async move {
        seen.send((headers, body)).unwrap();
        (JSON, ANSWER)
    };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(record))).await;
    let mut options = options(&subgraph.url);
    options.subgraphs[0].headers = rules;
    let reply = HttpSubgraphs::new(options).unwrap().send(request(sent)).await;
    assert_eq!(reply.unwrap().body, ANSWER);
    let (headers, body) = received.recv().await.unwrap();
    (headers, body, subgraph.addr.to_string())
}

#[tokio::test]
async fn only_headers_of_the_allow_list_go_on() {
    let sent = map(&[
        ("authorization", "Bearer t"),
        ("x-tenant", "one"),
        ("x-tenant", "two"),
        ("cookie", "session=1"),
        ("host", "gateway.example"),
        ("content-type", "text/plain"),
        ("content-length", "3"),
        ("accept", "text/html"),
        ("accept-encoding", "deflate"),
        ("connection", "close"),
        ("x-forwarded-for", "10.0.0.1"),
        ("proxy-authorization", "Basic x"),
    ]);
    let (headers, body, host) = received(forwarding(&["authorization", "x-tenant"]), sent).await;
    assert_eq!(&body[..], br#"{"query":"{a}","variables":{}}"#);
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-tenant"
        ]
    );
    assert_eq!(headers["host"], host);
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["accept-encoding"], "gzip, br, zstd");
    let accept = headers["accept"].to_str().unwrap();
    assert!(
        accept.starts_with("application/graphql-response+json"),
        "{accept}"
    );
    let tenants: Vec<_> = headers.get_all("x-tenant").iter().collect();
    assert_eq!(tenants, ["one", "two"]);
}

#[tokio::test]
async fn headers_are_set_and_renamed_and_clients_cannot_undo_it() {
    let rules = HeaderRules {
        forward: vec![
            "authorization".into(),
            "x-key".into(),
            "x-user".into(),
            "user-agent".into(),
        ],
        rename: owned(&[("x-client-token", "authorization"), ("x-user", "x-user-id")]),
        set: owned(&[("x-key", "ours")]),
    };
    let sent = map(&[
        ("authorization", "client's"),
        ("x-client-token", "token"),
        ("x-key", "theirs"),
        ("x-user", "ada"),
        ("x-user-id", "somebody else"),
        ("user-agent", "browser"),
    ]);
    let (headers, ..) = received(rules.clone(), sent).await;
    let values = |name: &str| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
    assert_eq!(values("authorization"), ["token"]);
    assert_eq!(values("x-key"), ["ours"]);
    assert_eq!(values("x-user-id"), ["ada"]);
    assert_eq!(values("user-agent"), ["browser"]);
    assert!(values("x-user").is_empty() && values("x-client-token").is_empty());

    // A target of a renaming is never filled from the client's header of that name.
    let (headers, ..) = received(rules, map(&[("authorization", "client's"), ("x-key", "theirs")])).await;
    assert!(!headers.contains_key("authorization"));
    assert_eq!(headers["x-key"], "ours");
}

#[tokio::test]
async fn the_trace_context_goes_on_whatever_the_rules_say() {
    let sent = map(&[
        ("traceparent", PARENT),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ]);
    for rules in [HeaderRules::default(), forwarding(&["traceparent", "tracestate"])] {
        let (headers, ..) = received(rules, sent.clone()).await;
        let parents: Vec<_> = headers.get_all("traceparent").iter().collect();
        assert_eq!(parents, [PARENT]);
        let states: Vec<_> = headers.get_all("tracestate").iter().collect();
        assert_eq!(states, ["a=1", "b=2"]);
    }
    let malformed = map(&[("traceparent", "00-1-2-3"), ("tracestate", "a=1")]);
    let (headers, ..) = received(forwarding(&["traceparent", "tracestate"]), malformed).await;
    assert!(!headers.contains_key("traceparent") && !headers.contains_key("tracestate"));
}

#[tokio::test]
async fn compressed_answers_are_asked_for_unless_switched_off() {
    let (seen, mut received) = mpsc::unbounded_channel();
    let record = move |headers: HeaderMap| async move {
        seen.send(headers.contains_key("accept-encoding")).unwrap();
        (JSON, ANSWER)
    };
    let subgraph = subgraph::serve(Router::new().route("/graphql", post(record))).await;
    let mut options = options(&subgraph.url);
    options.subgraphs[0].compression = false;
    let client = HttpSubgraphs::new(options).unwrap();
    client.send(request(HeaderMap::new())).await.unwrap();
    assert_eq!(received.recv().await, Some(false));
}

#[test]
fn who_looks_the_same_to_the_subgraph_is_the_same() {
    let mut options = options("http://users/graphql");
    let rules = HeaderRules {
        forward: vec![
            "authorization".into(),
            "x-a".into(),
            "x-b".into(),
            "traceparent".into(),
        ],
        rename: owned(&[("x-client", "x-c")]),
        set: owned(&[("x-key", "ours")]),
    };
    options.subgraphs[0].headers = rules;
    let mut other = options.subgraphs[0].clone();
    other.headers = HeaderRules::default();
    options.subgraphs.push(other);
    let client = HttpSubgraphs::new(options).unwrap();
    let identity = |headers: &[(&'static str, &'static str)]| client.identity(SubgraphId(0), &map(headers));
    let ada = identity(&[("authorization", "ada")]);
    for same in [
        &[("authorization", "ada"), ("cookie", "1")][..],
        &[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("authorization", "ada"),
        ],
        &[
            ("x-key", "theirs"),
            ("x-c", "not forwarded"),
            ("authorization", "ada"),
        ],
    ] {
        assert_eq!(identity(same), ada, "{same:?}");
    }
    let all = [
        ada,
        identity(&[]),
        identity(&[("authorization", "ad"), ("x-a", "a")]),
        identity(&[("authorization", "grace")]),
        identity(&[("authorization", "")]),
        identity(&[("authorization", "ada"), ("authorization", "ada")]),
        identity(&[("authorization", "ada"), ("x-client", "1")]),
        identity(&[("x-a", "ada")]),
        identity(&[("x-b", "ada")]),
        identity(&[("x-a", "1"), ("x-a", "2")]),
        identity(&[("x-a", "2"), ("x-a", "1")]),
        identity(&[("x-a", "12")]),
        identity(&[("x-a", "1"), ("x-b", "2")]),
        identity(&[("x-a", "2"), ("x-b", "1")]),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{index}");
    }

    // A value that spells the end of a value and another header.
    let mut spelt = HeaderMap::new();
    spelt.insert("x-a", HeaderValue::from_bytes(b"1x-b\xff2").unwrap());
    assert!(!all.contains(&client.identity(SubgraphId(0), &spelt)));

    let of = |subgraph, headers: &[(&'static str, &'static str)]| {
        client.identity(SubgraphId(subgraph), &map(headers))
    };
    // This one sees nothing of who asks, and nobody is told apart.
    assert_eq!(of(1, &[("authorization", "ada")]), of(1, &[("x-a", "1")]));
    assert_eq!(
        client
            .partition(SubgraphId(0), &map(&[("authorization", "ada")]))
            .0,
        ada
    );
}

#[test]
fn who_asks_is_the_same_in_every_gateway() {
    let made = || {
        HttpSubgraphs::new({
            let mut options = options("http://users/graphql");
            options.subgraphs[0].headers = forwarding(&["authorization"]);
            options
        })
    };
    let headers = map(&[("authorization", "ada")]);
    let identity = |client: &HttpSubgraphs| client.identity(SubgraphId(0), &headers);
    assert_eq!(identity(&made().unwrap()), identity(&made().unwrap()));
}
