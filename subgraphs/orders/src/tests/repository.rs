//! The contract of the repository, on both engines.

use std::collections::HashMap;

use futures::future::join_all;

use crate::{
    model::{End, Kind, Line, Order, Status, Window},
    repository::{Bound, Claim, Completion, DueRelease, Repository, sql::SqlRepository},
    seed,
};

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let (_folder, url) = kit::testing::sqlite();
                super::$name(super::SqlRepository::connect(&url).await.unwrap()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(url) = kit::testing::postgres().await {
                    super::$name(super::SqlRepository::connect(&url).await.unwrap()).await;
                }
            })*
        }
    };
}

mod events;
mod pages;

on_both_engines!(
    a_key_is_claimed_once,
    of_many_claims_one_wins,
    what_is_pending_or_failed_is_invisible,
    a_completed_order_is_visible_with_its_lines,
    a_failure_with_a_reply_keeps_the_key_and_one_without_frees_it,
    completion_and_failure_exclude_each_other,
    cancelling_needs_the_state_and_the_version,
    units_sold_leaves_out_cancelled_orders,
    stale_placings_come_oldest_first,
    missed_releases_come_last,
    ids_that_no_row_can_have_are_just_unknown,
    seeding_happens_once,
    two_copies_may_seed_at_once,
);

fn claim(name: &str, created_at: i64) -> Claim {
    Claim {
        order_id: format!("o_{name}"),
        reservation_id: format!("r_{name}"),
        buyer_id: "u-1".into(),
        idempotency_key: name.into(),
        request: format!("body of {name}"),
        created_at,
    }
}

fn line(item_id: &str, quantity: i64) -> Line {
    let product = item_id.starts_with("p-");
    Line {
        item_id: item_id.into(),
        kind: if product { Kind::Product } else { Kind::Bundle },
        sku: product.then(|| format!("SKU of {item_id}")),
        title: format!("{item_id}, „ähm“ 🫖"),
        unit_price_minor: 100,
        quantity,
    }
}

fn completion(name: &str, lines: Vec<Line>, placed_at: i64) -> Completion {
    Completion {
        order_id: format!("o_{name}"),
        total_minor: lines.iter().map(Line::total_minor).sum(),
        lines,
        placed_at,
        reply: format!("reply to {name}"),
    }
}

async fn place(repository: &SqlRepository, name: &str, lines: Vec<Line>, placed_at: i64) {
    assert!(repository.claim(&claim(name, placed_at)).await.unwrap());
    assert!(
        repository
            .complete(&completion(name, lines, placed_at))
            .await
            .unwrap()
    );
}

fn window(from: End, limit: u32) -> Window {
    Window {
        from,
        limit,
        after: None,
        before: None,
    }
}

fn ids(orders: &[Order]) -> Vec<&str> {
    orders.iter().map(|order| order.id.as_str()).collect()
}

