//! Every document in `schema/operations`, through the gateway, against expected data, on both engines.
//!
//! A case is a folder `cases/<document>/` with `variables.json` (optional), `as.txt` (the handle of who sends it, optional)
//! and `expected.json` (the response without `extensions`; `"<any>"` stands for values that differ from run to run).
//! `UPDATE_EXPECTED=1` writes `expected.json` from SQLite's answers where it is missing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use e2e::{Engine, Shop, assert_matches};
use serde_json::{Value, json};

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
    assert!(documents.len() >= 10, "{documents:?}");
    // Queries first: mutations change what they would see.
    let (mutations, queries): (Vec<_>, Vec<_>) = documents
        .into_iter()
        .partition(|(_, text)| text.lines().any(|line| line.starts_with("mutation")));
    for (name, text) in queries.into_iter().chain(mutations) {
        run(&shop, &name, &text).await;
    }
    shop.running.stop().await.expect("the shop stops");
}

async fn run(shop: &Shop, name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name);
    let variables = match fs::read_to_string(folder.join("variables.json")) {
        Ok(text) => serde_json::from_str(&text).expect("variables.json is JSON"),
        Err(_) => json!({}),
    };
    let client = match fs::read_to_string(folder.join("as.txt")) {
        Ok(handle) => shop.client.sign_in(handle.trim()).await,
        Err(_) => shop.client.clone(),
    };
    let mut response = client.send(text, variables).await;
    response.as_object_mut().expect("an object").remove("extensions");
    let file = folder.join("expected.json");
    if std::env::var_os("UPDATE_EXPECTED").is_some() && !file.exists() {
        fs::create_dir_all(&folder).expect("the case's folder can be made");
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

fn documents() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/operations");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("schema/operations is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a document can be read"))
        })
        .collect()
}
