//! The promises of [`UserRepository`], held on both engines.

mod events;

use kit::Timestamp;
use kit::db::{Database, DatabaseUrl};
use kit::on_engine;

use super::*;
use crate::model::{Address, Tier};

fn account(number: u32) -> Account {
    let user = User {
        id: format!("u-{number}"),
        handle: format!("user{number}"),
        display_name: format!("Üser \"{number}\" 🙂"),
        email: format!("user{number}@example.com"),
        tier: [Tier::Standard, Tier::Silver, Tier::Gold][number as usize % 3],
        address: number.is_multiple_of(2).then(|| Address {
            city: "Köln".to_owned(),
            postal_code: "50667".to_owned(),
            country: "DE".to_owned(),
        }),
        joined_at: Timestamp(1_767_225_600_000 + i64::from(number)),
    };
    Account {
        user,
        password_hash: format!("hash {number}"),
    }
}

fn keys<const N: usize>(keys: [&str; N]) -> Vec<String> {
    keys.map(str::to_owned).to_vec()
}

fn sorted(mut users: Vec<User>) -> Vec<User> {
    users.sort_by(|a, b| a.id.cmp(&b.id));
    users
}

async fn user_count(db: &Database) -> i64 {
    on_engine!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(pool).await).unwrap()
}

/// What every engine must do.
async fn contract(url: &DatabaseUrl) {
    let db = crate::connect(url).await.unwrap();
    let users = SqlUsers::new(db.clone());
    adding_and_finding(&users, &db).await;
    taken_handles_and_addresses(&users, &db).await;
    only_an_empty_database_is_filled(&users, &db, url).await;
    the_first_signing_secret_stays(&users).await;
    strange_rows_are_refused(&users, &db).await;
}

async fn adding_and_finding(users: &SqlUsers, db: &Database) {
    let (one, two) = (account(1), account(2));
    assert_eq!(users.add(&one).await.unwrap(), Added::Yes);
    assert_eq!(users.add(&two).await.unwrap(), Added::Yes);

    let before = db.statements();
    let found = users
        .by_ids(&keys(["u-2", "nobody", "u-1", "u-2"]))
        .await
        .unwrap();
    assert_eq!(
        sorted(found),
        [one.user.clone(), two.user.clone()],
        "every column comes back as it went in"
    );
    assert_eq!(db.statements(), before + 1);
    let found = users
        .by_handles(&keys(["user2", "u-1", "USER1", ""]))
        .await
        .unwrap();
    assert_eq!(found, vec![two.user.clone()], "handles are compared exactly");
    assert_eq!(db.statements(), before + 2);
    assert!(users.by_ids(&[]).await.unwrap().is_empty());
    assert_eq!(db.statements(), before + 2, "no key, no statement");
    let found = users.by_ids(&keys(["u-1\0", "u-1", "\0"])).await.unwrap();
    assert_eq!(
        found,
        vec![one.user.clone()],
        "no row has a NUL, and asking for one fails nothing"
    );
    let found = users.by_handles(&keys(["user1\0", "user1"])).await.unwrap();
    assert_eq!(found, vec![one.user.clone()]);

    assert_eq!(users.account("user2").await.unwrap(), Some(two));
    assert_eq!(users.account("nobody").await.unwrap(), None);
    assert_eq!(users.account("' OR 1=1 --").await.unwrap(), None);
    assert_eq!(users.account("user2\0").await.unwrap(), None);
}

async fn taken_handles_and_addresses(users: &SqlUsers, db: &Database) {
    let before = user_count(db).await;
    let mut same_handle = account(3);
    same_handle.user.handle = "user1".to_owned();
    assert_eq!(users.add(&same_handle).await.unwrap(), Added::HandleTaken);
    let mut same_email = account(3);
    same_email.user.email = "user1@example.com".to_owned();
    assert_eq!(users.add(&same_email).await.unwrap(), Added::EmailTaken);
    let mut both = same_handle.clone();
    both.user.email = "user2@example.com".to_owned();
    assert_eq!(users.add(&both).await.unwrap(), Added::HandleTaken);
    assert_eq!(user_count(db).await, before, "nothing was written");

    // Ten at once with one handle: one gets it.
    let racers = (100..110).map(|number| {
        let users = users.clone();
        let mut racer = account(number);
        racer.user.handle = "wanted".to_owned();
        tokio::spawn(async move { users.add(&racer).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        outcomes.push(racer.await.unwrap());
    }
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == Added::Yes).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Added::HandleTaken)
            .count(),
        9,
        "{outcomes:?}"
    );
    assert_eq!(user_count(db).await, before + 1);
}

async fn only_an_empty_database_is_filled(users: &SqlUsers, db: &Database, url: &DatabaseUrl) {
    // More than one statement's worth.
    let many: Vec<Account> = (1..=1203).map(account).collect();
    let before = user_count(db).await;
    assert!(!users.add_to_empty(&many).await.unwrap());
    assert_eq!(user_count(db).await, before);

    on_engine!(db, pool => sqlx::query("DELETE FROM users").execute(pool).await.map(|_| ())).unwrap();
    // Two processes start at the same time.
    let other = SqlUsers::new(crate::connect(url).await.unwrap());
    let seeding = [users.clone(), other].map(|users| {
        let many = many.clone();
        tokio::spawn(async move { users.add_to_empty(&many).await.unwrap() })
    });
    let mut filled = 0;
    for task in seeding {
        filled += u32::from(task.await.unwrap());
    }
    assert_eq!(filled, 1, "one of them fills it");
    assert_eq!(user_count(db).await, 1203);
    assert_eq!(
        users.by_ids(&keys(["u-1203"])).await.unwrap(),
        [many[1202].user.clone()]
    );
}

async fn the_first_signing_secret_stays(users: &SqlUsers) {
    assert_eq!(users.signing_secret("first").await.unwrap(), "first");
    assert_eq!(users.signing_secret("second").await.unwrap(), "first");
}

/// The schema itself refuses what the code must never write.
async fn strange_rows_are_refused(users: &SqlUsers, db: &Database) {
    for sql in [
        "UPDATE users SET tier = 'PLATINUM' WHERE id = 'u-1'",
        "UPDATE users SET city = NULL WHERE id = 'u-2'",
        "UPDATE users SET country = 'DE' WHERE id = 'u-1'",
        "UPDATE users SET handle = 'user2' WHERE id = 'u-1'",
        "UPDATE users SET email = NULL WHERE id = 'u-1'",
        "INSERT INTO signing_key (id, secret, created_at) VALUES (2, 'another', 0)",
    ] {
        let outcome = on_engine!(db, pool => sqlx::query(sql).execute(pool).await.map(|_| ()));
        assert!(
            matches!(outcome, Err(sqlx::Error::Database(_))),
            "{sql}: {outcome:?}"
        );
    }
    assert_eq!(users.account("user1").await.unwrap(), Some(account(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let (_folder, url) = kit::testing::sqlite();
    contract(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(url) = kit::testing::postgres().await {
        contract(&url).await;
    }
}
