use std::process::Stdio;

use serde_json::{Value, json};

use crate::causeway::{Ran, Shop, finished, subgraph};

const COMPOSE: [&str; 3] = ["compose", "--config", "schema/causeway.yaml"];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_sound_graph_is_printed_and_the_same_each_time() {
    let shop = Shop::new();
    let ran = shop.run(&COMPOSE);
    ran.assert(0, &[]);
    assert!(
        ran.out.contains("enum join__Graph") && ran.out.contains("type Review"),
        "{}",
        ran.out
    );
    assert_eq!(shop.run(&COMPOSE).out, ran.out);
    let written = shop.run(&[&COMPOSE[..], &["--output", "supergraph.graphql"]].concat());
    assert_eq!((written.code, written.out.as_str()), (0, ""));
    assert_eq!(shop.read("supergraph.graphql"), ran.out);
}

#[test]
fn json_has_the_graph_in_one_object() {
    let shop = Shop::new();
    let ran = shop.run(&[&COMPOSE[..], &["--format", "json"]].concat());
    ran.assert(0, &[]);
    let json = ran.json();
    assert_eq!(keys(&json), ["api_schema", "errors", "hints", "ok", "supergraph"]);
    assert_eq!((&json["ok"], &json["errors"]), (&json!(true), &json!([])));
    assert!(json["supergraph"].as_str().unwrap().contains("join__"));
    let api = json["api_schema"].as_str().unwrap();
    assert!(api.contains("type User") && !api.contains("join__"), "{api}");
}

