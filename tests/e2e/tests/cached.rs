//! The shop with a cache: what was answered is not asked for again, and nobody sees what has changed or is somebody else's.

use std::time::Duration;

use e2e::{Client, Shop, calls};
use serde_json::{Value, json};
use shop::Caching;

fn all_calls(response: &Value) -> u64 {
    ["users", "catalog", "orders"]
        .iter()
        .map(|name| calls(response, name))
        .sum()
}

async fn ask(client: &Client, query: &str) -> Value {
    let response = client.send(query, json!({})).await;
    assert!(response.get("errors").is_none(), "{query}: {response:#}");
    response
}

#[tokio::test]
async fn what_was_answered_is_not_asked_for_again() {
    let shop = Shop::with_cache(Caching::Memory).await;
    let first = ask(&shop.client, "{ product(id: \"p-1\") { name price { minor } } }").await;
    assert_eq!(calls(&first, "catalog"), 1);
    // Other aliases, fewer fields.
    let second = ask(&shop.client, "{ it: product(id: \"p-1\") { title: name } }").await;
    assert_eq!(all_calls(&second), 0, "{second:#}");
    assert_eq!(second["data"]["it"]["title"], first["data"]["product"]["name"]);
    let run = &second["extensions"]["causeway"]["plan"]["fetches"][0]["run"];
    assert_eq!(run["cache"]["memory"], 1, "{run}");
    assert!(
        shop.client
            .cache_control("{ product(id: \"p-1\") { name } }")
            .await
            .starts_with("public, max-age=")
    );
    shop.running.stop().await.expect("the shop stops");
}

#[tokio::test]
async fn nobody_sees_what_is_somebody_elses() {
    let shop = Shop::with_cache(Caching::Memory).await;
    let (ada, grace) = (
        shop.client.sign_in("ada").await,
        shop.client.sign_in("grace32").await,
    );
    let query = "{ me { handle orders(first: 3) { nodes { id } } } }";
    let of_ada = ask(&ada, query).await;
    assert_eq!(of_ada["data"]["me"]["handle"], "ada");
    let again = ask(&ada, query).await;
    assert_eq!((all_calls(&again), &again["data"]), (0, &of_ada["data"]));
    assert_eq!(ask(&grace, query).await["data"]["me"]["handle"], "grace32");
    assert_eq!(
        ask(&shop.client, "{ me { handle } }").await["data"]["me"],
        Value::Null
    );
    assert!(ada.cache_control(query).await.starts_with("private"));
    shop.running.stop().await.expect("the shop stops");
}

const PLACE: &str = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename ... on Placed { order { id } } } }";

#[tokio::test]
async fn who_has_ordered_sees_it_and_others_soon_do() {
    let shop = Shop::with_cache(Caching::Memory).await;
    let ada = shop.client.sign_in("ada").await;
    let (mine, stock) = (
        "{ me { orders(first: 1) { nodes { id } } } }",
        "{ product(id: \"p-3\") { available price { minor } } }",
    );
    let before = ask(&ada, stock).await;
    ask(&ada, mine).await;
    ask(&shop.client, stock).await;
    let input = json!({
        "idempotencyKey": "one",
        "lines": [{ "itemId": "p-3", "quantity": 1 }],
        "expectedTotalMinor": before["data"]["product"]["price"]["minor"],
    });
    let placed = ada.data(PLACE, json!({ "input": input })).await;
    let id = &placed["placeOrder"]["order"]["id"];
    assert!(id.is_string(), "{placed}");
    let left = before["data"]["product"]["available"].as_i64().expect("a number") - 1;
    for client in [&ada, &shop.client] {
        assert_eq!(ask(client, stock).await["data"]["product"]["available"], left);
    }
    assert_eq!(
        &ask(&ada, mine).await["data"]["me"]["orders"]["nodes"][0]["id"],
        id
    );
    shop.running.stop().await.expect("the shop stops");
}

/// The write goes past the gateway: only the service's event can tell.
#[tokio::test]
async fn a_change_behind_the_gateways_back_is_heard_of() {
    let shop = Shop::with_cache(Caching::Memory).await;
    let user = |handle: &str| format!("{{ userByHandle(handle: \"{handle}\") {{ displayName }} }}");
    assert_eq!(
        ask(&shop.client, &user("nova")).await["data"]["userByHandle"],
        Value::Null
    );
    assert_eq!(
        all_calls(&ask(&shop.client, &user("nova")).await),
        0,
        "that there is none is kept as well"
    );
    let direct = shop
        .client
        .at(format!("http://{}/graphql", shop.running.users.addr));
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "handle": "nova", "displayName": "Nova", "email": "nova@example.org", "password": "causeway-demo" });
    let signed_up = direct.send(sign_up, json!({ "input": input })).await;
    assert!(signed_up.get("errors").is_none(), "{signed_up:#}");
    let heard = async {
        while ask(&shop.client, &user("nova")).await["data"]["userByHandle"].is_null() {
            tokio::task::yield_now().await;
        }
    };
    // Without the event it would last a minute.
    tokio::time::timeout(Duration::from_secs(30), heard)
        .await
        .expect("the event arrives");
    shop.running.stop().await.expect("the shop stops");
}
