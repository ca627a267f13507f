//! Starting, seeding, keys, health and stopping.

use kit::db::DatabaseUrl;
use serde_json::{Value, json};

use super::Service;
use crate::Options;

fn options(database: &DatabaseUrl, seed_size: u32) -> Options {
    Options {
        database: database.clone(),
        seed_size,
        signing_key: None,
        events: None,
    }
}

/// The same on both engines: seed once, keep the key, serve, stop.
async fn restarts(url: &DatabaseUrl) {
    let first = Service::start_on(options(url, 3)).await;
    let token = first.sign_in("ada").await;
    let users = first
        .data(
            None,
            "{ a: user(id: \"u-3\") { id } b: user(id: \"u-4\") { id } }",
            json!({}),
        )
        .await;
    assert_eq!(users, json!({ "a": { "id": "u-3" }, "b": null }));
    first.stop().await;

    let second = Service::start_on(options(url, 10)).await;
    let users = second.data(None, "{ user(id: \"u-4\") { id } }", json!({})).await;
    assert_eq!(
        users,
        json!({ "user": null }),
        "a database that is not empty is not seeded"
    );
    let me = second.data(Some(&token), "{ me { id } }", json!({})).await;
    assert_eq!(
        me["me"]["id"], "u-1",
        "the key outlives a restart, and so do tokens"
    );
    second.stop().await;
}

#[tokio::test]
async fn sqlite_restarts() {
    let (_folder, url) = kit::testing::sqlite();
    restarts(&url).await;
}

#[tokio::test]
async fn postgres_restarts() {
    if let Some(url) = kit::testing::postgres().await {
        restarts(&url).await;
    }
}

#[tokio::test]
async fn two_services_on_one_database_make_one_key_and_trust_each_other() {
    let (_folder, url) = kit::testing::sqlite();
    let (one, other) = tokio::join!(
        Service::start_on(options(&url, 2)),
        Service::start_on(options(&url, 2))
    );
    let token = one.sign_in("ada").await;
    assert_eq!(
        other.data(Some(&token), "{ me { id } }", json!({})).await["me"]["id"],
        "u-1"
    );
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn the_public_key_is_published_and_checks_tokens() {
    let service = Service::start().await;
    let answer = service.get("/.well-known/jwks.json").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    let keys: Value = answer.json().await.unwrap();
    let key = &keys["keys"][0];
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    for (name, value) in [
        ("kty", "OKP"),
        ("crv", "Ed25519"),
        ("alg", "EdDSA"),
        ("use", "sig"),
    ] {
        assert_eq!(key[name], value, "{key}");
    }
    assert!(key["kid"].as_str().is_some_and(|kid| !kid.is_empty()));
    assert_eq!(key.get("d"), None, "the secret stays here");

    let token = service.sign_in("ada").await;
    let identity = service.verifier().await.verify(&token).await.unwrap();
    assert_eq!(
        (identity.subject.as_str(), identity.has_scope("profile")),
        ("u-1", true)
    );
    service.stop().await;
}

#[tokio::test]
async fn a_configured_key_is_used_and_leaves_the_database_alone() {
    let (_folder, url) = kit::testing::sqlite();
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let configured = Options {
        signing_key: Some(key.parse().unwrap()),
        ..options(&url, 1)
    };
    let service = Service::start_on(configured).await;
    let token = service.sign_in("ada").await;
    let same_key = kit::testing::TestIssuer::new().verifier();
    assert_eq!(same_key.verify(&token).await.unwrap().subject, "u-1");
    let db = &service.database;
    let kept: i64 =
        kit::on_engine!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM signing_key").fetch_one(pool).await)
            .unwrap();
    assert_eq!(kept, 0);
    service.stop().await;
}

#[tokio::test]
async fn health_follows_the_database() {
    let service = Service::start().await;
    assert_eq!(service.get("/health/live").await.status(), 200);
    assert_eq!(service.get("/health/ready").await.status(), 200);
    service.database.close().await;
    assert_eq!(service.get("/health/live").await.status(), 200);
    let answer = service.get("/health/ready").await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], "unavailable");
    assert!(body["reason"].is_string());
    service.stop().await;
}

#[tokio::test]
async fn after_the_shutdown_nothing_listens_and_the_database_is_closed() {
    let service = Service::start().await;
    let (addr, database) = (service.running.addr, service.database.clone());
    service.stop().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
    assert!(matches!(database.ping().await, Err(sqlx::Error::PoolClosed)));
}

#[tokio::test]
async fn a_damaged_key_stops_the_start_with_its_reason() {
    let (_folder, url) = kit::testing::sqlite();
    let db = crate::connect(&url).await.unwrap();
    let insert = "INSERT INTO signing_key (id, secret, created_at) VALUES (1, 'rubbish', 0)";
    kit::on_engine!(db, pool => sqlx::query(insert).execute(pool).await.map(|_| ())).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = crate::start(listener, options(&url, 0), kit::Shutdown::new())
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("signing key in the database is damaged") && !error.contains("rubbish"),
        "{error}"
    );
}
