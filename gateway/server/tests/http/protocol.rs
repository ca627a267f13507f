//! GraphQL over HTTP: methods, media types, status codes.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::gateway::{GRAPHQL_RESPONSE, gateway, options, scripted};
use futures::FutureExt;

const JSON: (&str, &str) = ("content-type", "application/json");
const BODY: &str = r#"{"query":"{me{name}}"}"#;

#[tokio::test]
async fn post_and_get_answer_alike() {
    let gateway = gateway();
    let expected = r#"{"data":{"me":{"name":"Ada"}}}"#;
    let posted = gateway.request(Method::POST, "/graphql", &[JSON], BODY).await;
    let got = gateway
        .request(Method::GET, "/graphql?query=%7Bme%7Bname%7D%7D", &[], "")
        .await;
    for answer in [posted, got] {
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, expected));
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    }
}

#[tokio::test]
async fn get_reads_variables_and_the_operations_name() {
    let gateway = scripted(options(), |_, body| {
        async move { json!({ "data": { "user": { "name": body["variables"]["id"] } } }) }.boxed()
    });
    let query =
        "query%20A%28%24id%3AID%21%29%7Buser%28id%3A%24id%29%7Bname%7D%7D%20query%20B%7Bme%7Bid%7D%7D";
    let uri = format!("/graphql?query={query}&operationName=A&variables=%7B%22id%22%3A%22u%2B1%22%7D");
    let answer = gateway.get(&uri, "*/*").await;
    assert_eq!(answer.text, r#"{"data":{"user":{"name":"u+1"}}}"#);
    for (variables, what) in [
        ("3", "`variables` is not a JSON object"),
        ("%7B", "`variables` is not"),
        ("%zz", "percent"),
    ] {
        let answer = gateway
            .get(
                &format!("/graphql?query={query}&operationName=A&variables={variables}"),
                "*/*",
            )
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "INVALID_GRAPHQL_REQUEST")
        );
        assert!(answer.text.contains(what), "{answer:?}");
    }
}

#[tokio::test]
async fn the_status_of_a_refused_operation_depends_on_the_form() {
    let gateway = gateway();
    for query in [
        "{",
        "{nothing}",
        "query($id:ID!){user(id:$id){id}}",
        "query A{me{id}} query B{me{id}}",
    ] {
        let body = json!({ "query": query }).to_string();
        for (accept, status, content_type) in [
            (
                GRAPHQL_RESPONSE,
                StatusCode::BAD_REQUEST,
                "application/graphql-response+json; charset=utf-8",
            ),
            (
                "application/json",
                StatusCode::OK,
                "application/json; charset=utf-8",
            ),
            ("*/*", StatusCode::OK, "application/json; charset=utf-8"),
        ] {
            let answer = gateway.post(accept, &body).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (status, content_type),
                "{query} {accept}"
            );
            assert!(answer.json()["data"].is_null() && answer.json()["errors"].is_array());
        }
    }
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn partial_data_is_a_success_in_both_forms() {
    let failing = || json!({ "data": { "me": null }, "errors": [{ "message": "no", "path": ["me"] }] });
    let gateway = scripted(options(), move |_, _| async move { failing() }.boxed());
    for accept in [GRAPHQL_RESPONSE, "application/json"] {
        let answer = gateway.post(accept, BODY).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["data"], json!({ "me": null }));
        assert_eq!(answer.json()["errors"][0]["path"], json!(["me"]));
    }
}

