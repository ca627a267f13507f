//! How long the catalog's answers may be kept, field by field: a field without an entry fails the test.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Server;

const MINUTE: &str = "public, max-age=60";
const MOMENT: &str = "public, max-age=5";
const OWN: &str = "private, max-age=60";

const FIELDS: &[(&str, &str, &str)] = &[
    (
        "Query.products",
        "products { nodes { id name } totalCount }",
        MINUTE,
    ),
    (
        "Query.product",
        "product(id: \"p-1\") { id price { minor } }",
        MINUTE,
    ),
    ("Query.bundle", "bundle(id: \"b-1\") { items { name } }", MINUTE),
    ("Query.bundles", "bundles { name }", MINUTE),
    ("Query.search", "search(text: \"a\") { name }", MINUTE),
    ("Product.id", "id", MINUTE),
    ("Product.sku", "sku", MINUTE),
    ("Product.name", "name", MINUTE),
    ("Product.description", "description", MINUTE),
    ("Product.category", "category", MINUTE),
    ("Product.price", "price { minor currency }", MINUTE),
    ("Product.weightGrams", "weightGrams", MINUTE),
    ("Product.available", "available", MOMENT),
    ("Product.version", "version", MOMENT),
    ("Bundle.id", "id", MINUTE),
    ("Bundle.name", "name", MINUTE),
    ("Bundle.price", "price { minor }", MINUTE),
    ("Bundle.items", "items { name }", MINUTE),
    ("User.id", "id", MINUTE),
    ("User.favourites", "favourites(first: 2) { nodes { name } }", OWN),
];

const OTHERS: &[(&str, &str)] = &[
    ("{ product(id: \"p-1\") { name available } }", MOMENT),
    ("{ products(first: 2) { edges { node { available } } } }", MOMENT),
    (
        "{ search(text: \"a\") { name ... on Product { available } } }",
        MOMENT,
    ),
    ("{ bundle(id: \"b-1\") { name items { version } } }", MOMENT),
    ("{ product(id: \"nobody's\") { name } }", MINUTE),
    ("{ product { name } }", "no-store"),
    ("{ products(first: 2, last: 2) { nodes { id } } }", "no-store"),
    (
        "{ products { nodes { id } } search(text: \"\") { name } }",
        "no-store",
    ),
    ("{ _service { sdl } }", "no-store"),
];

async fn cache_control(server: &Server, body: &Value, fails: bool) -> String {
    let answer = server.post("/graphql").json(body).send().await.unwrap();
    let header = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["errors"] != Value::Null, fails, "{answer}");
    header
}

#[tokio::test]
async fn every_field_says_how_long_it_may_be_kept() {
    let server = Server::start().await;
    let listed: BTreeSet<String> = FIELDS.iter().map(|(field, ..)| (*field).to_owned()).collect();
    assert_eq!(listed, kit::testing::coordinates(&catalog::sdl()));
    for (field, selection, expected) in FIELDS {
        let (query, representations) = match field.split_once('.').unwrap().0 {
            "Query" => (format!("{{ {selection} }}"), json!([])),
            ty => {
                let query = format!(
                    "query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {ty} {{ {selection} }} }} }}"
                );
                let id = json!({"Product": "p-1", "Bundle": "b-1", "User": "u-1"})[ty].clone();
                (query, json!([{"__typename": ty, "id": id}]))
            }
        };
        let body = json!({"query": query, "variables": {"r": representations}});
        assert_eq!(cache_control(&server, &body, false).await, *expected, "{field}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_shortest_part_counts_and_errors_are_not_kept() {
    let server = Server::start().await;
    for (query, expected) in OTHERS {
        let fails = *expected == "no-store" && !query.contains("_service");
        assert_eq!(
            cache_control(&server, &json!({ "query": query }), fails).await,
            *expected,
            "{query}"
        );
    }
    server.stop().await;
}
