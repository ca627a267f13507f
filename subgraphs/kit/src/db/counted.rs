//! Pools and transactions that count the statements sent through them, so that a test can say "one statement".

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{AssertSqlSafe, Either, Execute, Executor, Pool, Postgres, SqlStr, Sqlite, Transaction};

use super::outbox::{Change, Outbox, insert_statement};

/// A pool that counts. `&CountedPool` is an sqlx executor, and derefs to the pool itself.
#[derive(Debug)]
pub struct CountedPool<DB: sqlx::Database> {
    pool: Pool<DB>,
    statements: Arc<AtomicU64>,
    outbox: Option<Outbox>,
}

/// A transaction that counts each use as an executor (`&mut *tx`). Rolled back when dropped.
#[derive(Debug)]
pub struct Tx<DB: sqlx::Database> {
    transaction: Transaction<'static, DB>,
    statements: Arc<AtomicU64>,
    outbox: Option<Outbox>,
    changes: Vec<Change>,
}

impl<DB: sqlx::Database> CountedPool<DB> {
    pub(super) fn new(pool: Pool<DB>) -> Self {
        Self {
            pool,
            statements: Arc::default(),
            outbox: None,
        }
    }

    pub(super) fn announcing(self, outbox: Outbox) -> Self {
        Self {
            outbox: Some(outbox),
            ..self
        }
    }

    pub(super) fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_ref()
    }

    pub(super) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::SeqCst);
    }

    fn counted(&self, transaction: Transaction<'static, DB>) -> Tx<DB> {
        Tx {
            transaction,
            statements: Arc::clone(&self.statements),
            outbox: self.outbox.clone(),
            changes: Vec::new(),
        }
    }
}

impl CountedPool<Sqlite> {
    /// Takes the write lock at once (BEGIN IMMEDIATE): a read that turns into a write later could not wait for it.
    #[doc(hidden)]
    pub async fn begin_write(&self) -> Result<Tx<Sqlite>, sqlx::Error> {
        Ok(self.counted(self.pool.begin_with("BEGIN IMMEDIATE").await?))
    }
}

impl CountedPool<Postgres> {
    #[doc(hidden)]
    pub async fn begin_write(&self) -> Result<Tx<Postgres>, sqlx::Error> {
        Ok(self.counted(self.pool.begin().await?))
    }
}

impl<DB: sqlx::Database> Tx<DB> {
    /// Notes what this transaction makes untrue. The commit writes it down in one statement, in this order and without
    /// repeats; a rollback forgets it. Does nothing where the database has no outbox.
    pub fn changed(&mut self, changes: impl IntoIterator<Item = Change>) {
        if self.outbox.is_none() {
            return;
        }
        for change in changes {
            if !self.changes.contains(&change) {
                self.changes.push(change);
            }
        }
    }
}

impl<DB: sqlx::Database> Clone for CountedPool<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            statements: Arc::clone(&self.statements),
            outbox: self.outbox.clone(),
        }
    }
}

impl<DB: sqlx::Database> Deref for CountedPool<DB> {
    type Target = Pool<DB>;

    fn deref(&self) -> &Pool<DB> {
        &self.pool
    }
}

impl<DB: sqlx::Database> Deref for Tx<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        &self.transaction
    }
}

impl<DB: sqlx::Database> DerefMut for Tx<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.statements.fetch_add(1, Ordering::SeqCst);
        &mut self.transaction
    }
}

/// The same code for both engines: a generic impl would need bounds that the compiler cannot resolve.
macro_rules! counted_executor {
    ($engine:ty) => {
        impl Tx<$engine> {
            /// Commits on `Ok`, with the changes that were noted; rolls back on `Err` and hands the error on. A failed
            /// rollback is only logged: the connection is closed then, which rolls back as well.
            #[doc(hidden)]
            pub async fn finish<T, E: From<sqlx::Error>>(mut self, outcome: Result<T, E>) -> Result<T, E> {
                match outcome {
                    Ok(value) => {
                        let noted = self.outbox.take().filter(|_| !self.changes.is_empty());
                        if let Some(outbox) = &noted {
                            let events = outbox.events(&self.changes);
                            let insert = sqlx::query(AssertSqlSafe(insert_statement(events.len())));
                            let insert = events.iter().fold(insert, |insert, event| insert.bind(event));
                            insert.execute(&mut *self).await?;
                        }
                        self.transaction.commit().await?;
                        if let Some(outbox) = noted {
                            outbox.ring();
                        }
                        Ok(value)
                    }
                    Err(error) => {
                        if let Err(rollback) = self.transaction.rollback().await {
                            tracing::warn!(error = %rollback, "a rollback failed");
                        }
                        Err(error)
                    }
                }
            }
        }

        impl<'p> Executor<'p> for &'p CountedPool<$engine> {
            type Database = $engine;

            fn fetch_many<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxStream<
                'e,
                Result<
                    Either<<$engine as sqlx::Database>::QueryResult, <$engine as sqlx::Database>::Row>,
                    sqlx::Error,
                >,
            >
            where
                'p: 'e,
                E: 'q + Execute<'q, $engine>,
            {
                self.count();
                self.pool().fetch_many(query)
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<<$engine as sqlx::Database>::Row>, sqlx::Error>>
            where
                'p: 'e,
                E: 'q + Execute<'q, $engine>,
            {
                self.count();
                self.pool().fetch_optional(query)
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [<$engine as sqlx::Database>::TypeInfo],
            ) -> BoxFuture<'e, Result<<$engine as sqlx::Database>::Statement, sqlx::Error>>
            where
                'p: 'e,
            {
                self.pool().prepare_with(sql, parameters)
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<$engine>, sqlx::Error>>
            where
                'p: 'e,
            {
                self.pool().describe(sql)
            }
        }
    };
}

counted_executor!(Sqlite);
counted_executor!(Postgres);
