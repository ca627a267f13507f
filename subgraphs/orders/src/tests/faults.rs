//! Placing orders while catalog fails, in every way it can: nothing is sold twice, and no stock stays behind.

mod reconciler;

use std::{sync::Arc, time::Duration};

use kit::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{
    fake_catalog::{Fault, Stage, Step},
    fixture::{Bench, Set, code, kettles, order_id, request},
};
use crate::{repository::Repository, service::reconciler::Pass};

/// Short enough for tests that wait for it.
fn impatient() -> Set {
    Set {
        catalog_timeout: Duration::from_millis(150),
        ..Set::default()
    }
}

fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

async fn reconcile(bench: &Bench) -> Pass {
    bench.orders.reconcile(Timestamp::now().millis()).await.unwrap()
}

/// For impatient services: on a loaded machine even a healthy catalog may take longer than they wait.
async fn reconcile_until_released(bench: &Bench) {
    while !bench.repository.releases_due(1).await.unwrap().is_empty() {
        reconcile(bench).await;
    }
}

/// The state after every failed placing, once catalog is well and a reconciler has passed: as if nothing had been
/// asked. Then the same call places one order.
async fn leaves_no_trace_and_can_be_repeated(bench: &Bench, case: &str) {
    assert_eq!(bench.visible_orders().await, 0, "{case}");
    bench.catalog.recover();
    reconcile(bench).await;
    assert_eq!(bench.catalog.available("p-1"), 10, "{case}: the stock is back");
    assert_eq!(bench.repository.releases_due(10).await.unwrap(), [], "{case}");
    bench.placed("u-1", kettles("k")).await;
    assert_eq!(
        (bench.visible_orders().await, bench.catalog.available("p-1")),
        (1, 8),
        "{case}"
    );
}

#[tokio::test]
async fn catalog_dies_between_reserve_and_confirm() {
    let bench = Bench::new().await;
    for step in [Step::Confirm, Step::Release] {
        bench.catalog.fail(step, Fault::Dead);
    }
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "CATALOG_UNAVAILABLE"
    );
    assert_eq!(bench.catalog.books().stages(), [Stage::Held]);
    assert_eq!(
        reconcile(&bench).await,
        Pass {
            missed: 1,
            ..Pass::default()
        },
        "still dead"
    );
    leaves_no_trace_and_can_be_repeated(&bench, "confirm dead").await;
}

#[tokio::test]
async fn a_lost_confirm_reply_is_compensated() {
    let bench = Bench::new().await;
    bench.catalog.fail(Step::Confirm, Fault::LostReply);
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "CATALOG_UNAVAILABLE"
    );
    assert_eq!(
        bench.catalog.books().stages(),
        [Stage::Confirmed],
        "catalog has sold it"
    );
    leaves_no_trace_and_can_be_repeated(&bench, "confirm lost").await;
}

#[tokio::test]
async fn a_lost_reserve_reply_is_compensated() {
    let bench = Bench::new().await;
    bench.catalog.fail(Step::Reserve, Fault::LostReply);
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "CATALOG_UNAVAILABLE"
    );
    assert_eq!(bench.catalog.books().stages(), [Stage::Held]);
    leaves_no_trace_and_can_be_repeated(&bench, "reserve lost").await;
}

#[tokio::test]
async fn a_lost_release_reply_is_repeated() {
    let bench = Bench::new().await;
    bench.catalog.fail(Step::Release, Fault::LostReply);
    bench
        .orders
        .place("u-1", request("k", &[("p-1", 2)], 1))
        .await
        .unwrap();
    assert_eq!(bench.repository.releases_due(10).await.unwrap().len(), 1);
    bench.catalog.recover();
    assert_eq!(
        reconcile(&bench).await,
        Pass {
            released: 1,
            ..Pass::default()
        }
    );
    assert_eq!(
        reconcile(&bench).await,
        Pass::default(),
        "once acknowledged it is not repeated"
    );
    assert_eq!(bench.catalog.available("p-1"), 10);
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    for step in [Step::Reserve, Step::Confirm] {
        let bench = Bench::with(impatient()).await;
        bench.catalog.fail(step, Fault::Silent);
        assert_eq!(
            code(bench.orders.place("u-1", kettles("k")).await),
            "CATALOG_UNAVAILABLE"
        );
        bench.catalog.recover();
        reconcile_until_released(&bench).await;
        assert_eq!(bench.catalog.available("p-1"), 10);
    }
}

#[tokio::test]
async fn a_reserve_that_arrives_after_its_release_holds_nothing() {
    let bench = Bench::with(impatient()).await;
    let late = gate();
    bench
        .catalog
        .fail(Step::Reserve, Fault::HeldBefore(Arc::clone(&late)));
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "CATALOG_UNAVAILABLE"
    );
    // A release leaves a tombstone, also for an id not yet seen.
    reconcile_until_released(&bench).await;
    assert_eq!(bench.catalog.books().stages(), [Stage::Released]);
    late.add_permits(1);
    assert_eq!(bench.catalog.available("p-1"), 10);
}

