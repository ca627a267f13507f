//! Loaders of one request: resolvers that run side by side share one statement per kind of data.
//!
//! Made anew for each request and never shared: they remember what they have loaded. A failed load fails every key
//! of its batch, once in the log.
//!
//! A [`Loader`] holds its lock while its batch function runs, and then lets its callers go one per poll of the
//! request. Their next loads would arrive one by one and leave in many small batches. So the batch functions here
//! return at once, with the statement as a future that all keys of the batch share; it runs outside the lock.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use async_graphql::{Context, Error};
use dataloader::{BatchFn, cached::Loader};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use kit::{error::graphql, page::Page};

use crate::{
    error::OrdersError,
    model::{Line, Order, Window},
    service::Orders,
};

/// Keys of one statement at most; each is a bind, of which SQLite takes 32766.
const MAX_BATCH: usize = 1000;

/// A batch failed; the cause is in the log.
#[derive(Debug, Clone)]
pub(super) struct LoadFailed;

impl From<LoadFailed> for Error {
    fn from(_: LoadFailed) -> Self {
        graphql("INTERNAL_SERVER_ERROR", "the service failed to answer; try again")
    }
}

type Loaded<T> = Result<T, LoadFailed>;

/// Everything that resolvers load by key.
pub(crate) struct Loaders {
    orders: Batched<String, Arc<Order>>,
    lines: Batched<String, Arc<Vec<Line>>>,
    units_sold: Batched<String, i64>,
    pages: Batched<(String, Window), Arc<Page<Order>>>,
    counts: Batched<String, i64>,
}

impl Loaders {
    pub(crate) fn new(service: &Orders) -> Self {
        Self {
            orders: Batched::new(service, |service, ids| async move {
                service.orders(&ids).await.map(shared)
            }),
            lines: Batched::new(service, |service, ids| async move {
                service.lines(&ids).await.map(shared)
            }),
            units_sold: Batched::new(
                service,
                |service, ids| async move { service.units_sold(&ids).await },
            ),
            pages: Batched::new(service, pages),
            counts: Batched::new(service, |service, ids| async move {
                service.counts_of_buyers(&ids).await
            }),
        }
    }

    pub(super) fn of<'c>(context: &Context<'c>) -> &'c Self {
        context.data_unchecked::<Self>()
    }

    /// `None` when there is no such order.
    pub(super) async fn order(&self, id: &str) -> Loaded<Option<Arc<Order>>> {
        self.orders.load(id.to_owned()).await
    }

    pub(super) async fn lines(&self, order_id: &str) -> Loaded<Arc<Vec<Line>>> {
        Ok(self.lines.load(order_id.to_owned()).await?.unwrap_or_default())
    }

    pub(super) async fn units_sold(&self, product_id: &str) -> Loaded<i64> {
        Ok(self.units_sold.load(product_id.to_owned()).await?.unwrap_or(0))
    }

    /// Requests for the same window share one statement.
    pub(super) async fn page(&self, buyer_id: &str, window: &Window) -> Loaded<Arc<Page<Order>>> {
        let page = self.pages.load((buyer_id.to_owned(), window.clone())).await?;
        Ok(page.unwrap_or_else(|| {
            Arc::new(Page {
                items: Vec::new(),
                has_previous: false,
                has_next: false,
            })
        }))
    }

    pub(super) async fn count(&self, buyer_id: &str) -> Loaded<i64> {
        Ok(self.counts.load(buyer_id.to_owned()).await?.unwrap_or(0))
    }
}

fn shared<V>(found: HashMap<String, V>) -> HashMap<String, Arc<V>> {
    found
        .into_iter()
        .map(|(key, value)| (key, Arc::new(value)))
        .collect()
}

/// One statement for each window that is asked for.
async fn pages(
    service: Orders,
    keys: Vec<(String, Window)>,
) -> Result<HashMap<(String, Window), Arc<Page<Order>>>, OrdersError> {
    let mut buyers_by_window: HashMap<Window, Vec<String>> = HashMap::new();
    for (buyer_id, window) in keys {
        buyers_by_window.entry(window).or_default().push(buyer_id);
    }
    let mut pages = HashMap::new();
    for (window, buyer_ids) in buyers_by_window {
        let found = service.pages_of_buyers(&buyer_ids, &window).await?;
        pages.extend(
            found
                .into_iter()
                .map(|(buyer_id, page)| ((buyer_id, window.clone()), Arc::new(page))),
        );
    }
    Ok(pages)
}

/// What a batch found, as all its keys wait for it.
#[derive(Clone)]
struct Batch<K, V>(Shared<BoxFuture<'static, Found<K, V>>>);

type Found<K, V> = Loaded<Arc<HashMap<K, V>>>;

/// A loader of values by key; a key that the batch did not find is `None`.
struct Batched<K: Clone + Eq + Hash, V: Clone>(Loader<K, Batch<K, V>, Start<K, V>>);

/// Begins the batch for these keys.
struct Start<K, V>(Box<dyn Fn(Vec<K>) -> Batch<K, V> + Send + Sync>);

impl<K, V> BatchFn<K, Batch<K, V>> for Start<K, V>
where
    K: Clone + Eq + Hash,
    V: Clone,
{
    async fn load(&mut self, keys: &[K]) -> HashMap<K, Batch<K, V>> {
        let batch = (self.0)(keys.to_vec());
        keys.iter().map(|key| (key.clone(), batch.clone())).collect()
    }
}

impl<K, V> Batched<K, V>
where
    K: Clone + Eq + Hash + std::fmt::Debug + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn new<F, O>(service: &Orders, load: F) -> Self
    where
        F: Fn(Orders, Vec<K>) -> O + Send + Sync + 'static,
        O: Future<Output = Result<HashMap<K, V>, OrdersError>> + Send + 'static,
    {
        let service = service.clone();
        let start = move |keys: Vec<K>| {
            let count = keys.len();
            let logged = move |error: OrdersError| {
                tracing::error!(keys = count, ?error, "a batch could not be loaded");
                LoadFailed
            };
            let found = load(service.clone(), keys).map(move |found| found.map(Arc::new).map_err(logged));
            Batch(found.boxed().shared())
        };
        Self(Loader::new(Start(Box::new(start))).with_max_batch_size(MAX_BATCH))
    }

    async fn load(&self, key: K) -> Loaded<Option<V>> {
        let Batch(found) = self.0.load(key.clone()).await;
        Ok(found.await?.get(&key).cloned())
    }
}
