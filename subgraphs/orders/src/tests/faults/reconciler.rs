//! What the reconciler makes good: sagas that died, and releases that were missed.

use kit::Shutdown;

use super::*;
use crate::{
    model::WantedLine,
    repository::Claim,
    service::{Timing, reconciler::run_periodically},
};

/// A saga whose process died after it held stock.
async fn orphan(bench: &Bench, created_at: i64) {
    let claim = Claim {
        order_id: "o_orphan".into(),
        reservation_id: "r-orphan".into(),
        buyer_id: "u-1".into(),
        idempotency_key: "k".into(),
        request: serde_json::to_string(&(
            [WantedLine {
                item_id: "p-1".into(),
                quantity: 2,
            }],
            2000,
        ))
        .unwrap(),
        created_at,
    };
    assert!(bench.repository.claim(&claim).await.unwrap());
}

#[tokio::test]
async fn a_saga_that_died_is_given_up_after_30_seconds() {
    let bench = Bench::new().await;
    orphan(&bench, 1_000_000).await;
    assert_eq!(
        bench.orders.reconcile(1_000_000 + 30_000).await.unwrap(),
        Pass::default(),
        "it may still live"
    );
    let pass = bench.orders.reconcile(1_000_000 + 30_001).await.unwrap();
    assert_eq!(
        pass,
        Pass {
            given_up: 1,
            released: 1,
            missed: 0
        }
    );
    leaves_no_trace_and_can_be_repeated(&bench, "orphan").await;
}

#[tokio::test]
async fn a_call_that_waits_for_a_dead_saga_is_told_to_retry() {
    let timing = Timing {
        reply_wait: Duration::from_millis(60),
        ..Timing::default()
    };
    let bench = Bench::with(Set {
        timing,
        ..Set::default()
    })
    .await;
    orphan(&bench, 0).await;
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "IDEMPOTENCY_IN_PROGRESS"
    );
    assert!(bench.catalog.books().calls.is_empty());
}

#[tokio::test]
async fn a_saga_overtaken_by_the_reconciler_sells_nothing() {
    let bench = Bench::new().await;
    let late = gate();
    bench
        .catalog
        .fail(Step::Confirm, Fault::HeldAfter(Arc::clone(&late)));
    let orders = bench.orders.clone();
    let saga = tokio::spawn(async move { orders.place("u-1", kettles("k")).await });
    bench
        .catalog
        .until(|books| books.stages() == [Stage::Confirmed])
        .await;

    let pass = bench
        .orders
        .reconcile(Timestamp::now().millis() + 60_000)
        .await
        .unwrap();
    assert_eq!(
        pass,
        Pass {
            given_up: 1,
            released: 1,
            missed: 0
        }
    );
    late.add_permits(1);
    assert_eq!(code(saga.await.unwrap()), "PLACEMENT_INTERRUPTED");
    leaves_no_trace_and_can_be_repeated(&bench, "overtaken").await;
}

#[tokio::test]
async fn one_release_that_always_fails_does_not_hold_up_the_others() {
    let bench = Bench::new().await;
    bench
        .catalog
        .fail(Step::Release, Fault::Answers(500, Value::Null));
    for key in ["a", "b", "c"] {
        bench
            .orders
            .place("u-1", request(key, &[("p-1", 1)], 1))
            .await
            .unwrap();
    }
    assert_eq!(
        reconcile(&bench).await,
        Pass {
            missed: 3,
            ..Pass::default()
        },
        "each one is tried"
    );
    bench.catalog.recover();
    assert_eq!(
        reconcile(&bench).await,
        Pass {
            released: 3,
            ..Pass::default()
        }
    );
    assert_eq!(bench.catalog.available("p-1"), 10);
}

#[tokio::test]
async fn an_unreachable_catalog_is_asked_once_a_pass() {
    let bench = Bench::new().await;
    bench.catalog.fail(Step::Release, Fault::Dead);
    for key in ["a", "b", "c"] {
        bench
            .orders
            .place("u-1", request(key, &[("p-1", 1)], 1))
            .await
            .unwrap();
    }
    let before = bench.catalog.books().calls_of(Step::Release);
    reconcile(&bench).await;
    assert_eq!(bench.catalog.books().calls_of(Step::Release), before + 1);
}

#[tokio::test]
async fn the_reconciler_wakes_for_a_missed_release_and_stops_at_shutdown() {
    let bench = Bench::new().await;
    let shutdown = Shutdown::new();
    let an_hour = Duration::from_secs(3600);
    let task = tokio::spawn(run_periodically(bench.orders.clone(), an_hour, shutdown.clone()));
    bench.catalog.fail(Step::Confirm, Fault::LostReply);
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "CATALOG_UNAVAILABLE"
    );
    bench
        .catalog
        .until(|books| books.stages() == [Stage::Released])
        .await;
    assert_eq!(bench.catalog.available("p-1"), 10);
    shutdown.trigger();
    task.await.unwrap();
}
