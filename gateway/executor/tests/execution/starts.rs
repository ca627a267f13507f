//! When fetches start.

use causeway_executor::FetchOutcome;

use crate::support::{Execution, PlanBuilder};

#[test]
fn a_fetch_starts_when_its_own_inputs_are_there() {
    let mut plan = PlanBuilder::new(
        "me: User { name: String reviews: Any } top: Product { price: Int stock: Int } slow: String",
    );
    let users = plan.root("users", "me { id }");
    let catalog = plan.root("catalog", "top { sku }");
    plan.root("slow", "slow");
    plan.entities("reviews", &[users], ("me", "User { id! }"), "reviews");
    let prices = plan.entities("prices", &[catalog], ("top", "Product { sku! }"), "price region");
    plan.entities(
        "stock",
        &[catalog, prices],
        ("top", "Product { sku! region! }"),
        "stock",
    );
    let mut run = Execution::start(plan);
    assert_eq!(run.called(), ["users", "catalog", "slow"]);
    run.answer("catalog", r#"{"data":{"top":{"sku":"s"}}}"#);
    assert_eq!(
        run.called()[3..],
        ["prices"],
        "no wave: `users` and `slow` are still under way"
    );
    run.answer("prices", r#"{"data":{"_entities":[{"price":3,"region":"eu"}]}}"#);
    assert_eq!(run.called()[4..], ["stock"]);
    assert_eq!(run.sent(4)["representations"][0]["region"], "eu");
    run.answer("users", r#"{"data":{"me":{"id":"1"}}}"#);
    assert_eq!(run.called()[5..], ["reviews"]);
    run.answer("reviews", r#"{"data":{"_entities":[{"reviews":7}]}}"#);
    run.answer("stock", r#"{"data":{"_entities":[{"stock":2}]}}"#);
    run.answer("slow", r#"{"data":{"slow":"x"}}"#);
    run.finish().is(
        r#"{"me":{"name":null,"reviews":7},"top":{"price":3,"stock":2},"slow":"x"}"#,
        &[],
    );
}

#[test]
fn a_fetch_waits_for_all_its_inputs() {
    let mut plan = PlanBuilder::new("me: User { rank: Int }");
    let ids = plan.root("users", "me { id }");
    let tiers = plan.root("tiers", "me { tier }");
    plan.entities("ranks", &[ids, tiers], ("me", "User { id! tier }"), "rank");
    let mut run = Execution::start(plan);
    run.answer("tiers", r#"{"data":{"me":{"tier":"GOLD"}}}"#);
    assert_eq!(run.called(), ["users", "tiers"]);
    run.answer("users", r#"{"data":{"me":{"id":"1"}}}"#);
    assert_eq!(run.called()[2..], ["ranks"]);
    run.answer("ranks", r#"{"data":{"_entities":[{"rank":1}]}}"#);
    run.finish().is(r#"{"me":{"rank":1}}"#, &[]);
}

#[test]
fn mutations_run_one_after_the_other_and_a_failed_one_stops_none() {
    let mut plan = PlanBuilder::new("first: Int second: Int third: Int");
    let first = plan.root("a", "first");
    let second = plan.root("b", "second");
    let third = plan.root("a", "third");
    plan.after(second, &[first]);
    plan.after(third, &[second]);
    let mut run = Execution::start(plan);
    assert_eq!(run.called(), ["a"]);
    run.answer("a", r#"{"data":{"first":1}}"#);
    assert_eq!(run.called(), ["a", "b"]);
    run.answer(
        "b",
        r#"{"data":null,"errors":[{"message":"no","path":["second"]}]}"#,
    );
    assert_eq!(run.called(), ["a", "b", "a"]);
    run.answer("a", r#"{"data":{"third":3}}"#);
    run.finish()
        .is(r#"{"first":1,"second":null,"third":3}"#, &["second: no"]);
}

#[test]
fn a_fetch_behind_one_without_work_starts_at_once() {
    let mut plan = PlanBuilder::new("me: User { rank: Int } extra: Int");
    let users = plan.root("users", "me { id }");
    let ranks = plan.entities("ranks", &[users], ("me", "User { id! }"), "rank");
    let extra = plan.root("extra", "extra");
    plan.after(extra, &[ranks]);
    let mut run = Execution::start(plan);
    run.answer("users", r#"{"data":{"me":null}}"#);
    assert_eq!(run.called(), ["users", "extra"]);
    run.answer("extra", r#"{"data":{"extra":1}}"#);
    let answer = run.finish();
    answer.is(r#"{"me":null,"extra":1}"#, &[]);
    let outcomes: Vec<_> = answer.fetches.iter().map(|fetch| fetch.outcome).collect();
    assert_eq!(
        outcomes,
        [
            FetchOutcome::Answered,
            FetchOutcome::Skipped,
            FetchOutcome::Answered
        ]
    );
}

#[test]
fn a_request_carries_the_document_and_the_headers() {
    let mut plan = PlanBuilder::new("a: Int");
    plan.root("a", "a");
    let mut run = Execution::start(plan);
    assert_eq!(run.body(0), r#"{"query":"{\"document\" 0}","variables":{}}"#);
    assert_eq!(run.headers(0)["x-client"], "test");
    run.answer("a", r#"{"data":{"a":1}}"#);
    run.finish().is(r#"{"a":1}"#, &[]);
}

#[test]
fn a_plan_without_fetches_answers_from_introspection() {
    let mut plan = PlanBuilder::new("__schema: Any kind: Typename __type: Any nope=unknown: Any");
    plan.plan.has_introspection = true;
    let introspection = [
        ("__schema", r#"{"types":[{"name":"Query"}]}"#),
        ("__type", "null"),
        ("stray", "1"),
    ];
    let run = Execution::with(plan, &[], &introspection);
    assert!(run.called().is_empty());
    run.finish().is(
        r#"{"__schema":{"types":[{"name":"Query"}]},"kind":"Query","__type":null,"nope":null}"#,
        &[],
    );
}
