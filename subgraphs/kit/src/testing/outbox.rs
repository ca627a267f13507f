//! What a database's outbox holds.

use serde_json::Value;

use crate::db::Database;

/// The events that wait to be published, oldest first. Not counted as a statement.
pub async fn outbox(database: &Database) -> Vec<Value> {
    const SELECT: &str = "SELECT event FROM outbox ORDER BY id";
    let events: Vec<String> = crate::on_engine!(database, pool => {
        sqlx::query_scalar(SELECT).fetch_all(&**pool).await
    })
    .expect("the outbox can be read");
    let read = |event: &String| serde_json::from_str(event).expect("an event is JSON");
    events.iter().map(read).collect()
}

/// Forgets what waits to be published.
pub async fn empty_outbox(database: &Database) {
    crate::on_engine!(database, pool => sqlx::query("DELETE FROM outbox").execute(&**pool).await.map(drop))
        .expect("the outbox can be emptied");
}