#[tokio::test]
async fn a_client_that_accepts_neither_form_gets_406() {
    let gateway = gateway();
    for accept in ["text/html", "application/xml", "application/json;q=0"] {
        let answer = gateway.post(accept, BODY).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE"),
            "{accept}"
        );
    }
    let answer = gateway.get("/graphql?query=%7Bme%7Bid%7D%7D", "image/png").await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_json_gets_415() {
    let gateway = gateway();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/graphql")],
    ] {
        let answer = gateway.request(Method::POST, "/graphql", headers, BODY).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{headers:?}");
        assert_eq!(answer.code(), "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn a_body_beyond_the_limit_gets_413() {
    let mut options = options();
    options.request_body = 100;
    let gateway = scripted(options, |_, _| async { crate::gateway::me() }.boxed());
    let sized = |length: usize| format!("{BODY}{}", " ".repeat(length - BODY.len()));
    assert_eq!(gateway.post("*/*", &sized(100)).await.status, StatusCode::OK);
    let answer = gateway.post("*/*", &sized(101)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE")
    );
    assert!(answer.text.contains("limits.request_body"), "{answer:?}");
}

#[tokio::test]
async fn what_is_no_request_gets_400_in_every_form() {
    let gateway = gateway();
    let deep = format!(
        r#"{{"query":"{{me{{id}}}}","variables":{{"a":{}}}}}"#,
        "[".repeat(100_000)
    );
    for (body, reason) in [
        ("", "the body is empty"),
        ("{", "the body is no GraphQL request"),
        ("[]", "a list of requests is not supported"),
        (r#"[{"query":"{me{id}}"}]"#, "a list of requests is not supported"),
        ("3", "the body is not a JSON object"),
        ("{}", "no `query`"),
        (r#"{"query":null}"#, "no `query`"),
        (r#"{"query":" "}"#, "no `query`"),
        (r#"{"query":3}"#, "expected a string"),
        (
            r#"{"query":"{me{id}}","variables":[]}"#,
            "the body is no GraphQL request",
        ),
        (
            r#"{"query":"{me{id}}","variables":"{}"}"#,
            "the body is no GraphQL request",
        ),
        (r#"{"query":"{me{id}}","operationName":3}"#, "expected a string"),
        (r#"{"query":"{me{id}}"} {}"#, "trailing"),
        (&deep, "recursion limit"),
    ] {
        for accept in [GRAPHQL_RESPONSE, "application/json"] {
            let answer = gateway.post(accept, body).await;
            let about = body.get(..60).unwrap_or(body);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::BAD_REQUEST, "INVALID_GRAPHQL_REQUEST"),
                "{about}"
            );
            assert!(answer.text.contains(reason), "{about}: {answer:?}");
        }
    }
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn unknown_members_and_empty_ones_are_no_harm() {
    let gateway = gateway();
    let body = r#" {"query":"{me{name}}","operationName":"","variables":null,"extensions":{"x":1},"id":7}"#;
    assert_eq!(
        gateway.post("*/*", body).await.text,
        r#"{"data":{"me":{"name":"Ada"}}}"#
    );
    let uri = "/graphql?query=%7Bme%7Bname%7D%7D&operationName=&variables=&extensions=%7B%7D";
    assert_eq!(
        gateway.get(uri, "*/*").await.text,
        r#"{"data":{"me":{"name":"Ada"}}}"#
    );
}

#[tokio::test]
async fn mutations_need_post() {
    let gateway = gateway();
    let uri = "/graphql?query=mutation%7Brename%28name%3A%22x%22%29%7Bid%7D%7D";
    for accept in [GRAPHQL_RESPONSE, "application/json"] {
        let answer = gateway.get(uri, accept).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, "POST")
        );
        assert_eq!(answer.code(), "MUTATION_OVER_GET");
    }
    assert_eq!(
        gateway.request(Method::HEAD, uri, &[], "").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn other_methods_and_places_are_refused_with_what_is_allowed() {
    let gateway = gateway();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = gateway.request(method.clone(), "/graphql", &[JSON], BODY).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD,POST"),
            "{method}"
        );
    }
    assert_eq!(
        gateway.request(Method::POST, "/", &[JSON], BODY).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(gateway.get("/nowhere", "*/*").await.status, StatusCode::NOT_FOUND);
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let gateway = gateway();
    let answer = gateway
        .request(Method::HEAD, "/graphql?query=%7Bme%7Bname%7D%7D", &[], "")
        .await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}