#[tokio::test]
async fn answers_outside_the_contract_are_not_believed() {
    let cases: Vec<(&str, Step, Fault)> = vec![
        (
            "500",
            Step::Reserve,
            Fault::Answers(500, json!({"code": "OUT_OF_STOCK", "items": []})),
        ),
        ("503", Step::Confirm, Fault::Answers(503, Value::Null)),
        (
            "403",
            Step::Reserve,
            Fault::Answers(403, json!({"code": "FORBIDDEN"})),
        ),
        ("302", Step::Reserve, Fault::Answers(302, Value::Null)),
        ("no JSON", Step::Reserve, Fault::Says("<html>".into())),
        ("no JSON", Step::Confirm, Fault::Says("ok".into())),
        ("nothing", Step::Reserve, Fault::Says(String::new())),
        (
            "endless",
            Step::Reserve,
            Fault::Edits(|body| body["more"] = json!("x".repeat(300 * 1024))),
        ),
        (
            "foreign code",
            Step::Reserve,
            Fault::Answers(409, json!({"code": "TEAPOT"})),
        ),
        (
            "code of another status",
            Step::Reserve,
            Fault::Answers(422, json!({"code": "OUT_OF_STOCK", "items": []})),
        ),
        (
            "code of another status",
            Step::Reserve,
            Fault::Answers(409, json!({"code": "UNKNOWN_ITEM", "items": []})),
        ),
        (
            "foreign code",
            Step::Confirm,
            Fault::Answers(409, json!({"code": "TEAPOT"})),
        ),
        (
            "no lines",
            Step::Reserve,
            Fault::Edits(|body| body["lines"] = json!([])),
        ),
        (
            "two lines",
            Step::Reserve,
            Fault::Edits(|body| {
                let line = body["lines"][0].clone();
                body["lines"] = json!([line, line]);
            }),
        ),
        (
            "another item",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["itemId"] = json!("p-2")),
        ),
        (
            "another quantity",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["quantity"] = json!(1)),
        ),
        (
            "another currency",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["currency"] = json!("USD")),
        ),
        (
            "a negative price",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["unitPriceMinor"] = json!(-1)),
        ),
        (
            "a fractional price",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["unitPriceMinor"] = json!(1.5)),
        ),
        (
            "an endless price",
            Step::Reserve,
            Fault::Edits(|body| {
                body["lines"][0]["unitPriceMinor"] = json!(i64::MAX);
            }),
        ),
        (
            "a product without sku",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["sku"] = Value::Null),
        ),
        (
            "a foreign kind",
            Step::Reserve,
            Fault::Edits(|body| body["lines"][0]["kind"] = json!("voucher")),
        ),
        (
            "another state",
            Step::Confirm,
            Fault::Edits(|body| body["state"] = json!("held")),
        ),
        (
            "another reservation",
            Step::Confirm,
            Fault::Edits(|body| body["id"] = json!("somebody else's")),
        ),
    ];
    for (what, step, fault) in cases {
        let bench = Bench::new().await;
        bench.catalog.fail(step, fault);
        let case = format!("{step:?}: {what}");
        assert_eq!(
            code(bench.orders.place("u-1", kettles("k")).await),
            "CATALOG_UNAVAILABLE",
            "{case}"
        );
        leaves_no_trace_and_can_be_repeated(&bench, &case).await;
    }
}

#[tokio::test]
async fn lines_of_catalog_in_another_order_are_put_in_ours() {
    let bench = Bench::new().await;
    bench.catalog.fail(
        Step::Reserve,
        Fault::Edits(|body| body["lines"].as_array_mut().unwrap().reverse()),
    );
    let order = bench
        .placed("u-1", request("k", &[("p-1", 1), ("p-2", 1), ("b-1", 1)], 6550))
        .await;
    let lines = &bench.orders.lines(std::slice::from_ref(&order.id)).await.unwrap()[&order.id];
    let items: Vec<&str> = lines.iter().map(|line| line.item_id.as_str()).collect();
    assert_eq!(items, ["p-1", "p-2", "b-1"]);
}

#[tokio::test]
async fn a_hold_that_expired_before_confirm_is_given_up() {
    for (status, reason) in [
        (409, "RESERVATION_EXPIRED"),
        (409, "RESERVATION_RELEASED"),
        (404, "UNKNOWN_RESERVATION"),
    ] {
        let bench = Bench::new().await;
        bench
            .catalog
            .fail(Step::Confirm, Fault::Answers(status, json!({"code": reason})));
        assert_eq!(
            code(bench.orders.place("u-1", kettles("k")).await),
            "PLACEMENT_INTERRUPTED"
        );
        leaves_no_trace_and_can_be_repeated(&bench, reason).await;
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_the_saga() {
    let bench = Bench::new().await;
    let late = gate();
    bench
        .catalog
        .fail(Step::Reserve, Fault::HeldBefore(Arc::clone(&late)));
    let orders = bench.orders.clone();
    let caller = tokio::spawn(async move { orders.place("u-1", kettles("k")).await });
    bench
        .catalog
        .until(|books| books.calls_of(Step::Reserve) == 1)
        .await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    late.add_permits(1);
    let placement = bench.orders.place("u-1", kettles("k")).await.unwrap();
    order_id(&placement);
    assert_eq!(
        bench.catalog.books().calls,
        [Step::Reserve, Step::Confirm],
        "one saga did all of it"
    );
}
