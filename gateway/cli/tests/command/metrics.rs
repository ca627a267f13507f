//! Metrics over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    causeway::{Shop, subgraph},
    serve::{Serving, provide_tls},
};

const QUERY: &str = "{ me { name reviews { stars } } }";

/// The shop's configuration, with metrics at an address.
fn configure(shop: &Shop, url: &str, metrics: &str) {
    shop.configure(url);
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config["metrics"] = json!({ "listen": metrics });
    shop.write("schema/causeway.yaml", &config.to_string());
}

/// Both subgraphs.
async fn both() -> String {
    let me = json!({ "__typename": "User", "id": "1", "name": "Ada" });
    let reviewed = json!({ "__typename": "User", "reviews": [{ "stars": 5 }] });
    subgraph(json!({ "data": { "me": me, "_entities": [reviewed] } })).await
}

struct Measured {
    serving: Serving,
    /// Where metrics are told.
    url: String,
}

impl Measured {
    fn start(shop: &Shop) -> Self {
        let mut serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
        let line = serving.told("metrics at http://");
        let (_, rest) = line.split_once("metrics at ").unwrap();
        let (url, _) = rest.split_once("/metrics").unwrap();
        let url = url.to_owned();
        Self { serving, url }
    }

    async fn metrics(&self) -> String {
        let (status, kind, text) = get(&format!("{}/metrics", self.url)).await;
        assert_eq!(status, 200);
        assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert!(text.ends_with("# EOF\n"), "{text}");
        text
    }
}

async fn get(url: &str) -> (u16, String, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let kind = answer.headers().get("content-type");
    let kind = kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind, answer.text().await.unwrap())
}

#[track_caller]
fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|found| found == *line), "no `{line}` in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_and_answered_is_told_where_clients_do_not_come() {
    provide_tls();
    let shop = Shop::new();
    configure(&shop, &both().await, "127.0.0.1:0");
    let measured = Measured::start(&shop);
    let fresh = measured.metrics().await;
    assert_lines(
        &fresh,
        &[
            "# TYPE causeway_requests counter",
            "causeway_requests_total{outcome=\"complete\"} 0",
            "causeway_subgraph_calls_total{subgraph=\"users\"} 0",
        ],
    );
    for _ in 0..2 {
        assert_eq!(
            measured.serving.ask(QUERY).await["data"]["me"]["reviews"][0]["stars"],
            5
        );
    }
    measured.serving.ask("{ nothing }").await;
    let text = measured.metrics().await;
    let batches = |le: &str, count: u32| {
        format!("causeway_subgraph_batch_size_bucket{{le=\"{le}\",subgraph=\"reviews\"}} {count}")
    };
    assert_lines(
        &text,
        &[
            "causeway_requests_total{outcome=\"complete\"} 2",
            "causeway_requests_total{outcome=\"with_errors\"} 0",
            "causeway_requests_total{outcome=\"refused\"} 1",
            "causeway_requests_total{outcome=\"failed\"} 0",
            "causeway_requests_shared_total 0",
            "# HELP causeway_subgraph_calls Requests that were sent to a subgraph",
            "# TYPE causeway_subgraph_calls counter",
            "causeway_subgraph_calls_total{subgraph=\"users\"} 2",
            "causeway_subgraph_calls_total{subgraph=\"reviews\"} 2",
            "causeway_subgraph_entities_asked_total{subgraph=\"reviews\"} 2",
            "causeway_subgraph_entities_sent_total{subgraph=\"reviews\"} 2",
            "causeway_subgraph_entities_joined_total{subgraph=\"reviews\"} 0",
            "causeway_subgraph_shared_calls_total{subgraph=\"users\"} 0",
            "causeway_subgraph_isolated_retries_total{subgraph=\"users\"} 0",
            "# TYPE causeway_subgraph_batch_size histogram",
            "causeway_subgraph_batch_size_sum{subgraph=\"reviews\"} 2.0",
            "causeway_subgraph_batch_size_count{subgraph=\"reviews\"} 2",
            &batches("1.0", 2),
            &batches("1024.0", 2),
            &batches("+Inf", 2),
            "causeway_entity_groups_in_flight 0",
            "causeway_root_calls_in_flight 0",
        ],
    );
    // Each listener has its own routes and no others.
    let clients = get(&format!("{}/metrics", measured.serving.url)).await;
    assert_eq!(clients.0, 404);
    assert_eq!(get(&format!("{}/graphql", measured.url)).await.0, 404);
    let (code, log) = measured.serving.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_go_on_when_the_graph_is_reloaded() {
    provide_tls();
    let shop = Shop::new();
    configure(&shop, &both().await, "127.0.0.1:0");
    let mut measured = Measured::start(&shop);
    let calls = |count: u32| format!("causeway_subgraph_calls_total{{subgraph=\"users\"}} {count}");
    for round in 1..=3 {
        measured.serving.ask(QUERY).await;
        assert_lines(&measured.metrics().await, &[&calls(round)]);
        let more = format!("{}\n# {round}\n", shop.read("schema/users.graphql"));
        shop.write("schema/users.graphql", &more);
        measured.serving.told("the graph is reloaded");
        let text = measured.metrics().await;
        let complete = format!("causeway_requests_total{{outcome=\"complete\"}} {round}");
        let batches = format!("causeway_subgraph_batch_size_count{{subgraph=\"reviews\"}} {round}");
        assert_lines(&text, &[&calls(round), &complete, &batches]);
    }
    // A subgraph that goes away takes nothing along.
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config["subgraphs"].as_object_mut().unwrap().remove("reviews");
    shop.write("schema/causeway.yaml", &config.to_string());
    measured.serving.told("the graph is reloaded");
    let reviews = "causeway_subgraph_calls_total{subgraph=\"reviews\"} 3";
    assert_lines(&measured.metrics().await, &[&calls(3), reviews]);
    let (code, log) = measured.serving.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// Metrics are told until the last request is answered.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_end_with_the_gateway_and_not_before() {
    provide_tls();
    let shop = Shop::new();
    // Accepts and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", silent.local_addr().unwrap());
    configure(&shop, &url, "127.0.0.1:0");
    let measured = Measured::start(&shop);
    let (asked, telling) = (measured.serving.url.clone(), measured.url.clone());
    let request = tokio::spawn(async move {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let query = client
            .post(format!("{asked}/graphql"))
            .json(&json!({ "query": "{ me { name } }" }));
        drop(query.send().await);
    });
    let started = Instant::now();
    let under_way = "causeway_root_calls_in_flight 1";
    while !measured.metrics().await.contains(under_way) {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stopping = tokio::task::spawn_blocking(move || measured.serving.stop("-TERM"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(get(&format!("{telling}/metrics")).await.2.contains(under_way));
    request.abort();
    let (code, log) = stopping.await.unwrap();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_nothing_is_told_and_a_taken_one_is_named() {
    provide_tls();
    let shop = Shop::new();
    let url = both().await;
    shop.configure(&url);
    let serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
    serving.ask(QUERY).await;
    let (_, log) = serving.stop("-TERM");
    assert!(!log.contains("metrics"), "{log}");
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    configure(&shop, &url, &taken);
    shop.run(&["serve", "--config", "schema/causeway.yaml"])
        .assert(2, &[&taken, "`metrics.listen`", "in use"]);
}
