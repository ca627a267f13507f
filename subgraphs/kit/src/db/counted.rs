//! Pools and transactions that count the statements sent through them, so that a test can say "one statement".

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sqlx::{Either, Execute, Executor, Pool, Postgres, SqlStr, Sqlite, Transaction};

/// A pool that counts. `&CountedPool` is an sqlx executor, and derefs to the pool itself.
#[derive(Debug)]
pub struct CountedPool<DB: sqlx::Database> {
    pool: Pool<DB>,
    statements: Arc<AtomicU64>,
}

/// A transaction that counts each use as an executor (`&mut *tx`). Rolled back when dropped.
#[derive(Debug)]
pub struct Tx<DB: sqlx::Database> {
    transaction: Transaction<'static, DB>,
    statements: Arc<AtomicU64>,
}

impl<DB: sqlx::Database> CountedPool<DB> {
    pub(super) fn new(pool: Pool<DB>) -> Self {
        Self {
            pool,
            statements: Arc::default(),
        }
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
    /// Commits on `Ok`, rolls back on `Err` and hands the error on. A failed rollback is only logged: the
    /// connection is closed then, which rolls back as well.
    #[doc(hidden)]
    pub async fn finish<T, E: From<sqlx::Error>>(self, outcome: Result<T, E>) -> Result<T, E> {
        match outcome {
            Ok(value) => {
                self.transaction.commit().await?;
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

impl<DB: sqlx::Database> Clone for CountedPool<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            statements: Arc::clone(&self.statements),
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
