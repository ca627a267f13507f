//! The same promises on both engines.

pub(crate) mod outbox;

use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::*;
use crate::{in_transaction, on_engine, testing};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the code changed its mind")]
    ChangedMind,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

fn one_table() -> Migrations {
    let create = || {
        Migrator::with_migrations(vec![Migration::new(
            1,
            "things".into(),
            MigrationType::Simple,
            sqlx::SqlStr::from_static("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT NOT NULL)"),
            false,
        )])
    };
    Migrations {
        sqlite: create(),
        postgres: create(),
    }
}

async fn count(db: &Database) -> i64 {
    on_engine!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM things").fetch_one(pool).await).unwrap()
}

async fn insert(db: &Database, ids: &[i64], fail: bool) -> Result<u64, Failure> {
    in_transaction!(db, tx => {
        let mut written = 0;
        for id in ids {
            let insert = sqlx::query("INSERT INTO things (id, name) VALUES ($1, $2)").bind(id).bind("thing");
            written += insert.execute(&mut *tx).await?.rows_affected();
        }
        if fail {
            return Err(Failure::ChangedMind);
        }
        Ok(written)
    })
}

/// What every engine must do.
async fn contract(url: &DatabaseUrl) {
    let db = Database::connect(url, one_table()).await.unwrap();
    db.ping().await.unwrap();
    assert_eq!(db.statements(), 0, "pings and migrations are not counted");

    assert_eq!(insert(&db, &[1, 2], false).await.unwrap(), 2);
    assert_eq!(db.statements(), 2, "each statement of a transaction is counted");

    assert!(matches!(
        insert(&db, &[3, 4], true).await,
        Err(Failure::ChangedMind)
    ));
    assert_eq!(count(&db).await, 2, "an Err of the body rolls everything back");

    let duplicate = insert(&db, &[5, 1], false).await;
    assert!(
        matches!(&duplicate, Err(Failure::Database(e)) if e.as_database_error().unwrap().is_unique_violation())
    );
    assert_eq!(count(&db).await, 2, "a failed statement rolls everything back");

    let before = db.clone().statements();
    let ids = [1_i64, 2, 9];
    let sql = format!(
        "SELECT id, name FROM things WHERE id IN ({}) ORDER BY id",
        placeholders(1, ids.len())
    );
    let rows: Vec<(i64, String)> = on_engine!(&db, pool => {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        ids.iter().fold(query, |query, id| query.bind(id)).fetch_all(pool).await
    })
    .unwrap();
    assert_eq!(rows, [(1, "thing".to_owned()), (2, "thing".to_owned())]);
    assert_eq!(db.statements(), before + 1, "one read is one statement");

    let again = Database::connect(url, one_table()).await;
    if !url.to_string().contains(":memory:") {
        assert_eq!(
            count(&again.unwrap()).await,
            2,
            "a second start finds the data and migrates nothing"
        );
    }

    concurrent_writers_wait(&db).await;
    db.close().await;
    assert!(matches!(db.ping().await, Err(sqlx::Error::PoolClosed)));
}

/// Transactions that read before they write, at the same time: none fails with "database is locked".
async fn concurrent_writers_wait(db: &Database) {
    let writers: Vec<_> = (100..116_i64)
        .map(|id| {
            let db = db.clone();
            tokio::spawn(async move {
                let outcome: Result<(), Failure> = in_transaction!(db, tx => {
                    let count = "SELECT COUNT(*) FROM things";
                    let _present: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await?;
                    tokio::task::yield_now().await;
                    let insert = sqlx::query("INSERT INTO things (id, name) VALUES ($1, 'thing')").bind(id);
                    insert.execute(&mut *tx).await?;
                    Ok(())
                });
                outcome
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(count(db).await, 2 + 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_file() {
    let (_folder, url) = testing::sqlite();
    contract(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_memory() {
    contract(&"sqlite::memory:".parse().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(url) = testing::postgres().await {
        contract(&url).await;
    }
}

/// Many processes start at the same time on a database that none has opened before.
async fn starts_at_the_same_time(url: &DatabaseUrl) {
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Database::connect(&url, one_table()).await })
        })
        .collect();
    for start in starts {
        assert_eq!(count(&start.await.unwrap().unwrap()).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_at_the_same_time_wait_for_each_others_migrations() {
    let (_folder, url) = testing::sqlite();
    starts_at_the_same_time(&url).await;
    if let Some(url) = testing::postgres().await {
        starts_at_the_same_time(&url).await;
    }
}

/// The switch of a new file to WAL is nothing that SQLite waits for: it must happen on one connection alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_new_databases_open() {
    let (folder, _) = testing::sqlite();
    for number in 0..100 {
        let url = DatabaseUrl::sqlite_file(folder.path().join(format!("{number}.db")));
        let opened = Database::connect(&url, one_table()).await;
        opened
            .unwrap_or_else(|error| panic!("{url}: {error}"))
            .close()
            .await;
    }
}

#[tokio::test]
async fn every_test_database_is_new_and_empty() {
    let (Some(one), Some(other)) = (testing::postgres().await, testing::postgres().await) else {
        return;
    };
    assert_ne!(one, other);
    let one = Database::connect(&one, one_table()).await.unwrap();
    insert(&one, &[1], false).await.unwrap();
    assert_eq!(
        count(&Database::connect(&other, one_table()).await.unwrap()).await,
        0
    );
}

#[tokio::test]
async fn sqlite_creates_its_folder_and_enforces_foreign_keys() {
    let (folder, _) = testing::sqlite();
    let url = DatabaseUrl::sqlite_file(folder.path().join("a/b/new.db"));
    let db = Database::connect(&url, one_table()).await.unwrap();
    let Database::Sqlite(pool) = &db else {
        panic!("{db:?}")
    };
    let setting = |name: &'static str| async move {
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(format!(
            "SELECT CAST({name} AS TEXT) FROM pragma_{name}"
        )))
        .fetch_one(pool)
        .await
        .unwrap()
    };
    assert_eq!(setting("journal_mode").await, "wal");
    assert_eq!(setting("foreign_keys").await, "1");
    assert_eq!(setting("synchronous").await, "1");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_which_and_why() {
    let (folder, _) = testing::sqlite();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let url = DatabaseUrl::sqlite_file(file.join("x.db"));
    let message = Database::connect(&url, one_table())
        .await
        .unwrap_err()
        .to_string();
    assert!(message.contains(&file.display().to_string()), "{message}");

    let Some(url) = testing::postgres().await else {
        return;
    };
    let Location::Postgres(address) = url.location() else {
        panic!("{url}")
    };
    let missing = address
        .replacen("causeway_test", "no_such_database", 1)
        .parse()
        .unwrap();
    let message = Database::connect(&missing, one_table())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("no_such_database") && message.contains("does not exist"),
        "{message}"
    );
}

#[test]
fn placeholders_count_from_the_given_number() {
    assert_eq!(placeholders(1, 1), "$1");
    assert_eq!(placeholders(3, 3), "$3, $4, $5");
    assert_eq!(placeholders(2, 0), "");
}
