//! Accounts in SQLite and PostgreSQL, with one SQL text for both.

use kit::db::{Change, Database, placeholders};
use kit::{Timestamp, in_transaction, on_engine};
use sqlx::{AssertSqlSafe, FromRow};

use super::{Added, RepositoryError, UserRepository};
use crate::model::{Account, Address, Tier, User};
use crate::tags;

const COLUMNS: &str =
    "id, handle, display_name, email, tier, password_hash, city, postal_code, country, joined_at";
const COLUMN_COUNT: usize = 10;
/// Accounts a statement when many are added: 5000 binds, well below SQLite's 32766.
const ADD_CHUNK: usize = 500;

/// The accounts of a [`Database`].
#[derive(Clone)]
pub(crate) struct SqlUsers {
    db: Database,
}

#[derive(FromRow)]
struct Row {
    id: String,
    handle: String,
    display_name: String,
    email: String,
    tier: String,
    password_hash: String,
    city: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    joined_at: i64,
}

impl SqlUsers {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// `column` is written into the statement as it is.
    async fn by_keys(&self, column: &'static str, keys: &[String]) -> Result<Vec<User>, RepositoryError> {
        let keys: Vec<&String> = keys.iter().filter(|key| is_storable(key)).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let list = placeholders(1, keys.len());
        let sql = format!("SELECT {COLUMNS} FROM users WHERE {column} IN ({list})");
        let rows: Vec<Row> = on_engine!(self.db, pool => {
            let query = sqlx::query_as(AssertSqlSafe(sql));
            keys.into_iter().fold(query, |query, key| query.bind(key)).fetch_all(pool).await
        })?;
        rows.into_iter()
            .map(|row| row.account().map(|account| account.user))
            .collect()
    }
}

impl UserRepository for SqlUsers {
    async fn by_ids(&self, ids: &[String]) -> Result<Vec<User>, RepositoryError> {
        self.by_keys("id", ids).await
    }

    async fn by_handles(&self, handles: &[String]) -> Result<Vec<User>, RepositoryError> {
        self.by_keys("handle", handles).await
    }

    async fn account(&self, handle: &str) -> Result<Option<Account>, RepositoryError> {
        if !is_storable(handle) {
            return Ok(None);
        }
        let sql = format!("SELECT {COLUMNS} FROM users WHERE handle = $1");
        let row: Option<Row> = on_engine!(self.db, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(handle).fetch_optional(pool).await
        })?;
        row.map(Row::account).transpose()
    }

    async fn add(&self, account: &Account) -> Result<Added, RepositoryError> {
        let insert = insert_statement(1);
        in_transaction!(self.db, tx => {
            let query = binding(account, sqlx::query(AssertSqlSafe(insert)));
            if query.execute(&mut *tx).await?.rows_affected() == 1 {
                tx.changed(new_user(&account.user));
                return Ok(Added::Yes);
            }
            // The row that is in the way is committed: the insert waited for it.
            let handles: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE handle = $1")
                .bind(&account.user.handle)
                .fetch_one(&mut *tx)
                .await?;
            Ok(if handles > 0 { Added::HandleTaken } else { Added::EmailTaken })
        })
    }

    async fn add_to_empty(&self, accounts: &[Account]) -> Result<bool, RepositoryError> {
        in_transaction!(self.db, tx => {
            let present: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(&mut *tx).await?;
            if present > 0 {
                return Ok(false);
            }
            // Two processes may seed at once: the second finds the same rows there and leaves them.
            let mut added = 0;
            for chunk in accounts.chunks(ADD_CHUNK) {
                let query = sqlx::query(AssertSqlSafe(insert_statement(chunk.len())));
                let query = chunk.iter().fold(query, |query, account| binding(account, query));
                added += query.execute(&mut *tx).await?.rows_affected();
            }
            tx.changed((added > 0).then_some(Change::Everything));
            Ok(added > 0)
        })
    }

    async fn signing_secret(&self, fresh: &str) -> Result<String, RepositoryError> {
        let now = Timestamp::now().millis();
        let insert =
            "INSERT INTO signing_key (id, secret, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
        Ok(on_engine!(self.db, pool => {
            sqlx::query(insert).bind(fresh).bind(now).execute(pool).await?;
            sqlx::query_scalar("SELECT secret FROM signing_key WHERE id = 1").fetch_one(pool).await
        })?)
    }
}

impl Row {
    fn account(self) -> Result<Account, RepositoryError> {
        let tier = match self.tier.as_str() {
            "STANDARD" => Tier::Standard,
            "SILVER" => Tier::Silver,
            "GOLD" => Tier::Gold,
            _ => {
                return Err(RepositoryError::UnknownTier {
                    id: self.id,
                    tier: self.tier,
                });
            }
        };
        let address = match (self.city, self.postal_code, self.country) {
            (Some(city), Some(postal_code), Some(country)) => Some(Address {
                city,
                postal_code,
                country,
            }),
            _ => None,
        };
        let user = User {
            id: self.id,
            handle: self.handle,
            display_name: self.display_name,
            email: self.email,
            tier,
            address,
            joined_at: Timestamp(self.joined_at),
        };
        Ok(Account {
            user,
            password_hash: self.password_hash,
        })
    }
}

/// A new user was asked for in vain before, perhaps.
fn new_user(user: &User) -> [Change; 3] {
    [
        Change::entity("User", &user.id),
        Change::Tag(tags::user(&user.id)),
        Change::Tag(tags::handle(&user.handle)),
    ]
}

/// PostgreSQL fails a statement over a NUL character: a key with one is a key that no row has.
fn is_storable(key: &str) -> bool {
    !key.contains('\0')
}

fn insert_statement(rows: usize) -> String {
    let values: Vec<String> = (0..rows)
        .map(|row| format!("({})", placeholders(1 + row * COLUMN_COUNT, COLUMN_COUNT)))
        .collect();
    format!(
        "INSERT INTO users ({COLUMNS}) VALUES {} ON CONFLICT DO NOTHING",
        values.join(", ")
    )
}

type Query<'q, DB> = sqlx::query::Query<'q, DB, <DB as sqlx::Database>::Arguments>;

/// Binds an account's columns in the order of [`COLUMNS`].
fn binding<'q, DB>(account: &'q Account, query: Query<'q, DB>) -> Query<'q, DB>
where
    DB: sqlx::Database,
    &'q str: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    Option<&'q str>: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
    i64: sqlx::Encode<'q, DB> + sqlx::Type<DB>,
{
    let user = &account.user;
    let address = user.address.as_ref();
    query
        .bind(user.id.as_str())
        .bind(user.handle.as_str())
        .bind(user.display_name.as_str())
        .bind(user.email.as_str())
        .bind(tier_text(user.tier))
        .bind(account.password_hash.as_str())
        .bind(address.map(|address| address.city.as_str()))
        .bind(address.map(|address| address.postal_code.as_str()))
        .bind(address.map(|address| address.country.as_str()))
        .bind(user.joined_at.millis())
}

fn tier_text(tier: Tier) -> &'static str {
    match tier {
        Tier::Standard => "STANDARD",
        Tier::Silver => "SILVER",
        Tier::Gold => "GOLD",
    }
}
