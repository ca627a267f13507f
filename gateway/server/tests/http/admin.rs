//! Administration, over connections of its own.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use causeway_server::{CacheAdmin, CacheAdminError, Invalidation, InvalidationTarget, admin_routes};
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const KEY: &str = "0123456789abcdef";

/// A cache that notes what it is told, and answers as it is made to.
struct Noting {
    told: Mutex<Vec<Invalidation>>,
    answer: Result<u64, CacheAdminError>,
}

impl CacheAdmin for Noting {
    fn invalidate(&self, what: Vec<Invalidation>) -> BoxFuture<'_, Result<u64, CacheAdminError>> {
        self.told.lock().unwrap().extend(what);
        std::future::ready(self.answer.clone()).boxed()
    }

    fn stats(&self) -> Result<Value, CacheAdminError> {
        self.answer.clone().map(|count| json!({ "hits": count }))
    }
}

struct Serving {
    addr: SocketAddr,
    cache: Arc<Noting>,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    fn assert_refused(&self, status: u16, code: &str) -> String {
        let error = &self.json()["errors"][0];
        assert_eq!(self.status, status, "{error}");
        assert_eq!(error["extensions"]["code"], code, "{error}");
        error["message"].as_str().unwrap().to_owned()
    }
}

impl Serving {
    async fn start(answer: Result<u64, CacheAdminError>) -> Self {
        let cache = Arc::new(Noting {
            told: Mutex::default(),
            answer,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let routes = admin_routes(KEY.to_owned(), Arc::clone(&cache) as Arc<dyn CacheAdmin>);
        tokio::spawn(causeway_server::serve(listener, routes, pending()));
        Self { addr, cache }
    }

    async fn send(&self, line: &str, authorization: Option<&str>, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        let authorization = authorization.map_or_else(String::new, |key| format!("authorization: {key}\r\n"));
        let request = format!(
            "{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        // The answer may come, and the connection end, before a large body is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn invalidate(&self, body: &Value) -> Answer {
        self.send("POST /invalidation", Some(KEY), &body.to_string())
            .await
    }

    fn told(&self) -> Vec<Invalidation> {
        self.cache.told.lock().unwrap().drain(..).collect()
    }
}

fn invalidation(subgraph: &str, target: InvalidationTarget) -> Invalidation {
    Invalidation {
        subgraph: subgraph.to_owned(),
        target,
    }
}

#[tokio::test]
async fn apollos_form_and_events_are_understood() {
    use InvalidationTarget as T;
    let serving = Serving::start(Ok(3)).await;
    let entity = || T::Entity {
        ty: "T".to_owned(),
        key: json!({ "id": "1", "org": { "id": 2 } })
            .as_object()
            .unwrap()
            .clone(),
    };
    let (ty, tag) = (|| T::Type("T".to_owned()), || T::Tag("t".to_owned()));
    let key = json!({ "id": "1", "org": { "id": 2 } });
    for (body, expected) in [
        (
            json!([{ "kind": "subgraph", "subgraph": "x" }]),
            vec![invalidation("x", T::Subgraph)],
        ),
        (
            json!([{ "kind": "type", "subgraph": "x", "type": "T" }, { "kind": "subgraph", "subgraph": "y" }]),
            vec![invalidation("x", ty()), invalidation("y", T::Subgraph)],
        ),
        (
            json!([{ "kind": "entity", "subgraph": "x", "type": "T", "key": key }]),
            vec![invalidation("x", entity())],
        ),
        (
            json!([{ "kind": "cache_tag", "subgraphs": ["x", "y"], "cache_tag": "t" }]),
            vec![invalidation("x", tag()), invalidation("y", tag())],
        ),
        (json!({ "subgraph": "x" }), vec![invalidation("x", T::Subgraph)]),
        (
            json!([{ "subgraph": "x", "type": "T" }]),
            vec![invalidation("x", ty())],
        ),
        (
            json!([{ "subgraph": "x", "type": "T", "key": key }]),
            vec![invalidation("x", entity())],
        ),
        (
            json!([{ "subgraph": "x", "tag": "t" }]),
            vec![invalidation("x", tag())],
        ),
    ] {
        let answer = serving.invalidate(&body).await;
        assert_eq!(
            (answer.status, answer.json()),
            (202, json!({ "count": 3 })),
            "{body}"
        );
        assert_eq!(serving.told(), expected, "{body}");
    }
}

#[tokio::test]
async fn what_says_nothing_certain_is_refused_with_the_way_out() {
    let serving = Serving::start(Ok(1)).await;
    for (body, expected) in [
        ("", "not JSON"),
        ("[", "not JSON"),
        ("7", "neither a list nor an object"),
        ("[]", "names nothing"),
        ("[7]", "entry 1"),
        (
            r#"[{"subgraph":"x"},{"kind":"typ","subgraph":"x"}]"#,
            "entry 2: unknown variant `typ`",
        ),
        (r#"{"kind":"type","subgraph":"x"}"#, "missing field `type`"),
        (
            r#"{"kind":"subgraph","subgraph":"x","type":"T"}"#,
            "unknown field `type`",
        ),
        (
            r#"{"kind":"entity","subgraph":"x","type":"T","key":{}}"#,
            "has no field",
        ),
        (
            r#"{"kind":"cache_tag","subgraphs":[],"cache_tag":"t"}"#,
            "`subgraphs` is empty",
        ),
        (r#"{"type":"T"}"#, "missing field `subgraph`"),
        (r#"{"subgraph":"x","key":{"id":1}}"#, "needs the `type`"),
        (
            r#"{"subgraph":"x","type":"T","tag":"t"}"#,
            "both a `type` and a `tag`",
        ),
        (r#"{"subgraph":"x","tags":"t"}"#, "unknown field `tags`"),
    ] {
        let answer = serving.send("POST /invalidation", Some(KEY), body).await;
        let message = answer.assert_refused(400, "INVALID_INVALIDATION_REQUEST");
        assert!(message.contains(expected), "{body}: {message}");
        assert!(
            message.contains(r#"{"kind":"subgraph","subgraph":…}"#),
            "{message}"
        );
        assert_eq!(serving.told(), [], "{body}");
    }
}

#[tokio::test]
async fn nobody_without_the_key_is_heard() {
    let serving = Serving::start(Ok(1)).await;
    let body = r#"{"subgraph":"x"}"#;
    let (longer, basic) = (format!("{KEY}0"), format!("Basic {KEY}"));
    for key in [
        None,
        Some(""),
        Some("0123456789abcdeg"),
        Some(&KEY[1..]),
        Some(&longer),
        Some(&basic),
    ] {
        for line in ["POST /invalidation", "GET /cache"] {
            let answer = serving.send(line, key, body).await;
            answer.assert_refused(401, "UNAUTHORIZED");
            assert!(
                answer.head.contains("www-authenticate: bearer"),
                "{}",
                answer.head
            );
        }
    }
    assert_eq!(serving.told(), []);
    let bearer = format!("bearer {KEY}");
    let answer = serving.send("POST /invalidation", Some(&bearer), body).await;
    assert_eq!(answer.status, 202);
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let serving = Serving::start(Ok(1)).await;
    let body = format!(r#"{{"subgraph":"{}"}}"#, "x".repeat(1 << 20));
    let answer = serving.send("POST /invalidation", Some(KEY), &body).await;
    answer.assert_refused(413, "REQUEST_TOO_LARGE");
    assert_eq!(serving.told(), []);
}

#[tokio::test]
async fn what_the_cache_says_has_a_status_and_a_code() {
    let body = json!({ "subgraph": "x" });
    for (error, status, code) in [
        (CacheAdminError::NoCache, 404, "NO_CACHE"),
        (
            CacheAdminError::Unknown("no subgraph `x`".to_owned()),
            400,
            "UNKNOWN_IN_GRAPH",
        ),
        (
            CacheAdminError::NotSpread("one does not answer".to_owned()),
            503,
            "INVALIDATION_NOT_SPREAD",
        ),
    ] {
        let serving = Serving::start(Err(error)).await;
        serving.invalidate(&body).await.assert_refused(status, code);
        let stats = serving.send("GET /cache", Some(KEY), "").await;
        stats.assert_refused(status, code);
    }
}

#[tokio::test]
async fn statistics_are_told_and_nothing_else_is_here() {
    let serving = Serving::start(Ok(7)).await;
    let answer = serving.send("GET /cache", Some(KEY), "").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "hits": 7 })));
    for (line, status) in [
        ("GET /invalidation", 405),
        ("POST /cache", 405),
        ("POST /graphql", 404),
        ("GET /", 404),
    ] {
        assert_eq!(serving.send(line, Some(KEY), "{}").await.status, status, "{line}");
    }
}
