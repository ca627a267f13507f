//! One reservation at a time: what is taken, what is given back, what is refused.

use super::super::StockRepository;
use super::*;
use crate::model::reservation::{
    ConfirmOutcome, ItemKind, RequestedLine, ReservationRequest, ReservationState, ReserveOutcome,
    ReservedLine, Shortage,
};

pub(super) const NOW: i64 = 1_000_000;
pub(super) const DUE: i64 = NOW + 60_000;

pub(super) fn request(id: &str, lines: &[(&str, i64)]) -> ReservationRequest {
    let line = |(item, quantity): &(&str, i64)| RequestedLine {
        item_id: (*item).to_owned(),
        quantity: *quantity,
    };
    ReservationRequest {
        id: id.to_owned(),
        lines: lines.iter().map(line).collect(),
        expires_at: DUE,
    }
}

async fn reserve(bench: &Bench, id: &str, lines: &[(&str, i64)]) -> ReserveOutcome {
    bench.repository.reserve(&request(id, lines), NOW).await.unwrap()
}

fn is_held(outcome: &ReserveOutcome) -> bool {
    matches!(outcome, ReserveOutcome::Held(_))
}

#[tokio::test]
async fn a_reservation_takes_stock_and_tells_todays_names_and_prices() {
    let shop = shop();
    for bench in benches(&shop).await {
        // b-1 holds p-8, p-11 and p-13.
        let before = [available(&bench, "p-8").await, available(&bench, "p-11").await];
        let outcome = reserve(&bench, "r", &[("b-1", 2), ("p-8", 3)]).await;
        let ReserveOutcome::Held(reservation) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(reservation.state, ReservationState::Held);
        let (bundle, product) = (&shop.bundles[0].bundle, &shop.products[7]);
        assert_eq!(
            reservation.lines,
            [
                ReservedLine {
                    item_id: "b-1".to_owned(),
                    kind: ItemKind::Bundle,
                    sku: None,
                    title: bundle.name.clone(),
                    unit_price_minor: bundle.price_minor,
                    currency: "EUR".to_owned(),
                    quantity: 2,
                },
                ReservedLine {
                    item_id: "p-8".to_owned(),
                    kind: ItemKind::Product,
                    sku: Some("SKU-00008".to_owned()),
                    title: product.name.clone(),
                    unit_price_minor: product.price_minor,
                    currency: "EUR".to_owned(),
                    quantity: 3,
                },
            ]
        );
        let after = [available(&bench, "p-8").await, available(&bench, "p-11").await];
        assert_eq!(after, [before[0] - 5, before[1] - 2], "{}", bench.engine);
        assert_eq!(super::product(&bench, "p-8").await.version, 2);
    }
}

#[tokio::test]
async fn repeating_a_reservation_changes_nothing() {
    for bench in benches(&shop()).await {
        let held = reserve(&bench, "r", &[("p-1", 2), ("p-2", 1)]).await;
        let stock = available(&bench, "p-1").await;
        let ReserveOutcome::Held(first) = held else {
            panic!("{held:?}")
        };
        assert_eq!(
            reserve(&bench, "r", &[("p-2", 1), ("p-1", 2)]).await,
            ReserveOutcome::Repeated(first.clone())
        );
        for other in [&[("p-1", 2)][..], &[("p-1", 3), ("p-2", 1)]] {
            assert_eq!(reserve(&bench, "r", other).await, ReserveOutcome::OtherLines);
        }
        bench.repository.confirm("r", NOW).await.unwrap();
        let repeated = reserve(&bench, "r", &[("p-1", 2), ("p-2", 1)]).await;
        let ReserveOutcome::Repeated(repeated) = repeated else {
            panic!("{repeated:?}")
        };
        assert_eq!(
            (repeated.state, &repeated.lines),
            (ReservationState::Confirmed, &first.lines)
        );
        assert_eq!(available(&bench, "p-1").await, stock, "{}", bench.engine);
    }
}

#[tokio::test]
async fn too_little_stock_refuses_all_lines_and_tells_each_that_is_short() {
    for bench in benches(&shop()).await {
        let (one, eight) = (available(&bench, "p-1").await, available(&bench, "p-8").await);
        // p-19 is sold out; p-8 suffices for its own line, then not for the bundle.
        let outcome = reserve(
            &bench,
            "r",
            &[("p-1", 1), ("p-19", 2), ("p-8", eight), ("b-1", 1)],
        )
        .await;
        let shortage = |item: &str, requested, available| Shortage {
            item_id: item.to_owned(),
            requested,
            available,
        };
        assert_eq!(
            outcome,
            ReserveOutcome::OutOfStock(vec![shortage("p-19", 2, 0), shortage("b-1", 1, 0)]),
            "{}",
            bench.engine
        );
        assert_eq!(
            (available(&bench, "p-1").await, available(&bench, "p-8").await),
            (one, eight)
        );
        assert_eq!(
            bench.repository.confirm("r", NOW).await.unwrap(),
            ConfirmOutcome::Unknown
        );
        assert!(
            is_held(&reserve(&bench, "r", &[("p-1", 1)]).await),
            "the id is free again"
        );
    }
}

