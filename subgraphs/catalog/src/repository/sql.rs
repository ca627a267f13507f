//! The adapter behind both ports: one struct over a pool, each method handed to the file of its subject.

use std::collections::HashMap;

use kit::db::{Database, DatabaseUrl, DbError, Migrations, Outbox};
use kit::page::Page;

use super::products::KeyColumn;
use super::{
    Answer, CatalogRepository, StockRepository, bundles, favourites, products, reservations, seeding,
};
use crate::model::reservation::{ConfirmOutcome, ReservationRequest, ReserveOutcome};
use crate::model::{Bundle, Favourite, Product, ProductFilter, ProductOrder, Slice};
use crate::seed::Assortment;

/// The service's name in the gateway's configuration.
const SUBGRAPH: &str = "catalog";

/// The catalog's tables on SQLite or PostgreSQL. Cloning is shallow.
#[derive(Clone)]
pub(crate) struct SqlRepository {
    db: Database,
}

impl SqlRepository {
    /// Opens the database and applies this crate's migrations.
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Self, DbError> {
        let migrations = Migrations {
            sqlite: sqlx::migrate!("migrations/sqlite"),
            postgres: sqlx::migrate!("migrations/postgres"),
        };
        Ok(Self {
            db: Database::connect(url, migrations).await?,
        })
    }

    /// The same, with its changes in the outbox from now on.
    pub(crate) fn announcing(self) -> Self {
        Self {
            db: self.db.announcing(Outbox::of(SUBGRAPH)),
        }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.db
    }
}

impl CatalogRepository for SqlRepository {
    fn products_by_id<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Product>> {
        Box::pin(products::by_keys(&self.db, KeyColumn::Id, ids))
    }

    fn products_by_sku<'a>(&'a self, skus: &'a [String]) -> Answer<'a, Vec<Product>> {
        Box::pin(products::by_keys(&self.db, KeyColumn::Sku, skus))
    }

    fn list_products<'a>(
        &'a self,
        filter: &'a ProductFilter,
        order: ProductOrder,
        slice: &'a Slice,
    ) -> Answer<'a, Page<Product>> {
        Box::pin(products::list(&self.db, filter, order, slice))
    }

    fn count_products<'a>(&'a self, filter: &'a ProductFilter) -> Answer<'a, i64> {
        Box::pin(products::count(&self.db, filter))
    }

    fn search_products<'a>(&'a self, text: &'a str, limit: usize) -> Answer<'a, Vec<Product>> {
        Box::pin(products::search(&self.db, text, limit))
    }

    fn bundles_by_id<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Bundle>> {
        Box::pin(bundles::by_ids(&self.db, ids))
    }

    fn list_bundles(&self, limit: usize) -> Answer<'_, Vec<Bundle>> {
        Box::pin(bundles::list(&self.db, limit))
    }

    fn search_bundles<'a>(&'a self, text: &'a str, limit: usize) -> Answer<'a, Vec<Bundle>> {
        Box::pin(bundles::search(&self.db, text, limit))
    }

    fn bundle_items<'a>(&'a self, bundle_ids: &'a [String]) -> Answer<'a, HashMap<String, Vec<Product>>> {
        Box::pin(bundles::items(&self.db, bundle_ids))
    }

    fn favourites<'a>(
        &'a self,
        user_ids: &'a [String],
        slice: &'a Slice,
    ) -> Answer<'a, HashMap<String, Page<Favourite>>> {
        Box::pin(favourites::pages(&self.db, user_ids, slice))
    }

    fn count_favourites<'a>(&'a self, user_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>> {
        Box::pin(favourites::count(&self.db, user_ids))
    }

    fn seed<'a>(&'a self, assortment: &'a Assortment) -> Answer<'a, bool> {
        Box::pin(seeding::load(&self.db, assortment))
    }
}

impl StockRepository for SqlRepository {
    fn reserve<'a>(&'a self, request: &'a ReservationRequest, now: i64) -> Answer<'a, ReserveOutcome> {
        Box::pin(reservations::reserve(&self.db, request, now))
    }

    fn confirm<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, ConfirmOutcome> {
        Box::pin(reservations::confirm(&self.db, id, now))
    }

    fn release<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, ()> {
        Box::pin(reservations::release(&self.db, id, now))
    }

    fn expire_due(&self, now: i64, limit: usize) -> Answer<'_, usize> {
        Box::pin(reservations::expire_due(&self.db, now, limit))
    }
}
