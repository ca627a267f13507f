//! How long the service's answers may be kept, field by field: a field without an entry fails the test.

use std::collections::BTreeSet;

use super::*;

const MINUTE: &str = "public, max-age=60";
const OWN: &str = "private, max-age=60";

const FIELDS: &[(&str, &str, &str)] = &[
    ("Query.order", "order(id: \"o-1\") { id }", OWN),
    ("Query.orders", "orders(first: 1) { totalCount }", OWN),
    ("Order.id", "id", OWN),
    ("Order.buyer", "buyer { id }", OWN),
    ("Order.status", "status", OWN),
    ("Order.version", "version", OWN),
    ("Order.total", "total { minor }", OWN),
    ("Order.placedAt", "placedAt", OWN),
    ("Order.lines", "lines { titleAtPurchase product { sku } }", OWN),
    ("Order.shipTo", "shipTo { zone }", OWN),
    ("Product.id", "id", MINUTE),
    ("Product.sku", "sku", MINUTE),
    ("Product.weightGrams", "weightGrams", MINUTE),
    ("Product.unitsSold", "unitsSold", MINUTE),
    (
        "Product.shippingFee",
        "shippingFee(country: \"DE\") { minor }",
        MINUTE,
    ),
    ("User.id", "id", MINUTE),
    ("User.tier", "tier", MINUTE),
    ("User.address", "address { country }", OWN),
    ("User.discountPct", "discountPct", MINUTE),
    ("User.orders", "orders(first: 1) { totalCount }", OWN),
];

const OTHERS: &[(&str, &str)] = &[
    (
        "{ order(id: \"o-1\") { lines { item { __typename ... on Product { unitsSold } } } } }",
        OWN,
    ),
    ("{ order(id: \"nobody's\") { id } }", OWN),
    ("{ orders(first: 0) { totalCount } }", "no-store"),
    // It needs what only a gateway can bring along.
    ("{ order(id: \"o-1\") { shipTo { zone } } }", "no-store"),
    ("{ _service { sdl } }", "no-store"),
    (
        "mutation { cancelOrder(id: \"o-1\", version: 9) { id } }",
        "no-store",
    ),
];

fn representation(ty: &str) -> Value {
    match ty {
        "Order" => json!({"__typename": ty, "id": "o-1", "buyer": {"address": {"country": "DE"}}}),
        "Product" => json!({"__typename": ty, "id": "p-1", "sku": "SKU-1", "weightGrams": 10}),
        _ => json!({"__typename": ty, "id": "u-1", "tier": "GOLD", "address": {"country": "DE"}}),
    }
}

async fn cache_control(server: &Server, signed_in: bool, body: &Value, fails: bool) -> String {
    let mut request = server.client.post(format!("{}/graphql", server.url)).json(body);
    if signed_in {
        request = request.bearer_auth(server.issuer.token("u-1", &[]));
    }
    let answer = request.send().await.unwrap();
    let header = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer.get("errors").is_some(), fails, "{answer}");
    header
}

#[tokio::test]
async fn every_field_says_how_long_it_may_be_kept_and_by_whom() {
    let server = Server::start(5).await;
    let listed: BTreeSet<String> = FIELDS.iter().map(|(field, ..)| (*field).to_owned()).collect();
    assert_eq!(listed, kit::testing::coordinates(&crate::sdl()));
    for (field, selection, expected) in FIELDS {
        let ty = field.split_once('.').unwrap().0;
        let query = match ty {
            "Query" => format!("{{ {selection} }}"),
            _ => format!(
                "query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {ty} {{ {selection} }} }} }}"
            ),
        };
        let body = json!({"query": query, "variables": {"r": [representation(ty)]}});
        for signed_in in [false, true] {
            let header = cache_control(&server, signed_in, &body, false).await;
            assert_eq!(header, *expected, "{field}, signed in: {signed_in}");
        }
    }
}

#[tokio::test]
async fn the_most_private_part_counts_and_errors_are_not_kept() {
    let server = Server::start(5).await;
    for (query, expected) in OTHERS {
        let fails = *expected == "no-store" && !query.contains("_service");
        for signed_in in [false, true] {
            let header = cache_control(&server, signed_in, &json!({ "query": query }), fails).await;
            assert_eq!(header, *expected, "{query}, signed in: {signed_in}");
        }
    }
    let input = json!({"idempotencyKey": "k", "lines": [{"itemId": "p-1", "quantity": 2}], "expectedTotalMinor": 2000});
    let body = json!({"query": PLACE, "variables": {"input": input}});
    assert_eq!(cache_control(&server, true, &body, false).await, "no-store");
}
