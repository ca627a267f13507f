//! Many callers at once, on both engines.

use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::Semaphore;

use super::{
    fake_catalog::{Fault, Step},
    fixture::{Bench, Set, code, kettles, order_id, request},
};
use crate::model::{Placement, Reply, Status};

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (_folder, url) = kit::testing::sqlite();
                super::$name(super::Bench::on(&url, super::Set::default()).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(url) = kit::testing::postgres().await {
                    super::$name(super::Bench::on(&url, super::Set::default()).await).await;
                }
            })*
        }
    };
}

on_both_engines!(
    twenty_calls_with_one_key_make_one_order,
    twenty_calls_with_one_key_share_a_refusal,
    waiting_calls_take_over_when_the_first_fails,
    twenty_buyers_never_oversell,
    of_ten_cancellations_one_wins,
);

async fn twenty_calls_with_one_key_make_one_order(bench: Bench) {
    let calls = (0..20).map(|_| bench.orders.place("u-1", kettles("k")));
    let placements: Vec<Placement> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert!(
        placements.iter().all(|placement| placement == &placements[0]),
        "{placements:?}"
    );
    order_id(&placements[0]);
    assert_eq!(bench.visible_orders().await, 1);
    assert_eq!(bench.catalog.books().calls, [Step::Reserve, Step::Confirm]);
    assert_eq!(bench.catalog.available("p-1"), 8);
}

async fn twenty_calls_with_one_key_share_a_refusal(bench: Bench) {
    let calls = (0..20).map(|_| bench.orders.place("u-1", request("k", &[("p-1", 1)], 1)));
    let refusal = Placement::Replied(Reply::PriceChanged {
        expected_minor: 1,
        actual_minor: 1000,
    });
    for placement in join_all(calls).await {
        assert_eq!(placement.unwrap(), refusal);
    }
    assert_eq!(bench.catalog.books().calls_of(Step::Reserve), 1);
}

async fn waiting_calls_take_over_when_the_first_fails(bench: Bench) {
    let gate = Arc::new(Semaphore::new(0));
    bench
        .catalog
        .fail(Step::Reserve, Fault::HeldAfter(Arc::clone(&gate)));
    bench.catalog.fail(Step::Confirm, Fault::LostReply);
    let orders = bench.orders.clone();
    let first = tokio::spawn(async move { orders.place("u-1", kettles("k")).await });
    bench
        .catalog
        .until(|books| books.calls_of(Step::Reserve) == 1)
        .await;
    let others = (0..5).map(|_| {
        let orders = bench.orders.clone();
        tokio::spawn(async move { orders.place("u-1", kettles("k")).await })
    });
    let others: Vec<_> = others.collect();
    gate.add_permits(1);
    assert_eq!(code(first.await.unwrap()), "CATALOG_UNAVAILABLE");
    // Whichever of the others goes on now waits at the gate, so it cannot meet the fault of confirm.
    bench.catalog.recover();
    gate.add_permits(100);
    let placements: Vec<Placement> = join_all(others)
        .await
        .into_iter()
        .map(|other| other.unwrap().unwrap())
        .collect();
    assert!(
        placements.iter().all(|placement| placement == &placements[0]),
        "{placements:?}"
    );
    order_id(&placements[0]);
    assert_eq!(bench.visible_orders().await, 1);
    assert_eq!(bench.catalog.books().calls_of(Step::Reserve), 2);
}

async fn twenty_buyers_never_oversell(bench: Bench) {
    let calls = (0..20).map(|buyer| {
        let orders = bench.orders.clone();
        async move { orders.place(&format!("u-{buyer}"), kettles("k")).await.unwrap() }
    });
    let placed = join_all(calls)
        .await
        .iter()
        .filter(|placement| matches!(placement, Placement::Replied(Reply::Placed { .. })))
        .count();
    assert_eq!(placed, 5, "ten kettles are five orders of two");
    assert_eq!(bench.visible_orders().await, 5);
    assert_eq!(bench.catalog.available("p-1"), 0);
}

async fn of_ten_cancellations_one_wins(bench: Bench) {
    let order = bench.placed("u-1", kettles("k")).await;
    let calls = (0..10).map(|_| bench.orders.cancel("u-1", &order.id, 1));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for loser in lost {
        assert_eq!(code(loser), "ORDER_NOT_CANCELLABLE");
    }
    let order = bench.orders.order(&order.id).await.unwrap();
    assert_eq!((order.status, order.version), (Status::Cancelled, 2));
    assert_eq!(bench.catalog.available("p-1"), 10, "the stock came back once");
}
