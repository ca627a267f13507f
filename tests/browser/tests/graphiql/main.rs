//! The GraphiQL page of the real shop, in a real browser that can reach nothing but loopback.

use std::time::Duration;

use anyhow::Context as _;
use browser::{Browser, Page};
use kit::Shutdown;
use serde_json::Value;
use shop::{Addresses, Caching, Databases, Options, Running};
use tempfile::TempDir;

/// The result pane's visible lines; Monaco writes spaces as no-break spaces.
const RESULT: &str = "document.querySelector('.result-window').innerText.replaceAll('\\u00a0', ' ')";

#[tokio::test]
async fn a_new_visitor_runs_the_first_query_without_the_internet() {
    let Some(mut browser) = Browser::start().unwrap() else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let shop = open_shop(&folder).await;
    let address = shop.gateway;
    let mut page = browser.open(&format!("http://{address}/")).await.unwrap();

    page.until(r#"document.querySelector(".graphiql-query-editor .view-line")?.innerText"#)
        .await
        .unwrap();
    assert_eq!(
        tabs(&mut page).await.unwrap(),
        ["Orders", "Products", "Search", "SignIn", "Me"]
    );

    page.click(".graphiql-execute-button").await.unwrap();
    let visible = format!(r#"/"data"[^]*"orders"[^]*"nodes"[^]*"displayName"/.test({RESULT})"#);
    page.until(&visible).await.unwrap();
    let response = result(&mut page).await.unwrap();
    assert_eq!(response.get("errors"), None, "{response:#}");
    assert_eq!(
        response["data"]["orders"]["nodes"].as_array().map(Vec::len),
        Some(20)
    );

    let origin = format!("http://{address}/");
    let own = |url: &str| url.starts_with(&origin) || url.starts_with("data:") || url.starts_with("blob:");
    let foreign: Vec<&str> = page.requests().into_iter().filter(|url| !own(url)).collect();
    assert_eq!(foreign, [""; 0], "the page asked for something from elsewhere");
    assert_eq!(page.complaints(), [""; 0]);
}

#[tokio::test]
async fn the_editor_checks_a_query_against_the_schema() {
    let Some(mut browser) = Browser::start().unwrap() else {
        return;
    };
    let folder = TempDir::new().expect("a temporary folder");
    let shop = open_shop(&folder).await;
    let address = shop.gateway;
    let mut page = browser.open(&format!("http://{address}/")).await.unwrap();

    page.until(r#"document.querySelector(".graphiql-query-editor .view-line")?.innerText"#)
        .await
        .unwrap();
    page.evaluate(&format!(
        "{}.setValue('query Typo {{ ordrs {{ id }} }}')",
        model("operation.graphql")
    ))
    .await
    .unwrap();
    // Only a worker finds this, so it also shows that workers start under the page's policy.
    page.until(r#"document.querySelector(".graphiql-query-editor .squiggly-error")"#)
        .await
        .unwrap();
    let message = page
        .evaluate("__MONACO.editor.getModelMarkers({})[0].message")
        .await
        .unwrap();
    assert!(
        message
            .as_str()
            .unwrap()
            .starts_with("Cannot query field \"ordrs\" on type \"Query\"."),
        "{message}"
    );
    assert_eq!(page.complaints(), [""; 0]);
}

async fn open_shop(folder: &TempDir) -> Running {
    let options = Options {
        addresses: Addresses::any(),
        databases: Databases::in_folder(folder.path()),
        seed_size: 50,
        timeout: Duration::from_secs(5),
        cache: Caching::Off,
        events: None,
    };
    shop::start(options, Shutdown::new())
        .await
        .expect("the shop starts")
}

async fn tabs(page: &mut Page) -> anyhow::Result<Vec<String>> {
    let titles = "[...document.querySelectorAll('.graphiql-tab-button')].map((tab) => tab.textContent)";
    Ok(serde_json::from_value(page.evaluate(titles).await?)?)
}

/// The whole of the result pane, of which the document holds only the lines that fit.
async fn result(page: &mut Page) -> anyhow::Result<Value> {
    let text = page
        .evaluate(&format!("{}.getValue()", model("response.json")))
        .await?;
    Ok(serde_json::from_str(
        text.as_str().context("the result pane holds no text")?,
    )?)
}

fn model(file: &str) -> String {
    format!("__MONACO.editor.getModels().find((model) => model.uri.path.endsWith('{file}'))")
}
