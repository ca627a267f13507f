//! Services that are down or silent: only their fields are null, with one error a path.

use std::collections::BTreeSet;

use e2e::Shop;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const QUERY: &str = "{ orders(first: 5) { nodes { id buyer { id displayName handle } lines { titleAtPurchase product { sku name } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_nulls_only_its_fields() {
    let shop = Shop::on_sqlite().await;
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
