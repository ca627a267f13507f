//! Administration over HTTP.

use serde_json::{Value, json};

use crate::{
    causeway::{Shop, finished},
    serve::{Serving, provide_tls},
};

const KEY: &str = "0123456789abcdef";

fn configure(shop: &Shop, admin: &Value) {
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config["admin"] = admin.clone();
    shop.write("schema/causeway.yaml", &config.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_an_address_and_a_key_of_its_own() {
    provide_tls();
    let shop = Shop::new();
    configure(&shop, &json!({ "listen": "127.0.0.1:0" }));
    let serve = ["serve", "--config", "schema/causeway.yaml"];
    // Composing needs no secret; serving does.
    shop.compose();
    shop.run(&serve)
        .assert(2, &["admin.shared_key", "CAUSEWAY_ADMIN_KEY"]);
    let ran = finished(shop.causeway(&serve).env("CAUSEWAY_ADMIN_KEY", "short"));
    ran.assert(2, &["has 5 characters"]);

    let mut serving = Serving::start(shop.causeway(&serve).env("CAUSEWAY_ADMIN_KEY", KEY));
    let line = serving.told("administration at http://");
    let (_, url) = line.split_once("administration at ").unwrap();
    let url: String = url
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || ":/.".contains(*letter))
        .collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |key: &str| {
        client
            .get(format!("{url}/cache"))
            .header("authorization", key)
            .send()
    };
    assert_eq!(get("wrong").await.unwrap().status(), 401);
    let answer = get(KEY).await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!((status, &body["memory"]["records"]), (200, &json!(0)), "{body}");
    // Clients have no such route.
    let at_clients = client
        .get(format!("{}/cache", serving.url))
        .header("authorization", KEY);
    assert_eq!(at_clients.send().await.unwrap().status(), 404);
}
