//! Services that are down or silent: only their fields are null, with one error a path.
//! The roots of all services are nullable, so that none of them can take the others' along.

use std::{collections::BTreeSet, time::Duration};

use e2e::{Client, Engine, Shop, documents};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const QUERY: &str = "{ orders(first: 5) { nodes { id buyer { id displayName handle } lines { titleAtPurchase product { sku name } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_nulls_only_its_fields() {
    let shop = Shop::with_timeout(Engine::Sqlite, Duration::from_secs(2)).await;
    let shop = shop.expect("SQLite is built in");
    let whole = shop.client.data(QUERY, json!({})).await;
    let users = shop.running.users.stop().await.expect("users stops");
    let response = shop.client.send(QUERY, json!({})).await;
    assert_buyers_missing(&response, &whole, "SUBGRAPH_UNREACHABLE");

    // The same port, but nobody who answers: the gateway's own timeout ends the wait.
    let silent = TcpListener::bind(users).await.expect("the port is free again");
    let response = shop.client.send(QUERY, json!({})).await;
    assert_buyers_missing(&response, &whole, "SUBGRAPH_TIMEOUT");
    drop(silent);
}

/// Each buyer is null with one error; everything else is as it was.
fn assert_buyers_missing(response: &Value, whole: &Value, code: &str) {
    let mut expected = whole.clone();
    for node in expected["orders"]["nodes"].as_array_mut().expect("orders") {
        node["buyer"] = Value::Null;
    }
    assert_eq!(response["data"], expected);
    let errors = response["errors"].as_array().expect("errors");
    let places: BTreeSet<String> = errors.iter().map(|error| error["path"].to_string()).collect();
    assert_eq!(errors.len(), 5, "{errors:#?}");
    assert_eq!(places.len(), 5, "{errors:#?}");
    for (index, error) in errors.iter().enumerate() {
        assert_eq!(error["extensions"]["code"], code, "{error:#}");
        assert_eq!(error["extensions"]["subgraph"], "users");
        let path = error["path"].as_array().expect("a path");
        assert_eq!(
            path[..4],
            [json!("orders"), json!("nodes"), json!(index), json!("buyer")]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_at_the_root_takes_its_roots_alone() {
    let shop = Shop::on_sqlite().await;
    shop.running.orders.stop().await.expect("orders stops");
    let query = "{ product(id: \"p-1\") { name unitsSold } order(id: \"o-1\") { id } user(id: \"u-1\") { handle discountPct } }";
    let response = shop.client.send(query, json!({})).await;
    assert_eq!(response["data"]["order"], Value::Null);
    assert_eq!(
        response["data"]["user"],
        json!({ "handle": "ada", "discountPct": null })
    );
    assert_eq!(response["data"]["product"]["unitsSold"], Value::Null);
    assert!(response["data"]["product"]["name"].is_string(), "{response:#}");
    let mut paths: Vec<String> = response["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["path"].to_string())
        .collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            r#"["order"]"#,
            r#"["product","unitsSold"]"#,
            r#"["user","discountPct"]"#
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_catalog_its_root_alone_is_null() {
    let shop = Shop::on_sqlite().await;
    shop.running.catalog.stop().await.expect("catalog stops");
    let query = "{ orders(first: 3) { nodes { id } } bundles(first: 1) { name } user(id: \"u-1\") { id } }";
    let response = shop.client.send(query, json!({})).await;
    assert_eq!(response["data"]["bundles"], Value::Null);
    assert_eq!(
        response["data"]["orders"]["nodes"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(response["data"]["user"], json!({ "id": "u-1" }));
    let errors = response["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(errors[0]["path"], json!(["bundles"]));
    assert_eq!(errors[0]["extensions"]["code"], "SUBGRAPH_UNREACHABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_mutation_takes_its_own_root_alone() {
    let shop = Shop::on_sqlite().await;
    let mutation = "mutation { wrong: signIn(input: { handle: \"ada\", password: \"no\" }) { token }
        right: signIn(input: { handle: \"ada\", password: \"causeway-demo\" }) { user { id } }
        cancelOrder(id: \"o-1\", version: 1) { id } }";
    let response = shop.client.send(mutation, json!({})).await;
    let expected = json!({ "wrong": null, "right": { "user": { "id": "u-1" } }, "cancelOrder": null });
    assert_eq!(response["data"], expected);
    let of = |index: usize| {
        let error = &response["errors"][index];
        (error["path"][0].clone(), error["extensions"]["code"].clone())
    };
    assert_eq!(response["errors"].as_array().map(Vec::len), Some(2));
    assert_eq!(of(0), (json!("wrong"), json!("INVALID_CREDENTIALS")));
    assert_eq!(of(1), (json!("cancelOrder"), json!("UNAUTHENTICATED")));
    shop.running.stop().await.expect("the shop stops");
}

/// Who answers a root of the documents, by its name in the response. Introspection is the gateway's own.
const ROOTS: [(&str, &str); 16] = [
    ("me", "users"),
    ("user", "users"),
    ("userByHandle", "users"),
    ("signIn", "users"),
    ("signUp", "users"),
    ("products", "catalog"),
    ("newest", "catalog"),
    ("cheapest", "catalog"),
    ("product", "catalog"),
    ("bundles", "catalog"),
    ("search", "catalog"),
    ("order", "orders"),
    ("orders", "orders"),
    ("placeOrder", "orders"),
    ("cancelOrder", "orders"),
    ("__typename", "gateway"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_document_keeps_the_roots_of_the_services_that_are_up() {
    for down in ["users", "catalog", "orders"] {
        let shop = Shop::on_sqlite().await;
        let ada = shop.client.sign_in("ada").await;
        let whole = answers(&shop.client, &ada, false).await;
        let running = shop.running;
        let stopped = match down {
            "users" => running.users.stop().await,
            "catalog" => running.catalog.stop().await,
            _ => running.orders.stop().await,
        };
        stopped.expect("the service stops");
        for ((name, response), (_, whole)) in answers(&shop.client, &ada, true).await.iter().zip(whole) {
            if name == "Introspection" {
                assert_eq!(response["data"], whole["data"]);
                continue;
            }
            let data = response["data"].as_object();
            let data = data.unwrap_or_else(|| panic!("{name} without {down}: no data: {response:#}"));
            for (root, value) in data {
                let owner = ROOTS.iter().find(|(known, _)| known == root);
                let (_, owner) = owner.unwrap_or_else(|| panic!("{name}: add {root} to ROOTS"));
                let null = *owner == down || (root == "placeOrder" && down == "catalog");
                assert_eq!(
                    value.is_null(),
                    null,
                    "{name} without {down}: {root}: {response:#}"
                );
            }
        }
    }
}

/// Each document's response, by its name. Mutations are sent on request only: they succeed once.
async fn answers(anybody: &Client, ada: &Client, mutations: bool) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for document in documents() {
        let client = if document.sender.is_some() { ada } else { anybody };
        let response = if document.is_mutation() && !mutations {
            Value::Null
        } else {
            client.send(&document.text, document.variables).await
        };
        answers.push((document.name, response));
    }
    answers
}
