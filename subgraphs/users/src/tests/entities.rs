//! The service as a federation subgraph.

use serde_json::{Value, json};

use super::Service;

const ENTITIES: &str = "query($representations: [_Any!]!) {
    _entities(representations: $representations) { __typename ... on User { id handle tier address { country } } } }";

fn by_id(id: &str) -> Value {
    json!({ "__typename": "User", "id": id })
}

fn by_handle(handle: &str) -> Value {
    json!({ "__typename": "User", "handle": handle })
}

async fn entities(service: &Service, representations: &[Value]) -> Vec<Value> {
    let variables = json!({ "representations": representations });
    let mut data = service.data(None, ENTITIES, variables).await;
    data["_entities"].as_array_mut().map(std::mem::take).unwrap()
}

#[tokio::test]
async fn a_hundred_keys_are_one_statement_and_keep_their_order() {
    let service = Service::start().await;
    let ids: Vec<String> = (1..=100).rev().map(|number| format!("u-{number}")).collect();
    let representations: Vec<Value> = ids.iter().map(|id| by_id(id)).collect();
    let before = service.database.statements();
    let found = entities(&service, &representations).await;
    assert_eq!(service.database.statements(), before + 1);
    let found: Vec<&str> = found.iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(found, ids);

    let handles: Vec<Value> = entities(&service, &representations)
        .await
        .iter()
        .map(|user| by_handle(user["handle"].as_str().unwrap()))
        .collect();
    let before = service.database.statements();
    assert_eq!(entities(&service, &handles).await.len(), 100);
    assert_eq!(service.database.statements(), before + 1);
    service.stop().await;
}

#[tokio::test]
async fn an_unknown_key_is_null_alone_and_keys_may_be_mixed() {
    let service = Service::start().await;
    let before = service.database.statements();
    let representations = [
        by_id("u-1"),
        by_id("nobody"),
        by_handle("ada"),
        by_id("u-1"),
        by_handle("nobody"),
        by_id("u-2"),
    ];
    let found = entities(&service, &representations).await;
    let ids: Vec<Option<&str>> = found.iter().map(|user| user["id"].as_str()).collect();
    assert_eq!(
        ids,
        [Some("u-1"), None, Some("u-1"), Some("u-1"), None, Some("u-2")]
    );
    assert_eq!(found[1], Value::Null);
    assert_eq!(found[0], found[2]);
    assert_eq!(found[0]["__typename"], "User");
    assert_eq!(
        service.database.statements(),
        before + 2,
        "one for the ids, one for the handles"
    );
    service.stop().await;
}

#[tokio::test]
async fn a_malformed_representation_costs_nobody_else_the_answer() {
    let service = Service::start().await;
    let representations = [
        json!({ "__typename": "User", "id": null }),
        by_id("u-1"),
        json!({ "__typename": "Stranger", "id": "u-2" }),
        by_handle("a\0"),
        by_id("u-2"),
    ];
    let variables = json!({ "representations": representations });
    let answer = service.ask(None, ENTITIES, variables).await;
    let ids: Vec<&Value> = answer.body["data"]["_entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["id"])
        .collect();
    assert_eq!(
        ids,
        [
            &Value::Null,
            &json!("u-1"),
            &Value::Null,
            &Value::Null,
            &json!("u-2")
        ]
    );
    let errors = answer.body["errors"].as_array().unwrap();
    let paths: Vec<&Value> = errors.iter().map(|error| &error["path"]).collect();
    assert_eq!(paths, [&json!(["_entities", 0]), &json!(["_entities", 2])]);
    assert_eq!(errors[0]["extensions"]["code"], "BAD_REPRESENTATION");
    service.stop().await;
}

#[tokio::test]
async fn root_fields_of_one_request_share_a_statement() {
    let service = Service::start().await;
    let token = service.sign_in("ada").await;
    let before = service.database.statements();
    let query = "{ me { id } a: user(id: \"u-1\") { id } b: user(id: \"u-2\") { id } c: userByHandle(handle: \"ada\") { id } }";
    let data = service.data(Some(&token), query, json!({})).await;
    assert_eq!(
        data,
        json!({ "me": { "id": "u-1" }, "a": { "id": "u-1" }, "b": { "id": "u-2" }, "c": { "id": "u-1" } })
    );
    assert_eq!(service.database.statements(), before + 2);
    service.stop().await;
}

#[tokio::test]
async fn a_lost_database_is_an_error_that_tells_nothing() {
    let service = Service::start().await;
    service.database.close().await;
    let answer = service.ask(None, "{ user(id: \"u-1\") { id } }", json!({})).await;
    assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR");
    assert_eq!(answer.body["data"], json!({ "user": null }));
    assert!(
        !answer.body.to_string().contains("ool"),
        "nothing about pools: {}",
        answer.body
    );
    service.stop().await;
}

#[tokio::test]
async fn the_subgraph_tells_the_schema_it_prints() {
    let service = Service::start().await;
    let data = service.data(None, "{ _service { sdl } }", json!({})).await;
    assert_eq!(data["_service"]["sdl"], crate::sdl());
    service.stop().await;
}

#[test]
fn the_schema_keeps_the_contract() {
    let sdl = crate::sdl();
    assert_eq!(sdl, crate::sdl());
    let without_descriptions: Vec<&str> = {
        let mut inside = false;
        sdl.lines()
            .map(str::trim)
            .filter(|line| {
                let fence = *line == "\"\"\"";
                inside ^= fence;
                !fence && !inside && !line.is_empty()
            })
            .collect()
    };
    let text = without_descriptions.join(" ");
    for part in [
        "type User @key(fields: \"id\") @key(fields: \"handle\") { id: ID! handle: String! displayName: String! tier: Tier! \
         email: String @requiresScopes(scopes: [[\"profile\"]]) address: Address joinedAt: Timestamp! }",
        "type Query { me: User user(id: ID!): User @cacheTag(format: \"user-{$args.id}\") \
         userByHandle(handle: String!): User @cacheTag(format: \"handle-{$args.handle}\") }",
        "type Mutation { signUp(input: SignUpInput!): Auth signIn(input: SignInInput!): Auth }",
        "input SignUpInput { handle: String! displayName: String! email: String! password: String! address: AddressInput }",
        "input SignInInput { handle: String! password: String! }",
        "input AddressInput { city: String! postalCode: String! country: String! }",
        "type Auth { token: String! expiresAt: Timestamp! user: User! }",
        "type Address { city: String! postalCode: String! country: String! }",
        "enum Tier { STANDARD SILVER GOLD }",
        "scalar Timestamp",
    ] {
        assert!(text.contains(part), "missing: {part}\nin: {text}");
    }
}
