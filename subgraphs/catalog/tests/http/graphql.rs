//! Queries as a gateway sends them, and what bad input is answered with.

use serde_json::{Value, json};

use super::Server;

#[tokio::test]
async fn a_list_is_walked_by_its_cursors_in_both_directions() {
    let server = Server::start().await;
    for order in ["NAME", "PRICE", "NEWEST"] {
        let whole = ids(&server, &format!("first: 100, orderBy: {order}")).await;
        assert_eq!(whole.len(), 40);
        let (mut walked, mut after) = (Vec::new(), String::new());
        loop {
            let page = page(&server, &format!("first: 15, orderBy: {order}{after}")).await;
            walked.extend(nodes(&page));
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(walked, whole, "{order}");
        let last = page(&server, &format!("last: 15, orderBy: {order}")).await;
        assert_eq!(nodes(&last), whole[25..], "{order}");
        let before = format!(
            "last: 15, orderBy: {order}, before: {}",
            last["pageInfo"]["startCursor"]
        );
        let earlier = page(&server, &before).await;
        assert_eq!(nodes(&earlier), whole[10..25], "{order}");
        assert_eq!(
            (&earlier["pageInfo"]["hasPreviousPage"], &earlier["totalCount"]),
            (&json!(true), &json!(40))
        );
        assert_eq!(earlier["edges"][0]["cursor"], earlier["pageInfo"]["startCursor"]);
        assert_eq!(earlier["edges"][0]["node"]["id"], earlier["nodes"][0]["id"]);
    }
    server.stop().await;
}

async fn page(server: &Server, arguments: &str) -> Value {
    let query = format!(
        "{{ products({arguments}) {{ edges {{ cursor node {{ id }} }} nodes {{ id }} totalCount
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
    );
    let answer = server.ask(&query).await;
    assert_eq!(answer["errors"], Value::Null, "{arguments}");
    answer["data"]["products"].clone()
}

fn nodes(page: &Value) -> Vec<Value> {
    page["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].clone())
        .collect()
}

async fn ids(server: &Server, arguments: &str) -> Vec<Value> {
    nodes(&page(server, arguments).await)
}

#[tokio::test]
async fn products_and_bundles_are_found_by_key_and_unknown_ones_are_null() {
    let server = Server::start().await;
    let answer = server
        .ask(
            r#"{ byId: product(id: "p-3") { sku name description category weightGrams price { minor currency } }
                 bySku: product(sku: "SKU-00003") { id }
                 noId: product(id: "p-999") { id } noSku: product(sku: "") { id }
                 bundle(id: "b-1") { name price { minor } items { id } } noBundle: bundle(id: "p-1") { id } }"#,
        )
        .await;
    let data = &answer["data"];
    assert_eq!(answer["errors"], Value::Null);
    assert_eq!(data["byId"]["name"], "Two-Person Trekking Tent");
    assert_eq!(data["byId"]["category"], "OUTDOOR");
    assert_eq!(data["byId"]["price"], json!({"minor": 24990, "currency": "EUR"}));
    assert_eq!(data["bySku"]["id"], "p-3");
    assert_eq!(
        data["bundle"]["items"],
        json!([{"id": "p-8"}, {"id": "p-11"}, {"id": "p-13"}])
    );
    for missing in ["noId", "noSku", "noBundle"] {
        assert_eq!(data[missing], Value::Null);
    }
    server.stop().await;
}

#[tokio::test]
async fn search_finds_products_and_bundles_through_one_interface() {
    let server = Server::start().await;
    let answer = server
        .ask(r#"{ search(text: " SPEAKER ") { __typename id name price { minor } } }"#)
        .await;
    let found = answer["data"]["search"].as_array().unwrap();
    let names: Vec<&str> = found.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert!(
        names.iter().all(|name| name.to_lowercase().contains("speaker")),
        "{names:?}"
    );
    // By description only: those come after the name matches, and the limit holds across both kinds.
    let answer = server
        .ask(r#"{ search(text: "bundle", first: 3) { __typename } }"#)
        .await;
    assert_eq!(
        answer["data"]["search"],
        json!([{"__typename": "Bundle"}, {"__typename": "Bundle"}])
    );
    let answer = server
        .ask(r#"{ search(text: "cooking", first: 3) { __typename } }"#)
        .await;
    assert_eq!(answer["data"]["search"].as_array().unwrap().len(), 3);
    let answer = server.ask(r#"{ search(text: "%") { id } }"#).await;
    assert_eq!(answer["data"]["search"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn entities_answer_in_order_and_an_unknown_key_is_null_alone() {
    let server = Server::start().await;
    let representations = json!([
        {"__typename": "Product", "id": "p-1"},
        {"__typename": "Product", "id": "p-404"},
        {"__typename": "Bundle", "id": "b-1"},
        {"__typename": "Product", "sku": "SKU-00002"},
        {"__typename": "User", "id": "u-1"},
        {"__typename": "User", "id": "a stranger"},
    ]);
    let query = "query ($r: [_Any!]!) { _entities(representations: $r) {
        ... on Product { id available version } ... on Bundle { id items { id } }
        ... on User { id favourites(first: 1) { totalCount nodes { id } } } } }";
    let answer = server.ask_with(query, json!({ "r": representations })).await;
    assert_eq!(answer["errors"], Value::Null);
    let entities = answer["data"]["_entities"].as_array().unwrap();
    let found: Vec<&Value> = entities.iter().map(|entity| &entity["id"]).collect();
    assert_eq!(
        json!(found),
        json!(["p-1", null, "b-1", "p-2", "u-1", "a stranger"])
    );
    assert_eq!(entities[1], Value::Null);
    assert_eq!(entities[4]["favourites"]["totalCount"], 6);
    assert_eq!(entities[5]["favourites"], json!({"totalCount": 0, "nodes": []}));
    server.stop().await;
}

#[tokio::test]
async fn favourites_are_walked_by_their_cursors() {
    let server = Server::start().await;
    let mut seen = Vec::new();
    let mut after = Value::Null;
    for _ in 0..3 {
        let query = "query ($r: [_Any!]!, $after: String) { _entities(representations: $r) { ... on User {
            favourites(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } } } }";
        let user = json!([{"__typename": "User", "id": "u-1"}]);
        let answer = server.ask_with(query, json!({"r": user, "after": after})).await;
        let favourites = answer["data"]["_entities"][0]["favourites"].clone();
        seen.extend(nodes(&favourites));
        after = favourites["pageInfo"]["endCursor"].clone();
        assert_eq!(favourites["pageInfo"]["hasNextPage"], seen.len() < 6);
    }
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 6, "six different products");
    server.stop().await;
}

#[tokio::test]
async fn bad_input_is_an_error_with_a_code_and_a_field() {
    let server = Server::start().await;
    let by_price = page(&server, "first: 1, orderBy: PRICE").await["pageInfo"]["endCursor"].clone();
    let long = "x".repeat(201);
    let cases = [
        ("product { id }".to_owned(), "BAD_USER_INPUT", "id"),
        (
            r#"product(id: "p-1", sku: "SKU-00001") { id }"#.to_owned(),
            "BAD_USER_INPUT",
            "sku",
        ),
        (
            "products(first: 0) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "first",
        ),
        (
            "products(first: 101) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "first",
        ),
        (
            "products(last: -1) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "last",
        ),
        (
            "products(first: 1, last: 1) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "first",
        ),
        (
            r#"products(after: "nonsense") { totalCount }"#.to_owned(),
            "INVALID_CURSOR",
            "after",
        ),
        (
            r#"products(before: "") { totalCount }"#.to_owned(),
            "INVALID_CURSOR",
            "before",
        ),
        (
            format!("products(after: {by_price}) {{ totalCount }}"),
            "INVALID_CURSOR",
            "after",
        ),
        (
            format!("products(before: {by_price}, orderBy: NAME) {{ totalCount }}"),
            "INVALID_CURSOR",
            "before",
        ),
        (
            "products(filter: {minPriceMinor: -1}) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "minPriceMinor",
        ),
        (
            "products(filter: {maxPriceMinor: -1}) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "maxPriceMinor",
        ),
        (
            "products(filter: {minPriceMinor: 2, maxPriceMinor: 1}) { totalCount }".to_owned(),
            "BAD_USER_INPUT",
            "minPriceMinor",
        ),
        (
            r#"products(filter: {nameContains: ""}) { totalCount }"#.to_owned(),
            "BAD_USER_INPUT",
            "nameContains",
        ),
        (
            format!("products(filter: {{nameContains: \"{long}\"}}) {{ totalCount }}"),
            "BAD_USER_INPUT",
            "nameContains",
        ),
        (
            r#"search(text: "  ") { id }"#.to_owned(),
            "BAD_USER_INPUT",
            "text",
        ),
        (
            r#"search(text: "a\u0000b") { id }"#.to_owned(),
            "BAD_USER_INPUT",
            "text",
        ),
        (
            format!("search(text: \"{long}\") {{ id }}"),
            "BAD_USER_INPUT",
            "text",
        ),
        (
            r#"search(text: "a", first: 0) { id }"#.to_owned(),
            "BAD_USER_INPUT",
            "first",
        ),
        ("bundles(first: 101) { id }".to_owned(), "BAD_USER_INPUT", "first"),
    ];
    for (field, code, at_fault) in cases {
        let answer = server.ask(&format!("{{ {field} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(
            error["extensions"],
            json!({"code": code, "field": at_fault}),
            "{field}: {answer}"
        );
        assert!(error["message"].as_str().unwrap().len() > 10, "{field}");
    }
    server.stop().await;
}

/// A bad page of favourites costs that user's favourites only.
#[tokio::test]
async fn an_error_in_favourites_leaves_the_user_standing() {
    let server = Server::start().await;
    let query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id
        favourites(first: 0) { totalCount } } } }";
    let users = json!([{"__typename": "User", "id": "u-1"}]);
    let answer = server.ask_with(query, json!({ "r": users })).await;
    assert_eq!(
        answer["data"]["_entities"],
        json!([{"id": "u-1", "favourites": null}])
    );
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
    server.stop().await;
}

#[tokio::test]
async fn the_server_tells_its_schema() {
    let server = Server::start().await;
    let answer = server.ask("{ _service { sdl } }").await;
    let told = answer["data"]["_service"]["sdl"].as_str().unwrap();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        words(told),
        words(&catalog::sdl()),
        "the same but for indentation"
    );
    server.stop().await;
}
