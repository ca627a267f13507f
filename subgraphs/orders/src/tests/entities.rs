//! `_entities` and loaders: one statement per kind of data, and one bad key or value costs itself only.

use serde_json::{Value, json};

use super::fixture::Bench;

const ENTITIES: &str =
    "query ($r: [_Any!]!) { _entities(representations: $r) { __typename ...on Order { id status
    total { minor } lines { quantity titleAtPurchase product { id sku } } } } }";

async fn entities(bench: &Bench, fields: &str, representations: Value) -> Value {
    let text = format!("query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {fields} }} }}");
    bench.query(&text, json!({"r": representations})).await
}

fn numbered(typename: &str, prefix: &str, count: usize) -> Vec<Value> {
    (1..=count)
        .map(|number| json!({"__typename": typename, "id": format!("{prefix}-{number}")}))
        .collect()
}

fn no_errors(answer: &Value) {
    assert!(
        answer
            .get("errors")
            .is_none_or(|errors| errors.as_array().unwrap().is_empty()),
        "{answer:#}"
    );
}

#[tokio::test]
async fn a_hundred_orders_are_one_statement_and_their_lines_another() {
    let bench = Bench::seeded(20).await;
    let representations = numbered("Order", "o", 100);
    let (answer, statements) = bench.counted(ENTITIES, json!({"r": representations})).await;
    no_errors(&answer);
    assert_eq!(statements, 2, "orders and lines");
    let orders = answer["data"]["_entities"].as_array().unwrap();
    for (at, order) in orders.iter().enumerate() {
        assert_eq!(
            order["id"],
            format!("o-{}", at + 1),
            "in the order of the representations"
        );
        assert!(!order["lines"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn units_sold_of_a_hundred_products_is_one_statement() {
    let bench = Bench::seeded(25).await;
    let text = "query ($r: [_Any!]!) { _entities(representations: $r) { ...on Product { id unitsSold } } }";
    let (answer, statements) = bench
        .counted(text, json!({"r": numbered("Product", "p", 100)}))
        .await;
    no_errors(&answer);
    assert_eq!(statements, 1);
    let sold = answer["data"]["_entities"].as_array().unwrap();
    assert_eq!(sold.len(), 100);
    assert!(
        sold.iter()
            .any(|product| product["unitsSold"].as_i64().unwrap() > 0)
    );
}

#[tokio::test]
async fn orders_of_a_hundred_users_are_one_statement_and_their_counts_another() {
    let bench = Bench::seeded(100).await;
    let text = "query ($r: [_Any!]!) { _entities(representations: $r) { ...on User { id
        orders(first: 2) { totalCount nodes { id buyer { id } lines { quantity } } pageInfo { hasNextPage } } } } }";
    let (answer, statements) = bench
        .counted(text, json!({"r": numbered("User", "u", 100)}))
        .await;
    no_errors(&answer);
    assert_eq!(statements, 3, "orders, counts, lines");
    for user in answer["data"]["_entities"].as_array().unwrap() {
        assert_eq!(user["orders"]["totalCount"], 6);
        let nodes = user["orders"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 2);
        assert!(nodes.iter().all(|order| order["buyer"]["id"] == user["id"]));
        assert_eq!(user["orders"]["pageInfo"]["hasNextPage"], true);
    }
}

#[tokio::test]
async fn two_windows_of_the_same_users_are_two_statements() {
    let bench = Bench::seeded(10).await;
    let text = "query ($r: [_Any!]!) { _entities(representations: $r) { ...on User {
        new: orders(first: 2) { nodes { id } } old: orders(last: 2) { nodes { id } } } } }";
    let (answer, statements) = bench.counted(text, json!({"r": numbered("User", "u", 10)})).await;
    no_errors(&answer);
    assert_eq!(statements, 2);
    for user in answer["data"]["_entities"].as_array().unwrap() {
        assert_ne!(user["new"], user["old"]);
    }
}

