//! The loaders of one request: keys asked for by many resolvers at the same time become one query. Never shared
//! between requests, so nothing in them can be stale.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;

use dataloader::BatchFn;
use dataloader::cached::Loader;
use kit::page::Page;

use crate::error::CatalogError;
use crate::model::{Bundle, Favourite, Product, Slice};
use crate::service::Catalog;

/// The most keys in one query: gateways batch entities by the hundred, and SQLite takes 32766 binds.
const MAX_BATCH: usize = 1000;

/// Loads values of one kind; a key without a value gives `None`.
pub(super) type BatchLoader<K, V> = Loader<K, Loaded<V>, Batch<K, V>>;

type Loaded<V> = Result<Option<V>, CatalogError>;
type Fetched<K, V> = Pin<Box<dyn Future<Output = Result<HashMap<K, V>, CatalogError>> + Send>>;

pub(super) struct Loaders {
    pub(super) products_by_id: BatchLoader<String, Arc<Product>>,
    pub(super) products_by_sku: BatchLoader<String, Arc<Product>>,
    pub(super) bundles_by_id: BatchLoader<String, Arc<Bundle>>,
    pub(super) bundle_items: BatchLoader<String, Vec<Arc<Product>>>,
    pub(super) favourites: BatchLoader<(String, Slice), Page<Favourite>>,
    pub(super) favourite_counts: BatchLoader<String, i64>,
}

impl Loaders {
    pub(super) fn new(catalog: &Catalog) -> Self {
        Self {
            products_by_id: loader(catalog, Catalog::products_by_id),
            products_by_sku: loader(catalog, Catalog::products_by_sku),
            bundles_by_id: loader(catalog, Catalog::bundles_by_id),
            bundle_items: loader(catalog, Catalog::bundle_items),
            favourites: loader(catalog, Catalog::favourites),
            favourite_counts: loader(catalog, Catalog::count_favourites),
        }
    }
}

/// Loads one key together with all keys asked for meanwhile.
pub(super) async fn load<K, V>(loader: &BatchLoader<K, V>, key: K) -> Loaded<V>
where
    K: Eq + Hash + Clone + Debug + Sync,
    V: Clone,
{
    if let Ok(loaded) = loader.try_load(key.clone()).await {
        return loaded;
    }
    // The resolver that was driving the batch was dropped (a sibling of it failed), and our key went with it.
    loader.try_load(key).await.unwrap_or(Err(CatalogError::Abandoned))
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

fn loader<K, V, F, R>(catalog: &Catalog, fetch: F) -> BatchLoader<K, V>
where
    K: Eq + Hash + Clone + Debug + Sync,
    V: Clone,
    F: Fn(Catalog, Vec<K>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HashMap<K, V>, CatalogError>> + Send + 'static,
{
    let catalog = catalog.clone();
    let batch = Batch(Box::new(move |keys| Box::pin(fetch(catalog.clone(), keys))));
    Loader::new(batch).with_max_batch_size(MAX_BATCH)
}
