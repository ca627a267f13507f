//! `causeway cache` against a server that notes what it is asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use serde_json::{Value, json};

use crate::causeway::{Ran, Shop, causeway, finished, run};

const KEY: &str = "0123456789abcdef";

#[derive(Clone)]
struct Gateway {
    url: String,
    answer: (u16, Value),
    asked: Arc<Mutex<Vec<(String, String, Value)>>>,
}

/// Answers everything alike.
async fn gateway(status: u16, answer: Value) -> Gateway {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = Gateway {
        url: format!("http://{}", listener.local_addr().unwrap()),
        answer: (status, answer),
        asked: Arc::default(),
    };
    let router = Router::new().fallback(asked).with_state(gateway.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    gateway
}

async fn asked(
    State(gateway): State<Gateway>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let key = headers["authorization"].to_str().unwrap().to_owned();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut asked = gateway.asked.lock().unwrap();
    asked.push((format!("{method} {uri}"), key, body));
    let (status, answer) = &gateway.answer;
    (StatusCode::from_u16(*status).unwrap(), answer.to_string())
}

impl Gateway {
    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = causeway();
        let flags = ["--url", &self.url, "--shared-key", KEY];
        finished(command.arg("cache").args(arguments).args(flags))
    }

    fn asked(&self) -> (String, String, Value) {
        self.asked.lock().unwrap().pop().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_longer_holds_is_said_to_the_gateway() {
    let gateway = gateway(202, json!({ "count": 2 })).await;
    for (flags, event) in [
        (&[][..], json!({ "subgraph": "catalog" })),
        (
            &["--type", "Product"],
            json!({ "subgraph": "catalog", "type": "Product" }),
        ),
        (
            &["--type", "Product", "--key", r#"{"id":"1"}"#],
            json!({ "subgraph": "catalog", "type": "Product", "key": { "id": "1" } }),
        ),
        (&["--tag", "t"], json!({ "subgraph": "catalog", "tag": "t" })),
    ] {
        let ran = gateway.run(&[&["invalidate", "--subgraph", "catalog"], flags].concat());
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "invalidated (2)\n"),
            "{}",
            ran.err
        );
        let expected = ("POST /invalidation".to_owned(), KEY.to_owned(), event);
        assert_eq!(gateway.asked(), expected);
    }
    let ran = gateway.run(&["invalidate", "--subgraph", "catalog", "--format", "json"]);
    assert_eq!(ran.json(), json!({ "count": 2 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_lines_or_json() {
    let stats = json!({ "memory": { "bytes": 7, "entries": { "all": 2 } }, "hits": 1 });
    let gateway = gateway(200, stats.clone()).await;
    let ran = gateway.run(&["stats"]);
    let expected = "hits: 1\nmemory.bytes: 7\nmemory.entries.all: 2\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{}", ran.err);
    assert_eq!(gateway.run(&["stats", "--format", "json"]).json(), stats);
    let (line, key, _) = gateway.asked();
    assert_eq!((line.as_str(), key.as_str()), ("GET /cache", KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_refuses_is_told_and_is_the_exit_code() {
    for (status, code, exit) in [
        (404, "NO_CACHE", 1),
        (503, "INVALIDATION_NOT_SPREAD", 1),
        (400, "UNKNOWN_IN_GRAPH", 2),
        (401, "UNAUTHORIZED", 2),
    ] {
        let error = json!({ "errors": [{ "message": "because", "extensions": { "code": code } }] });
        let gateway = gateway(status, error.clone()).await;
        let ran = gateway.run(&["invalidate", "--subgraph", "a"]);
        ran.assert(exit, &["because", code]);
        let ran = gateway.run(&["invalidate", "--subgraph", "a", "--format", "json"]);
        assert_eq!((ran.code, ran.json()), (exit, error));
    }
    let other = gateway(500, json!("?")).await;
    other.run(&["stats"]).assert(2, &["the gateway answered 500"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_configuration_says_where_it_is() {
    let shop = Shop::new();
    let gateway = gateway(200, json!({})).await;
    let listen = gateway.url.strip_prefix("http://").unwrap();
    let configure = |admin: Value| {
        let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
        config["admin"] = admin;
        // Its address is of no concern here.
        config["cache"] = json!({ "redis": {} });
        shop.write("schema/causeway.yaml", &config.to_string());
    };
    let stats = ["cache", "stats", "--config", "schema/causeway.yaml"];
    shop.run(&stats).assert(2, &["has no `admin`"]);
    configure(json!({ "listen": listen, "shared_key": KEY }));
    shop.run(&stats).assert(0, &[]);
    assert_eq!(gateway.asked().1, KEY);
    configure(json!({ "listen": listen.replace("127.0.0.1", "0.0.0.0") }));
    shop.run(&stats).assert(2, &["has no `admin` with a key"]);
    let other = "fedcba9876543210";
    finished(shop.causeway(&stats).env("CAUSEWAY_ADMIN_KEY", other)).assert(0, &[]);
    assert_eq!(gateway.asked().1, other);
}

#[test]
fn what_cannot_be_asked_is_told() {
    let at = |url: &'static str| ["--url", url, "--shared-key", KEY];
    let nowhere = at("http://127.0.0.1:1");
    for (arguments, expected) in [
        (&["stats"][..], "--shared-key"),
        (&["invalidate"], "--subgraph"),
        (&["invalidate", "--subgraph", "a", "--key", "{}"], "--key"),
        (
            &["invalidate", "--subgraph", "a", "--type", "T", "--key", "1"],
            "JSON object",
        ),
        (
            &["invalidate", "--subgraph", "a", "--type", "T", "--tag", "t"],
            "cannot be used with",
        ),
    ] {
        let ran = run(&[&["cache"], arguments].concat());
        ran.assert(2, &[expected]);
    }
    let ran = run(&[&["cache", "stats"][..], &nowhere].concat());
    ran.assert(2, &["http://127.0.0.1:1/cache", "onnection refused"]);
    let ran = run(&[&["cache", "stats"][..], &at("nonsense")].concat());
    ran.assert(2, &["nonsense"]);
}
