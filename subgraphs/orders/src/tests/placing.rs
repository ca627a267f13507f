//! Placing and cancelling orders while catalog is well.

use kit::Timestamp;

use super::{
    fake_catalog::{Fault, Stage, Step},
    fixture::{Bench, code, kettles, order_id, request},
};
use crate::{
    model::{Kind, PlaceRequest, Placement, Reply, Shortage, Status, WantedLine},
    repository::Repository,
};

#[tokio::test]
async fn an_order_keeps_titles_and_prices_and_takes_the_stock() {
    let bench = Bench::new().await;
    let before = Timestamp::now().millis();
    let order = bench
        .placed("u-1", request("k", &[("b-1", 1), ("p-1", 2)], 5000))
        .await;
    assert_eq!(
        (order.status, order.version, order.total_minor),
        (Status::Placed, 1, 5000)
    );
    assert_eq!(order.buyer_id, "u-1");
    assert!((before..=Timestamp::now().millis()).contains(&order.placed_at));

    bench.catalog.sell("p-1", "Kettle, renamed", 1, 8);
    let lines = &bench.orders.lines(std::slice::from_ref(&order.id)).await.unwrap()[&order.id];
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                &*line.item_id,
                line.sku.as_deref(),
                &*line.title,
                line.unit_price_minor,
                line.quantity,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("b-1", None, "Kettle Bundle", 3000, 1),
            ("p-1", Some("SKU-p-1"), "Kettle", 1000, 2)
        ]
    );
    assert_eq!(lines[0].kind, Kind::Bundle);
    assert_eq!(
        (bench.catalog.available("b-1"), bench.catalog.available("p-1")),
        (3, 8)
    );
    assert_eq!(bench.catalog.books().stages(), [Stage::Confirmed]);
}

