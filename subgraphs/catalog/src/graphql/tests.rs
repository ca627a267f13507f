//! How many statements a request costs, on both engines, and that the SDL is the agreed one.

use std::sync::Arc;

use async_graphql::{Request, Variables};
use serde_json::{Value, json};

use super::*;
use crate::repository::tests::{Bench, benches};
use crate::seed::assortment;

/// The schema over one bench's repository.
struct Subject {
    bench: Bench,
    schema: CatalogSchema,
    catalog: Catalog,
}

async fn subjects() -> Vec<Subject> {
    subjects_with(50).await
}

/// Filled for that many users.
async fn subjects_with(users: u32) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for bench in benches(&assortment(users)).await {
        let catalog = Catalog::new(Arc::new(bench.repository.clone()));
        let schema = schema().data(catalog.clone()).finish();
        subjects.push(Subject {
            bench,
            schema,
            catalog,
        });
    }
    subjects
}

impl Subject {
    /// The answer as JSON and the number of statements it took.
    async fn ask(&self, query: &str, variables: Value) -> (Value, u64) {
        let database = self.bench.repository.database();
        let before = database.statements();
        let request = Request::new(query)
            .variables(Variables::from_json(variables))
            .data(Loaders::new(&self.catalog));
        let response = self.schema.execute(request).await;
        let answer = serde_json::to_value(response).unwrap();
        (answer, database.statements() - before)
    }

    async fn entities(&self, selection: &str, representations: Vec<Value>) -> (Value, u64) {
        let query =
            format!("query ($r: [_Any!]!) {{ _entities(representations: $r) {{ __typename {selection} }} }}");
        let (answer, statements) = self.ask(&query, json!({ "r": representations })).await;
        assert_eq!(answer["errors"], Value::Null, "{answer} on {}", self.bench.engine);
        (answer["data"]["_entities"].clone(), statements)
    }
}

#[tokio::test]
async fn a_hundred_products_by_id_cost_one_statement_and_unknown_ones_are_null() {
    for subject in subjects().await {
        let representations = (151..=250)
            .map(|n| json!({"__typename": "Product", "id": format!("p-{n}")}))
            .collect();
        let (entities, statements) = subject
            .entities("... on Product { id sku price { minor } }", representations)
            .await;
        assert_eq!(statements, 1, "{}", subject.bench.engine);
        for (n, entity) in (151..=250).zip(entities.as_array().unwrap()) {
            if n <= 200 {
                assert_eq!(entity["id"], format!("p-{n}"));
                assert_eq!(entity["sku"], format!("SKU-{n:05}"));
            } else {
                assert_eq!(*entity, Value::Null);
            }
        }
    }
}

#[tokio::test]
async fn a_hundred_products_by_sku_cost_one_statement() {
    for subject in subjects().await {
        let representations = (1..=100)
            .map(|n| json!({"__typename": "Product", "sku": format!("SKU-{n:05}")}))
            .collect();
        let (entities, statements) = subject.entities("... on Product { id }", representations).await;
        assert_eq!(statements, 1, "{}", subject.bench.engine);
        let ids: Vec<&Value> = entities
            .as_array()
            .unwrap()
            .iter()
            .map(|entity| &entity["id"])
            .collect();
        assert!(
            ids.iter().zip(1..).all(|(id, n)| **id == format!("p-{n}")),
            "{ids:?}"
        );
    }
}

