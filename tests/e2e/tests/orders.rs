//! Placing orders through the gateway, many at a time.

use e2e::{Client, Engine, Shop};
use futures::future::join_all;
use serde_json::{Value, json};

const PLACE: &str = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) {
    __typename
    ... on Placed { order { id } }
    ... on OutOfStock { items { itemId requested available } }
    ... on PriceChanged { actual { minor } }
} }";

struct Product {
    id: String,
    price: i64,
    available: i64,
}

async fn product(client: &Client, id: &str) -> Product {
    let data = client
        .data(
            "query($id: ID!) { product(id: $id) { price { minor } available } }",
            json!({ "id": id }),
        )
        .await;
    Product {
        id: id.to_owned(),
        price: data["product"]["price"]["minor"].as_i64().expect("a price"),
        available: data["product"]["available"].as_i64().expect("a number"),
    }
}

async fn place(client: &Client, product: &Product, quantity: i64, key: &str) -> Value {
    let input = json!({
        "idempotencyKey": key,
        "lines": [{ "itemId": product.id, "quantity": quantity }],
        "expectedTotalMinor": product.price * quantity,
    });
    client.data(PLACE, json!({ "input": input })).await["placeOrder"].clone()
}

/// A product of which exactly ten are left.
async fn last_ten(client: &Client) -> Product {
    let mut found = product(client, "p-7").await;
    let mut round = 0;
    while found.available != 10 {
        assert!(found.available > 10, "p-7 has only {} left", found.available);
        let placed = place(
            client,
            &found,
            (found.available - 10).min(99),
            &format!("drain-{round}"),
        )
        .await;
        assert_eq!(placed["__typename"], "Placed", "{placed}");
        found = product(client, "p-7").await;
        round += 1;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_buyers_for_the_last_ten_items_buy_exactly_ten() {
    fifty_buyers(Shop::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_buyers_for_the_last_ten_items_buy_exactly_ten_on_postgresql() {
    if let Some(shop) = Shop::on(Engine::Postgres).await {
        fifty_buyers(shop).await;
    }
}

async fn fifty_buyers(shop: Shop) {
    let ada = shop.client.sign_in("ada").await;
    let wanted = last_ten(&ada).await;
    let replies = join_all((0..50).map(|buyer| {
        let (ada, wanted) = (&ada, &wanted);
        async move { place(ada, wanted, 1, &format!("rush-{buyer}")).await }
    }))
    .await;
    let count = |kind: &str| replies.iter().filter(|reply| reply["__typename"] == kind).count();
    assert_eq!((count("Placed"), count("OutOfStock")), (10, 40), "{replies:#?}");
    assert_eq!(product(&ada, &wanted.id).await.available, 0);
    shop.running.stop().await.expect("the shop stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_twenty_times_at_once_makes_one_order() {
    one_key(Shop::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_twenty_times_at_once_makes_one_order_on_postgresql() {
    if let Some(shop) = Shop::on(Engine::Postgres).await {
        one_key(shop).await;
    }
}

async fn one_key(shop: Shop) {
    let ada = shop.client.sign_in("ada").await;
    let before = product(&ada, "p-3").await;
    let replies = join_all((0..20).map(|_| place(&ada, &before, 2, "the same key"))).await;
    assert_eq!(replies[0]["__typename"], "Placed", "{}", replies[0]);
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:#?}");
    assert_eq!(product(&ada, "p-3").await.available, before.available - 2);

    let other = json!({
        "idempotencyKey": "the same key",
        "lines": [{ "itemId": "p-3", "quantity": 1 }],
        "expectedTotalMinor": before.price,
    });
    let reply = ada.data(PLACE, json!({ "input": other })).await;
    assert_eq!(reply["placeOrder"]["__typename"], "IdempotencyConflict");
    shop.running.stop().await.expect("the shop stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_ordered_changes_nothing() {
    let shop = Shop::on_sqlite().await;
    let ada = shop.client.sign_in("ada").await;
    let before = product(&ada, "p-5").await;
    for (input, code) in [
        (
            json!({ "idempotencyKey": "", "lines": [{ "itemId": "p-5", "quantity": 1 }], "expectedTotalMinor": 1 }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "idempotencyKey": "a", "lines": [], "expectedTotalMinor": 1 }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "idempotencyKey": "b", "lines": [{ "itemId": "p-5", "quantity": 0 }], "expectedTotalMinor": 1 }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "idempotencyKey": "c", "lines": [{ "itemId": "p-5", "quantity": 100 }], "expectedTotalMinor": 1 }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "idempotencyKey": "d", "lines": [{ "itemId": "p-5", "quantity": 1 }], "expectedTotalMinor": -1 }),
            "BAD_USER_INPUT",
        ),
    ] {
        let response = ada.send(PLACE, json!({ "input": input })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], code, "{response:#}");
        assert_eq!(response["errors"][0]["path"], json!(["placeOrder"]));
    }
    let cheap = Product {
        price: before.price - 1,
        ..product(&ada, "p-5").await
    };
    let reply = place(&ada, &cheap, 1, "cheap").await;
    assert_eq!(reply["__typename"], "PriceChanged");
    assert_eq!(reply["actual"]["minor"], before.price);
    let stranger = shop
        .client
        .send(
            PLACE,
            json!({ "input": { "idempotencyKey": "e",
        "lines": [{ "itemId": "p-5", "quantity": 1 }], "expectedTotalMinor": before.price } }),
        )
        .await;
    assert_eq!(
        stranger["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
        "{stranger:#}"
    );
    assert_eq!(product(&ada, "p-5").await.available, before.available);
    shop.running.stop().await.expect("the shop stops");
}