#[tokio::test]
async fn the_same_call_again_gives_the_same_reply_and_orders_nothing() {
    let bench = Bench::new().await;
    let first = bench.orders.place("u-1", kettles("k")).await.unwrap();
    let again = bench.orders.place("u-1", kettles("k")).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(bench.visible_orders().await, 1);
    assert_eq!(bench.catalog.books().calls, [Step::Reserve, Step::Confirm]);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_a_conflict() {
    let bench = Bench::new().await;
    bench
        .placed("u-1", request("k", &[("p-1", 2), ("p-2", 1)], 4550))
        .await;
    for other in [
        request("k", &[("p-1", 3), ("p-2", 1)], 4550),
        request("k", &[("p-1", 2), ("p-2", 1)], 4551),
        request("k", &[("p-2", 1), ("p-1", 2)], 4550),
    ] {
        assert_eq!(
            bench.orders.place("u-1", other).await.unwrap(),
            Placement::Conflict
        );
    }
    assert_eq!(bench.visible_orders().await, 1);
}

#[tokio::test]
async fn each_buyer_has_keys_of_their_own() {
    let bench = Bench::new().await;
    let one = bench.placed("u-1", kettles("k")).await;
    let other = bench.placed("u-2", request("k", &[("p-2", 1)], 2550)).await;
    assert_ne!(one.id, other.id);
    assert_eq!(bench.visible_orders().await, 2);
}

#[tokio::test]
async fn out_of_stock_is_a_reply_that_stays() {
    let bench = Bench::new().await;
    let greedy = || request("k", &[("p-1", 1), ("p-2", 6)], 16300);
    let short = Shortage {
        item_id: "p-2".into(),
        requested: 6,
        available: 5,
    };
    let reply = Placement::Replied(Reply::OutOfStock { items: vec![short] });
    assert_eq!(bench.orders.place("u-1", greedy()).await.unwrap(), reply);
    bench.catalog.sell("p-2", "Pot", 2550, 100);
    assert_eq!(
        bench.orders.place("u-1", greedy()).await.unwrap(),
        reply,
        "the key is bound to the reply"
    );
    assert_eq!(bench.visible_orders().await, 0);
    assert_eq!(bench.catalog.available("p-1"), 10);
    assert_eq!(bench.repository.releases_due(10).await.unwrap(), []);
}

#[tokio::test]
async fn another_price_is_a_reply_and_gives_the_stock_back() {
    let bench = Bench::new().await;
    let placement = bench
        .orders
        .place("u-1", request("k", &[("p-1", 2)], 1999))
        .await
        .unwrap();
    let reply = Reply::PriceChanged {
        expected_minor: 1999,
        actual_minor: 2000,
    };
    assert_eq!(placement, Placement::Replied(reply));
    assert_eq!(bench.catalog.available("p-1"), 10);
    assert_eq!(
        bench.catalog.books().calls,
        [Step::Reserve, Step::Release],
        "it is never confirmed"
    );
    assert_eq!(bench.visible_orders().await, 0);
}

#[tokio::test]
async fn unknown_items_are_named_and_free_the_key() {
    let bench = Bench::new().await;
    let error = bench
        .orders
        .place("u-1", request("k", &[("p-1", 1), ("p-9", 1)], 0))
        .await
        .unwrap_err();
    assert_eq!(kit::error::ErrorCode::code(&error), "UNKNOWN_ITEM");
    assert!(
        error.to_string().contains("p-9") && !error.to_string().contains("p-1"),
        "{error}"
    );
    bench.placed("u-1", kettles("k")).await;
}

#[tokio::test]
async fn a_sum_beyond_an_int_is_an_error_and_gives_the_stock_back() {
    let bench = Bench::new().await;
    bench
        .catalog
        .sell("p-1", "Kettle of gold", i64::from(i32::MAX), 10);
    assert_eq!(
        code(bench.orders.place("u-1", kettles("k")).await),
        "MONEY_OUT_OF_RANGE"
    );
    assert_eq!(bench.catalog.available("p-1"), 10);
    assert_eq!(bench.visible_orders().await, 0);
}

#[tokio::test]
async fn bad_input_changes_nothing_and_never_reaches_catalog() {
    let bench = Bench::new().await;
    let lines = |count: usize| -> Vec<WantedLine> {
        (0..count)
            .map(|at| WantedLine {
                item_id: format!("p-{at}"),
                quantity: 1,
            })
            .collect()
    };
    let many = |count| PlaceRequest {
        lines: lines(count),
        ..kettles("k")
    };
    let keyed = |key: &str| kettles(key);
    let cases = [
        ("idempotencyKey", keyed("")),
        ("idempotencyKey", keyed(&"k".repeat(101))),
        ("idempotencyKey", keyed("a\0b")),
        ("expectedTotalMinor", request("k", &[("p-1", 1)], -1)),
        ("lines", many(0)),
        ("lines", many(51)),
        ("lines[1].quantity", request("k", &[("p-1", 1), ("p-2", 0)], 0)),
        ("lines[0].quantity", request("k", &[("p-1", 100)], 0)),
        ("lines[0].quantity", request("k", &[("p-1", -1)], 0)),
        ("lines[1]", request("k", &[("p-1", 1), ("p-1", 1)], 0)),
        ("lines[0].itemId", request("k", &[("", 1)], 0)),
        ("lines[0].itemId", request("k", &[(&"p".repeat(101), 1)], 0)),
        ("lines[0].itemId", request("k", &[("p-\0", 1)], 0)),
    ];
    let before = bench.repository.database().statements();
    for (at, bad) in cases {
        let error = bench.orders.place("u-1", bad).await.unwrap_err();
        assert_eq!(kit::error::ErrorCode::code(&error), "BAD_USER_INPUT", "{error}");
        assert!(error.to_string().starts_with(at), "{error} should name {at}");
    }
    assert_eq!(bench.repository.database().statements(), before);
    assert!(bench.catalog.books().calls.is_empty());
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let bench = Bench::new().await;
    let mut lines = Vec::new();
    for at in 0..50 {
        let id = format!("p-{}{at}", "x".repeat(95));
        bench.catalog.sell(&id, "Thing", 1, 99);
        lines.push(WantedLine {
            item_id: id,
            quantity: 99,
        });
    }
    // Characters, not bytes.
    let key = "ü".repeat(100);
    let order = bench
        .placed(
            "u-1",
            PlaceRequest {
                idempotency_key: key,
                lines,
                expected_total_minor: 50 * 99,
            },
        )
        .await;
    assert_eq!(order.total_minor, 4950);
}

#[tokio::test]
async fn cancelling_gives_the_stock_back() {
    let bench = Bench::new().await;
    let order = bench.placed("u-1", kettles("k")).await;
    assert_eq!(bench.catalog.available("p-1"), 8);
    let cancelled = bench.orders.cancel("u-1", &order.id, 1).await.unwrap();
    assert_eq!((cancelled.status, cancelled.version), (Status::Cancelled, 2));
    assert_eq!(bench.catalog.available("p-1"), 10);
    assert_eq!(bench.repository.releases_due(10).await.unwrap(), []);
    let again = bench.orders.place("u-1", kettles("k")).await.unwrap();
    assert_eq!(
        order_id(&again),
        order.id,
        "the key stays bound to the cancelled order"
    );
}

#[tokio::test]
async fn cancelling_is_refused_with_the_reason() {
    let bench = Bench::new().await;
    let order = bench.placed("u-1", kettles("k")).await;
    let cancel = |buyer: &'static str, id: String, version| {
        let orders = bench.orders.clone();
        async move { code(orders.cancel(buyer, &id, version).await) }
    };
    assert_eq!(cancel("u-1", order.id.clone(), 2).await, "VERSION_CONFLICT");
    assert_eq!(cancel("u-2", order.id.clone(), 1).await, "FORBIDDEN");
    assert_eq!(cancel("u-1", "o-none".into(), 1).await, "ORDER_NOT_FOUND");
    assert_eq!(cancel("u-1", "o-\0".into(), 1).await, "ORDER_NOT_FOUND");
    assert_eq!(bench.catalog.available("p-1"), 8, "nothing was given back");
    bench.orders.cancel("u-1", &order.id, 1).await.unwrap();
    assert_eq!(cancel("u-1", order.id.clone(), 2).await, "ORDER_NOT_CANCELLABLE");
    assert_eq!(bench.catalog.books().calls_of(Step::Release), 1);
}

