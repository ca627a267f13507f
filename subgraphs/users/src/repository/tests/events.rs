//! What each write leaves in the outbox.

use kit::db::Outbox;
use kit::testing::{empty_outbox, outbox};
use serde_json::{Value, json};

use super::*;

async fn contract(url: &DatabaseUrl) {
    let db = crate::connect(url).await.unwrap();
    let db = db.announcing(Outbox::of("users"));
    let users = SqlUsers::new(db.clone());
    let nothing = [Value::Null; 0];

    assert!(users.add_to_empty(&[account(1), account(2)]).await.unwrap());
    assert_eq!(outbox(&db).await, [json!({"subgraph": "users"})]);
    empty_outbox(&db).await;
    assert!(!users.add_to_empty(&[account(3)]).await.unwrap());
    assert_eq!(outbox(&db).await, nothing);

    assert_eq!(users.add(&account(3)).await.unwrap(), Added::Yes);
    let expected = [
        json!({"subgraph": "users", "type": "User", "key": {"id": "u-3"}}),
        json!({"subgraph": "users", "tag": "user-u-3"}),
        json!({"subgraph": "users", "tag": "handle-user3"}),
    ];
    assert_eq!(outbox(&db).await, expected);
    empty_outbox(&db).await;
    let mut same_address = account(4);
    same_address.user.email = account(3).user.email;
    assert_eq!(users.add(&account(3)).await.unwrap(), Added::HandleTaken);
    assert_eq!(users.add(&same_address).await.unwrap(), Added::EmailTaken);
    users.signing_secret("secret").await.unwrap();
    assert_eq!(
        outbox(&db).await,
        nothing,
        "what is refused or never shown changes nothing"
    );
}

#[tokio::test]
async fn on_sqlite() {
    let (_folder, url) = kit::testing::sqlite();
    contract(&url).await;
}

#[tokio::test]
async fn on_postgres() {
    if let Some(url) = kit::testing::postgres().await {
        contract(&url).await;
    }
}
