//! Fills an empty database with generated orders, in one transaction.

use kit::{db::Change, in_transaction};

use super::{
    SqlRepository,
    placing::push_line,
    statement::{Statement, prepared},
};
use crate::{
    model::{Line, Order},
    repository::RepositoryError,
};

/// Rows a statement inserts at most: with 8 binds each well below what the engines allow (32766 and 65535).
const CHUNK: usize = 500;

impl SqlRepository {
    /// Inserts the orders unless there are any orders yet. Gives the number offered. Two copies of the service may
    /// seed one database at the same time: on PostgreSQL the later one waits and then finds each row present.
    pub(crate) async fn seed(&self, orders: &[(Order, Vec<Line>)]) -> Result<usize, RepositoryError> {
        let statements = statements(orders);
        in_transaction!(self.db, tx => {
            let present: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT id FROM orders LIMIT 1) AS present")
                .fetch_one(&mut *tx)
                .await?;
            if present > 0 {
                return Ok::<usize, RepositoryError>(0);
            }
            for statement in &statements {
                prepared!(sqlx::query, statement).execute(&mut *tx).await?;
            }
            tx.changed((!orders.is_empty()).then_some(Change::Everything));
            Ok(orders.len())
        })
    }
}

fn statements(orders: &[(Order, Vec<Line>)]) -> Vec<Statement> {
    let mut statements = Vec::new();
    for chunk in orders.chunks(CHUNK) {
        let mut statement = Statement::new(
            "INSERT INTO orders (id, buyer_id, status, version, total_minor, created_at, placed_at) VALUES ",
        );
        for (order, _) in chunk {
            push_order(&mut statement, order);
        }
        statement.push(" ON CONFLICT DO NOTHING");
        statements.push(statement);
    }
    let lines: Vec<(&str, i64, &Line)> = orders
        .iter()
        .flat_map(|(order, lines)| {
            (1_i64..)
                .zip(lines)
                .map(|(at, line)| (order.id.as_str(), at, line))
        })
        .collect();
    for chunk in lines.chunks(CHUNK) {
        let mut statement = Statement::new(
            "INSERT INTO order_lines (order_id, position, item_id, kind, sku, title, unit_price_minor, quantity) \
             VALUES ",
        );
        for (order_id, position, line) in chunk {
            push_line(&mut statement, order_id, *position, line);
        }
        statement.push(" ON CONFLICT DO NOTHING");
        statements.push(statement);
    }
    statements
}

fn push_order(statement: &mut Statement, order: &Order) {
    if !statement.binds.is_empty() {
        statement.push(", ");
    }
    statement
        .push("(")
        .bind(&order.id)
        .push(", ")
        .bind(&order.buyer_id)
        .push(", ")
        .bind(order.status.as_str());
    statement
        .push(", ")
        .bind(order.version)
        .push(", ")
        .bind(order.total_minor)
        .push(", ");
    statement
        .bind(order.placed_at)
        .push(", ")
        .bind(order.placed_at)
        .push(")");
}
