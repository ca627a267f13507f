//! The outbox: what transactions made untrue, kept in the same database until it has been published.
//!
//! A table `outbox (id, event)`, which each service creates among its migrations; ids grow. Rows are written by the
//! commit of the transaction that they speak of ([`Tx::changed`](super::Tx::changed)) and deleted once they have been
//! published or given up. Who publishes, and where to, is not known here.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Pool, Postgres, Sqlite, Transaction};
use tokio::sync::Notify;

use super::{Database, placeholders};

/// Above this a transaction's changes are one: everything. Keeps its INSERT below what SQLite binds.
const MAX_CHANGES: usize = 1000;
/// Taken by whoever publishes, so that the replicas of a service do it in turn and in order. Any number would do.
const ADVISORY_LOCK: i64 = 0x6361_7573_6577_6179;

/// Something that the graph shows is no longer true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What the service says of one entity. The id is that of the type's first key, `@key(fields: "id")`.
    Entity { ty: &'static str, id: String },
    /// Whatever has this cache tag.
    Tag(String),
    /// All that the service ever said.
    Everything,
}

impl Change {
    pub fn entity(ty: &'static str, id: impl Into<String>) -> Self {
        Self::Entity { ty, id: id.into() }
    }

    /// The JSON that is published.
    fn event(&self, subgraph: &str) -> String {
        let event = match self {
            Self::Entity { ty, id } => {
                serde_json::json!({"subgraph": subgraph, "type": ty, "key": {"id": id}})
            }
            Self::Tag(tag) => serde_json::json!({"subgraph": subgraph, "tag": tag}),
            Self::Everything => serde_json::json!({ "subgraph": subgraph }),
        };
        event.to_string()
    }
}

/// Has a database keep the changes of its transactions. Cloning is shallow.
#[derive(Debug, Clone)]
pub struct Outbox {
    subgraph: &'static str,
    bell: Arc<Notify>,
}

impl Outbox {
    /// For the subgraph of this name, as the gateway's configuration has it.
    pub fn of(subgraph: &'static str) -> Self {
        Self {
            subgraph,
            bell: Arc::default(),
        }
    }

    pub(super) fn events(&self, changes: &[Change]) -> Vec<String> {
        if changes.len() > MAX_CHANGES {
            return vec![Change::Everything.event(self.subgraph)];
        }
        changes.iter().map(|change| change.event(self.subgraph)).collect()
    }

    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }
}

/// The statement for that many events, each of them one bind.
pub(super) fn insert_statement(events: usize) -> String {
    let rows: Vec<String> = (1..=events).map(|number| format!("(${number})")).collect();
    format!("INSERT INTO outbox (event) VALUES {}", rows.join(", "))
}

/// The oldest rows, taken for publishing. Dropped without [`done`](Self::done), they stay.
pub(crate) struct Batch {
    pub(crate) events: Vec<String>,
    ids: Vec<i64>,
    claim: Claim,
}

/// SQLite has one writer, whom publishing must not keep waiting: two processes may publish the same rows there, which
/// does no harm. PostgreSQL has a lock for the purpose; it goes with the transaction, however that ends.
enum Claim {
    Sqlite(Pool<Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Database {
    /// Up to `limit` rows, oldest first. On PostgreSQL it waits while another replica publishes.
    pub(crate) async fn outbox_batch(&self, limit: u32) -> Result<Batch, sqlx::Error> {
        const SELECT: &str = "SELECT id, event FROM outbox ORDER BY id LIMIT $1";
        let limit = i64::from(limit);
        let (rows, claim): (Vec<(i64, String)>, Claim) = match self {
            Database::Sqlite(pool) => {
                let pool = pool.pool().clone();
                let rows = sqlx::query_as(SELECT).bind(limit).fetch_all(&pool).await?;
                (rows, Claim::Sqlite(pool))
            }
            Database::Postgres(pool) => {
                let mut transaction = pool.pool().begin().await?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(ADVISORY_LOCK)
                    .execute(&mut *transaction)
                    .await?;
                let rows = sqlx::query_as(SELECT)
                    .bind(limit)
                    .fetch_all(&mut *transaction)
                    .await?;
                (rows, Claim::Postgres(transaction))
            }
        };
        let (ids, events) = rows.into_iter().unzip();
        Ok(Batch { events, ids, claim })
    }

    /// Rung after each commit that wrote to the outbox; `None` without one.
    pub(crate) fn outbox_bell(&self) -> Option<Arc<Notify>> {
        let outbox = match self {
            Database::Sqlite(pool) => pool.outbox(),
            Database::Postgres(pool) => pool.outbox(),
        };
        outbox.map(|outbox| Arc::clone(&outbox.bell))
    }
}

impl Batch {
    /// Deletes the rows. Exactly these: a transaction that began earlier may yet commit a row with a lower id.
    pub(crate) async fn done(self) -> Result<(), sqlx::Error> {
        let list = placeholders(1, self.ids.len());
        let delete = AssertSqlSafe(format!("DELETE FROM outbox WHERE id IN ({list})"));
        match self.claim {
            Claim::Sqlite(pool) => {
                let query = sqlx::query(delete);
                let query = self.ids.iter().fold(query, |query, id| query.bind(id));
                query.execute(&pool).await?;
            }
            Claim::Postgres(mut transaction) => {
                let query = sqlx::query(delete);
                let query = self.ids.iter().fold(query, |query, id| query.bind(id));
                query.execute(&mut *transaction).await?;
                transaction.commit().await?;
            }
        }
        Ok(())
    }
}
