//! The judge's own judge: a subgraph complains about what it must not be asked.

use federation::{Service, World};
use serde_json::{Value, json};

const SDL: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@provides"])
type Query { item: Item owned: Item @provides(fields: "price") }
type Item @key(fields: "id") { id: ID! price: Int @external tax: Int @requires(fields: "price") }
"#;

fn complaints(query: &str, representation: &Value) -> Vec<String> {
    let services = Service::all(&[("b".to_owned(), SDL.to_owned())]).expect("a schema");
    let world = World::new(json!({
        "Query": { "item": { "$ref": "i" }, "owned": { "$ref": "i" } },
        "objects": { "i": { "__typename": "Item", "id": "1", "price": 10, "tax": 2 } },
    }));
    let variables = if representation.is_null() {
        json!({})
    } else {
        json!({ "r": [representation] })
    };
    let request = json!({ "query": query, "variables": variables });
    services[0].serve(&world, &request, &[]).violations
}

const TAX: &str = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Item { tax } } }";

#[test]
fn what_is_right_is_answered() {
    let representation = json!({ "__typename": "Item", "id": "1", "price": 10 });
    assert_eq!(complaints(TAX, &representation), Vec::<String>::new());
    assert_eq!(
        complaints("{ item { id } owned { price } }", &Value::Null),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_wrong_is_refused() {
    for (query, representation, why) in [
        ("{ item { name } }", Value::Null, "invalid document"),
        ("{ item { price } }", Value::Null, "external and not provided"),
        ("{ item { tax } }", Value::Null, "no representation"),
        (
            TAX,
            json!({ "__typename": "Item", "id": "1" }),
            "price is missing",
        ),
        (
            TAX,
            json!({ "__typename": "Item", "id": "1", "price": 11 }),
            "the data says 10",
        ),
        (
            TAX,
            json!({ "__typename": "Item", "price": 10 }),
            "without any whole key",
        ),
        (TAX, json!({ "__typename": "Thing", "id": "1" }), "no entity type"),
    ] {
        let found = complaints(query, &representation);
        assert!(
            found.iter().any(|line| line.contains(why)),
            "{query} {representation}: {found:?}"
        );
    }
}
