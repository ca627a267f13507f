//! Many callers at the same time, really in parallel: stock is never sold twice nor given back twice.

use std::future::Future;

use super::super::StockRepository;
use super::stock::{DUE, NOW, request};
use super::*;
use crate::model::reservation::{ConfirmOutcome, ReserveOutcome};

/// Runs one task for each number and waits for all of them.
async fn at_once<T, F>(tasks: usize, task: impl Fn(SqlRepository, usize) -> F, bench: &Bench) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let handles: Vec<_> = (0..tasks)
        .map(|n| tokio::spawn(task(bench.repository.clone(), n)))
        .collect();
    let mut outcomes = Vec::new();
    for handle in handles {
        outcomes.push(handle.await.unwrap());
    }
    outcomes
}

/// A shop with exactly `stock` of p-1 and p-2.
async fn benches_with_stock(stock: i64) -> Vec<Bench> {
    let mut shop = assortment(1);
    for product in &mut shop.products {
        product.available = stock;
    }
    benches(&shop).await
}

fn held(outcomes: &[ReserveOutcome]) -> usize {
    outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ReserveOutcome::Held(_)))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_callers_for_the_last_ten_items_buy_exactly_ten() {
    for bench in benches_with_stock(10).await {
        let buy = |repository: SqlRepository, n| async move {
            repository
                .reserve(&request(&format!("r-{n}"), &[("p-1", 1)]), NOW)
                .await
                .unwrap()
        };
        let outcomes = at_once(50, buy, &bench).await;
        assert_eq!(held(&outcomes), 10, "{}", bench.engine);
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, ReserveOutcome::OutOfStock(_)));
        assert_eq!(refused.count(), 40, "{}", bench.engine);
        assert_eq!(available(&bench, "p-1").await, 0);
    }
}

/// Two products taken in opposite line order: without a common lock order PostgreSQL would report deadlocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossing_lines_do_not_deadlock_and_sell_out_together() {
    for bench in benches_with_stock(20).await {
        let buy = |repository: SqlRepository, n: usize| async move {
            let mut lines = [("p-1", 1), ("p-2", 1)];
            if n.is_multiple_of(2) {
                lines.reverse();
            }
            repository
                .reserve(&request(&format!("r-{n}"), &lines), NOW)
                .await
                .unwrap()
        };
        assert_eq!(held(&at_once(50, buy, &bench).await), 20, "{}", bench.engine);
        assert_eq!(
            (available(&bench, "p-1").await, available(&bench, "p-2").await),
            (0, 0)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_id_asked_for_many_times_takes_stock_once() {
    for bench in benches_with_stock(100).await {
        let buy = |repository: SqlRepository, _| async move {
            repository
                .reserve(&request("same", &[("p-1", 3)]), NOW)
                .await
                .unwrap()
        };
        let outcomes = at_once(20, buy, &bench).await;
        assert_eq!(held(&outcomes), 1, "{}", bench.engine);
        assert!(
            outcomes
                .iter()
                .all(|o| matches!(o, ReserveOutcome::Held(_) | ReserveOutcome::Repeated(_)))
        );
        assert_eq!(available(&bench, "p-1").await, 97);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_releases_give_back_once() {
    for bench in benches_with_stock(10).await {
        bench
            .repository
            .reserve(&request("r", &[("p-1", 4), ("p-2", 4)]), NOW)
            .await
            .unwrap();
        let release =
            |repository: SqlRepository, _| async move { repository.release("r", NOW).await.unwrap() };
        at_once(20, release, &bench).await;
        assert_eq!(
            (available(&bench, "p-1").await, available(&bench, "p-2").await),
            (10, 10)
        );
    }
}

/// Whichever comes first, a released id holds nothing in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_release_that_races_its_reserve_wins() {
    for bench in benches_with_stock(10).await {
        let race = |repository: SqlRepository, n: usize| async move {
            let id = format!("r-{}", n / 2);
            if n.is_multiple_of(2) {
                repository
                    .reserve(&request(&id, &[("p-1", 1)]), NOW)
                    .await
                    .map(|_| ())
                    .unwrap();
            } else {
                repository.release(&id, NOW).await.unwrap();
            }
        };
        at_once(40, race, &bench).await;
        assert_eq!(available(&bench, "p-1").await, 10, "{}", bench.engine);
    }
}

/// The last moment: one caller confirms just before the time is over, the sweeper comes just after.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reservation_is_either_confirmed_or_expired_never_both() {
    for bench in benches_with_stock(30).await {
        for round in 0..20 {
            let id = format!("r-{round}");
            let before = available(&bench, "p-1").await;
            bench
                .repository
                .reserve(&request(&id, &[("p-1", 1)]), NOW)
                .await
                .unwrap();
            let (confirming, sweeping) = (bench.repository.clone(), bench.repository.clone());
            let confirm = tokio::spawn(async move { confirming.confirm(&id, DUE - 1).await.unwrap() });
            let sweep = tokio::spawn(async move { sweeping.expire_due(DUE, 10).await.unwrap() });
            let (outcome, expired) = (confirm.await.unwrap(), sweep.await.unwrap());
            let left = before - available(&bench, "p-1").await;
            match outcome {
                ConfirmOutcome::Confirmed => assert_eq!((expired, left), (0, 1), "{}", bench.engine),
                ConfirmOutcome::Expired => assert_eq!((expired, left), (1, 0), "{}", bench.engine),
                other => panic!("{other:?} on {}", bench.engine),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_sweepers_expire_each_reservation_once() {
    for bench in benches_with_stock(30).await {
        for number in 0..30 {
            bench
                .repository
                .reserve(&request(&format!("r-{number}"), &[("p-1", 1)]), NOW)
                .await
                .unwrap();
        }
        let sweep =
            |repository: SqlRepository, _| async move { repository.expire_due(DUE, 100).await.unwrap() };
        let expired = at_once(4, sweep, &bench).await;
        assert_eq!(expired.iter().sum::<usize>(), 30, "{}", bench.engine);
        assert_eq!(available(&bench, "p-1").await, 30);
    }
}
