//! The ports to the catalog's storage. The service speaks to these traits; only the folder below knows SQL.
//!
//! Lists of keys may hold unknown ids and repeats; answers hold each found row once, in no promised order.
//! Every method of [`CatalogRepository`] costs one SQL statement, whatever the number of keys.

mod bundles;
mod connection;
mod favourites;
mod products;
mod reservations;
mod seeding;
mod sql;
mod statement;

use std::collections::HashMap;
use std::pin::Pin;

use crate::error::StoreError;
use crate::model::reservation::{ConfirmOutcome, ReservationRequest, ReserveOutcome};
use crate::model::{Bundle, Favourite, Product, ProductFilter, ProductOrder, Slice};
use crate::seed::Assortment;
use kit::page::Page;

pub(crate) use sql::SqlRepository;

/// A boxed answer: it makes the traits usable as `dyn`, at the cost of one allocation next to a database trip.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Reading the assortment.
pub(crate) trait CatalogRepository: Send + Sync {
    fn products_by_id<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Product>>;
    fn products_by_sku<'a>(&'a self, skus: &'a [String]) -> Answer<'a, Vec<Product>>;
    fn list_products<'a>(
        &'a self,
        filter: &'a ProductFilter,
        order: ProductOrder,
        slice: &'a Slice,
    ) -> Answer<'a, Page<Product>>;
    fn count_products<'a>(&'a self, filter: &'a ProductFilter) -> Answer<'a, i64>;
    /// Products whose name or description contains `text` (already folded): name matches first, then by name.
    fn search_products<'a>(&'a self, text: &'a str, limit: usize) -> Answer<'a, Vec<Product>>;

    fn bundles_by_id<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Bundle>>;
    /// Youngest first.
    fn list_bundles(&self, limit: usize) -> Answer<'_, Vec<Bundle>>;
    /// Bundles whose name contains `text` (already folded), by name.
    fn search_bundles<'a>(&'a self, text: &'a str, limit: usize) -> Answer<'a, Vec<Bundle>>;
    /// The products of each bundle in the bundle's own order; an unknown bundle has no entry.
    fn bundle_items<'a>(&'a self, bundle_ids: &'a [String]) -> Answer<'a, HashMap<String, Vec<Product>>>;

    /// The same window on each user's favourites, youngest first; a user without any in it has no entry.
    fn favourites<'a>(
        &'a self,
        user_ids: &'a [String],
        slice: &'a Slice,
    ) -> Answer<'a, HashMap<String, Page<Favourite>>>;
    /// A user without favourites has no entry.
    fn count_favourites<'a>(&'a self, user_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>>;

    /// Loads the assortment in one transaction unless there already are products. True when it was loaded.
    fn seed<'a>(&'a self, assortment: &'a Assortment) -> Answer<'a, bool>;
}

/// Holding stock for orders. Each method is one transaction; `now` is epoch milliseconds.
///
/// Stock is taken by conditional updates in product id order: it never goes below zero and two calls never
/// deadlock. All methods may be repeated and may race each other.
pub(crate) trait StockRepository: Send + Sync {
    fn reserve<'a>(&'a self, request: &'a ReservationRequest, now: i64) -> Answer<'a, ReserveOutcome>;
    /// A reservation that is past its time expires here, as if the sweeper had been faster.
    fn confirm<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, ConfirmOutcome>;
    /// Gives held or confirmed stock back; an unknown id becomes a tombstone.
    fn release<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, ()>;
    /// Expires at most `limit` reservations held past their time and returns how many.
    fn expire_due(&self, now: i64, limit: usize) -> Answer<'_, usize>;
}

#[cfg(test)]
pub(crate) mod tests;
