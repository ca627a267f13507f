//! The loaders of one request: keys asked for by many resolvers at the same time become one query. Never shared
//! between requests, so nothing in them can be stale.

mod gathering;

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;

use dataloader::BatchFn;
use kit::page::Page;

use crate::error::CatalogError;
use crate::model::{Bundle, Favourite, Product, Slice};
use crate::service::Catalog;

pub(super) use gathering::Gathering;

/// What a key was loaded to; a key without a value gives `None`.
pub(super) type Loaded<V> = Result<Option<V>, CatalogError>;
type Fetched<K, V> = Pin<Box<dyn Future<Output = Result<HashMap<K, V>, CatalogError>> + Send>>;

pub(super) struct Loaders {
    pub(super) products_by_id: Gathering<String, Arc<Product>>,
    pub(super) products_by_sku: Gathering<String, Arc<Product>>,
    pub(super) bundles_by_id: Gathering<String, Arc<Bundle>>,
    pub(super) bundle_items: Gathering<String, Vec<Arc<Product>>>,
    pub(super) favourites: Gathering<(String, Slice), Page<Favourite>>,
    pub(super) favourite_counts: Gathering<String, i64>,
}

impl Loaders {
    pub(super) fn new(catalog: &Catalog) -> Self {
        Self {
            products_by_id: Gathering::new(batch(catalog, Catalog::products_by_id)),
            products_by_sku: Gathering::new(batch(catalog, Catalog::products_by_sku)),
            bundles_by_id: Gathering::new(batch(catalog, Catalog::bundles_by_id)),
            bundle_items: Gathering::new(batch(catalog, Catalog::bundle_items)),
            favourites: Gathering::new(batch(catalog, Catalog::favourites)),
            favourite_counts: Gathering::new(batch(catalog, Catalog::count_favourites)),
        }
    }
}

/// One query for a batch of keys.
pub(super) struct Batch<K, V>(Box<dyn Fn(Vec<K>) -> Fetched<K, V> + Send + Sync>);

impl<K, V> BatchFn<K, Loaded<V>> for Batch<K, V>
where
    K: Eq + Hash + Clone + Sync,
    V: Clone,
{
    /// Answers every key: one that got no answer would be an error of the loader.
    async fn load(&mut self, keys: &[K]) -> HashMap<K, Loaded<V>> {
        let mut found = (self.0)(keys.to_vec()).await;
        let mut answer = |key: &K| match &mut found {
            Ok(values) => Ok(values.remove(key)),
            Err(error) => Err(error.clone()),
        };
        keys.iter().map(|key| (key.clone(), answer(key))).collect()
    }
}

fn batch<K, V, F, R>(catalog: &Catalog, fetch: F) -> Batch<K, V>
where
    F: Fn(Catalog, Vec<K>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HashMap<K, V>, CatalogError>> + Send + 'static,
{
    let catalog = catalog.clone();
    Batch(Box::new(move |keys| Box::pin(fetch(catalog.clone(), keys))))
}
