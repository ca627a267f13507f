//! The schema's description, which comes from the gateway itself.

use futures::FutureExt;
use serde_json::{Value, json};

use crate::gateway::{gateway, options, scripted};

/// As GraphiQL sends it (graphql-js, `getIntrospectionQuery` with GraphiQL's options).
const GRAPHIQL: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } \
    subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations \
    args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name description \
    args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { \
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn graphiqls_query_is_answered_without_a_call() {
    let gateway = gateway();
    let schema = gateway.query(GRAPHIQL).await.json();
    assert!(schema.get("errors").is_none(), "{}", schema["errors"]);
    let schema = &schema["data"]["__schema"];
    assert_eq!(
        schema["mutationType"],
        json!({ "name": "Mutation", "kind": "OBJECT" })
    );
    let types = schema["types"].as_array().unwrap();
    let names: Vec<&str> = types.iter().map(|ty| ty["name"].as_str().unwrap()).collect();
    for expected in ["Query", "User", "Filter", "Node", "Int", "__Schema"] {
        assert!(names.contains(&expected), "{names:?}");
    }
    assert!(
        !names
            .iter()
            .any(|name| name.contains("join__") || name.contains("link__")),
        "{names:?}"
    );
    let user = &types[names.iter().position(|name| *name == "User").unwrap()];
    assert_eq!(user["description"], "Somebody with an account.");
    assert_eq!(user["fields"][0]["type"]["ofType"]["name"], "ID");
    let directives = schema["directives"].as_array().unwrap();
    assert!(
        directives
            .iter()
            .all(|directive| !directive["name"].as_str().unwrap().contains("join__")),
        "{directives:?}"
    );
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn typename_at_the_root_needs_no_call() {
    let gateway = gateway();
    assert_eq!(
        gateway.query("{ __typename }").await.text,
        r#"{"data":{"__typename":"Query"}}"#
    );
    assert_eq!(
        gateway.query("{ a: __typename b: __typename }").await.text,
        r#"{"data":{"a":"Query","b":"Query"}}"#
    );
    assert_eq!(
        gateway.query("mutation { kind: __typename }").await.text,
        r#"{"data":{"kind":"Mutation"}}"#
    );
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn the_schema_comes_along_with_data_in_the_order_of_the_operation() {
    let gateway = gateway();
    let query = "query($name: String!, $no: Boolean!) { __typename s: __schema { queryType { name } } me { name } \
                 t: __type(name: $name) { kind name } none: __type(name: \"Nothing\") { name } skipped: __schema @skip(if: $no) { description } }";
    let body = json!({ "query": query, "variables": { "name": "User", "no": true } }).to_string();
    let answer = gateway.post("*/*", &body).await;
    assert_eq!(
        answer.text,
        r#"{"data":{"__typename":"Query","s":{"queryType":{"name":"Query"}},"me":{"name":"Ada"},"t":{"kind":"OBJECT","name":"User"},"none":null}}"#
    );
    assert_eq!(gateway.calls(), 1);
    let body = json!({ "query": query, "variables": { "name": "Int", "no": false } }).to_string();
    let answer = gateway.post("*/*", &body).await.json();
    assert_eq!(answer["data"]["t"], json!({ "kind": "SCALAR", "name": "Int" }));
    assert_eq!(answer["data"]["skipped"], json!({ "description": null }));
}

#[tokio::test]
async fn subgraphs_are_never_asked_for_the_schema() {
    let gateway = scripted(options(), |_, body| {
        assert!(!body["query"].as_str().unwrap().contains("__schema"), "{body}");
        async { json!({ "data": { "me": { "__typename": "User", "name": "Ada" } } }) }.boxed()
    });
    let answer = gateway
        .query("{ me { name __typename } __schema { queryType { name } } }")
        .await
        .json();
    assert_eq!(
        answer["data"]["me"],
        json!({ "name": "Ada", "__typename": "User" })
    );
    assert_eq!(
        answer["data"]["__schema"],
        json!({ "queryType": { "name": "Query" } })
    );
    assert_eq!(answer.get("errors"), None::<&Value>);
}
