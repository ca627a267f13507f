//! Every document in `schema/operations`, through the gateway, against expected data, on both engines.
//!
//! A case is a folder `cases/<document>/` with `variables.json` (optional), `as.txt` (the handle of who sends it, optional)
//! and `expected.json` (the response without `extensions`; `"<any>"` stands for values that differ from run to run).
//! `UPDATE_EXPECTED=1` writes `expected.json` from SQLite's answers where it is missing.

use std::fs;

use e2e::{Document, Engine, Shop, assert_matches, documents};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_document_on_sqlite() {
    run_all(Shop::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_document_on_postgresql() {
    if let Some(shop) = Shop::on(Engine::Postgres).await {
        run_all(shop).await;
    }
}

async fn run_all(shop: Shop) {
    let documents = documents();
    assert!(documents.len() >= 10, "{} documents", documents.len());
    for document in documents {
        run(&shop, &document).await;
    }
    shop.running.stop().await.expect("the shop stops");
}

async fn run(shop: &Shop, document: &Document) {
    let (name, folder) = (&document.name, &document.case);
    let client = match &document.sender {
        Some(handle) => shop.client.sign_in(handle).await,
        None => shop.client.clone(),
    };
    let mut response = client.send(&document.text, document.variables.clone()).await;
    response.as_object_mut().expect("an object").remove("extensions");
    let file = folder.join("expected.json");
    if std::env::var_os("UPDATE_EXPECTED").is_some() && !file.exists() {
        fs::create_dir_all(folder).expect("the case's folder can be made");
        fs::write(&file, format!("{response:#}\n")).expect("expected.json can be written");
    }
    let expected = fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!(
            "{name}: no {}; write one, or run with UPDATE_EXPECTED=1",
            file.display()
        )
    });
    let expected: Value = serde_json::from_str(&expected).expect("expected.json is JSON");
    assert_matches(name, &response, &expected);
}
