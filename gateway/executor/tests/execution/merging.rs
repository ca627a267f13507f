//! What several fetches bring for one place.

use crate::support::{Execution, PlanBuilder};

const A: &str = r#"{"data":{"me":{"a":1,"list":[{"a":1},{"a":2}],"deep":{"one":{"a":3}}}}}"#;
const B: &str = r#"{"data":{"me":{"b":1,"list":[{"b":1},{"b":2}],"deep":{"one":{"b":3},"two":4}}}}"#;

/// `me` has no key: both subgraphs are asked from the root.
fn keyless() -> Execution {
    let mut plan = PlanBuilder::new(
        "me: Me { a: Int b: Int list: [Item] { a: Int b: Int } deep: Deep { one: One { a: Int b: Int } two: Int } }",
    );
    plan.root("a", "me { a list { a } deep { one { a } } }");
    plan.root("b", "me { b list { b } deep { one { b } two } }");
    Execution::start(plan)
}

/// Answers both in both orders; the result must be the same.
fn both_ways(a: &str, b: &str, data: &str, complaints: &[&str]) {
    for order in [[("a", a), ("b", b)], [("b", b), ("a", a)]] {
        let mut run = keyless();
        order
            .into_iter()
            .for_each(|(subgraph, body)| run.answer(subgraph, body));
        run.finish().is(data, complaints);
    }
}

#[test]
fn objects_and_lists_are_merged_deeply() {
    both_ways(
        A,
        B,
        r#"{"me":{"a":1,"b":1,"list":[{"a":1,"b":1},{"a":2,"b":2}],"deep":{"one":{"a":3,"b":3},"two":4}}}"#,
        &[],
    );
}

#[test]
fn a_value_wins_over_a_null() {
    both_ways(
        r#"{"data":{"me":{"a":1,"list":null,"deep":null}}}"#,
        r#"{"data":{"me":{"b":null,"list":[{"b":1}],"deep":{"one":null,"two":4}}}}"#,
        r#"{"me":{"a":1,"b":null,"list":[{"a":null,"b":1}],"deep":{"one":null,"two":4}}}"#,
        &[],
    );
    both_ways(
        r#"{"data":{"me":null}}"#,
        B,
        r#"{"me":{"a":null,"b":1,"list":[{"a":null,"b":1},{"a":null,"b":2}],"deep":{"one":{"a":null,"b":3},"two":4}}}"#,
        &[],
    );
}

#[test]
fn what_a_failed_fetch_owed_is_missed_in_either_order() {
    let message = "subgraph `a` could not be understood: its answer is not JSON: the JSON ends too early";
    let at = |path: &str| format!("{path}: {message}");
    let complaints = [
        at("me.a"),
        at("me.list.0.a"),
        at("me.list.1.a"),
        at("me.deep.one.a"),
    ];
    both_ways(
        "",
        B,
        r#"{"me":{"a":null,"b":1,"list":[{"a":null,"b":1},{"a":null,"b":2}],"deep":{"one":{"a":null,"b":3},"two":4}}}"#,
        &complaints.each_ref().map(String::as_str),
    );
}

#[test]
fn one_place_that_both_failed_to_bring_has_one_error() {
    let message = "could not be understood: its answer is not JSON: the JSON ends too early";
    let mut run = keyless();
    run.answer("b", "");
    run.answer("a", "");
    run.finish()
        .is(r#"{"me":null}"#, &[&format!("me: subgraph `b` {message}")]);
}

#[test]
fn an_error_of_one_subgraph_is_kept_when_the_other_brings_the_object() {
    both_ways(
        r#"{"data":null,"errors":[{"message":"no a"}]}"#,
        r#"{"data":{"me":{"b":1,"list":[],"deep":null}}}"#,
        r#"{"me":{"a":null,"b":1,"list":[],"deep":null}}"#,
        &["me.a: no a"],
    );
}

#[test]
fn an_entity_fetch_adds_to_what_the_parent_brought() {
    let mut plan =
        PlanBuilder::new("p: P { id: ID dims: Dims { w: Int h: Int } parts: [Part] { n: Int m: Int } }");
    let root = plan.root("a", "p { id dims { w } parts { n } }");
    plan.entities("b", &[root], ("p", "P { id! }"), "id dims { h } parts { m }");
    let mut run = Execution::start(plan);
    run.answer(
        "a",
        r#"{"data":{"p":{"id":"1","dims":{"w":1},"parts":[{"n":1},{"n":2}]}}}"#,
    );
    run.answer(
        "b",
        r#"{"data":{"_entities":[{"id":"1","dims":{"h":2},"parts":[{"m":3},{"m":4}]}]}}"#,
    );
    run.finish().is(
        r#"{"p":{"id":"1","dims":{"w":1,"h":2},"parts":[{"n":1,"m":3},{"n":2,"m":4}]}}"#,
        &[],
    );
}

#[test]
fn lists_that_do_not_match_are_not_mixed() {
    let mut run = keyless();
    run.answer(
        "a",
        r#"{"data":{"me":{"a":1,"list":[{"a":1},{"a":2}],"deep":null}}}"#,
    );
    run.answer("b", r#"{"data":{"me":{"b":1,"list":[{"b":9}],"deep":null}}}"#);
    run.finish().is(
        r#"{"me":{"a":1,"b":1,"list":[{"a":1,"b":null},{"a":2,"b":null}],"deep":null}}"#,
        &[],
    );
}