#[tokio::test]
async fn the_same_order_twice_is_answered_twice_and_read_once() {
    let bench = Bench::seeded(5).await;
    let twice = json!([{"__typename": "Order", "id": "o-1"}, {"__typename": "Order", "id": "o-1"}]);
    let (answer, statements) = bench.counted(ENTITIES, json!({"r": twice})).await;
    no_errors(&answer);
    assert_eq!(statements, 2);
    assert_eq!(answer["data"]["_entities"][0], answer["data"]["_entities"][1]);
}

#[tokio::test]
async fn an_unknown_order_is_null_alone() {
    let bench = Bench::seeded(5).await;
    let ids = ["o-1", "o-none", "", "o-\0", "o-2"];
    let representations: Vec<Value> = ids
        .iter()
        .map(|id| json!({"__typename": "Order", "id": id}))
        .collect();
    let answer = entities(&bench, "...on Order { id }", json!(representations)).await;
    no_errors(&answer);
    assert_eq!(
        answer["data"]["_entities"],
        json!([{"id": "o-1"}, null, null, null, {"id": "o-2"}])
    );
}

#[tokio::test]
async fn any_user_and_product_id_is_an_entity() {
    let bench = Bench::seeded(5).await;
    let answer = entities(
        &bench,
        "...on User { id orders { totalCount nodes { id } pageInfo { startCursor hasNextPage } } }
         ...on Product { pid: id unitsSold }",
        json!([{"__typename": "User", "id": "u-none"}, {"__typename": "Product", "id": "p-none"}]),
    )
    .await;
    no_errors(&answer);
    let empty =
        json!({"totalCount": 0, "nodes": [], "pageInfo": {"startCursor": null, "hasNextPage": false}});
    let expected = json!([{"id": "u-none", "orders": empty}, {"pid": "p-none", "unitsSold": 0}]);
    assert_eq!(answer["data"]["_entities"], expected);
}