/// Every kind of entity in one request: a statement for each kind, not for each key.
#[tokio::test]
async fn mixed_entities_cost_one_statement_a_kind() {
    for subject in subjects().await {
        let mut representations = Vec::new();
        for n in 1..=25 {
            representations.push(json!({"__typename": "Product", "id": format!("p-{n}")}));
            representations.push(json!({"__typename": "Product", "sku": format!("SKU-{:05}", n + 100)}));
            representations.push(json!({"__typename": "Bundle", "id": format!("b-{n}")}));
            representations.push(json!({"__typename": "User", "id": format!("u-{n}")}));
        }
        let selection = "... on Product { name } ... on Bundle { name items { id } }
                         ... on User { favourites(first: 2) { nodes { id } totalCount } }";
        let (entities, statements) = subject.entities(selection, representations).await;
        // Products by id, by SKU; bundles, their items; favourites, their counts.
        assert_eq!(statements, 6, "{}", subject.bench.engine);
        assert_eq!(entities[2]["items"][0]["id"], "p-8");
        assert_eq!(entities[3]["favourites"]["totalCount"], 6);
        assert_eq!(entities[3]["favourites"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(entities[98], Value::Null, "there is no b-25");
    }
}

/// Resolvers that waited for one batch must all make it into the next one, however many they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_stages_batch_as_well_as_the_first() {
    for subject in subjects_with(1500).await {
        let subject = Arc::new(subject);
        for size in [1, 25, 100, 300] {
            let entities = |kind: &str, prefix: &str| -> Vec<Value> {
                (1..=size)
                    .map(|n| json!({"__typename": kind, "id": format!("{prefix}-{n}")}))
                    .collect()
            };
            let (bundles, users) = (entities("Bundle", "b"), entities("User", "u"));
            let selection = "... on Bundle { name items { id } }
                             ... on User { favourites(first: 2) { nodes { id } totalCount } }";
            for (representations, expected) in [
                (bundles.clone(), 2),
                (users.clone(), 2),
                ([bundles, users].concat(), 4),
            ] {
                let asking = Arc::clone(&subject);
                // In a task of its own, as in the server.
                let asked = tokio::spawn(async move { asking.entities(selection, representations).await });
                let (_, statements) = asked.await.unwrap();
                assert_eq!(statements, expected, "{size} on {}", subject.bench.engine);
            }
        }
    }
}

/// A failing batch fails the keys in it; the next one is none the worse.
#[tokio::test]
async fn an_error_reaches_every_key_of_its_batch() {
    for subject in subjects().await {
        subject.bench.repository.database().close().await;
        let query =
            "{ a: product(id: \"p-1\") { id } b: product(id: \"p-2\") { id } c: bundle(id: \"b-1\") { id } }";
        let (answer, _) = subject.ask(query, json!({})).await;
        assert_eq!(answer["data"], json!({"a": null, "b": null, "c": null}));
        let errors = answer["errors"].as_array().unwrap();
        let mut paths: Vec<String> = errors.iter().map(|error| error["path"].to_string()).collect();
        paths.sort();
        assert_eq!(paths, ["[\"a\"]", "[\"b\"]", "[\"c\"]"]);
        for error in errors {
            assert_eq!(error["extensions"]["code"], "INTERNAL_SERVER_ERROR");
            assert!(
                !error["message"].as_str().unwrap().contains("pool"),
                "no inner detail: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_user_that_nobody_knows_has_no_favourites() {
    for subject in subjects().await {
        for id in ["u-none", "", "u\u{0}"] {
            let user = json!({"__typename": "User", "id": id});
            let selection = "... on User { id favourites(last: 5) { totalCount pageInfo { hasPreviousPage } nodes { id } } }";
            let (entities, _) = subject.entities(selection, vec![user]).await;
            let expected = json!({"totalCount": 0, "pageInfo": {"hasPreviousPage": false}, "nodes": []});
            assert_eq!(
                entities[0]["favourites"], expected,
                "{id:?} on {}",
                subject.bench.engine
            );
        }
    }
}

#[tokio::test]
async fn lists_cost_the_same_however_long_they_are() {
    let cases = [
        ("{ bundles(first: 10) { name items { name } } }", 2),
        ("{ products(first: 100) { nodes { id } } }", 1),
        ("{ products(first: 100) { nodes { id } totalCount } }", 2),
        // Products, bundles, items of all bundles found.
        (
            "{ search(text: \"e\", first: 100) { id ... on Bundle { items { id } } } }",
            3,
        ),
        (
            "{ a: product(id: \"p-1\") { id } b: product(id: \"p-2\") { id } c: product(id: \"p-1\") { sku } }",
            1,
        ),
    ];
    for subject in subjects().await {
        for (query, expected) in cases {
            let (answer, statements) = subject.ask(query, json!({})).await;
            assert_eq!(answer["errors"], Value::Null, "{query}");
            assert_eq!(statements, expected, "{query} on {}", subject.bench.engine);
        }
    }
}

#[tokio::test]
async fn a_user_asked_for_two_windows_costs_a_statement_for_each() {
    for subject in subjects().await {
        let users = (1..=20)
            .map(|n| json!({"__typename": "User", "id": format!("u-{n}")}))
            .collect();
        let selection = "... on User { a: favourites(first: 1) { nodes { id } } b: favourites(last: 1) { nodes { id } } }";
        let (entities, statements) = subject.entities(selection, users).await;
        assert_eq!(statements, 2, "{}", subject.bench.engine);
        assert_ne!(
            entities[0]["a"], entities[0]["b"],
            "the first and the last of six"
        );
    }
}

/// The schema agreed upon with the other subgraphs; descriptions apart.
const CONTRACT: &str = include_str!("tests/contract.graphql");

#[test]
fn the_sdl_is_the_agreed_one() {
    assert_eq!(without_descriptions(&sdl()), CONTRACT);
    assert_eq!(sdl(), sdl());
}

#[test]
fn everything_in_the_sdl_is_described() {
    let sdl = sdl();
    let types = sdl.split("directive @").next().unwrap();
    let types = types
        .rsplit_once("\"\"\"\nDirects the executor")
        .map_or(types, |(types, _)| types);
    let mut previous = "";
    for line in types.lines() {
        let text = line.trim();
        let declares = !text.is_empty() && !["\"\"\"", "}", ")"].iter().any(|mark| text.starts_with(mark));
        let in_description = !previous.is_empty();
        if declares && !in_description {
            panic!("not described: {text}");
        }
        previous = match text {
            "\"\"\"" if previous == "open" => "closed",
            "\"\"\"" => "open",
            _ if previous == "closed" => "",
            _ => previous,
        };
    }
}

/// Drops descriptions and blank lines, and joins the arguments of a field into one line.
fn without_descriptions(sdl: &str) -> String {
    let (mut text, mut inside, mut arguments) = (String::new(), false, false);
    for line in sdl.replace('\t', "  ").lines() {
        if line.trim() == "\"\"\"" {
            inside = !inside;
            continue;
        }
        if inside || line.is_empty() {
            continue;
        }
        let closes = line.starts_with("  )");
        arguments = arguments && !closes;
        text.push_str(if arguments || closes { line.trim() } else { line });
        arguments = arguments || line.starts_with("  ") && line.ends_with('(');
        if arguments {
            text.push_str(if line.ends_with('(') { "" } else { " " });
        } else {
            text.push('\n');
        }
    }
    text.replace(" ):", "):")
}
