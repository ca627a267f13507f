use crate::causeway::{Ran, Shop, finished};

const CHECK: [&str; 5] = [
    "check",
    "--base",
    "supergraph.graphql",
    "--config",
    "schema/causeway.yaml",
];

/// A shop whose supergraph was written before `edit` changed the users' schema.
fn changed(edit: impl Fn(String) -> String) -> Shop {
    let shop = Shop::new();
    shop.compose();
    shop.write("schema/users.graphql", &edit(shop.read("schema/users.graphql")));
    shop
}

fn without_name(sdl: String) -> String {
    let changed = sdl.replace("  name: String\n", "");
    assert_ne!(changed, sdl);
    changed
}

fn check(shop: &Shop, more: &[&str]) -> Ran {
    shop.run(&[&CHECK[..], more].concat())
}

#[test]
fn what_hurts_nobody_is_ok() {
    let ran = check(&changed(|sdl| sdl), &[]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "ok: nothing changed\n"),
        "{ran:?}"
    );
    let ran = check(
        &changed(|sdl| sdl.replace("  name: String\n", "  name: String\n  age: Int\n")),
        &[],
    );
    ran.assert(0, &[]);
    assert!(ran.out.contains("safe FIELD_ADDED User.age"), "{}", ran.out);
}

#[test]
fn breakage_is_answered_with_no_and_points_at_both_texts() {
    let ran = check(&changed(without_name), &["--format", "json"]);
    ran.assert(1, &[]);
    let json = ran.json();
    let change = &json["changes"][0];
    assert_eq!(change["kind"], "FIELD_REMOVED");
    assert_eq!(change["coordinate"], "User.name");
    assert_eq!(change["subgraphs"], serde_json::json!(["users"]));
    assert_eq!(change["old"]["file"], "supergraph.graphql");
    // As annotations want it: from the working directory, without `./`.
    assert_eq!(change["near"]["file"], "schema/users.graphql");
}

#[test]
fn unused_breakage_can_be_let_through_and_used_breakage_cannot() {
    let shop = changed(without_name);
    shop.write("clients/web/Ids.graphql", "query Ids { me { id } }");
    let used = ["--breaking", "used", "--operations", "clients"];
    let ran = check(&shop, &used);
    ran.assert(0, &[]);
    assert!(ran.out.contains("let through: nobody uses it"), "{}", ran.out);
    check(&shop, &["--operations", "clients"]).assert(1, &[]);
    shop.write("clients/app/Names.graphql", "query Names { me { name } }");
    let ran = check(&shop, &used);
    ran.assert(1, &[]);
    assert!(
        ran.out.contains("Names at clients/app/Names.graphql:1"),
        "{}",
        ran.out
    );
    shop.write("persisted.json", r#"{"abc": "{ me { name } }"}"#);
    check(&shop, &["--breaking", "used", "--operations", "persisted.json"]).assert(1, &[]);
}

#[test]
fn a_new_schema_that_does_not_compose_is_answered_with_no_in_every_format() {
    let shop = changed(|sdl| sdl.replace("  name: String\n", "  name: Nowhere\n"));
    for format in ["text", "json", "markdown", "github", "sarif"] {
        let ran = check(&shop, &["--format", format]);
        ran.assert(1, &[]);
        assert!(ran.out.contains("Nowhere"), "{format}: {}", ran.out);
    }
}

#[test]
fn the_base_may_be_a_config_a_supergraph_or_an_api_schema() {
    let shop = changed(|sdl| sdl);
    let composed = shop.run(&["compose", "--config", "schema/causeway.yaml", "--format", "json"]);
    shop.write("api.graphql", composed.json()["api_schema"].as_str().unwrap());
    shop.write("composed.yaml", "supergraph: ./supergraph.graphql");
    for base in [
        "api.graphql",
        "supergraph.graphql",
        "composed.yaml",
        "schema/causeway.yaml",
    ] {
        let ran = shop.run(&["check", "--base", base, "--config", "schema/causeway.yaml"]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "ok: nothing changed\n"),
            "{base}: {ran:?}"
        );
    }
}

#[test]
fn what_cannot_be_compared_could_not_run() {
    let shop = changed(|sdl| sdl);
    let config = ["--config", "schema/causeway.yaml"];
    let with_base = |base: &str| shop.run(&[&["check", "--base", base], &config[..]].concat());
    with_base("missing.graphql").assert(2, &["cannot read missing.graphql", "No such file"]);
    with_base("schema/users.graphql").assert(2, &["a subgraph's SDL belongs into a config"]);
    shop.write("broken/users.graphql", "type Query {");
    shop.write(
        "broken.yaml",
        "subgraphs: { users: { schema: ./broken/users.graphql } }",
    );
    with_base("broken.yaml").assert(2, &["the base broken.yaml does not compose", "INVALID_GRAPHQL"]);
    check(&shop, &["--breaking", "used"]).assert(2, &["--operations"]);
    check(&shop, &["--operations", "nowhere"]).assert(2, &["cannot read nowhere"]);
    check(&shop, &["--operations", "broken"]).assert(2, &["there is no operation in broken"]);
    shop.write("list.json", "[]");
    check(&shop, &["--operations", "list.json"]).assert(2, &["list.json is no manifest of operations"]);
    let ran = finished(&mut shop.causeway(&["check", "--base", "supergraph.graphql"]));
    ran.assert(2, &["Usage"]);
}
