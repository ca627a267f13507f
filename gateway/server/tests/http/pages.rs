//! What browsers and probes see.

use axum::http::{Method, StatusCode};

use crate::gateway::gateway;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_graphiql() {
    let gateway = gateway();
    for place in ["/", "/graphql"] {
        let page = gateway.get(place, BROWSER).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (StatusCode::OK, "text/html; charset=utf-8"),
            "{place}"
        );
        assert!(page.text.contains("graphiql.js"), "{page:?}");
        assert_eq!(page.header("vary"), "accept");
        // The page names its assets relative to itself.
        let asset = page
            .text
            .split('"')
            .find(|part| part.ends_with("graphiql.js"))
            .unwrap();
        let asset = gateway
            .get(&format!("/{}", asset.trim_start_matches("./")), "*/*")
            .await;
        assert_eq!(
            (asset.status, asset.header("content-encoding")),
            (StatusCode::OK, "gzip")
        );
    }
}

#[tokio::test]
async fn a_browser_that_brings_a_query_gets_the_answer() {
    let answer = gateway().get("/graphql?query=%7B__typename%7D", BROWSER).await;
    assert_eq!(answer.text, r#"{"data":{"__typename":"Query"}}"#);
    assert_eq!(answer.header("vary"), "accept");
}

#[tokio::test]
async fn others_are_told_where_graphql_is() {
    let gateway = gateway();
    let root = gateway.get("/", "*/*").await;
    assert_eq!(root.status, StatusCode::OK);
    assert!(root.text.contains("/graphql"));
    let without_query = gateway.get("/graphql", "application/json").await;
    assert_eq!(without_query.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn health_is_ok_without_any_subgraph() {
    let gateway = gateway();
    for place in ["/health/live", "/health/ready"] {
        let answer = gateway.get(place, "*/*").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, r#"{"status":"ok"}"#)
        );
        assert_eq!(
            gateway.request(Method::HEAD, place, &[], "").await.status,
            StatusCode::OK
        );
    }
    assert_eq!(gateway.calls(), 0);
}
