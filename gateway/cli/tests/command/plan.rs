use serde_json::json;

use crate::causeway::{Shop, finished};

#[test]
fn a_plan_is_told_with_its_calls() {
    let shop = Shop::new();
    let ran = shop.run(&["plan", "Me.graphql", "--config", "schema/causeway.yaml"]);
    ran.assert(0, &[]);
    assert!(ran.out.starts_with("2 subgraph calls, 2 deep\n"), "{}", ran.out);
    assert!(
        ran.out.contains("users") && ran.out.contains("User(id) at me"),
        "{}",
        ran.out
    );
    let json = shop
        .run(&[
            "plan",
            "Me.graphql",
            "--config",
            "schema/causeway.yaml",
            "--format",
            "json",
        ])
        .json();
    assert_eq!(
        (&json["version"], &json["operation"]),
        (&json!(1), &json!("query"))
    );
    assert_eq!((&json["calls"], &json["depth"]), (&json!(2), &json!(2)));
    assert_eq!(json["fetches"][1]["after"], json!([1]));
}

#[test]
fn what_batching_spares_is_told_beside_the_plan() {
    let shop = Shop::new();
    shop.write(
        "schema/users.graphql",
        "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@key\"])
        type Query { people: [User!] }
        type User @key(fields: \"id\") { id: ID! name: String friends: [User!] }",
    );
    shop.write(
        "People.graphql",
        "{ people { reviews { stars } friends { reviews { stars } } } }",
    );
    let plan = ["plan", "People.graphql"];
    let with = |more: &[&str]| shop.run(&[&plan[..], more].concat());
    let plain = with(&[]);
    let naive = with(&["--naive"]);
    naive.assert(0, &[]);
    let told = naive.out.strip_prefix(&plain.out).unwrap();
    let expected = "
Calls with one for each entity: 1 + n(people) + n(people.friends)
With lists of 10: 111 instead of 2
  1 users    1                              1
  2 reviews  n(people) + n(people.friends)  110
";
    assert_eq!(told, expected);
    assert!(
        with(&["--naive", "--sizes", "3"])
            .out
            .contains("With lists of 3: 13 instead of 2")
    );
    let json = with(&["--naive", "--sizes", "2", "--format", "json"]).json();
    let fetch = |id: u32, calls: u32, formula: &str| json!({ "id": id, "calls": calls, "formula": formula });
    let expected = json!({
        "calls": 7,
        "formula": "1 + n(people) + n(people.friends)",
        "listSize": 2,
        "fetches": [fetch(1, 1, "1"), fetch(2, 6, "n(people) + n(people.friends)")],
    });
    assert_eq!(json["naive"], expected);
    assert_eq!(with(&["--format", "json"]).json().get("naive"), None);
    with(&["--sizes", "3"]).assert(2, &["--naive"]);
    with(&["--naive", "--sizes", "0"]).assert(2, &["--sizes"]);
}

#[test]
fn the_graph_comes_from_flags_then_the_environment_then_the_schema_folder() {
    let shop = Shop::new();
    shop.compose();
    let by_default = shop.run(&["plan", "Me.graphql"]);
    by_default.assert(0, &[]);
    assert_eq!(
        shop.run(&["plan", "Me.graphql", "--supergraph", "supergraph.graphql"])
            .out,
        by_default.out
    );
    // The flag wins, also over a variable that means the other kind of file.
    let mut overruled = shop.causeway(&["plan", "Me.graphql", "--supergraph", "supergraph.graphql"]);
    assert_eq!(
        finished(overruled.env("CAUSEWAY_CONFIG", "missing.yaml")).out,
        by_default.out
    );
    let mut named = shop.causeway(&["plan", "Me.graphql"]);
    finished(named.env("CAUSEWAY_CONFIG", "missing.yaml")).assert(2, &["cannot read missing.yaml"]);
    let both = [
        "plan",
        "Me.graphql",
        "--supergraph",
        "supergraph.graphql",
        "--config",
        "schema/causeway.yaml",
    ];
    shop.run(&both).assert(2, &["cannot be used with"]);
    std::fs::remove_file(shop.path("schema/causeway.yaml")).unwrap();
    shop.run(&["plan", "Me.graphql"]).assert(
        2,
        &[
            "--config",
            "--supergraph",
            "CAUSEWAY_CONFIG",
            "no schema/causeway.yaml",
        ],
    );
}

#[test]
fn an_operation_that_is_wrong_is_answered_with_no() {
    let shop = Shop::new();
    for (operation, words) in [
        ("{ nothing }", ["nothing", "wrong.graphql:1:3"]),
        ("{", ["wrong.graphql:1:", "Error"]),
        (
            "query A { me { id } } query B { me { id } }",
            ["A, B", "--operation"],
        ),
        ("subscription { me }", ["subscription", "wrong.graphql:1:1"]),
    ] {
        shop.write("wrong.graphql", operation);
        let ran = shop.run(&["plan", "wrong.graphql"]);
        ran.assert(1, &words);
        assert_eq!(ran.out, "", "{operation}");
    }
    let both = "query A { me { id } } query B { me { reviews { stars } } }";
    shop.write("both.graphql", both);
    assert!(
        shop.run(&["plan", "both.graphql", "--operation", "A"])
            .out
            .starts_with("1 subgraph call,")
    );
    assert!(
        shop.run(&["plan", "both.graphql", "--operation", "B"])
            .out
            .starts_with("2 subgraph calls,")
    );
    shop.run(&["plan", "both.graphql", "--operation", "C"])
        .assert(1, &["no operation `C`", "A, B"]);
}

#[test]
fn what_cannot_be_read_could_not_run() {
    let shop = Shop::new();
    shop.run(&["plan", "missing.graphql"])
        .assert(2, &["cannot read missing.graphql"]);
    shop.run(&["plan", "Me.graphql", "--supergraph", "missing.graphql"])
        .assert(2, &["missing.graphql", "No such file"]);
    shop.run(&["plan", "Me.graphql", "--supergraph", "schema/users.graphql"])
        .assert(2, &["schema/users.graphql"]);
    shop.write("schema/users.graphql", "type Query {");
    shop.run(&["plan", "Me.graphql"]).assert(1, &["do not compose"]);
}
