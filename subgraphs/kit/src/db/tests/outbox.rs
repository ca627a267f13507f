//! The outbox on both engines: an event is there if and only if its change was committed.

use serde_json::{Value, json};
use sqlx::SqlSafeStr as _;

use super::*;
use crate::testing::outbox as waiting;

/// The tables of [`one_table`] and an outbox as the services make it.
pub(crate) fn with_outbox() -> Migrations {
    let create = |id: &'static str| {
        let sql = format!(
            "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL); \
             CREATE TABLE outbox ({id}, event TEXT NOT NULL)"
        );
        Migrator::with_migrations(vec![Migration::new(
            1,
            "things".into(),
            MigrationType::Simple,
            sqlx::AssertSqlSafe(sql).into_sql_str(),
            false,
        )])
    };
    Migrations {
        sqlite: create("id INTEGER PRIMARY KEY AUTOINCREMENT"),
        postgres: create("id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    }
}

/// Inserts one thing and notes the changes.
pub(crate) async fn change(db: &Database, id: i64, changes: Vec<Change>, fail: bool) -> Result<(), Failure> {
    in_transaction!(db, tx => {
        tx.changed(changes);
        let insert = sqlx::query("INSERT INTO things (id, name) VALUES ($1, $2)").bind(id).bind("thing");
        insert.execute(&mut *tx).await?;
        if fail {
            return Err(Failure::ChangedMind);
        }
        Ok(())
    })
}

pub(crate) fn tag(name: &str) -> Change {
    Change::Tag(name.to_owned())
}

pub(crate) fn event(name: &str) -> Value {
    json!({"subgraph": "things", "tag": name})
}

async fn contract(url: &DatabaseUrl) {
    let silent = Database::connect(url, with_outbox()).await.unwrap();
    change(&silent, 1, vec![tag("a")], false).await.unwrap();
    assert_eq!(
        waiting(&silent).await,
        [json!(null); 0],
        "without an outbox nothing is written"
    );
    assert_eq!(silent.statements(), 1, "and it costs no statement");

    let db = silent.announcing(Outbox::of("things"));
    let changes = vec![
        Change::entity("Thing", "2"),
        tag("b"),
        Change::Everything,
        tag("b"),
        tag("\"'; --"),
    ];
    change(&db, 2, changes, false).await.unwrap();
    let expected = [
        json!({"subgraph": "things", "type": "Thing", "key": {"id": "2"}}),
        event("b"),
        json!({"subgraph": "things"}),
        event("\"'; --"),
    ];
    assert_eq!(
        waiting(&db).await,
        expected,
        "in the order they were noted, each once"
    );
    assert_eq!(db.statements(), 3, "one more statement, however many changes");

    assert!(change(&db, 3, vec![tag("c")], true).await.is_err());
    assert!(
        change(&db, 2, vec![tag("c")], false).await.is_err(),
        "the id is taken"
    );
    change(&db, 4, vec![], false).await.unwrap();
    assert_eq!(
        waiting(&db).await,
        expected,
        "what was rolled back has left no event"
    );

    let many = |count: usize| {
        (0..count)
            .map(|number| tag(&number.to_string()))
            .collect::<Vec<_>>()
    };
    change(&db, 5, many(1000), false).await.unwrap();
    assert_eq!(waiting(&db).await.len(), 1004);
    change(&db, 6, many(1001), false).await.unwrap();
    assert_eq!(waiting(&db).await[1004..], [json!({"subgraph": "things"})]);

    batches(&db).await;
    a_change_that_cannot_be_told_is_not_made(&db).await;
}

async fn batches(db: &Database) {
    crate::testing::empty_outbox(db).await;
    for id in 10..15 {
        change(db, id, vec![tag(&id.to_string())], false).await.unwrap();
    }
    let before = db.statements();
    let batch = db.outbox_batch(2).await.unwrap();
    assert_eq!(batch.events, [event("10").to_string(), event("11").to_string()]);
    drop(batch);
    assert_eq!(waiting(db).await.len(), 5, "a batch that was not done stays");
    let batch = db.outbox_batch(2).await.unwrap();
    change(db, 15, vec![tag("15")], false).await.unwrap();
    batch.done().await.unwrap();
    assert_eq!(waiting(db).await, ["12", "13", "14", "15"].map(event));
    let batch = db.outbox_batch(100).await.unwrap();
    assert_eq!(batch.events.len(), 4);
    batch.done().await.unwrap();
    assert!(db.outbox_batch(100).await.unwrap().events.is_empty());
    assert_eq!(
        db.statements(),
        before + 2,
        "the relay's statements are not counted"
    );
}

async fn a_change_that_cannot_be_told_is_not_made(db: &Database) {
    on_engine!(db, pool => sqlx::query("DROP TABLE outbox").execute(pool).await.map(drop)).unwrap();
    let things = count(db).await;
    assert!(change(db, 100, vec![tag("x")], false).await.is_err());
    assert_eq!(count(db).await, things);
}

#[tokio::test]
async fn a_row_that_commits_late_is_not_deleted_with_later_ones() {
    let Some(url) = testing::postgres().await else {
        return;
    };
    let db = Database::connect(&url, with_outbox()).await.unwrap();
    let db = db.announcing(Outbox::of("things"));
    let Database::Postgres(pool) = &db else {
        unreachable!()
    };
    let mut slow = pool.begin().await.unwrap();
    let insert = sqlx::query("INSERT INTO outbox (event) VALUES ($1)").bind(event("slow").to_string());
    insert.execute(&mut *slow).await.unwrap();
    change(&db, 1, vec![tag("quick")], false).await.unwrap();
    let batch = db.outbox_batch(100).await.unwrap();
    assert_eq!(batch.events, [event("quick").to_string()]);
    slow.commit().await.unwrap();
    batch.done().await.unwrap();
    assert_eq!(waiting(&db).await, [event("slow")]);
}

#[tokio::test]
async fn on_sqlite() {
    let (_folder, url) = testing::sqlite();
    contract(&url).await;
}

#[tokio::test]
async fn in_memory() {
    contract(&"sqlite::memory:".parse().unwrap()).await;
}

#[tokio::test]
async fn on_postgres() {
    if let Some(url) = testing::postgres().await {
        contract(&url).await;
    }
}
