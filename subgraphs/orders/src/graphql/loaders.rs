//! Loaders of one request: resolvers that run side by side share one statement per kind of data.
//!
//! Made anew for each request and never shared: they remember what they have loaded. A failed load fails every key
//! of its batch, once in the log.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Error};
use dataloader::{BatchFn, cached::Loader};
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
    orders: Loader<String, Loaded<Option<Arc<Order>>>, OrdersById>,
    lines: Loader<String, Loaded<Arc<Vec<Line>>>, LinesOfOrders>,
    units_sold: Loader<String, Loaded<i64>, UnitsSold>,
    pages: Loader<(String, Window), Loaded<Arc<Page<Order>>>, PagesOfBuyers>,
    counts: Loader<String, Loaded<i64>, CountsOfBuyers>,
}

impl Loaders {
    pub(crate) fn new(service: &Orders) -> Self {
        Self {
            orders: Loader::new(OrdersById(service.clone())).with_max_batch_size(MAX_BATCH),
            lines: Loader::new(LinesOfOrders(service.clone())).with_max_batch_size(MAX_BATCH),
            units_sold: Loader::new(UnitsSold(service.clone())).with_max_batch_size(MAX_BATCH),
            pages: Loader::new(PagesOfBuyers(service.clone())).with_max_batch_size(MAX_BATCH),
            counts: Loader::new(CountsOfBuyers(service.clone())).with_max_batch_size(MAX_BATCH),
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
        self.lines.load(order_id.to_owned()).await
    }

    pub(super) async fn units_sold(&self, product_id: &str) -> Loaded<i64> {
        self.units_sold.load(product_id.to_owned()).await
    }

    /// Requests for the same window share one statement.
    pub(super) async fn page(&self, buyer_id: &str, window: &Window) -> Loaded<Arc<Page<Order>>> {
        self.pages.load((buyer_id.to_owned(), window.clone())).await
    }

    pub(super) async fn count(&self, buyer_id: &str) -> Loaded<i64> {
        self.counts.load(buyer_id.to_owned()).await
    }
}

struct OrdersById(Orders);
struct LinesOfOrders(Orders);
struct UnitsSold(Orders);
struct PagesOfBuyers(Orders);
struct CountsOfBuyers(Orders);

impl BatchFn<String, Loaded<Option<Arc<Order>>>> for OrdersById {
    async fn load(&mut self, ids: &[String]) -> HashMap<String, Loaded<Option<Arc<Order>>>> {
        spread(ids, self.0.orders(ids).await, |found, id| {
            found.remove(id).map(Arc::new)
        })
    }
}

impl BatchFn<String, Loaded<Arc<Vec<Line>>>> for LinesOfOrders {
    async fn load(&mut self, order_ids: &[String]) -> HashMap<String, Loaded<Arc<Vec<Line>>>> {
        spread(order_ids, self.0.lines(order_ids).await, |found, id| {
            Arc::new(found.remove(id).unwrap_or_default())
        })
    }
}

impl BatchFn<String, Loaded<i64>> for UnitsSold {
    async fn load(&mut self, product_ids: &[String]) -> HashMap<String, Loaded<i64>> {
        spread(product_ids, self.0.units_sold(product_ids).await, |found, id| {
            found.get(id).copied().unwrap_or(0)
        })
    }
}

impl BatchFn<String, Loaded<i64>> for CountsOfBuyers {
    async fn load(&mut self, buyer_ids: &[String]) -> HashMap<String, Loaded<i64>> {
        spread(
            buyer_ids,
            self.0.counts_of_buyers(buyer_ids).await,
            |found, id| found.get(id).copied().unwrap_or(0),
        )
    }
}

impl BatchFn<(String, Window), Loaded<Arc<Page<Order>>>> for PagesOfBuyers {
    async fn load(
        &mut self,
        keys: &[(String, Window)],
    ) -> HashMap<(String, Window), Loaded<Arc<Page<Order>>>> {
        let mut buyers_by_window: HashMap<&Window, Vec<String>> = HashMap::new();
        for (buyer_id, window) in keys {
            buyers_by_window.entry(window).or_default().push(buyer_id.clone());
        }
        let mut pages = HashMap::with_capacity(keys.len());
        for (window, buyer_ids) in buyers_by_window {
            let empty = || Page {
                items: Vec::new(),
                has_previous: false,
                has_next: false,
            };
            let found = spread(
                &buyer_ids,
                self.0.pages_of_buyers(&buyer_ids, window).await,
                |found, id| Arc::new(found.remove(id).unwrap_or_else(empty)),
            );
            pages.extend(
                found
                    .into_iter()
                    .map(|(buyer_id, page)| ((buyer_id, window.clone()), page)),
            );
        }
        pages
    }
}

/// One answer for each key, whatever came back: a key without an answer would be an error of its own.
fn spread<F, V>(
    keys: &[String],
    outcome: Result<F, OrdersError>,
    pick: impl Fn(&mut F, &String) -> V,
) -> HashMap<String, Loaded<V>> {
    match outcome {
        Ok(mut found) => keys
            .iter()
            .map(|key| (key.clone(), Ok(pick(&mut found, key))))
            .collect(),
        Err(error) => {
            tracing::error!(keys = keys.len(), ?error, "a batch could not be loaded");
            keys.iter().map(|key| (key.clone(), Err(LoadFailed))).collect()
        }
    }
}