#[tokio::test]
async fn required_values_are_used() {
    let bench = Bench::seeded(5).await;
    let to = |id: &str, country: &str| json!({"__typename": "Order", "id": id, "buyer": {"__typename": "User", "address": {"country": country}}});
    let answer = entities(
        &bench,
        "...on Order { shipTo { country zone estimatedDays } }
         ...on User { discountPct }
         ...on Product { de: shippingFee(country: \"DE\") { minor currency } us: shippingFee(country: \"US\") { minor } }",
        json!([
            to("o-1", "DE"), to("o-2", "FR"), to("o-3", "JP"),
            {"__typename": "User", "id": "u-1", "tier": "GOLD"},
            {"__typename": "User", "id": "u-2", "tier": "STANDARD"},
            {"__typename": "Product", "id": "p-1", "weightGrams": 2400},
        ]),
    )
    .await;
    no_errors(&answer);
    assert_eq!(
        answer["data"]["_entities"],
        json!([
            {"shipTo": {"country": "DE", "zone": "DOMESTIC", "estimatedDays": 2}},
            {"shipTo": {"country": "FR", "zone": "EU", "estimatedDays": 5}},
            {"shipTo": {"country": "JP", "zone": "WORLD", "estimatedDays": 12}},
            {"discountPct": 10},
            {"discountPct": 0},
            {"de": {"minor": 590, "currency": "EUR"}, "us": {"minor": 2890}},
        ])
    );
}

#[tokio::test]
async fn a_buyer_without_an_address_is_no_error() {
    let bench = Bench::seeded(5).await;
    let answer = entities(
        &bench,
        "...on Order { id shipTo { country } }",
        json!([
            {"__typename": "Order", "id": "o-1", "buyer": null},
            {"__typename": "Order", "id": "o-2", "buyer": {"address": null}},
        ]),
    )
    .await;
    no_errors(&answer);
    let expected = json!([{"id": "o-1", "shipTo": null}, {"id": "o-2", "shipTo": null}]);
    assert_eq!(answer["data"]["_entities"], expected);
}

/// The codes of the errors, and the entity of the one representation that is at fault, which stands between two
/// good ones.
async fn at_fault(bench: &Bench, fields: &str, bad: Value, good: Value) -> (Vec<String>, Value) {
    let answer = entities(bench, fields, json!([good, bad, good])).await;
    let entities = answer["data"]["_entities"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!(entities.len(), 3);
    assert_eq!(entities[0], entities[2]);
    assert!(
        entities[0]
            .as_object()
            .unwrap()
            .values()
            .all(|value| !value.is_null()),
        "{answer:#}"
    );
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let codes = errors
        .iter()
        .map(|error| error["extensions"]["code"].as_str().unwrap().to_owned())
        .collect();
    (codes, entities[1].clone())
}

#[tokio::test]
async fn a_missing_required_value_costs_its_field_alone() {
    let bench = Bench::seeded(5).await;
    let order = |buyer: Value| json!({"__typename": "Order", "id": "o-1", "buyer": buyer});
    let fine = order(json!({"address": {"country": "DE"}}));
    let missing = vec!["REQUIRED_FIELD_MISSING".to_owned()];
    for bad in [
        json!({"__typename": "Order", "id": "o-1"}),
        order(json!({})),
        order(json!({"address": {}})),
    ] {
        let (codes, entity) = at_fault(&bench, "...on Order { id shipTo { zone } }", bad, fine.clone()).await;
        assert_eq!(
            (codes, entity),
            (missing.clone(), json!({"id": "o-1", "shipTo": null}))
        );
    }
    let user = json!({"__typename": "User", "id": "u-1", "tier": "GOLD"});
    let bad = json!({"__typename": "User", "id": "u-1"});
    let (codes, entity) = at_fault(&bench, "...on User { id discountPct }", bad, user).await;
    assert_eq!(
        (codes, entity),
        (missing.clone(), json!({"id": "u-1", "discountPct": null}))
    );

    let product = json!({"__typename": "Product", "id": "p-1", "weightGrams": 1});
    let bad = json!({"__typename": "Product", "id": "p-1"});
    let fee = "...on Product { id shippingFee(country: \"DE\") { minor } }";
    let (codes, entity) = at_fault(&bench, fee, bad, product).await;
    assert_eq!(
        (codes, entity),
        (missing, json!({"id": "p-1", "shippingFee": null}))
    );
}

#[tokio::test]
async fn an_invalid_required_value_costs_its_field_alone() {
    let bench = Bench::seeded(5).await;
    let invalid = vec!["REQUIRED_FIELD_INVALID".to_owned()];
    let order = |buyer: Value| json!({"__typename": "Order", "id": "o-1", "buyer": buyer});
    let address = |country: Value| order(json!({"address": {"country": country}}));
    for bad in [
        order(json!("u-1")),
        order(json!({"address": 7})),
        address(Value::Null),
        address(json!("de")),
        address(json!("Germany")),
        address(json!(["DE"])),
    ] {
        let fine = address(json!("DE"));
        let (codes, entity) = at_fault(&bench, "...on Order { id shipTo { zone } }", bad, fine).await;
        assert_eq!(
            (codes, entity),
            (invalid.clone(), json!({"id": "o-1", "shipTo": null}))
        );
    }
    for tier in [Value::Null, json!("PLATINUM"), json!(3), json!({"name": "GOLD"})] {
        let user = |tier: Value| json!({"__typename": "User", "id": "u-1", "tier": tier});
        let fields = "...on User { id discountPct }";
        let (codes, entity) = at_fault(&bench, fields, user(tier), user(json!("GOLD"))).await;
        assert_eq!(
            (codes, entity),
            (invalid.clone(), json!({"id": "u-1", "discountPct": null}))
        );
    }
    for grams in [
        Value::Null,
        json!(-1),
        json!(1.5),
        json!("heavy"),
        json!(3_000_000_000_u64),
    ] {
        let product = |grams: Value| json!({"__typename": "Product", "id": "p-1", "weightGrams": grams});
        let fields = "...on Product { id shippingFee(country: \"DE\") { minor } }";
        let (codes, entity) = at_fault(&bench, fields, product(grams), product(json!(i32::MAX))).await;
        assert_eq!(
            (codes, entity),
            (invalid.clone(), json!({"id": "p-1", "shippingFee": null}))
        );
    }
}

#[tokio::test]
async fn a_country_that_is_none_costs_the_fee_alone() {
    let bench = Bench::seeded(5).await;
    let answer = entities(
        &bench,
        "...on Product { id shippingFee(country: \"Germany\") { minor } }",
        json!([{"__typename": "Product", "id": "p-1", "weightGrams": 1}]),
    )
    .await;
    assert_eq!(
        answer["data"]["_entities"],
        json!([{"id": "p-1", "shippingFee": null}])
    );
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn what_a_representation_brings_is_not_needed_by_other_fields() {
    let bench = Bench::seeded(5).await;
    let answer = entities(
        &bench,
        "...on Order { id } ...on User { uid: id } ...on Product { pid: id }",
        json!([
            {"__typename": "Order", "id": "o-1", "buyer": 7},
            {"__typename": "User", "id": "u-1", "tier": [], "address": 0},
            {"__typename": "Product", "id": "p-1", "weightGrams": "x", "sku": {}},
        ]),
    )
    .await;
    no_errors(&answer);
    assert_eq!(
        answer["data"]["_entities"],
        json!([{"id": "o-1"}, {"uid": "u-1"}, {"pid": "p-1"}])
    );
}

#[tokio::test]
async fn bundles_and_products_of_lines_are_named() {
    let bench = Bench::seeded(20).await;
    let text = "{ orders(first: 100) { nodes { lines {
        product { id sku } item { __typename ...on Product { pid: id } ...on Bundle { bid: id } } } } } }";
    let (answer, statements) = bench.counted(text, json!({})).await;
    no_errors(&answer);
    assert_eq!(statements, 2);
    let nodes = answer["data"]["orders"]["nodes"].as_array().unwrap();
    let lines: Vec<&Value> = nodes
        .iter()
        .flat_map(|order| order["lines"].as_array().unwrap())
        .collect();
    let (products, bundles): (Vec<&Value>, Vec<&Value>) = lines
        .iter()
        .partition(|line| line["item"]["__typename"] == "Product");
    assert!(!products.is_empty() && !bundles.is_empty());
    for line in products {
        assert_eq!(line["product"]["id"], line["item"]["pid"]);
        assert!(line["product"]["sku"].as_str().unwrap().starts_with("SKU-"));
    }
    for line in bundles {
        assert!(line["product"].is_null());
        assert!(line["item"]["bid"].as_str().unwrap().starts_with("b-"));
    }
}

#[tokio::test]
async fn a_lost_database_costs_what_needs_it_and_tells_no_cause() {
    let bench = Bench::seeded(5).await;
    bench.repository.database().close().await;
    let answer = entities(
        &bench,
        "...on Order { id } ...on User { discountPct orders { totalCount } } ...on Product { unitsSold }",
        json!([
            {"__typename": "Order", "id": "o-1"},
            {"__typename": "User", "id": "u-1", "tier": "GOLD"},
            {"__typename": "Product", "id": "p-1"},
        ]),
    )
    .await;
    let expected = json!([null, {"discountPct": 10, "orders": null}, {"unitsSold": null}]);
    assert_eq!(answer["data"]["_entities"], expected);
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    for error in errors {
        assert_eq!(error["extensions"]["code"], "INTERNAL_SERVER_ERROR");
        assert_eq!(error["message"], "the service failed to answer; try again");
    }
}
