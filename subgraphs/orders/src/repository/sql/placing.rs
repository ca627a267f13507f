//! The writes of a placing: claim the key, complete or give up, cancel.
//!
//! Each is one transaction that names the state it starts from, so a saga that comes late finds nothing to change.

use kit::{db::Change, in_transaction, on_engine};

use super::{
    SqlRepository,
    statement::{Statement, prepared},
};
use crate::{
    model::{Kind, Line},
    repository::{Bound, Claim, Completion, RepositoryError},
    tags,
};

impl SqlRepository {
    pub(super) async fn write_claim(&self, claim: &Claim) -> Result<bool, RepositoryError> {
        in_transaction!(self.db, tx => {
            // Of two callers with one key the second waits for the first's end: here on PostgreSQL, at BEGIN on
            // SQLite. The placement refers to an order that follows: its foreign key is checked at commit.
            let bound = sqlx::query(
                "INSERT INTO placements (buyer_id, idempotency_key, request, order_id) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (buyer_id, idempotency_key) DO NOTHING",
            )
            .bind(claim.buyer_id.as_str())
            .bind(claim.idempotency_key.as_str())
            .bind(claim.request.as_str())
            .bind(claim.order_id.as_str())
            .execute(&mut *tx)
            .await?;
            if bound.rows_affected() == 0 {
                return Ok::<bool, RepositoryError>(false);
            }
            sqlx::query(
                "INSERT INTO orders (id, buyer_id, status, version, total_minor, created_at, placed_at, reservation_id) \
                 VALUES ($1, $2, 'PENDING', 1, 0, $3, $3, $4)",
            )
            .bind(claim.order_id.as_str())
            .bind(claim.buyer_id.as_str())
            .bind(claim.created_at)
            .bind(claim.reservation_id.as_str())
            .execute(&mut *tx)
            .await?;
            Ok(true)
        })
    }

    pub(super) async fn read_bound(
        &self,
        buyer_id: &str,
        idempotency_key: &str,
    ) -> Result<Option<Bound>, RepositoryError> {
        let row: Option<(String, Option<String>)> = on_engine!(self.db, pool => {
            sqlx::query_as("SELECT request, reply FROM placements WHERE buyer_id = $1 AND idempotency_key = $2")
                .bind(buyer_id)
                .bind(idempotency_key)
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.map(|(request, reply)| Bound { request, reply }))
    }

    pub(super) async fn write_completion(&self, completion: &Completion) -> Result<bool, RepositoryError> {
        let lines = insert_lines(&completion.order_id, &completion.lines);
        in_transaction!(self.db, tx => {
            let placed = sqlx::query_scalar(
                "UPDATE orders SET status = 'PLACED', total_minor = $2, placed_at = $3 \
                 WHERE id = $1 AND status = 'PENDING' RETURNING buyer_id",
            )
            .bind(completion.order_id.as_str())
            .bind(completion.total_minor)
            .bind(completion.placed_at)
            .fetch_optional(&mut *tx)
            .await?;
            let buyer_id: String = match placed {
                Some(buyer_id) => buyer_id,
                None => return Ok::<bool, RepositoryError>(false),
            };
            prepared!(sqlx::query, lines).execute(&mut *tx).await?;
            sqlx::query("UPDATE placements SET reply = $2 WHERE order_id = $1")
                .bind(completion.order_id.as_str())
                .bind(completion.reply.as_str())
                .execute(&mut *tx)
                .await?;
            let products = completion.lines.iter().filter(|line| line.kind == Kind::Product);
            tx.changed(changes(&completion.order_id, &buyer_id, products.map(|line| &line.item_id)));
            Ok(true)
        })
    }

    pub(super) async fn write_failure(
        &self,
        order_id: &str,
        reply: Option<&str>,
    ) -> Result<bool, RepositoryError> {
        in_transaction!(self.db, tx => {
            let failed = sqlx::query(
                "UPDATE orders SET status = 'FAILED', release_pending = 1 WHERE id = $1 AND status = 'PENDING'",
            )
            .bind(order_id)
            .execute(&mut *tx)
            .await?;
            if failed.rows_affected() == 0 {
                return Ok::<bool, RepositoryError>(false);
            }
            let unbind_or_reply = match reply {
                Some(reply) => {
                    sqlx::query("UPDATE placements SET reply = $2 WHERE order_id = $1").bind(order_id).bind(reply)
                }
                None => sqlx::query("DELETE FROM placements WHERE order_id = $1").bind(order_id),
            };
            unbind_or_reply.execute(&mut *tx).await?;
            Ok(true)
        })
    }

    pub(super) async fn write_cancellation(
        &self,
        order_id: &str,
        version: i64,
    ) -> Result<bool, RepositoryError> {
        in_transaction!(self.db, tx => {
            let cancelled = sqlx::query_scalar(
                "UPDATE orders SET status = 'CANCELLED', version = version + 1, \
                 release_pending = CASE WHEN reservation_id IS NULL THEN 0 ELSE 1 END \
                 WHERE id = $1 AND version = $2 AND status = 'PLACED' RETURNING buyer_id",
            )
            .bind(order_id)
            .bind(version)
            .fetch_optional(&mut *tx)
            .await?;
            let buyer_id: String = match cancelled {
                Some(buyer_id) => buyer_id,
                None => return Ok::<bool, RepositoryError>(false),
            };
            let products: Vec<String> = sqlx::query_scalar(
                "SELECT item_id FROM order_lines WHERE order_id = $1 AND kind = 'product' ORDER BY position",
            )
            .bind(order_id)
            .fetch_all(&mut *tx)
            .await?;
            tx.changed(changes(order_id, &buyer_id, &products));
            Ok(true)
        })
    }
}

/// What an order that comes or is cancelled makes untrue: the order, all lists that it is in, what its buyer bought, and how well its
/// products sell.
fn changes<'a>(
    order_id: &str,
    buyer_id: &str,
    products: impl IntoIterator<Item = &'a String>,
) -> Vec<Change> {
    let mut changes = vec![
        Change::entity("Order", order_id),
        Change::Tag(tags::order(order_id)),
        Change::Tag(tags::ORDERS.to_owned()),
        Change::entity("User", buyer_id),
    ];
    let sold = products.into_iter();
    changes.extend(sold.map(|product| Change::entity("Product", product)));
    changes
}

/// The lines of one order in one statement; at least one line, at most 50.
fn insert_lines(order_id: &str, lines: &[Line]) -> Statement {
    let mut statement = Statement::new(
        "INSERT INTO order_lines (order_id, position, item_id, kind, sku, title, unit_price_minor, quantity) VALUES ",
    );
    for (position, line) in (1_i64..).zip(lines) {
        push_line(&mut statement, order_id, position, line);
    }
    statement
}

/// Appends one row `(…)`, with a comma unless it is the first. Eight binds, seven without a sku.
pub(super) fn push_line(statement: &mut Statement, order_id: &str, position: i64, line: &Line) {
    if !statement.binds.is_empty() {
        statement.push(", ");
    }
    statement
        .push("(")
        .bind(order_id)
        .push(", ")
        .bind(position)
        .push(", ")
        .bind(&line.item_id)
        .push(", ");
    statement.bind(kind_name(&line.kind)).push(", ");
    match &line.sku {
        Some(sku) => statement.bind(sku),
        None => statement.push("NULL"),
    };
    statement
        .push(", ")
        .bind(&line.title)
        .push(", ")
        .bind(line.unit_price_minor)
        .push(", ");
    statement.bind(line.quantity).push(")");
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Product => "product",
        Kind::Bundle => "bundle",
    }
}
