//! Databases, tokens and what else tests need. Never part of a running service (feature `testing`).

mod coordinates;
mod event_sink;
mod outbox;
mod postgres;
mod redis;
mod tokens;

use tempfile::TempDir;

use crate::db::DatabaseUrl;

pub use coordinates::coordinates;
pub use event_sink::EventSink;
pub use outbox::{empty_outbox, outbox};
pub use postgres::postgres;
pub use redis::Redis;
pub use tokens::TestIssuer;

/// A new SQLite database file in a folder that goes away with the `TempDir`.
pub fn sqlite() -> (TempDir, DatabaseUrl) {
    let folder = tempfile::tempdir().expect("the system's temporary folder is writable");
    let url = DatabaseUrl::sqlite_file(folder.path().join("test.db"));
    (folder, url)
}
