use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, SimpleObject, Variables};
use serde_json::json;

use super::*;

#[derive(SimpleObject)]
struct Thing {
    id: ID,
    code: String,
}

struct Query;

#[Object]
impl Query {
    #[graphql(entity)]
    async fn find_thing_by_id(&self, id: ID) -> Option<Thing> {
        let code = format!("c{}", *id);
        Some(Thing { id, code })
    }

    #[graphql(entity)]
    async fn find_thing_by_code(&self, code: String) -> Option<Thing> {
        let id = ID(code.replace('c', ""));
        (code != "none").then_some(Thing { id, code })
    }
}

async fn ask(query: &str, variables: serde_json::Value) -> serde_json::Value {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .enable_federation()
        .finish();
    let mut request = Request::new(query).variables(Variables::from_json(variables));
    let unreadable = Entities::of(&schema).take_unreadable(&mut request);
    let mut response = schema.execute(request).await;
    put_back(unreadable, &mut response);
    serde_json::to_value(response).unwrap()
}

#[tokio::test]
async fn a_bad_representation_is_null_alone_with_an_error() {
    let query =
        "query($r: [_Any!]!, $s: [_Any!]!) { a: _entities(representations: $r) { ... on Thing { id code } }
        b: _entities(representations: $s) { ... on Thing { id } } }";
    let representations = json!([
        { "__typename": "Thing", "id": null },
        { "__typename": "Thing", "id": "1" },
        { "__typename": "Thing" },
        { "__typename": "Thing", "id": ["a"] },
        { "__typename": "Nothing", "id": "1" },
        { "id": "1" },
        "Thing",
        null,
        { "__typename": "Thing", "code": 5 },
        { "__typename": "Thing", "id": 2.5 },
        { "__typename": "Thing", "id": null, "code": "c2" },
        { "__typename": "Thing", "code": "none" },
        { "__typename": "Thing", "id": 3 },
        { "__typename": "Thing", "id": {} },
    ]);
    let answer = ask(
        query,
        json!({ "r": representations, "s": [{ "__typename": "Thing", "id": "9" }] }),
    )
    .await;
    let thing = |id: &str| json!({ "id": id, "code": format!("c{id}") });
    let n = json!(null);
    let expected = [
        &n,
        &thing("1"),
        &n,
        &n,
        &n,
        &n,
        &n,
        &n,
        &n,
        &n,
        &thing("2"),
        &n,
        &thing("3"),
        &n,
    ];
    assert_eq!(answer["data"], json!({ "a": expected, "b": [{ "id": "9" }] }));
    let errors = answer["errors"].as_array().unwrap();
    let places: Vec<_> = errors
        .iter()
        .map(|error| error["path"][1].as_u64().unwrap())
        .collect();
    assert_eq!(
        places,
        [0, 2, 3, 4, 5, 6, 7, 8, 9, 13],
        "not 11, which is merely unknown"
    );
    for error in errors {
        assert_eq!(error["path"][0], "a");
        assert_eq!(error["extensions"]["code"], "BAD_REPRESENTATION", "{error}");
    }
    let said = errors[0]["message"].as_str().unwrap();
    assert!(
        said.contains("`Thing`") && said.contains("`id` or `code`"),
        "{said}"
    );
}

#[tokio::test]
async fn nothing_but_bad_ones_is_a_list_of_nulls_wherever_it_is_shown() {
    let query = "query($r: [_Any!]!) { a: _entities(representations: $r) { __typename }
        b: _entities(representations: $r) { __typename } }";
    let answer = ask(query, json!({ "r": [{}, {}] })).await;
    assert_eq!(answer["data"], json!({ "a": [null, null], "b": [null, null] }));
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(4));
}
