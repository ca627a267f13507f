//! SQL for a reservation's life. A reservation's row is locked (by writing it) before any product's row, and
//! products are written in id order, so concurrent calls wait for each other and never deadlock.

mod taking;

use kit::db::{Change, Database};

use super::connection::{Connection, fetch_all};
use super::statement::{Statement, limit};
use crate::error::StoreError;
use crate::model::reservation::{ConfirmOutcome, ReservationRequest, ReservationState, ReserveOutcome};
use crate::tags;

/// Ends the transaction of a reserve call without a trace.
enum Abort {
    Refused(ReserveOutcome),
    Failed(StoreError),
}

impl From<sqlx::Error> for Abort {
    fn from(error: sqlx::Error) -> Self {
        Abort::Failed(error.into())
    }
}

pub(super) async fn reserve(
    db: &Database,
    request: &ReservationRequest,
    now: i64,
) -> Result<ReserveOutcome, StoreError> {
    let outcome: Result<ReserveOutcome, Abort> = kit::in_transaction!(db, tx => {
        let mut connection = Connection::from(&mut *tx);
        let taken = taking::take(&mut connection, request, now).await;
        let changes = connection.into_changes();
        tx.changed(changes);
        taken
    });
    match outcome {
        Ok(outcome) | Err(Abort::Refused(outcome)) => Ok(outcome),
        Err(Abort::Failed(error)) => Err(error),
    }
}

pub(super) async fn confirm(db: &Database, id: &str, now: i64) -> Result<ConfirmOutcome, StoreError> {
    kit::in_transaction!(db, tx => {
        let mut connection = Connection::from(&mut *tx);
        let settled = settle(&mut connection, id, now).await;
        let changes = connection.into_changes();
        tx.changed(changes);
        settled
    })
}

pub(super) async fn release(db: &Database, id: &str, now: i64) -> Result<(), StoreError> {
    kit::in_transaction!(db, tx => {
        let mut connection = Connection::from(&mut *tx);
        let undone = undo(&mut connection, id, now).await;
        let changes = connection.into_changes();
        tx.changed(changes);
        undone
    })
}

pub(super) async fn expire_due(db: &Database, now: i64, count: usize) -> Result<usize, StoreError> {
    let statement = Statement::new("SELECT id FROM reservations WHERE state = 'held' AND expires_at <= ")
        .bind(now)
        .push(" ORDER BY expires_at, id LIMIT ")
        .bind(limit(count));
    let due: Vec<(String,)> = fetch_all(db, statement).await?;
    let mut expired = 0;
    for (id,) in due {
        let done: Result<bool, StoreError> = kit::in_transaction!(db, tx => {
            let mut connection = Connection::from(&mut *tx);
            let expired = expire(&mut connection, &id, now).await;
            let changes = connection.into_changes();
            tx.changed(changes);
            expired
        });
        expired += usize::from(done?);
    }
    Ok(expired)
}

async fn settle(connection: &mut Connection<'_>, id: &str, now: i64) -> Result<ConfirmOutcome, StoreError> {
    loop {
        let confirm = Statement::new("UPDATE reservations SET state = 'confirmed' WHERE id = ")
            .bind(id)
            .push(" AND state = 'held' AND expires_at > ")
            .bind(now);
        if connection.execute(confirm).await? == 1 {
            return Ok(ConfirmOutcome::Confirmed);
        }
        if expire(connection, id, now).await? {
            return Ok(ConfirmOutcome::Expired);
        }
        match state(connection, id).await? {
            None => return Ok(ConfirmOutcome::Unknown),
            Some(ReservationState::Confirmed) => return Ok(ConfirmOutcome::Confirmed),
            Some(ReservationState::Released) => return Ok(ConfirmOutcome::Released),
            Some(ReservationState::Expired) => return Ok(ConfirmOutcome::Expired),
            // It was reserved between the statements above: now the first one finds it.
            Some(ReservationState::Held) => {}
        }
    }
}

async fn undo(connection: &mut Connection<'_>, id: &str, now: i64) -> Result<(), StoreError> {
    let tombstone =
        Statement::new("INSERT INTO reservations (id, state, lines, created_at, expires_at) VALUES ")
            .list(
                [id.into(), "released".into(), "[]".into(), now.into(), now.into()]
                    as [super::statement::Bind; 5],
            )
            .push(" ON CONFLICT (id) DO NOTHING");
    if connection.execute(tombstone).await? == 1 {
        return Ok(());
    }
    let release = Statement::new("UPDATE reservations SET state = 'released' WHERE id = ")
        .bind(id)
        .push(" AND state IN ('held', 'confirmed')");
    if connection.execute(release).await? == 1 {
        return give_back(connection, id).await;
    }
    // An expired one has given its stock back already.
    let close = Statement::new("UPDATE reservations SET state = 'released' WHERE id = ").bind(id);
    connection.execute(close).await?;
    Ok(())
}

/// True when this call expired it.
async fn expire(connection: &mut Connection<'_>, id: &str, now: i64) -> Result<bool, StoreError> {
    let expire = Statement::new("UPDATE reservations SET state = 'expired' WHERE id = ")
        .bind(id)
        .push(" AND state = 'held' AND expires_at <= ")
        .bind(now);
    if connection.execute(expire).await? == 0 {
        return Ok(false);
    }
    give_back(connection, id).await?;
    Ok(true)
}

/// Only for the call that moved the reservation's state: its row's lock makes this happen once.
async fn give_back(connection: &mut Connection<'_>, id: &str) -> Result<(), StoreError> {
    let statement =
        Statement::new("SELECT product_id, quantity FROM reservation_items WHERE reservation_id = ")
            .bind(id)
            .push(" ORDER BY product_id");
    let items: Vec<(String, i64)> = connection.fetch_all(statement).await?;
    for (product, quantity) in items {
        let statement = Statement::new("UPDATE products SET available = available + ")
            .bind(quantity)
            .push(", version = version + 1 WHERE id = ")
            .bind(&product)
            .push(" RETURNING available");
        let now: Option<(i64,)> = connection.fetch_optional(statement).await?;
        if let Some((available,)) = now {
            connection.changed(stock_changes(&product, available - quantity, available));
        }
    }
    Ok(())
}

/// What a product's new stock makes untrue: the product, and lists where it comes into stock or leaves it, for they may be
/// filtered by that.
fn stock_changes(id: &str, before: i64, after: i64) -> impl Iterator<Item = Change> + use<> {
    let listed = (before > 0) != (after > 0);
    let lists = listed.then(|| Change::Tag(tags::PRODUCTS.to_owned()));
    std::iter::once(Change::entity("Product", id)).chain(lists)
}

async fn state(connection: &mut Connection<'_>, id: &str) -> Result<Option<ReservationState>, StoreError> {
    let statement = Statement::new("SELECT state FROM reservations WHERE id = ").bind(id);
    let row: Option<(String,)> = connection.fetch_optional(statement).await?;
    row.map(|(name,)| read_state(&name)).transpose()
}

fn read_state(name: &str) -> Result<ReservationState, StoreError> {
    ReservationState::from_name(name)
        .ok_or_else(|| StoreError::Unreadable(format!("a reservation has state {name:?}")))
}