fn keys(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn a_key_is_claimed_once(repository: SqlRepository) {
    assert_eq!(repository.bound("u-1", "k").await.unwrap(), None);
    assert!(repository.claim(&claim("k", 1)).await.unwrap());
    let bound = Some(Bound {
        request: "body of k".into(),
        reply: None,
    });
    assert_eq!(repository.bound("u-1", "k").await.unwrap(), bound);

    let again = Claim {
        order_id: "o_2".into(),
        reservation_id: "r_2".into(),
        ..claim("k", 1)
    };
    assert!(!repository.claim(&again).await.unwrap());
    assert_eq!(repository.bound("u-1", "k").await.unwrap(), bound);
    let other_buyer = Claim {
        buyer_id: "u-2".into(),
        ..again
    };
    assert!(repository.claim(&other_buyer).await.unwrap());
}

async fn of_many_claims_one_wins(repository: SqlRepository) {
    let claims: Vec<Claim> = (0..20)
        .map(|at| Claim {
            order_id: format!("o_{at}"),
            reservation_id: format!("r_{at}"),
            ..claim("k", 1)
        })
        .collect();
    let won = join_all(claims.iter().map(|claim| repository.claim(claim))).await;
    assert_eq!(won.into_iter().filter(|won| *won.as_ref().unwrap()).count(), 1);
    assert_eq!(
        repository.stale(i64::MAX, 100).await.unwrap().len(),
        1,
        "the losers left no order"
    );
}

async fn what_is_pending_or_failed_is_invisible(repository: SqlRepository) {
    for name in ["pending", "failed"] {
        assert!(repository.claim(&claim(name, 1)).await.unwrap());
    }
    assert!(repository.abandon("o_failed", None).await.unwrap());
    let buyers = keys(&["u-1"]);
    assert_eq!(
        repository
            .orders(&keys(&["o_pending", "o_failed"]))
            .await
            .unwrap(),
        []
    );
    assert_eq!(repository.page(None, &window(End::Newest, 10)).await.unwrap(), []);
    assert_eq!(repository.count(None).await.unwrap(), 0);
    assert!(
        repository
            .pages_of_buyers(&buyers, &window(End::Newest, 10))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(repository.counts_of_buyers(&buyers).await.unwrap().is_empty());
    assert!(!repository.cancel("o_pending", 1).await.unwrap());
    assert!(!repository.cancel("o_failed", 1).await.unwrap());
}

async fn a_completed_order_is_visible_with_its_lines(repository: SqlRepository) {
    assert!(repository.claim(&claim("k", 1)).await.unwrap());
    let lines = vec![line("p-2", 3), line("b-1", 1), line("p-1", 2)];
    assert!(
        repository
            .complete(&completion("k", lines.clone(), 5))
            .await
            .unwrap()
    );
    let order = Order {
        id: "o_k".into(),
        buyer_id: "u-1".into(),
        status: Status::Placed,
        version: 1,
        total_minor: 600,
        placed_at: 5,
    };
    let asked = keys(&["o_k", "o_none"]);
    assert_eq!(repository.orders(&asked).await.unwrap(), [order]);
    assert_eq!(
        repository.lines(&asked).await.unwrap(),
        HashMap::from([("o_k".into(), lines)])
    );
    let bound = repository.bound("u-1", "k").await.unwrap().unwrap();
    assert_eq!(bound.reply.as_deref(), Some("reply to k"));
    assert_eq!(repository.release_due("o_k").await.unwrap(), None);
    assert_eq!(
        repository.stale(i64::MAX, 10).await.unwrap(),
        Vec::<String>::new()
    );
}

async fn a_failure_with_a_reply_keeps_the_key_and_one_without_frees_it(repository: SqlRepository) {
    for name in ["kept", "freed"] {
        assert!(repository.claim(&claim(name, 1)).await.unwrap());
    }
    assert!(repository.abandon("o_kept", Some("sold out")).await.unwrap());
    assert!(repository.abandon("o_freed", None).await.unwrap());
    let bound = repository.bound("u-1", "kept").await.unwrap().unwrap();
    assert_eq!(bound.reply.as_deref(), Some("sold out"));
    assert_eq!(repository.bound("u-1", "freed").await.unwrap(), None);
    for name in ["kept", "freed"] {
        let due = DueRelease {
            order_id: format!("o_{name}"),
            reservation_id: format!("r_{name}"),
        };
        assert_eq!(repository.release_due(&due.order_id).await.unwrap(), Some(due));
    }
    let again = Claim {
        order_id: "o_2".into(),
        reservation_id: "r_2".into(),
        ..claim("freed", 2)
    };
    assert!(repository.claim(&again).await.unwrap());
}

async fn completion_and_failure_exclude_each_other(repository: SqlRepository) {
    for round in 0..5 {
        let name = format!("k{round}");
        assert!(repository.claim(&claim(&name, 1)).await.unwrap());
        let (completion, order_id) = (completion(&name, vec![line("p-1", 1)], 1), format!("o_{name}"));
        let (completed, abandoned) = futures::join!(
            repository.complete(&completion),
            repository.abandon(&order_id, None)
        );
        let (completed, abandoned) = (completed.unwrap(), abandoned.unwrap());
        assert!(
            completed != abandoned,
            "exactly one of them: {completed} {abandoned}"
        );
        let lines = repository.lines(std::slice::from_ref(&order_id)).await.unwrap();
        assert_eq!(lines.contains_key(&order_id), completed);
        assert_eq!(
            repository.release_due(&order_id).await.unwrap().is_some(),
            abandoned
        );
        assert!(
            !repository.complete(&completion).await.unwrap(),
            "neither happens twice"
        );
        assert!(!repository.abandon(&order_id, Some("late")).await.unwrap());
    }
}

async fn cancelling_needs_the_state_and_the_version(repository: SqlRepository) {
    place(&repository, "k", vec![line("p-1", 1)], 1).await;
    assert!(!repository.cancel("o_k", 2).await.unwrap());
    assert_eq!(repository.release_due("o_k").await.unwrap(), None);
    assert!(repository.cancel("o_k", 1).await.unwrap());
    assert!(!repository.cancel("o_k", 1).await.unwrap());
    assert!(
        !repository.cancel("o_k", 2).await.unwrap(),
        "it is cancelled already"
    );
    let order = &repository.orders(&keys(&["o_k"])).await.unwrap()[0];
    assert_eq!((order.status, order.version), (Status::Cancelled, 2));
    assert!(repository.release_due("o_k").await.unwrap().is_some());
    assert!(!repository.cancel("o_none", 1).await.unwrap());

    repository.seed(&[]).await.unwrap();
}

async fn units_sold_leaves_out_cancelled_orders(repository: SqlRepository) {
    place(&repository, "a", vec![line("p-1", 2), line("b-1", 1)], 1).await;
    place(&repository, "b", vec![line("p-1", 3)], 2).await;
    place(&repository, "c", vec![line("p-1", 40)], 3).await;
    assert!(repository.cancel("o_c", 1).await.unwrap());
    let sold = repository
        .units_sold(&keys(&["p-1", "b-1", "p-2"]))
        .await
        .unwrap();
    assert_eq!(sold, HashMap::from([("p-1".into(), 5), ("b-1".into(), 1)]));
}

async fn stale_placings_come_oldest_first(repository: SqlRepository) {
    for (name, created_at) in [("b", 20), ("c", 30), ("a", 10)] {
        assert!(repository.claim(&claim(name, created_at)).await.unwrap());
    }
    assert_eq!(repository.stale(30, 10).await.unwrap(), ["o_a", "o_b"]);
    assert_eq!(repository.stale(31, 2).await.unwrap(), ["o_a", "o_b"]);
    assert!(repository.abandon("o_a", None).await.unwrap());
    assert_eq!(repository.stale(31, 10).await.unwrap(), ["o_b", "o_c"]);
}

async fn missed_releases_come_last(repository: SqlRepository) {
    for name in ["a", "b", "c"] {
        assert!(repository.claim(&claim(name, 1)).await.unwrap());
        assert!(repository.abandon(&format!("o_{name}"), None).await.unwrap());
    }
    let due = async || -> Vec<String> {
        let due = repository.releases_due(10).await.unwrap();
        due.into_iter().map(|due| due.order_id).collect()
    };
    assert_eq!(due().await, ["o_a", "o_b", "o_c"]);
    repository.release_missed("o_a").await.unwrap();
    assert_eq!(due().await, ["o_b", "o_c", "o_a"]);
    repository.release_done("o_b").await.unwrap();
    assert_eq!(due().await, ["o_c", "o_a"]);
    assert_eq!(repository.release_due("o_b").await.unwrap(), None);
}

async fn ids_that_no_row_can_have_are_just_unknown(repository: SqlRepository) {
    place(&repository, "k", vec![line("p-1", 1)], 1).await;
    let odd = keys(&["o_k", "\0", "", "o_k\0", "'; DROP TABLE orders; --"]);
    assert_eq!(ids(&repository.orders(&odd).await.unwrap()), ["o_k"]);
    assert_eq!(repository.lines(&odd).await.unwrap().len(), 1);
    assert!(repository.units_sold(&keys(&["\0"])).await.unwrap().is_empty());
    assert!(
        repository
            .counts_of_buyers(&keys(&["\0"]))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        repository
            .pages_of_buyers(&keys(&["\0"]), &window(End::Newest, 1))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(repository.orders(&[]).await.unwrap().is_empty());
}

async fn seeding_happens_once(repository: SqlRepository) {
    // More than one statement's worth of rows.
    let orders = seed::orders(100);
    assert_eq!(repository.seed(&orders).await.unwrap(), 600);
    assert_eq!(repository.seed(&orders).await.unwrap(), 0);
    assert_eq!(repository.count(None).await.unwrap(), 600);
    let ids: Vec<String> = orders.iter().map(|(order, _)| order.id.clone()).collect();
    let stored = repository.lines(&ids).await.unwrap();
    for (order, lines) in &orders {
        assert_eq!(&stored[&order.id], lines);
    }
}

async fn two_copies_may_seed_at_once(repository: SqlRepository) {
    let orders = seed::orders(20);
    let (one, other) = futures::join!(repository.seed(&orders), repository.seed(&orders));
    one.unwrap();
    other.unwrap();
    assert_eq!(repository.count(None).await.unwrap(), 120);
}
