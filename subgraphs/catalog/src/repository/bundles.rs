//! SQL for bundles and what is in them.

use std::collections::HashMap;

use super::connection::fetch_all;
use super::products::{COLUMNS, ProductRow};
use super::statement::{Statement, contains, limit};
use crate::error::StoreError;
use crate::model::{Bundle, Product};
use kit::db::Database;

const SELECT: &str = "SELECT b.id, b.name, b.price_minor, b.created_at FROM bundles b";

#[derive(sqlx::FromRow)]
struct BundleRow {
    id: String,
    name: String,
    price_minor: i64,
    created_at: i64,
}

impl From<BundleRow> for Bundle {
    fn from(row: BundleRow) -> Self {
        Bundle {
            id: row.id,
            name: row.name,
            price_minor: row.price_minor,
            created_at: row.created_at,
        }
    }
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    bundle_id: String,
    #[sqlx(flatten)]
    product: ProductRow,
}

pub(super) async fn by_ids(db: &Database, ids: &[String]) -> Result<Vec<Bundle>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    read(db, Statement::new(SELECT).push(" WHERE b.id IN ").list(ids)).await
}

pub(super) async fn list(db: &Database, count: usize) -> Result<Vec<Bundle>, StoreError> {
    let statement = Statement::new(SELECT).push(" ORDER BY b.created_at DESC, b.id DESC LIMIT ");
    read(db, statement.bind(limit(count))).await
}

pub(super) async fn search(db: &Database, text: &str, count: usize) -> Result<Vec<Bundle>, StoreError> {
    let statement = Statement::new(SELECT)
        .push(" WHERE b.name_folded LIKE ")
        .bind(contains(text))
        .push(r" ESCAPE '\' ORDER BY b.name_folded, b.id LIMIT ")
        .bind(limit(count));
    read(db, statement).await
}

pub(super) async fn items(
    db: &Database,
    bundle_ids: &[String],
) -> Result<HashMap<String, Vec<Product>>, StoreError> {
    let mut items: HashMap<String, Vec<Product>> = HashMap::new();
    if bundle_ids.is_empty() {
        return Ok(items);
    }
    let statement = Statement::new("SELECT i.bundle_id, ")
        .push(COLUMNS)
        .push(" FROM bundle_items i JOIN products p ON p.id = i.product_id WHERE i.bundle_id IN ")
        .list(bundle_ids)
        .push(" ORDER BY i.bundle_id, i.position");
    let rows: Vec<ItemRow> = fetch_all(db, statement).await?;
    for row in rows {
        items
            .entry(row.bundle_id)
            .or_default()
            .push(row.product.try_into()?);
    }
    Ok(items)
}

async fn read(db: &Database, statement: Statement) -> Result<Vec<Bundle>, StoreError> {
    let rows: Vec<BundleRow> = fetch_all(db, statement).await?;
    Ok(rows.into_iter().map(Bundle::from).collect())
}
