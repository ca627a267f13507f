//! The two macros that let one SQL text run on both engines. They expand their body once per engine.

/// Runs an expression with `pool: &CountedPool<_>` of whichever engine the database has.
///
/// ```ignore
/// let row: Option<Row> = on_engine!(self.db, pool => {
///     sqlx::query_as("SELECT id, name FROM things WHERE id = $1").bind(id).fetch_optional(pool).await
/// })?;
/// ```
#[macro_export]
macro_rules! on_engine {
    ($db:expr, $pool:ident => $body:expr) => {
        match ($db).engine() {
            $crate::db::Database::Sqlite($pool) => $body,
            $crate::db::Database::Postgres($pool) => $body,
        }
    };
}

/// Begins a transaction (SQLite: BEGIN IMMEDIATE), runs the body as an async block that gives `Result<T, E>` with
/// `E: From<sqlx::Error>`, commits on `Ok` and rolls back on `Err`. Evaluates to that `Result<T, E>`; `?` and
/// `return` in the body leave the body only. Use `&mut *tx` as the executor. With `sqlite::memory:` there is one
/// connection: the body must not use the database beside `tx`.
///
/// ```ignore
/// let outcome: Result<(), Error> = in_transaction!(self.db, tx => {
///     sqlx::query("DELETE FROM things WHERE id = $1").bind(id).execute(&mut *tx).await?;
///     Ok(())
/// });
/// ```
#[macro_export]
macro_rules! in_transaction {
    ($db:expr, $tx:ident => $body:expr) => {
        match ($db).engine() {
            $crate::db::Database::Sqlite(pool) => match pool.begin_write().await {
                Ok(mut $tx) => {
                    let outcome = async { $body }.await;
                    $tx.finish(outcome).await
                }
                Err(error) => Err(::core::convert::From::from(error)),
            },
            $crate::db::Database::Postgres(pool) => match pool.begin_write().await {
                Ok(mut $tx) => {
                    let outcome = async { $body }.await;
                    $tx.finish(outcome).await
                }
                Err(error) => Err(::core::convert::From::from(error)),
            },
        }
    };
}