#[tokio::test]
async fn unknown_items_are_named_and_nothing_is_taken() {
    for bench in benches(&shop()).await {
        let stock = available(&bench, "p-1").await;
        let outcome = reserve(&bench, "r", &[("p-1", 1), ("p-999", 1), ("b-1", 1), ("x", 1)]).await;
        assert_eq!(
            outcome,
            ReserveOutcome::UnknownItems(vec!["p-999".to_owned(), "x".to_owned()])
        );
        assert_eq!(available(&bench, "p-1").await, stock, "{}", bench.engine);
    }
}

#[tokio::test]
async fn release_gives_held_and_confirmed_stock_back_once() {
    for bench in benches(&shop()).await {
        let repository = &bench.repository;
        let stock = available(&bench, "p-1").await;
        for (id, confirmed) in [("held", false), ("confirmed", true)] {
            assert!(is_held(&reserve(&bench, id, &[("p-1", 5)]).await));
            if confirmed {
                assert_eq!(
                    repository.confirm(id, NOW).await.unwrap(),
                    ConfirmOutcome::Confirmed
                );
                assert_eq!(
                    repository.confirm(id, DUE).await.unwrap(),
                    ConfirmOutcome::Confirmed
                );
            }
            assert_eq!(available(&bench, "p-1").await, stock - 5);
            for _ in 0..2 {
                repository.release(id, NOW).await.unwrap();
                assert_eq!(available(&bench, "p-1").await, stock, "{id} on {}", bench.engine);
            }
            assert_eq!(
                repository.confirm(id, NOW).await.unwrap(),
                ConfirmOutcome::Released
            );
            assert_eq!(reserve(&bench, id, &[("p-1", 5)]).await, ReserveOutcome::Released);
        }
    }
}

#[tokio::test]
async fn releasing_an_unknown_id_keeps_a_late_reserve_from_taking_stock() {
    for bench in benches(&shop()).await {
        let stock = available(&bench, "p-1").await;
        bench.repository.release("late", NOW).await.unwrap();
        assert_eq!(
            reserve(&bench, "late", &[("p-1", 1)]).await,
            ReserveOutcome::Released
        );
        assert_eq!(
            bench.repository.confirm("late", NOW).await.unwrap(),
            ConfirmOutcome::Released
        );
        assert_eq!(available(&bench, "p-1").await, stock, "{}", bench.engine);
    }
}

#[tokio::test]
async fn held_stock_goes_back_when_its_time_is_over_and_confirmed_stock_does_not() {
    for bench in benches(&shop()).await {
        let repository = &bench.repository;
        let stock = available(&bench, "p-1").await;
        for id in ["swept", "kept", "late"] {
            assert!(is_held(&reserve(&bench, id, &[("p-1", 1)]).await));
        }
        repository.confirm("kept", DUE - 1).await.unwrap();
        assert_eq!(
            repository.expire_due(DUE - 1, 10).await.unwrap(),
            0,
            "{}",
            bench.engine
        );
        assert_eq!(
            repository.confirm("late", DUE).await.unwrap(),
            ConfirmOutcome::Expired
        );
        assert_eq!(available(&bench, "p-1").await, stock - 2);
        assert_eq!(repository.expire_due(DUE, 10).await.unwrap(), 1);
        assert_eq!(repository.expire_due(DUE, 10).await.unwrap(), 0);
        assert_eq!(available(&bench, "p-1").await, stock - 1, "{}", bench.engine);

        assert_eq!(
            repository.confirm("swept", NOW).await.unwrap(),
            ConfirmOutcome::Expired
        );
        assert_eq!(
            reserve(&bench, "swept", &[("p-1", 1)]).await,
            ReserveOutcome::Expired
        );
        repository.release("swept", DUE).await.unwrap();
        assert_eq!(
            repository.confirm("swept", DUE).await.unwrap(),
            ConfirmOutcome::Released
        );
        assert_eq!(
            available(&bench, "p-1").await,
            stock - 1,
            "expired stock is not given back twice"
        );
    }
}

#[tokio::test]
async fn a_sweep_takes_no_more_than_it_was_told() {
    for bench in benches(&shop()).await {
        for number in 0..5 {
            assert!(is_held(
                &reserve(&bench, &format!("r-{number}"), &[("p-1", 1)]).await
            ));
        }
        let mut swept = Vec::new();
        for _ in 0..4 {
            swept.push(bench.repository.expire_due(DUE, 2).await.unwrap());
        }
        assert_eq!(swept, [2, 2, 1, 0], "{}", bench.engine);
    }
}
