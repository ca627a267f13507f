//! SQL for favourites: the same window on many users' lists in one statement.

use std::collections::HashMap;

use super::connection::fetch_all;
use super::products::{COLUMNS, KeyColumns, ProductRow};
use super::statement::Statement;
use crate::error::StoreError;
use crate::model::{Favourite, Slice};
use kit::db::Database;
use kit::page::Page;

const KEY: KeyColumns = KeyColumns {
    value: "f.added_at",
    id: "f.product_id",
    descending: true,
};

#[derive(sqlx::FromRow)]
struct FavouriteRow {
    user_id: String,
    added_at: i64,
    #[sqlx(flatten)]
    product: ProductRow,
}

pub(super) async fn pages(
    db: &Database,
    user_ids: &[String],
    slice: &Slice,
) -> Result<HashMap<String, Page<Favourite>>, StoreError> {
    if user_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = Statement::new("SELECT r.user_id, r.added_at, ")
        .push(COLUMNS)
        .push(" FROM (SELECT f.user_id, f.product_id, f.added_at, ROW_NUMBER() OVER (PARTITION BY f.user_id");
    let statement = KEY
        .order(statement, slice)
        .push(") AS place FROM favourites f WHERE f.user_id IN ")
        .list(user_ids);
    let statement = KEY
        .bounds(statement, slice)
        .push(") r JOIN products p ON p.id = r.product_id WHERE r.place <= ")
        .bind(slice.request().fetch_limit())
        .push(" ORDER BY r.user_id, r.place");
    let rows: Vec<FavouriteRow> = fetch_all(db, statement).await?;

    let mut by_user: HashMap<String, Vec<Favourite>> = HashMap::new();
    for row in rows {
        let favourite = Favourite {
            product: row.product.try_into()?,
            added_at: row.added_at,
        };
        by_user.entry(row.user_id).or_default().push(favourite);
    }
    Ok(by_user
        .into_iter()
        .map(|(user, rows)| (user, Page::from_rows(slice.request(), rows)))
        .collect())
}

pub(super) async fn count(db: &Database, user_ids: &[String]) -> Result<HashMap<String, i64>, StoreError> {
    if user_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = Statement::new("SELECT f.user_id, COUNT(*) FROM favourites f WHERE f.user_id IN ")
        .list(user_ids)
        .push(" GROUP BY f.user_id");
    let rows: Vec<(String, i64)> = fetch_all(db, statement).await?;
    Ok(rows.into_iter().collect())
}
