//! SQL for products: by key, in pages, by text.

use super::connection::fetch_all;
use super::statement::{Statement, contains, limit};
use crate::error::StoreError;
use crate::model::{Category, Product, ProductFilter, ProductOrder, Slice, SortKey};
use kit::db::Database;
use kit::page::Page;

/// The columns of [`ProductRow`], for a FROM that names the table `p`.
pub(super) const COLUMNS: &str = "p.id, p.sku, p.name, p.description, p.category, p.price_minor, \
                                  p.weight_grams, p.available, p.version, p.created_at";

#[derive(sqlx::FromRow)]
pub(super) struct ProductRow {
    id: String,
    sku: String,
    name: String,
    description: String,
    category: String,
    price_minor: i64,
    weight_grams: i64,
    available: i64,
    version: i64,
    created_at: i64,
}

impl TryFrom<ProductRow> for Product {
    type Error = StoreError;

    fn try_from(row: ProductRow) -> Result<Self, StoreError> {
        let category = Category::from_name(&row.category).ok_or_else(|| {
            StoreError::Unreadable(format!("product {} has category {:?}", row.id, row.category))
        })?;
        Ok(Product {
            id: row.id,
            sku: row.sku,
            name: row.name,
            description: row.description,
            category,
            price_minor: row.price_minor,
            weight_grams: row.weight_grams,
            available: row.available,
            version: row.version,
            created_at: row.created_at,
        })
    }
}

/// The columns that products can be looked up by.
#[derive(Clone, Copy)]
pub(super) enum KeyColumn {
    Id,
    Sku,
}

pub(super) async fn by_keys(
    db: &Database,
    column: KeyColumn,
    keys: &[String],
) -> Result<Vec<Product>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let condition = match column {
        KeyColumn::Id => "p.id IN ",
        KeyColumn::Sku => "p.sku IN ",
    };
    let statement = select().push(" WHERE ").push(condition).list(keys);
    products(fetch_all(db, statement).await?)
}

pub(super) async fn list(
    db: &Database,
    filter: &ProductFilter,
    order: ProductOrder,
    slice: &Slice,
) -> Result<Page<Product>, StoreError> {
    let columns = match order {
        ProductOrder::Name => KeyColumns {
            value: "p.name_folded",
            id: "p.id",
            descending: false,
        },
        ProductOrder::Price => KeyColumns {
            value: "p.price_minor",
            id: "p.id",
            descending: false,
        },
        ProductOrder::Newest => KeyColumns {
            value: "p.created_at",
            id: "p.id",
            descending: true,
        },
    };
    let statement = matching(select(), filter);
    let statement = columns.order(columns.bounds(statement, slice), slice);
    let statement = statement.push(" LIMIT ").bind(slice.request().fetch_limit());
    Ok(Page::from_rows(
        slice.request(),
        products(fetch_all(db, statement).await?)?,
    ))
}

pub(super) async fn count(db: &Database, filter: &ProductFilter) -> Result<i64, StoreError> {
    let statement = matching(Statement::new("SELECT COUNT(*) FROM products p"), filter);
    let rows: Vec<(i64,)> = fetch_all(db, statement).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

pub(super) async fn search(db: &Database, text: &str, count: usize) -> Result<Vec<Product>, StoreError> {
    let pattern = contains(text);
    let statement = select()
        .push(" WHERE p.text_folded LIKE ")
        .bind(&pattern)
        .push(r" ESCAPE '\' ORDER BY CASE WHEN p.name_folded LIKE ")
        .bind(&pattern)
        .push(r" ESCAPE '\' THEN 0 ELSE 1 END, p.name_folded, p.id LIMIT ")
        .bind(limit(count));
    products(fetch_all(db, statement).await?)
}

fn select() -> Statement {
    Statement::new("SELECT ").push(COLUMNS).push(" FROM products p")
}

fn products(rows: Vec<ProductRow>) -> Result<Vec<Product>, StoreError> {
    rows.into_iter().map(Product::try_from).collect()
}

/// Appends a WHERE clause; more conditions may follow with AND.
fn matching(mut statement: Statement, filter: &ProductFilter) -> Statement {
    statement = statement.push(" WHERE 1 = 1");
    if let Some(category) = filter.category {
        statement = statement.push(" AND p.category = ").bind(category.name());
    }
    if let Some(least) = filter.min_price_minor {
        statement = statement.push(" AND p.price_minor >= ").bind(least);
    }
    if let Some(most) = filter.max_price_minor {
        statement = statement.push(" AND p.price_minor <= ").bind(most);
    }
    if let Some(text) = &filter.name_contains {
        let pattern = contains(&crate::model::fold(text));
        statement = statement
            .push(" AND p.name_folded LIKE ")
            .bind(pattern)
            .push(r" ESCAPE '\'");
    }
    match filter.in_stock {
        Some(true) => statement.push(" AND p.available > 0"),
        Some(false) => statement.push(" AND p.available = 0"),
        None => statement,
    }
}

/// The two columns that a list is ordered by, and in which direction.
#[derive(Clone, Copy)]
pub(super) struct KeyColumns {
    pub(super) value: &'static str,
    pub(super) id: &'static str,
    pub(super) descending: bool,
}

impl KeyColumns {
    /// Appends the conditions of a slice to a WHERE clause.
    pub(super) fn bounds(self, mut statement: Statement, slice: &Slice) -> Statement {
        let (later, earlier) = if self.descending { ("<", ">") } else { (">", "<") };
        if let Some(key) = slice.after() {
            statement = self.compare(statement, later, key);
        }
        if let Some(key) = slice.before() {
            statement = self.compare(statement, earlier, key);
        }
        statement
    }

    /// Appends the ORDER BY of a slice: turned round for a backward one, [`Page::from_rows`] turns it back.
    pub(super) fn order(self, statement: Statement, slice: &Slice) -> Statement {
        let direction = if self.descending == slice.request().is_backward() {
            ""
        } else {
            " DESC"
        };
        let order = format!(" ORDER BY {}{direction}, {}{direction}", self.value, self.id);
        statement.push(&order)
    }

    fn compare(self, statement: Statement, operator: &str, key: &SortKey) -> Statement {
        let columns = format!(" AND ({}, {}) {operator} (", self.value, self.id);
        statement
            .push(&columns)
            .bind(&key.value)
            .push(", ")
            .bind(&key.id)
            .push(")")
    }
}
