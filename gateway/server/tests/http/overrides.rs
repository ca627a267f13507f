//! Progressive overrides: who answers is decided request by request.

use std::sync::Arc;

use axum::http::{HeaderName, Method};
use causeway_server::{OverrideOptions, ServerOptions};
use futures::FutureExt;
use serde_json::{Value, json};

use crate::gateway::{Gateway, options, over};

/// `me` is in `new` where the label is on, else in `old`.
fn moving(label: &str) -> String {
    let sdl = |name: &str, text: &str| causeway_composition::SubgraphInput {
        name: name.to_owned(),
        url: None,
        sdl: format!(
            "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@override\", \"@shareable\"])\n{text}"
        ),
        source: name.to_owned(),
    };
    let inputs = [
        sdl(
            "new",
            &format!("type Query {{ me: String @override(from: \"old\", label: \"{label}\") }}"),
        ),
        sdl("old", "type Query { me: String other: String }"),
    ];
    causeway_composition::compose(&inputs).unwrap().supergraph_sdl
}

/// Each subgraph answers with its name.
fn gateway(label: &str, overrides: OverrideOptions) -> Gateway {
    let options = ServerOptions {
        overrides,
        ..options()
    };
    over(&moving(label), options, |subgraph, _| {
        let name = ["new", "old"][subgraph];
        async move { json!({ "data": { "me": name, "other": name } }) }.boxed()
    })
}

fn drawn(number: f64) -> OverrideOptions {
    OverrideOptions {
        on: Vec::new(),
        header: None,
        draw: Arc::new(move || number),
    }
}

async fn ask(gateway: &Gateway, headers: &[(&str, &str)], query: &str) -> Value {
    let headers = [
        &[("content-type", "application/json"), ("causeway-explain", "1")],
        headers,
    ]
    .concat();
    let body = json!({ "query": query }).to_string();
    gateway
        .request(Method::POST, "/graphql", &headers, &body)
        .await
        .json()
}

#[tokio::test]
async fn none_and_all_of_the_requests_whatever_is_drawn() {
    for number in [0.0, 0.5, 0.999_999] {
        let none = gateway("percent(0)", drawn(number));
        assert_eq!(ask(&none, &[], "{ me }").await["data"], json!({ "me": "old" }));
        let all = gateway("percent(100)", drawn(number));
        let answer = ask(&all, &[], "{ me }").await;
        assert_eq!(answer["data"], json!({ "me": "new" }));
        assert_eq!(
            answer["extensions"]["causeway"]["overrideLabels"],
            json!(["percent(100)"])
        );
    }
}

#[tokio::test]
async fn the_same_text_is_planned_for_each_decision() {
    let numbers = Arc::new(std::sync::Mutex::new(vec![0.9, 0.1, 0.9, 0.1]));
    let overrides = OverrideOptions {
        draw: Arc::new(move || numbers.lock().unwrap().pop().unwrap()),
        ..drawn(0.0)
    };
    let gateway = gateway("percent(50)", overrides);
    for expected in ["new", "old", "new", "old"] {
        assert_eq!(ask(&gateway, &[], "{ me }").await["data"]["me"], expected);
        // Nothing is drawn for this one.
        let other = ask(&gateway, &[], "{ other }").await;
        assert_eq!(other["data"]["other"], "old");
        assert_eq!(other["extensions"]["causeway"].get("overrideLabels"), None);
    }
}

#[tokio::test]
async fn a_label_is_the_hosts_to_turn_on_and_the_clients_only_where_it_may() {
    let named = [("x-labels", "other, people-first")];
    let off = gateway("people-first", drawn(0.0));
    assert_eq!(ask(&off, &named, "{ me }").await["data"]["me"], "old");
    let on = OverrideOptions {
        on: vec!["people-first".to_owned()],
        ..drawn(0.0)
    };
    let on = gateway("people-first", on);
    assert_eq!(ask(&on, &[], "{ me }").await["data"]["me"], "new");
    let asked = OverrideOptions {
        header: Some(HeaderName::from_static("x-labels")),
        ..drawn(0.0)
    };
    let asked = gateway("people-first", asked);
    assert_eq!(ask(&asked, &named, "{ me }").await["data"]["me"], "new");
    assert_eq!(ask(&asked, &[], "{ me }").await["data"]["me"], "old");
}
