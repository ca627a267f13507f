//! Administration over HTTP.

use serde_json::{Value, json};

use crate::{
    causeway::{Shop, finished},
    serve::{Serving, provide_tls},
};

const KEY: &str = "0123456789abcdef";
const SERVE: [&str; 3] = ["serve", "--config", "schema/causeway.yaml"];

fn configure(shop: &Shop, key: &str, value: &Value) {
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config[key] = value.clone();
    shop.write("schema/causeway.yaml", &config.to_string());
}

/// A gateway with its key from the environment, and the URL of its administration.
fn serve(shop: &Shop) -> (Serving, String) {
    let mut serving = Serving::start(shop.causeway(&SERVE).env("CAUSEWAY_ADMIN_KEY", KEY));
    let line = serving.told("administration at http://");
    let (_, url) = line.split_once("administration at ").unwrap();
    let is_of_url = |letter: &char| letter.is_ascii_alphanumeric() || ":/.".contains(*letter);
    (serving, url.chars().take_while(is_of_url).collect())
}

async fn get(url: &str, key: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).header("authorization", key).send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_an_address_and_a_key_of_its_own() {
    provide_tls();
    let shop = Shop::new();
    configure(&shop, "admin", &json!({ "listen": "127.0.0.1:0" }));
    configure(&shop, "cache", &json!("off"));
    // Composing needs no secret; serving does.
    shop.compose();
    shop.run(&SERVE)
        .assert(2, &["admin.shared_key", "CAUSEWAY_ADMIN_KEY"]);
    let ran = finished(shop.causeway(&SERVE).env("CAUSEWAY_ADMIN_KEY", "short"));
    ran.assert(2, &["has 5 characters"]);

    let (serving, url) = serve(&shop);
    assert_eq!(get(&format!("{url}/cache"), "wrong").await.0, 401);
    let (status, body) = get(&format!("{url}/cache"), KEY).await;
    assert_eq!(
        (status, &body["errors"][0]["extensions"]["code"]),
        (404, &json!("NO_CACHE"))
    );
    // Clients have no such route.
    assert_eq!(get(&format!("{}/cache", serving.url), KEY).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_is_spoken_to_from_a_shell() {
    provide_tls();
    let shop = Shop::new();
    configure(&shop, "admin", &json!({ "listen": "127.0.0.1:0" }));
    let (_serving, url) = serve(&shop);
    let cache = |arguments: &[&str]| {
        let mut command = shop.causeway(&["cache"]);
        finished(
            command
                .args(arguments)
                .env("CAUSEWAY_ADMIN_URL", &url)
                .env("CAUSEWAY_ADMIN_KEY", KEY),
        )
    };
    assert!(cache(&["stats", "--format", "json"]).json().is_object());
    let user = ["invalidate", "--subgraph", "users", "--type", "User"];
    let done = cache(&user);
    assert_eq!(
        (done.code, done.out.starts_with("invalidated (")),
        (0, true),
        "{done:?}"
    );
    cache(&["invalidate", "--subgraph", "user"]).assert(2, &["`user`", "UNKNOWN_IN_GRAPH"]);
    cache(&[&user[..], &["--key", r#"{"nothing":1}"#]].concat()).assert(2, &["UNKNOWN_IN_GRAPH"]);
    let wrong = ["--shared-key", "fedcba9876543210"];
    cache(&[&user[..], &wrong].concat()).assert(2, &["UNAUTHORIZED"]);
}
