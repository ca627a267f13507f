//! `@skip`, `@include`, and which variables go where.

use causeway_executor::FetchOutcome;
use serde_json::json;

use crate::support::{Execution, PlanBuilder};

/// `{ me { id @skip(if: $s) name @include(if: $n) both @include(if: $n) @skip(if: $s) } }`, `name` elsewhere.
fn plan() -> PlanBuilder {
    let mut plan = PlanBuilder::new(
        "me: User { id: ID! @unless(s) name: String @if(n) both: Int @if(n) @unless(s) } last: Int",
    );
    let users = plan.root("users", "me { id }");
    let names = plan.entities("names", &[users], ("me", "User { id! }"), "name both");
    plan.guard(names, "@if(n)");
    let last = plan.root("last", "last");
    plan.after(last, &[names]);
    plan
}

#[test]
fn conditions_choose_fields_and_fetches() {
    for (skip, include, expected) in [
        (
            "false",
            "true",
            r#"{"me":{"id":"1","name":"Ada","both":2},"last":9}"#,
        ),
        ("true", "true", r#"{"me":{"name":"Ada"},"last":9}"#),
        ("false", "false", r#"{"me":{"id":"1"},"last":9}"#),
        ("true", "false", r#"{"me":{},"last":9}"#),
    ] {
        let mut run = Execution::with(plan(), &[("s", skip), ("n", include)], &[]);
        run.answer("users", r#"{"data":{"me":{"id":"1"}}}"#);
        if include == "true" {
            run.answer("names", r#"{"data":{"_entities":[{"name":"Ada","both":2}]}}"#);
        }
        run.answer("last", r#"{"data":{"last":9}}"#);
        assert_eq!(run.called().contains(&"names"), include == "true");
        let answer = run.finish();
        answer.is(expected, &[]);
        assert_eq!(
            answer.fetches[1].outcome == FetchOutcome::Skipped,
            include == "false"
        );
    }
}

#[test]
fn any_of_several_conditions_will_do() {
    let mut plan = PlanBuilder::new("a: Int b: Int");
    let fetch = plan.root("a", "a b");
    plan.guard(fetch, "@if(x)");
    let other = plan.root("b", "b");
    plan.guard(other, "@if(y)");
    let widened = plan.plan.fetches[1].guard.clone();
    plan.plan.fetches[0].guard.or(&widened);
    plan.plan.fetches.truncate(1);
    let mut run = Execution::with(plan, &[("x", "false"), ("y", "true")], &[]);
    assert_eq!(run.called(), ["a"]);
    run.answer("a", r#"{"data":{"a":1,"b":2}}"#);
    run.finish().is(r#"{"a":1,"b":2}"#, &[]);
}

#[test]
fn a_failure_says_nothing_about_skipped_fields() {
    let mut run = Execution::with(plan(), &[("s", "true"), ("n", "true")], &[]);
    run.answer("users", r#"{"data":{"me":{"id":"1"}}}"#);
    run.answer("names", "x");
    run.answer("last", r#"{"data":{"last":9}}"#);
    let answer = run.finish();
    assert_eq!(answer.data, r#"{"me":{"name":null},"last":9}"#);
    assert_eq!(answer.errors.len(), 1, "{:?}", answer.errors);
    assert_eq!(answer.errors[0]["path"], json!(["me", "name"]));
}

#[test]
fn variables_go_only_where_they_are_used() {
    let mut plan = PlanBuilder::new("a: Any b: Any");
    let a = plan.root("a", "a");
    let b = plan.root("b", "b { id }");
    let more = plan.entities("b", &[b], ("b", "B { id! }"), "x");
    plan.uses(a, &["first", "absent"]);
    plan.uses(more, &["filter"]);
    let variables = [
        ("first", "10000000000000000000000"),
        ("filter", r#"{"q":"\u00e9"}"#),
    ];
    let mut run = Execution::with(plan, &variables, &[]);
    assert!(
        run.body(0)
            .ends_with(r#","variables":{"first":10000000000000000000000}}"#),
        "{}",
        run.body(0)
    );
    assert_eq!(run.sent(1), json!({}));
    run.answer("b", r#"{"data":{"b":{"id":7}}}"#);
    let expected = r#""variables":{"filter":{"q":"\u00e9"},"representations":[{"__typename":"B","id":7}]}}"#;
    assert!(run.body(2).ends_with(expected), "{}", run.body(2));
}
