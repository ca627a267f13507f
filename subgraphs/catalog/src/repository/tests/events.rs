//! What each write leaves in the outbox: an event for whatever the graph now shows differently, and nothing else.

use kit::testing::{empty_outbox, outbox};
use serde_json::{Value, json};

use super::super::StockRepository;
use super::stock::{DUE, NOW, request};
use super::*;
use crate::model::reservation::{ConfirmOutcome, ReserveOutcome};

/// Filled before anybody listens.
async fn announcing() -> Vec<Bench> {
    let benches = benches(&shop()).await.into_iter();
    benches
        .map(|bench| Bench {
            repository: bench.repository.announcing(),
            ..bench
        })
        .collect()
}

fn everything() -> Value {
    json!({"subgraph": "catalog"})
}

fn tag(tag: &str) -> Value {
    json!({"subgraph": "catalog", "tag": tag})
}

fn product(number: u32) -> Vec<Value> {
    let id = format!("p-{number}");
    vec![json!({"subgraph": "catalog", "type": "Product", "key": {"id": id}})]
}

/// What was said since it was last asked for.
async fn said(bench: &Bench) -> Vec<Value> {
    let events = outbox(bench.repository.database()).await;
    empty_outbox(bench.repository.database()).await;
    events
}

async fn reserve(bench: &Bench, id: &str, lines: &[(&str, i64)]) -> ReserveOutcome {
    bench.repository.reserve(&request(id, lines), NOW).await.unwrap()
}

#[tokio::test]
async fn a_new_assortment_changes_everything() {
    for bench in empty_benches().await {
        let repository = bench.repository.announcing();
        let bench = Bench { repository, ..bench };
        assert!(bench.repository.seed(&shop()).await.unwrap());
        assert_eq!(said(&bench).await, [everything()], "{}", bench.engine);
        assert!(!bench.repository.seed(&shop()).await.unwrap());
        assert_eq!(said(&bench).await, [json!(null); 0], "{}", bench.engine);
    }
}

#[tokio::test]
async fn stock_that_is_taken_and_given_back_names_each_product() {
    for bench in announcing().await {
        // b-1 holds p-8, p-11 and p-13.
        let products = [product(11), product(13), product(8)].concat();
        let lines = [("b-1", 2), ("p-8", 3)];
        reserve(&bench, "r", &lines).await;
        assert_eq!(said(&bench).await, products, "{}", bench.engine);
        reserve(&bench, "r", &lines).await;
        bench.repository.confirm("r", NOW).await.unwrap();
        assert_eq!(said(&bench).await, [json!(null); 0], "neither takes anything");
        bench.repository.release("r", NOW).await.unwrap();
        assert_eq!(said(&bench).await, products, "{}", bench.engine);
        bench.repository.release("r", NOW).await.unwrap();
        bench.repository.release("never reserved", NOW).await.unwrap();
        assert_eq!(
            said(&bench).await,
            [json!(null); 0],
            "neither gives anything back"
        );
    }
}

#[tokio::test]
async fn what_expires_is_given_back_whoever_finds_out() {
    for bench in announcing().await {
        reserve(&bench, "swept", &[("p-1", 1)]).await;
        reserve(&bench, "too late", &[("p-2", 1)]).await;
        empty_outbox(bench.repository.database()).await;
        assert_eq!(bench.repository.expire_due(DUE - 1, 10).await.unwrap(), 0);
        assert_eq!(said(&bench).await, [json!(null); 0]);
        let confirmed = bench.repository.confirm("too late", DUE).await.unwrap();
        assert_eq!(confirmed, ConfirmOutcome::Expired);
        assert_eq!(said(&bench).await, product(2), "{}", bench.engine);
        assert_eq!(bench.repository.expire_due(DUE, 10).await.unwrap(), 1);
        assert_eq!(said(&bench).await, product(1), "{}", bench.engine);
        assert_eq!(bench.repository.expire_due(DUE, 10).await.unwrap(), 0);
        assert_eq!(said(&bench).await, [json!(null); 0]);
    }
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    for bench in announcing().await {
        // p-19 is sold out: p-1 and the reservation itself are rolled back.
        for lines in [&[("p-1", 1), ("p-19", 1)][..], &[("p-1", 1), ("p-999", 1)]] {
            reserve(&bench, "r", lines).await;
            assert_eq!(
                said(&bench).await,
                [json!(null); 0],
                "{lines:?} on {}",
                bench.engine
            );
        }
    }
}

#[tokio::test]
async fn lists_change_where_a_product_comes_into_stock_or_leaves_it() {
    for bench in announcing().await {
        let all = available(&bench, "p-1").await;
        let listed = [&product(1)[..], &[tag("products")]].concat();
        reserve(&bench, "most", &[("p-1", all - 1)]).await;
        assert_eq!(said(&bench).await, product(1), "one is left");
        reserve(&bench, "last", &[("p-1", 1)]).await;
        assert_eq!(said(&bench).await, listed, "sold out");
        bench.repository.release("most", NOW).await.unwrap();
        assert_eq!(said(&bench).await, listed, "there are some again");
        bench.repository.release("last", NOW).await.unwrap();
        assert_eq!(said(&bench).await, product(1));
    }
}

#[tokio::test]
async fn nobody_to_tell_is_nothing_to_write() {
    for bench in benches(&shop()).await {
        reserve(&bench, "r", &[("p-1", 1)]).await;
        assert_eq!(said(&bench).await, [json!(null); 0], "{}", bench.engine);
    }
}
