//! What each write leaves in the outbox.

use kit::testing::{empty_outbox, outbox};
use serde_json::{Value, json};

use super::*;

on_both_engines!(
    an_order_that_comes_or_is_cancelled_changes_what_shows_it,
    what_is_invisible_or_refused_changes_nothing,
    a_seed_changes_everything,
);

/// What was said since it was last asked for.
async fn said(repository: &SqlRepository) -> Vec<Value> {
    let events = outbox(repository.database()).await;
    empty_outbox(repository.database()).await;
    events
}

fn nothing() -> Vec<Value> {
    Vec::new()
}

async fn an_order_that_comes_or_is_cancelled_changes_what_shows_it(repository: SqlRepository) {
    let repository = repository.announcing();
    let entity = |ty: &str, id: &str| json!({"subgraph": "orders", "type": ty, "key": {"id": id}});
    let tag = |tag: &str| json!({"subgraph": "orders", "tag": tag});
    let lines = vec![line("p-2", 1), line("b-1", 1), line("p-1", 3)];
    place(&repository, "a", lines, 10).await;
    let expected = [
        entity("Order", "o_a"),
        tag("order-o_a"),
        tag("orders"),
        entity("User", "u-1"),
        entity("Product", "p-2"),
        entity("Product", "p-1"),
    ];
    assert_eq!(said(&repository).await, expected);
    assert!(repository.cancel("o_a", 1).await.unwrap());
    assert_eq!(said(&repository).await, expected);
}

async fn what_is_invisible_or_refused_changes_nothing(repository: SqlRepository) {
    let repository = repository.announcing();
    for name in ["a", "b"] {
        assert!(repository.claim(&claim(name, 10)).await.unwrap());
        assert!(!repository.claim(&claim(name, 10)).await.unwrap());
    }
    assert!(repository.abandon("o_a", None).await.unwrap());
    assert!(
        !repository
            .complete(&completion("a", vec![line("p-1", 1)], 10))
            .await
            .unwrap()
    );
    repository.release_missed("o_a").await.unwrap();
    repository.release_done("o_a").await.unwrap();
    assert!(!repository.cancel("o_b", 1).await.unwrap(), "it is pending yet");
    assert_eq!(said(&repository).await, nothing());

    let completion = completion("b", vec![line("p-1", 1)], 10);
    assert!(repository.complete(&completion).await.unwrap());
    empty_outbox(repository.database()).await;
    assert!(!repository.complete(&completion).await.unwrap());
    assert!(!repository.abandon("o_b", None).await.unwrap());
    assert!(!repository.cancel("o_b", 7).await.unwrap(), "another version");
    assert_eq!(said(&repository).await, nothing());
}

async fn a_seed_changes_everything(repository: SqlRepository) {
    let repository = repository.announcing();
    let orders = seed::orders(2);
    repository.seed(&[]).await.unwrap();
    assert_eq!(said(&repository).await, nothing());
    repository.seed(&orders).await.unwrap();
    assert_eq!(said(&repository).await, [json!({"subgraph": "orders"})]);
    repository.seed(&orders).await.unwrap();
    assert_eq!(said(&repository).await, nothing());
}
