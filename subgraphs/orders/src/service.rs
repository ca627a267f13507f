//! What the orders service does: read orders, place them, cancel them.
//!
//! The rules live here and in [`crate::model`] and [`crate::terms`]. It knows the database and the catalog only as
//! ports, and nothing of GraphQL or HTTP.

use std::{collections::HashMap, sync::Arc, time::Duration};

use kit::page::Page;
use tokio::sync::Notify;

use crate::{
    catalog::Catalog,
    error::OrdersError,
    model::{End, Line, Order, Status, Window},
    repository::Repository,
};

mod placing;
pub(crate) mod reconciler;

/// How long the service waits for what. The defaults suit the real shop; tests shorten them.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Between two looks for the reply of an earlier call with the same idempotency key.
    pub reply_poll: Duration,
    /// For that reply in all; then the caller gets IDEMPOTENCY_IN_PROGRESS.
    pub reply_wait: Duration,
    /// A placing older than this has lost its saga and is given up by the reconciler. Must be well above the time
    /// of two catalog calls.
    pub stale_after: Duration,
    /// How long catalog keeps a hold that is neither confirmed nor released.
    pub hold: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            reply_poll: Duration::from_millis(25),
            reply_wait: Duration::from_secs(5),
            stale_after: Duration::from_secs(30),
            hold: Duration::from_secs(60),
        }
    }
}

/// The service. Cloning is shallow.
#[derive(Clone)]
pub(crate) struct Orders {
    repository: Arc<dyn Repository>,
    catalog: Arc<dyn Catalog>,
    timing: Timing,
    /// Rung when a release could not be done on the spot.
    release_bell: Arc<Notify>,
}

impl Orders {
    pub(crate) fn new(repository: Arc<dyn Repository>, catalog: Arc<dyn Catalog>, timing: Timing) -> Self {
        Self {
            repository,
            catalog,
            timing,
            release_bell: Arc::new(Notify::new()),
        }
    }

    /// The visible ones of these orders by id. One statement.
    pub(crate) async fn orders(&self, ids: &[String]) -> Result<HashMap<String, Order>, OrdersError> {
        let orders = self.repository.orders(ids).await?;
        Ok(orders
            .into_iter()
            .map(|order| (order.id.clone(), order))
            .collect())
    }

    /// The lines of these orders by order id. One statement.
    pub(crate) async fn lines(
        &self,
        order_ids: &[String],
    ) -> Result<HashMap<String, Vec<Line>>, OrdersError> {
        Ok(self.repository.lines(order_ids).await?)
    }

    /// Pieces sold by product id; a product never sold is absent. One statement.
    pub(crate) async fn units_sold(
        &self,
        product_ids: &[String],
    ) -> Result<HashMap<String, i64>, OrdersError> {
        Ok(self.repository.units_sold(product_ids).await?)
    }

    /// A page of all orders, or of those in one state. One statement.
    pub(crate) async fn page(
        &self,
        status: Option<Status>,
        window: &Window,
    ) -> Result<Page<Order>, OrdersError> {
        let found = self.repository.page(status, &one_more(window)).await?;
        Ok(cut(found, window))
    }

    /// How many orders there are, in one state or in all. One statement.
    pub(crate) async fn count(&self, status: Option<Status>) -> Result<i64, OrdersError> {
        Ok(self.repository.count(status).await?)
    }

    /// The same page of each buyer's orders; every buyer is present. One statement.
    pub(crate) async fn pages_of_buyers(
        &self,
        buyer_ids: &[String],
        window: &Window,
    ) -> Result<HashMap<String, Page<Order>>, OrdersError> {
        let mut found = self
            .repository
            .pages_of_buyers(buyer_ids, &one_more(window))
            .await?;
        let page = |id: &String| (id.clone(), cut(found.remove(id).unwrap_or_default(), window));
        Ok(buyer_ids.iter().map(page).collect())
    }

    /// How many orders each buyer has; one without any is absent. One statement.
    pub(crate) async fn counts_of_buyers(
        &self,
        buyer_ids: &[String],
    ) -> Result<HashMap<String, i64>, OrdersError> {
        Ok(self.repository.counts_of_buyers(buyer_ids).await?)
    }

    /// Cancels a placed order of this buyer and gives its stock back. The order is cancelled even when catalog cannot
    /// be reached: the reconciler then returns the stock.
    pub(crate) async fn cancel(&self, buyer_id: &str, id: &str, version: i64) -> Result<Order, OrdersError> {
        let order = self.order(id).await?;
        if order.buyer_id != buyer_id {
            return Err(OrdersError::Forbidden { id: id.to_owned() });
        }
        check_cancellable(&order, version)?;
        if !self.repository.cancel(id, version).await? {
            // Somebody was faster: say what they did.
            let order = self.order(id).await?;
            check_cancellable(&order, version)?;
            return Err(OrdersError::VersionConflict {
                id: order.id,
                given: version,
                actual: order.version,
            });
        }
        self.release_now(id).await;
        self.order(id).await
    }

    /// One order, as it is now.
    pub(crate) async fn order(&self, id: &str) -> Result<Order, OrdersError> {
        let found = self.repository.orders(&[id.to_owned()]).await?;
        found
            .into_iter()
            .next()
            .ok_or_else(|| OrdersError::NotFound { id: id.to_owned() })
    }
}

fn check_cancellable(order: &Order, version: i64) -> Result<(), OrdersError> {
    let id = order.id.clone();
    if order.status != Status::Placed {
        return Err(OrdersError::NotCancellable {
            id,
            status: order.status.as_str(),
        });
    }
    if order.version != version {
        return Err(OrdersError::VersionConflict {
            id,
            given: version,
            actual: order.version,
        });
    }
    Ok(())
}

/// Asks for one order more than the page holds: its presence says that there are more.
fn one_more(window: &Window) -> Window {
    Window {
        limit: window.limit.saturating_add(1),
        ..window.clone()
    }
}

/// Cuts the page, newest first, out of what [`one_more`] found.
fn cut(mut found: Vec<Order>, window: &Window) -> Page<Order> {
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    // Beyond a cursor there is at least the order that it was made of: orders are never deleted.
    match window.from {
        End::Newest => Page {
            items: found,
            has_previous: window.after.is_some(),
            has_next: more,
        },
        End::Oldest => {
            found.reverse();
            Page {
                items: found,
                has_previous: more,
                has_next: window.before.is_some(),
            }
        }
    }
}
