//! Null propagation (GraphQL specification, 6.4.4), with one error for each null.

use crate::support::{Answer, Execution, PlanBuilder};

const NULL: &str = "the field is non-null, but no subgraph brought a value";

fn run(projection: &str, shape: &str, data: &str) -> Answer {
    let mut plan = PlanBuilder::new(projection);
    plan.root("a", shape);
    let mut run = Execution::start(plan);
    run.answer("a", format!(r#"{{"data":{data}}}"#));
    run.finish()
}

#[test]
fn a_null_goes_up_to_the_nearest_nullable_place() {
    let shape = "a { b { c { d } } e }";
    let data = r#"{"a":{"b":{"c":{"d":null}},"e":1}}"#;
    for (projection, expected, path) in [
        (
            "a: A { b: B { c: C { d: Int } } e: Int }",
            r#"{"a":{"b":{"c":{"d":null}},"e":1}}"#,
            None,
        ),
        (
            "a: A { b: B { c: C { d: Int! } } e: Int }",
            r#"{"a":{"b":{"c":null},"e":1}}"#,
            Some("a.b.c.d"),
        ),
        (
            "a: A { b: B { c: C! { d: Int! } } e: Int }",
            r#"{"a":{"b":null,"e":1}}"#,
            Some("a.b.c.d"),
        ),
        (
            "a: A { b: B! { c: C! { d: Int! } } e: Int }",
            r#"{"a":null}"#,
            Some("a.b.c.d"),
        ),
        (
            "a: A! { b: B! { c: C! { d: Int! } } e: Int }",
            "null",
            Some("a.b.c.d"),
        ),
    ] {
        let complaints: Vec<String> = path.iter().map(|path| format!("{path}: {NULL}")).collect();
        let answer = run(projection, shape, data);
        answer.is(
            expected,
            &complaints.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        assert!(
            answer
                .errors
                .iter()
                .all(|error| error["extensions"]["code"] == "NULL_FOR_NON_NULL_FIELD")
        );
    }
}

#[test]
fn lists_stop_or_pass_on_a_null() {
    let shape = "a { b }";
    let data = r#"{"a":[{"b":1},{"b":null},{"b":3},{"b":null}]}"#;
    run("a: [A] { b: Int! }", shape, data).is(
        r#"{"a":[{"b":1},null,{"b":3},null]}"#,
        &[&format!("a.1.b: {NULL}"), &format!("a.3.b: {NULL}")],
    );
    run("a: [A!] { b: Int! }", shape, data).is(r#"{"a":null}"#, &[&format!("a.1.b: {NULL}")]);
    run("a: [A!]! { b: Int! }", shape, data).is("null", &[&format!("a.1.b: {NULL}")]);
    let nested = r#"{"a":[[{"b":1}],[{"b":2},{"b":null}],null]}"#;
    run("a: [[A!]] { b: Int! }", shape, nested)
        .is(r#"{"a":[[{"b":1}],null,null]}"#, &[&format!("a.1.1.b: {NULL}")]);
    run("a: [[A]!] { b: Int }", shape, nested).is(r#"{"a":null}"#, &[&format!("a.2: {NULL}")]);
}

#[test]
fn a_field_that_the_document_did_not_bring_is_missing() {
    run("a: A { b: Int! c: Int }", "a { b c }", r#"{"a":{"c":1}}"#)
        .is(r#"{"a":null}"#, &[&format!("a.b: {NULL}")]);
    run("a: A { b: Int c: Int }", "a { b c }", r#"{"a":{"c":1}}"#).is(r#"{"a":{"b":null,"c":1}}"#, &[]);
    run("a: Int!", "a", "{}").is("null", &[&format!("a: {NULL}")]);
}

/// What has become null takes the complaints of its fields along; the error that stays is the one that made it null.
#[test]
fn the_error_that_stays_is_the_one_that_made_the_null() {
    let answer = run(
        "a: A { n: Int b: Int! } z: Int",
        "a { n b } z",
        r#"{"a":{"n":"no number","b":null},"z":1}"#,
    );
    answer.is(r#"{"a":null,"z":1}"#, &[&format!("a.b: {NULL}")]);
}

#[test]
fn fields_after_a_null_are_still_written() {
    run(
        "x: Int a: A { b: Int! } y=why: Int",
        "x a { b } why",
        r#"{"x":1,"a":{"b":null},"why":2}"#,
    )
    .is(r#"{"x":1,"a":null,"y":2}"#, &[&format!("a.b: {NULL}")]);
}

#[test]
fn thousands_of_nulls_are_explained_one_by_one() {
    let items = vec![r#"{"b":null}"#; 20_000].join(",");
    let answer = run("a: [A] { b: Int! }", "a { b }", &format!(r#"{{"a":[{items}]}}"#));
    assert_eq!(answer.errors.len(), 20_000);
    assert_eq!(answer.complaints()[19_999], format!("a.19999.b: {NULL}"));
}
