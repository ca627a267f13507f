//! Runs a [`Statement`] on either engine. The only place of this crate that sees sqlx's engine types.
//!
//! A connection also gathers what its statements make untrue, for the transaction's end.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow};

use kit::db::Change;

use super::statement::{Bind, Statement};

/// A row type that both engines can fill.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A connection inside a transaction.
pub(super) struct Connection<'c> {
    engine: Engine<'c>,
    changes: Vec<Change>,
}

enum Engine<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl<'c> From<&'c mut SqliteConnection> for Connection<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::new(Engine::Sqlite(connection))
    }
}

impl<'c> From<&'c mut PgConnection> for Connection<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::new(Engine::Postgres(connection))
    }
}

/// A sqlx query for a statement. Texts vary with the number of keys, so they are not kept prepared.
macro_rules! bound {
    ($query:expr, $binds:expr) => {{
        let mut query = $query.persistent(false);
        for bind in $binds {
            query = match bind {
                Bind::Text(text) => query.bind(text),
                Bind::Int(number) => query.bind(number),
            };
        }
        query
    }};
}

/// Every row of a statement run outside a transaction.
pub(super) async fn fetch_all<R: Row>(db: &kit::db::Database, statement: Statement) -> sqlx::Result<Vec<R>> {
    let Statement { sql, binds } = statement;
    kit::on_engine!(db, pool => {
        bound!(sqlx::query_as::<_, R>(AssertSqlSafe(sql)), binds).fetch_all(pool).await
    })
}

impl<'c> Connection<'c> {
    fn new(engine: Engine<'c>) -> Self {
        Self {
            engine,
            changes: Vec::new(),
        }
    }
}

impl Connection<'_> {
    /// Notes what is no longer true once the transaction is committed.
    pub(super) fn changed(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.changes.extend(changes);
    }

    /// What was noted, for [`kit::db::Tx::changed`].
    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// The number of rows changed.
    pub(super) async fn execute(&mut self, statement: Statement) -> sqlx::Result<u64> {
        let Statement { sql, binds } = statement;
        Ok(match &mut self.engine {
            Engine::Sqlite(connection) => bound!(sqlx::query(AssertSqlSafe(sql)), binds)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
            Engine::Postgres(connection) => bound!(sqlx::query(AssertSqlSafe(sql)), binds)
                .execute(&mut **connection)
                .await?
                .rows_affected(),
        })
    }

    pub(super) async fn fetch_all<R: Row>(&mut self, statement: Statement) -> sqlx::Result<Vec<R>> {
        let Statement { sql, binds } = statement;
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                bound!(sqlx::query_as::<_, R>(AssertSqlSafe(sql)), binds)
                    .fetch_all(&mut **connection)
                    .await
            }
            Engine::Postgres(connection) => {
                bound!(sqlx::query_as::<_, R>(AssertSqlSafe(sql)), binds)
                    .fetch_all(&mut **connection)
                    .await
            }
        }
    }

    /// The first row, if any.
    pub(super) async fn fetch_optional<R: Row>(&mut self, statement: Statement) -> sqlx::Result<Option<R>> {
        Ok(self.fetch_all(statement).await?.into_iter().next())
    }
}
