//! SQL that loads the assortment into an empty database.

use kit::db::{Change, Database};

use super::connection::Connection;
use super::statement::{Bind, Statement};
use crate::error::StoreError;
use crate::model::{Product, fold};
use crate::seed::{Assortment, SeedBundle, SeedFavourite};

/// Rows in one INSERT: 12 binds each, well below SQLite's limit of 32766.
const ROWS_AT_ONCE: usize = 500;

pub(super) async fn load(db: &Database, assortment: &Assortment) -> Result<bool, StoreError> {
    kit::in_transaction!(db, tx => {
        let filled = fill(&mut Connection::from(&mut *tx), assortment).await?;
        tx.changed(filled.then_some(Change::Everything));
        Ok(filled)
    })
}

/// `ON CONFLICT DO NOTHING` lets several instances start at once on one empty database: the later ones wait
/// for the first and then add nothing.
async fn fill(connection: &mut Connection<'_>, assortment: &Assortment) -> Result<bool, StoreError> {
    let any: Option<(String,)> = connection
        .fetch_optional(Statement::new("SELECT id FROM products LIMIT 1"))
        .await?;
    if any.is_some() {
        return Ok(false);
    }
    let mut added = 0;
    for products in assortment.products.chunks(ROWS_AT_ONCE) {
        let statement = Statement::new(
            "INSERT INTO products (id, sku, name, name_folded, description, text_folded, category, \
             price_minor, weight_grams, available, version, created_at) VALUES ",
        );
        added += insert(connection, statement.rows(products.iter().map(product_row))).await?;
    }
    for bundles in assortment.bundles.chunks(ROWS_AT_ONCE) {
        let statement =
            Statement::new("INSERT INTO bundles (id, name, name_folded, price_minor, created_at) VALUES ");
        insert(connection, statement.rows(bundles.iter().map(bundle_row))).await?;
        let statement = Statement::new("INSERT INTO bundle_items (bundle_id, position, product_id) VALUES ");
        insert(connection, statement.rows(bundles.iter().flat_map(item_rows))).await?;
    }
    for favourites in assortment.favourites.chunks(ROWS_AT_ONCE) {
        let statement = Statement::new("INSERT INTO favourites (user_id, product_id, added_at) VALUES ");
        insert(connection, statement.rows(favourites.iter().map(favourite_row))).await?;
    }
    Ok(added > 0)
}

async fn insert(connection: &mut Connection<'_>, statement: Statement) -> Result<u64, StoreError> {
    Ok(connection
        .execute(statement.push(" ON CONFLICT DO NOTHING"))
        .await?)
}

fn product_row(product: &Product) -> [Bind; 12] {
    let name_folded = fold(&product.name);
    let text_folded = format!("{name_folded}\n{}", fold(&product.description));
    [
        (&product.id).into(),
        (&product.sku).into(),
        (&product.name).into(),
        name_folded.into(),
        (&product.description).into(),
        text_folded.into(),
        product.category.name().into(),
        product.price_minor.into(),
        product.weight_grams.into(),
        product.available.into(),
        product.version.into(),
        product.created_at.into(),
    ]
}

fn bundle_row(SeedBundle { bundle, .. }: &SeedBundle) -> [Bind; 5] {
    [
        (&bundle.id).into(),
        (&bundle.name).into(),
        fold(&bundle.name).into(),
        bundle.price_minor.into(),
        bundle.created_at.into(),
    ]
}

fn item_rows(SeedBundle { bundle, items }: &SeedBundle) -> impl Iterator<Item = [Bind; 3]> + '_ {
    (0i64..)
        .zip(items)
        .map(|(position, item)| [(&bundle.id).into(), position.into(), item.into()])
}

fn favourite_row(favourite: &SeedFavourite) -> [Bind; 3] {
    [
        (&favourite.user_id).into(),
        (&favourite.product_id).into(),
        favourite.added_at.into(),
    ]
}