#[tokio::test]
async fn an_order_is_cancelled_even_when_catalog_is_gone() {
    let bench = Bench::new().await;
    let order = bench.placed("u-1", kettles("k")).await;
    bench.catalog.fail(Step::Release, Fault::Dead);
    let cancelled = bench.orders.cancel("u-1", &order.id, 1).await.unwrap();
    assert_eq!(cancelled.status, Status::Cancelled);
    assert_eq!(bench.catalog.available("p-1"), 8);
    bench.catalog.recover();
    bench.orders.reconcile(Timestamp::now().millis()).await.unwrap();
    assert_eq!(bench.catalog.available("p-1"), 10);
}

#[tokio::test]
async fn a_seeded_order_is_cancelled_without_catalog() {
    let bench = Bench::seeded(5).await;
    let window = crate::model::Window {
        from: crate::model::End::Newest,
        limit: 1,
        after: None,
        before: None,
    };
    let order = bench
        .orders
        .page(Some(Status::Placed), &window)
        .await
        .unwrap()
        .items
        .remove(0);
    let cancelled = bench.orders.cancel(&order.buyer_id, &order.id, 1).await.unwrap();
    assert_eq!(cancelled.status, Status::Cancelled);
    assert!(
        bench.catalog.books().calls.is_empty(),
        "it holds no stock in catalog"
    );
}