#[test]
fn a_graph_that_does_not_compose_is_answered_with_no() {
    let shop = Shop::new();
    let reviews = shop
        .read("schema/reviews.graphql")
        .replace("reviews: [Review!]", "reviews: [Review!] name: Int");
    shop.write("schema/reviews.graphql", &reviews);
    let ran = shop.run(&COMPOSE);
    ran.assert(
        1,
        &[
            "FIELD_TYPE_MISMATCH",
            "User.name",
            "users",
            "reviews",
            "schema/reviews.graphql",
            "do not compose",
        ],
    );
    assert_eq!(ran.out, "");
    let ran = shop.run(
        &[
            &COMPOSE[..],
            &["--format", "json", "--output", "supergraph.graphql"],
        ]
        .concat(),
    );
    ran.assert(1, &[]);
    let json = ran.json();
    assert_eq!(
        (&json["ok"], &json["supergraph"], &json["api_schema"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    let codes: Vec<&Value> = json["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["code"])
        .collect();
    assert!(codes.contains(&&json!("FIELD_TYPE_MISMATCH")), "{json}");
    for error in json["errors"].as_array().unwrap() {
        for key in ["code", "message", "subgraphs", "coordinate"] {
            assert!(error.get(key).is_some(), "`{key}` is not in {error}");
        }
    }
    assert!(!shop.path("supergraph.graphql").exists());
}

#[test]
fn sdl_that_is_no_graphql_is_answered_with_no() {
    let shop = Shop::new();
    shop.write("schema/users.graphql", "type Query {");
    shop.run(&COMPOSE).assert(1, &["INVALID_GRAPHQL", "users"]);
    shop.write("schema/users.graphql", "");
    assert_eq!(shop.run(&COMPOSE).code, 1);
}

#[test]
fn what_cannot_be_read_could_not_run() {
    let shop = Shop::new();
    shop.run(&["compose", "--config", "missing.yaml"])
        .assert(2, &["cannot read missing.yaml", "No such file"]);
    shop.write("bad.yaml", "lsten: 1");
    shop.run(&["compose", "--config", "bad.yaml"])
        .assert(2, &["bad.yaml", "did you mean `listen`?"]);
    shop.write(
        "absent.yaml",
        "subgraphs: { users: { schema: ./absent.graphql } }",
    );
    shop.run(&["compose", "--config", "absent.yaml"])
        .assert(2, &["absent.graphql", "No such file"]);
    shop.write("composed.yaml", "supergraph: ./supergraph.graphql");
    shop.run(&["compose", "--config", "composed.yaml"])
        .assert(2, &["composed.yaml names no subgraph schemas"]);
    let nowhere = shop.run(&[&COMPOSE[..], &["--output", "no/such/folder.graphql"]].concat());
    nowhere.assert(2, &["cannot write no/such/folder.graphql"]);
}

#[test]
fn the_config_may_come_from_the_environment_and_be_rovers() {
    let shop = Shop::new();
    shop.write(
        "supergraph.yaml",
        "federation_version: =2.9.0\nsubgraphs:\n  users:\n    routing_url: http://users/\n    schema:\n      file: schema/users.graphql\n",
    );
    let ran = crate::causeway::finished(
        shop.causeway(&["compose"])
            .env("CAUSEWAY_CONFIG", "supergraph.yaml"),
    );
    ran.assert(0, &[]);
    assert!(ran.out.contains("http://users/"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_subgraph_tells_its_schema() {
    let shop = Shop::new();
    let configure = |url: &str| {
        shop.write(
            "live.yaml",
            &json!({ "subgraphs": { "users": { "url": url, "schema": url } } }).to_string(),
        )
    };
    let sdl = shop.read("schema/users.graphql");
    configure(&subgraph(json!({ "data": { "_service": { "sdl": sdl } } })).await);
    let ran = shop.run(&["compose", "--config", "live.yaml"]);
    ran.assert(0, &[]);
    assert!(ran.out.contains("type User"));
    configure(&subgraph(json!({ "errors": [{ "message": "Cannot query field \"_service\"" }] })).await);
    shop.run(&["compose", "--config", "live.yaml"]).assert(
        2,
        &[
            "subgraph `users`",
            "is it a federation subgraph?",
            "Cannot query field",
        ],
    );
    configure("http://127.0.0.1:1/graphql");
    let unreachable = shop.run(&["compose", "--config", "live.yaml"]);
    unreachable.assert(
        2,
        &[
            "subgraph `users`",
            "http://127.0.0.1:1/graphql",
            "onnection refused",
            "DOWNSTREAM_SERVICE_ERROR",
        ],
    );
    let json = shop.run(&["compose", "--config", "live.yaml", "--format", "json"]);
    assert_eq!(json.code, 2);
    let json = json.json();
    assert_eq!((&json["ok"], &json["supergraph"]), (&json!(false), &Value::Null));
    let error = &json["errors"][0];
    assert_eq!(
        (&error["code"], &error["subgraphs"]),
        (&json!("DOWNSTREAM_SERVICE_ERROR"), &json!(["users"]))
    );
}

#[test]
fn a_subgraph_that_never_answers_is_not_waited_for() {
    let shop = Shop::new();
    // Accepts connections, as the system does for it, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/graphql", silent.local_addr().unwrap());
    let users = json!({ "url": url, "schema": url, "timeout": "200ms" });
    shop.write(
        "silent.yaml",
        &json!({ "subgraphs": { "users": users } }).to_string(),
    );
    shop.run(&["compose", "--config", "silent.yaml"]).assert(
        2,
        &[
            "DOWNSTREAM_SERVICE_ERROR",
            "subgraph `users`",
            "no answer within 200ms",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_schema_is_not_read() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shop = Shop::new();
    let sdl = format!("type Query {{ a: Int }} # {}", "x".repeat(2_000));
    let url = subgraph(json!({ "data": { "_service": { "sdl": sdl } } })).await;
    let config = json!({
        "subgraphs": { "users": { "url": url, "schema": url } },
        "limits": { "subgraph_response": 1_000 },
    });
    shop.write("endless.yaml", &config.to_string());
    shop.run(&["compose", "--config", "endless.yaml"])
        .assert(2, &["subgraph `users`", "larger than 1000 bytes"]);
}

#[test]
fn a_schema_and_a_config_may_come_on_standard_input() {
    let shop = Shop::new();
    let expected = shop.run(&COMPOSE).out;
    let config = |users: &str, reviews: &str| {
        let subgraph = |schema: &str| json!({ "url": "http://127.0.0.1:1/graphql", "schema": schema });
        json!({ "subgraphs": { "users": subgraph(users), "reviews": subgraph(reviews) } }).to_string()
    };
    let users = shop.read("schema/users.graphql");
    shop.write("schema/piped.yaml", &config("-", "./reviews.graphql"));
    let piped = ["compose", "--config", "schema/piped.yaml"];
    assert_eq!(fed(&shop, &piped, &users).out, expected);
    fed(&shop, &piped, "").assert(2, &["subgraph `users`", "standard input"]);
    fed(&shop, &piped, "type Query {").assert(1, &["<stdin>", "INVALID_GRAPHQL"]);
    shop.write("schema/both.yaml", &config("-", "-"));
    shop.run(&["compose", "--config", "schema/both.yaml"])
        .assert(2, &["subgraphs.users.schema", "only one", "`reviews`"]);
    let all = config("./schema/users.graphql", "./schema/reviews.graphql");
    assert_eq!(fed(&shop, &["compose", "--config", "-"], &all).out, expected);
}

/// Runs with `input` on standard input.
fn fed(shop: &Shop, arguments: &[&str], input: &str) -> Ran {
    shop.write("input", input);
    let input = std::fs::File::open(shop.path("input")).unwrap();
    finished(shop.causeway(arguments).stdin(input))
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let shop = Shop::new();
    let mut child = shop
        .causeway(&COMPOSE)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[test]
fn a_contract_shows_a_part_of_the_graph() {
    let shop = Shop::new();
    let reviews = shop.read("schema/reviews.graphql").replace(
        "reviews: [Review!]",
        "reviews: [Review!] @tag(name: \"internal\")",
    );
    let reviews = reviews.replacen("\"@key\"", "\"@key\", \"@tag\"", 1);
    shop.write("schema/reviews.graphql", &reviews);
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config["contracts"] = json!({ "public": { "exclude": ["internal"] } });
    shop.write("schema/causeway.yaml", &config.to_string());
    let ran = shop.run(&[&COMPOSE[..], &["--contract", "public"]].concat());
    ran.assert(0, &[]);
    assert!(
        ran.out.contains("type User") && !ran.out.contains("reviews:") && !ran.out.contains("join__"),
        "{}",
        ran.out
    );
    shop.run(&[&COMPOSE[..], &["--contract", "nobody"]].concat())
        .assert(2, &["nobody", "public"]);
}
