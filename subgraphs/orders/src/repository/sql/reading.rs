//! Reads of visible orders. One statement each, whatever the number of keys.

use std::collections::HashMap;

use kit::on_engine;

use super::{
    SqlRepository,
    statement::{Statement, prepared},
};
use crate::{
    model::{End, Kind, Line, Order, Status, Window},
    repository::RepositoryError,
};

const COLUMNS: &str = "id, buyer_id, status, version, total_minor, placed_at";
/// Written as in the partial indexes, so that both engines use them.
const VISIBLE: &str = "status NOT IN ('PENDING', 'FAILED')";

#[derive(sqlx::FromRow)]
struct OrderRow {
    id: String,
    buyer_id: String,
    status: String,
    version: i64,
    total_minor: i64,
    placed_at: i64,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    order_id: String,
    item_id: String,
    kind: String,
    sku: Option<String>,
    title: String,
    unit_price_minor: i64,
    quantity: i64,
}

impl SqlRepository {
    pub(super) async fn read_orders(&self, ids: &[String]) -> Result<Vec<Order>, RepositoryError> {
        let ids = storable(ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement =
            Statement::new(format!("SELECT {COLUMNS} FROM orders WHERE {VISIBLE} AND id IN "));
        statement.bind_list(ids);
        self.fetch_orders(&statement).await
    }

    pub(super) async fn read_lines(
        &self,
        order_ids: &[String],
    ) -> Result<HashMap<String, Vec<Line>>, RepositoryError> {
        let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
        let order_ids = storable(order_ids);
        if order_ids.is_empty() {
            return Ok(lines);
        }
        let mut statement = Statement::new(
            "SELECT order_id, item_id, kind, sku, title, unit_price_minor, quantity FROM order_lines \
             WHERE order_id IN ",
        );
        statement
            .bind_list(order_ids)
            .push(" ORDER BY order_id, position");
        let rows: Vec<LineRow> = on_engine!(self.db, pool => {
            prepared!(sqlx::query_as, statement).fetch_all(pool).await
        })?;
        for row in rows {
            let (order_id, line) = row.into_line()?;
            lines.entry(order_id).or_default().push(line);
        }
        Ok(lines)
    }

    pub(super) async fn read_units_sold(
        &self,
        item_ids: &[String],
    ) -> Result<HashMap<String, i64>, RepositoryError> {
        let item_ids = storable(item_ids);
        if item_ids.is_empty() {
            return Ok(HashMap::new());
        }
        // SUM of BIGINT is NUMERIC on PostgreSQL.
        let mut statement = Statement::new(
            "SELECT l.item_id, CAST(SUM(l.quantity) AS BIGINT) FROM order_lines l JOIN orders o ON o.id = l.order_id \
             WHERE o.status IN ('PLACED', 'SHIPPED', 'DELIVERED') AND l.item_id IN ",
        );
        statement.bind_list(item_ids).push(" GROUP BY l.item_id");
        self.fetch_numbers(&statement).await
    }

    pub(super) async fn read_page(
        &self,
        status: Option<Status>,
        window: &Window,
    ) -> Result<Vec<Order>, RepositoryError> {
        let mut statement = Statement::new(format!("SELECT {COLUMNS} FROM orders WHERE "));
        push_status(&mut statement, status);
        push_range(&mut statement, window);
        statement
            .push(" ORDER BY ")
            .push(direction(window))
            .push(" LIMIT ")
            .bind(i64::from(window.limit));
        self.fetch_orders(&statement).await
    }

    pub(super) async fn read_count(&self, status: Option<Status>) -> Result<i64, RepositoryError> {
        let mut statement = Statement::new("SELECT COUNT(*) FROM orders WHERE ");
        push_status(&mut statement, status);
        let count = on_engine!(self.db, pool => {
            prepared!(sqlx::query_scalar, statement).fetch_one(pool).await
        })?;
        Ok(count)
    }

    pub(super) async fn read_pages_of_buyers(
        &self,
        buyer_ids: &[String],
        window: &Window,
    ) -> Result<HashMap<String, Vec<Order>>, RepositoryError> {
        let mut pages: HashMap<String, Vec<Order>> = HashMap::new();
        let buyer_ids = storable(buyer_ids);
        if buyer_ids.is_empty() {
            return Ok(pages);
        }
        let mut statement = Statement::new(format!(
            "SELECT {COLUMNS} FROM (SELECT {COLUMNS}, ROW_NUMBER() OVER (PARTITION BY buyer_id ORDER BY {}) AS place \
             FROM orders WHERE {VISIBLE} AND buyer_id IN ",
            direction(window)
        ));
        statement.bind_list(buyer_ids);
        push_range(&mut statement, window);
        statement
            .push(") AS ranked WHERE place <= ")
            .bind(i64::from(window.limit))
            .push(" ORDER BY buyer_id, place");
        for order in self.fetch_orders(&statement).await? {
            pages.entry(order.buyer_id.clone()).or_default().push(order);
        }
        Ok(pages)
    }

    pub(super) async fn read_counts_of_buyers(
        &self,
        buyer_ids: &[String],
    ) -> Result<HashMap<String, i64>, RepositoryError> {
        let buyer_ids = storable(buyer_ids);
        if buyer_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut statement = Statement::new(format!(
            "SELECT buyer_id, COUNT(*) FROM orders WHERE {VISIBLE} AND buyer_id IN "
        ));
        statement.bind_list(buyer_ids).push(" GROUP BY buyer_id");
        self.fetch_numbers(&statement).await
    }

    async fn fetch_orders(&self, statement: &Statement) -> Result<Vec<Order>, RepositoryError> {
        let rows: Vec<OrderRow> = on_engine!(self.db, pool => {
            prepared!(sqlx::query_as, statement).fetch_all(pool).await
        })?;
        rows.into_iter().map(OrderRow::into_order).collect()
    }

    async fn fetch_numbers(&self, statement: &Statement) -> Result<HashMap<String, i64>, RepositoryError> {
        let rows: Vec<(String, i64)> = on_engine!(self.db, pool => {
            prepared!(sqlx::query_as, statement).fetch_all(pool).await
        })?;
        Ok(rows.into_iter().collect())
    }
}

/// PostgreSQL fails a statement over a NUL character: an id with one is an id that no row has.
fn storable(ids: &[String]) -> Vec<&String> {
    ids.iter().filter(|id| !id.contains('\0')).collect()
}

fn push_status(statement: &mut Statement, status: Option<Status>) {
    match status {
        None => statement.push(VISIBLE),
        Some(status) => statement.push("status = ").bind(status.as_str()),
    };
}

fn push_range(statement: &mut Statement, window: &Window) {
    for (position, comparison) in [(&window.after, "<"), (&window.before, ">")] {
        if let Some(position) = position {
            statement
                .push(" AND (placed_at, id) ")
                .push(comparison)
                .push(" (");
            statement
                .bind(position.placed_at)
                .push(", ")
                .bind(&position.id)
                .push(")");
        }
    }
}

fn direction(window: &Window) -> &'static str {
    match window.from {
        End::Newest => "placed_at DESC, id DESC",
        End::Oldest => "placed_at ASC, id ASC",
    }
}

impl OrderRow {
    fn into_order(self) -> Result<Order, RepositoryError> {
        let status = Status::parse(&self.status).ok_or_else(|| {
            RepositoryError::Unreadable(format!("order {} in state {}", self.id, self.status))
        })?;
        Ok(Order {
            id: self.id,
            buyer_id: self.buyer_id,
            status,
            version: self.version,
            total_minor: self.total_minor,
            placed_at: self.placed_at,
        })
    }
}

impl LineRow {
    fn into_line(self) -> Result<(String, Line), RepositoryError> {
        let kind = match self.kind.as_str() {
            "product" => Kind::Product,
            "bundle" => Kind::Bundle,
            other => {
                return Err(RepositoryError::Unreadable(format!(
                    "a line of {} of kind {other}",
                    self.order_id
                )));
            }
        };
        let line = Line {
            item_id: self.item_id,
            kind,
            sku: self.sku,
            title: self.title,
            unit_price_minor: self.unit_price_minor,
            quantity: self.quantity,
        };
        Ok((self.order_id, line))
    }
}
