//! One database face over SQLite and PostgreSQL: connect, migrate, run the same SQL text on either, and count
//! the statements. Its only queries of its own are those of the outbox.

mod counted;
mod macros;
mod outbox;
mod url;

use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use counted::{CountedPool, Tx};
pub use outbox::{Change, Outbox};
pub use url::{DatabaseUrl, DatabaseUrlError};

use url::Location;

/// How long a statement waits for a free connection, and a start waits for a PostgreSQL that refuses connections.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite waits for another writer before it answers SQLITE_BUSY.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_CONNECTIONS: u32 = 10;

/// A service's migrations, one folder an engine, embedded with `sqlx::migrate!`.
pub struct Migrations {
    pub sqlite: Migrator,
    pub postgres: Migrator,
}

/// A pool of one of the two engines. Cloning is shallow: clones share connections and the statement count.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(CountedPool<sqlx::Sqlite>),
    Postgres(CountedPool<sqlx::Postgres>),
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("cannot create the folder {folder} for the database: {source}")]
    Folder { folder: String, source: std::io::Error },
    #[error("cannot lock {file} for opening the database: {source}")]
    Lock { file: String, source: std::io::Error },
    #[error("cannot open the database {url}: {source}")]
    Open { url: DatabaseUrl, source: sqlx::Error },
    #[error("cannot bring the database {url} up to date: {source}")]
    Migrate { url: DatabaseUrl, source: MigrateError },
}

impl Database {
    /// Opens the database and applies its missing migrations. SQLite: the folder and the file are created.
    /// PostgreSQL: the database must exist; a server that still refuses connections is waited for (10 s at most).
    pub async fn connect(url: &DatabaseUrl, migrations: Migrations) -> Result<Database, DbError> {
        let open = |source| DbError::Open {
            url: url.clone(),
            source,
        };
        let migrate = |source| DbError::Migrate {
            url: url.clone(),
            source,
        };
        match url.location() {
            Location::SqliteFile(path) => {
                create_folder(path)?;
                // SQLite itself has no lock that covers the switch to WAL and all migrations.
                let _alone = lock_start(path).await?;
                let options = sqlite_options().filename(path).create_if_missing(true);
                // Nor is the switch covered by the busy timeout: two connections of one pool would fail over it.
                let first = sqlite_pool(options.clone(), 1).await.map_err(open)?;
                migrations.sqlite.run(&first).await.map_err(migrate)?;
                first.close().await;
                let pool = sqlite_pool(options, MAX_CONNECTIONS).await.map_err(open)?;
                Ok(Database::Sqlite(CountedPool::new(pool)))
            }
            Location::SqliteMemory => {
                // Every connection to `:memory:` is a database of its own, so there is exactly one.
                let options = sqlite_options().in_memory(true);
                let pool = sqlite_pool(options, 1).await.map_err(open)?;
                migrations.sqlite.run(&pool).await.map_err(migrate)?;
                Ok(Database::Sqlite(CountedPool::new(pool)))
            }
            Location::Postgres(address) => {
                let options = PgConnectOptions::from_str(address).map_err(open)?;
                let pool = PgPoolOptions::new()
                    .max_connections(MAX_CONNECTIONS)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_with(options)
                    .await
                    .map_err(open)?;
                migrations.postgres.run(&pool).await.map_err(migrate)?;
                Ok(Database::Postgres(CountedPool::new(pool)))
            }
        }
    }

    /// The same database, whose transactions write the changes they note into the outbox from now on.
    pub fn announcing(self, outbox: Outbox) -> Self {
        match self {
            Database::Sqlite(pool) => Database::Sqlite(pool.announcing(outbox)),
            Database::Postgres(pool) => Database::Postgres(pool.announcing(outbox)),
        }
    }

    /// Statements executed so far through this database by [`on_engine!`](crate::on_engine) and
    /// [`in_transaction!`](crate::in_transaction), without BEGIN, COMMIT and ROLLBACK.
    pub fn statements(&self) -> u64 {
        match self {
            Database::Sqlite(pool) => pool.statements(),
            Database::Postgres(pool) => pool.statements(),
        }
    }

    /// One round trip that proves the database answers. Not counted.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        match self {
            Database::Sqlite(pool) => sqlx::query("SELECT 1").execute(pool.pool()).await.map(|_| ()),
            Database::Postgres(pool) => sqlx::query("SELECT 1").execute(pool.pool()).await.map(|_| ()),
        }
    }

    /// Closes every connection, waiting for those in use. Later statements fail with `PoolClosed`.
    pub async fn close(&self) {
        match self {
            Database::Sqlite(pool) => pool.pool().close().await,
            Database::Postgres(pool) => pool.pool().close().await,
        }
    }

    /// For the macros: the same whether they are given a `Database` or a reference to one.
    #[doc(hidden)]
    pub fn engine(&self) -> &Database {
        self
    }
}

/// `count` bind placeholders from `$first` on: `placeholders(3, 3)` is `$3, $4, $5`. Both engines read them.
/// PostgreSQL takes 65535 binds in one statement, SQLite 32766.
pub fn placeholders(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn create_folder(path: &Path) -> Result<(), DbError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|source| DbError::Folder {
                folder: folder.display().to_string(),
                source,
            })
        }
        _ => Ok(()),
    }
}

/// Keeps other processes that open the same file waiting until the returned file is dropped. The empty lock file
/// stays: removing it would let two processes lock two different files.
async fn lock_start(path: &Path) -> Result<File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = name.display().to_string();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(name)?;
        file.lock()?;
        Ok(file)
    });
    let locked = locked
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
    locked.map_err(|source| DbError::Lock { file, source })
}

fn sqlite_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

async fn sqlite_pool(
    options: SqliteConnectOptions,
    connections: u32,
) -> Result<sqlx::SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
}

#[cfg(test)]
pub(crate) mod tests;
