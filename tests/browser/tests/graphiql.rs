//! The GraphiQL page in a real browser, without any network but loopback.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Json;
use axum::Router;
use axum::routing::get;
use browser::{Browser, Page};
use serde_json::{Value, json};

#[path = "../../../gateway/server/src/graphiql.rs"]
mod graphiql;

const RESPONSE_TEXT: &str = "document.querySelector('.result-window')?.innerText.replaceAll('\\u00a0', ' ')";

#[tokio::test]
async fn a_new_visitor_runs_the_first_query_without_the_internet() {
    let Some(mut browser) = Browser::start().unwrap() else {
        return;
    };
    let address = start().await;
    let mut page = browser.open(&format!("http://{address}/")).await.unwrap();

    page.until("document.querySelectorAll('.graphiql-tab').length == 5")
        .await
        .unwrap();
    page.until("document.querySelector('.graphiql-query-editor .view-line')?.innerText")
        .await
        .unwrap();
    page.click(".graphiql-execute-button").await.unwrap();
    let shown = format!("/\"data\"[^]*\"orders\"[^]*\"nodes\"[^]*\"displayName\"/.test({RESPONSE_TEXT})");
    page.until(&shown).await.unwrap();

    let response = response(&mut page).await;
    assert_eq!(response.get("errors"), None, "{response:#}");
    let orders = response["data"]["orders"]["nodes"].as_array().unwrap();
    assert_eq!(orders.len(), 20);
    if let Ok(file) = std::env::var("SHOT") {
        std::fs::write(file, page.screenshot().await.unwrap()).unwrap();
    }

    let origin = format!("http://{address}/");
    let foreign: Vec<&str> = page
        .requests()
        .into_iter()
        .filter(|url| !url.starts_with(&origin) && !url.starts_with("data:") && !url.starts_with("blob:"))
        .collect();
    assert_eq!(foreign, [""; 0], "the page asked for something from elsewhere");
    assert_eq!(page.complaints(), [""; 0]);
}

/// The whole of the result pane, which shows only the lines that fit.
async fn response(page: &mut Page) -> Value {
    let text = page
        .evaluate("__MONACO.editor.getModels().find((model) => model.uri.path.endsWith('response.json')).getValue()")
        .await
        .unwrap();
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

async fn start() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |Json(body): Json<Value>| async move {
        if body["operationName"] == "IntrospectionQuery" {
            return Json(
                serde_json::from_str::<Value>(&std::fs::read_to_string("/tmp/introspection.json").unwrap())
                    .unwrap(),
            );
        }
        let nodes: Vec<Value> = (1..=20).map(|i| json!({"id": format!("o-{i}"), "status": "PLACED", "total": {"minor": 100, "currency": "EUR"}, "buyer": {"displayName": "Ada", "tier": "GOLD"}, "lines": []})).collect();
        Json(json!({"data": {"orders": {"nodes": nodes}}}))
    };
    let router = Router::new()
        .route("/", get(async || graphiql::page()))
        .route("/graphql", get(async || graphiql::page()).post(answer))
        .merge(graphiql::assets());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
