//! The graph changes while it is served.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    causeway::{Shop, subgraph},
    serve::{Serving, provide_tls},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until the answer is as wanted.
async fn until(serving: &Serving, query: &str, wanted: impl Fn(&Value) -> bool) {
    let started = Instant::now();
    loop {
        let answer = serving.ask(query).await;
        if wanted(&answer) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn users(more: &str) -> String {
    format!(
        "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\"])
        type Query {{ me: User }}
        type User @key(fields: \"id\") {{ id: ID! name: String {more} }}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schema_is_served_and_a_broken_one_is_not() {
    provide_tls();
    let shop = Shop::new();
    shop.configure(&subgraph(json!({ "data": { "me": { "name": "Ada", "born": 1815 } } })).await);
    shop.write("schema/users.graphql", &users(""));
    let mut serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
    let born = "{ me { born } }";
    let refused = |answer: &Value| answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED";
    assert!(refused(&serving.ask(born).await));
    shop.write("schema/users.graphql", &users("born: Int"));
    until(&serving, born, |answer| answer["data"]["me"]["born"] == 1815).await;
    // Does not compose: `wrong` stays unknown, and the rest is served as before.
    shop.write("schema/users.graphql", &users("born: Int wrong: Missing"));
    let refusal = serving.told("the one before stays");
    assert!(
        refusal.contains("Missing") && refusal.contains("users.graphql"),
        "{refusal}"
    );
    assert_eq!(serving.ask(born).await["data"]["me"]["born"], 1815);
    shop.write("schema/users.graphql", &users("born: String"));
    until(
        &serving,
        "{ __type(name: \"User\") { fields { name type { name } } } }",
        |answer| {
            let fields = answer["data"]["__type"]["fields"].as_array().unwrap();
            fields
                .iter()
                .any(|field| field["name"] == "born" && field["type"]["name"] == "String")
        },
    )
    .await;
    let (code, log) = serving.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reloads_what_has_not_changed_here() {
    provide_tls();
    let shop = Shop::new();
    shop.configure(&subgraph(json!({ "data": { "me": { "name": "Ada" } } })).await);
    let mut serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
    let id = serving.child.id().to_string();
    for _ in 0..2 {
        assert!(
            Command::new("kill")
                .args(["-HUP", &id])
                .status()
                .unwrap()
                .success()
        );
        serving.told("the graph is reloaded");
        assert_eq!(serving.ask("{ me { name } }").await["data"]["me"]["name"], "Ada");
    }
    let (code, log) = serving.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_prepared_at_start_and_a_wrong_one_stops_nothing() {
    provide_tls();
    let shop = Shop::new();
    let url = subgraph(json!({ "data": { "me": { "name": "Ada" } } })).await;
    shop.configure(&url);
    shop.write("operations/good.graphql", "query Good { me { name } }");
    shop.write("operations/wrong.graphql", "query Wrong { nothing }");
    let subgraph = |name: &str| json!({ "url": url, "schema": format!("./schema/{name}.graphql") });
    let config = json!({
        "subgraphs": { "users": subgraph("users"), "reviews": subgraph("reviews") },
        "listen": "127.0.0.1:0",
        "warm_up": { "operations": "./operations" },
    });
    shop.write("warm.yaml", &config.to_string());
    let serving = Serving::start(&mut shop.causeway(&["serve", "--config", "warm.yaml"]));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let started = Instant::now();
    while client
        .get(format!("{}/health/ready", serving.url))
        .send()
        .await
        .unwrap()
        .status()
        != 200
    {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(serving.ask("{ me { name } }").await["data"]["me"]["name"], "Ada");
    let (code, log) = serving.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("operations are prepared"), "{log}");
    assert!(
        log.contains("cannot be prepared") && log.contains("wrong.graphql"),
        "{log}"
    );
}
