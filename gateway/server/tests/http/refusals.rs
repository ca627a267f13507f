//! Operations that are not executed: codes, locations, and the way out.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::gateway::{GRAPHQL_RESPONSE, gateway, options, scripted};
use futures::FutureExt;

#[tokio::test]
async fn each_kind_of_mistake_has_its_code_and_place() {
    let gateway = gateway();
    for (query, code, location) in [
        (
            "{ me {",
            "GRAPHQL_PARSE_FAILED",
            json!({ "line": 1, "column": 7 }),
        ),
        (
            "\n{ nothing }",
            "GRAPHQL_VALIDATION_FAILED",
            json!({ "line": 2, "column": 3 }),
        ),
        (
            "{ user { id } }",
            "GRAPHQL_VALIDATION_FAILED",
            json!({ "line": 1, "column": 3 }),
        ),
        (
            "{ me }",
            "GRAPHQL_VALIDATION_FAILED",
            json!({ "line": 1, "column": 3 }),
        ),
        (
            "query($id: ID!) { user(id: $id) { id } }",
            "BAD_USER_INPUT",
            json!({ "line": 1, "column": 7 }),
        ),
    ] {
        let answer = gateway.query(query).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{query}: {answer:?}"
        );
        let error = &answer.json()["errors"][0];
        assert_eq!(error["locations"][0], location, "{query}: {error}");
        assert!(
            error["message"].as_str().is_some_and(|message| message.len() > 8),
            "{error}"
        );
    }
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn all_validation_errors_are_told_up_to_a_number() {
    let gateway = gateway();
    assert_eq!(
        gateway.query("{ a b }").await.json()["errors"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let many = format!(
        "{{{}}}",
        (0..5000).map(|index| format!("x{index} ")).collect::<String>()
    );
    assert_eq!(
        gateway.query(&many).await.json()["errors"]
            .as_array()
            .unwrap()
            .len(),
        50
    );
}

#[tokio::test]
async fn variables_are_checked_against_their_types() {
    let gateway = gateway();
    let query = "query($filter: Filter, $limit: Int) { found(filter: $filter, limit: $limit) { id } }";
    for variables in [
        json!({ "limit": "three" }),
        json!({ "limit": 1.5 }),
        json!({ "limit": 3_000_000_000_u64 }),
        json!({ "filter": {} }),
        json!({ "filter": { "name": null } }),
        json!({ "filter": { "name": "a", "unknown": 1 } }),
        json!({ "filter": 3 }),
    ] {
        let answer = gateway
            .post(
                GRAPHQL_RESPONSE,
                &json!({ "query": query, "variables": variables }).to_string(),
            )
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"),
            "{variables}"
        );
    }
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn subgraphs_get_variables_coerced_and_only_those_they_use() {
    let gateway = scripted(options(), |_, body| {
        let variables: Value = body["variables"].clone();
        async move { json!({ "data": { "found": [{ "id": variables.to_string() }] } }) }.boxed()
    });
    let query = "query($limit: Int = 7, $name: String!, $skip: Boolean = false, $ids: [Int]) {
        found(filter: { name: $name }, limit: $limit) { id name @skip(if: $skip) } node { list(of: [[$ids]]) { n } }
    }";
    let body = json!({ "query": query, "variables": { "name": "a\"b", "ids": 3, "extra": 1 } });
    let answer = gateway.post("*/*", &body.to_string()).await;
    let sent: Value =
        serde_json::from_str(answer.json()["data"]["found"][0]["id"].as_str().unwrap()).unwrap();
    assert_eq!(
        sent,
        json!({ "limit": 7, "name": "a\"b", "skip": false, "ids": [3] })
    );
}

#[tokio::test]
async fn an_operation_is_chosen_by_name() {
    let gateway = gateway();
    let query = "query A { me { name } } query B { me { id } }";
    let named = |name: Value| json!({ "query": query, "operationName": name }).to_string();
    assert_eq!(
        gateway.post("*/*", &named(json!("A"))).await.text,
        r#"{"data":{"me":{"name":"Ada"}}}"#
    );
    assert_eq!(
        gateway.post("*/*", &named(json!("B"))).await.text,
        r#"{"data":{"me":{"id":"1"}}}"#
    );
    for name in [Value::Null, json!(""), json!("C")] {
        let answer = gateway.post(GRAPHQL_RESPONSE, &named(name.clone())).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "OPERATION_RESOLUTION_FAILURE"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn subscriptions_are_refused_with_a_word() {
    let answer = gateway().query("subscription { renamed { id } }").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::BAD_REQUEST, "SUBSCRIPTIONS_UNSUPPORTED")
    );
}

#[tokio::test]
async fn a_document_with_type_definitions_is_refused() {
    let answer = gateway().query("type X { a: Int } { me { id } }").await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
}
