//! The port to the order database. [`sql`] is the adapter; nothing outside this folder holds SQL.
//!
//! States PENDING and FAILED exist only in here: every read answers visible orders, and every write names the state
//! it starts from, so that two writers can never both win.

use std::collections::HashMap;

use futures::future::BoxFuture;
use thiserror::Error;

use crate::model::{Line, Order, Status, Window};

pub(crate) mod sql;

/// What every call answers.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, RepositoryError>>;

/// Stored orders. Each read is one statement, however many keys it gets.
pub(crate) trait Repository: Send + Sync {
    /// The visible ones of these orders, in no particular order.
    fn orders<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Order>>;

    /// The lines of each of these orders, in their order. An order without lines is absent.
    fn lines<'a>(&'a self, order_ids: &'a [String]) -> Answer<'a, HashMap<String, Vec<Line>>>;

    /// Pieces sold of each item on its own (not inside bundles), cancelled orders left out. Unsold items are absent.
    fn units_sold<'a>(&'a self, item_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>>;

    /// Up to `window.limit` orders, from the window's end on: newest first, or oldest first.
    fn page<'a>(&'a self, status: Option<Status>, window: &'a Window) -> Answer<'a, Vec<Order>>;

    /// All visible orders, or those in one state.
    fn count(&self, status: Option<Status>) -> Answer<'_, i64>;

    /// [`Repository::page`] for each of these buyers; one without orders is absent.
    fn pages_of_buyers<'a>(
        &'a self,
        buyer_ids: &'a [String],
        window: &'a Window,
    ) -> Answer<'a, HashMap<String, Vec<Order>>>;

    /// Visible orders of each of these buyers; one without orders is absent.
    fn counts_of_buyers<'a>(&'a self, buyer_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>>;

    /// Binds the idempotency key to a new PENDING order. `false`: the key is taken, nothing changed.
    fn claim<'a>(&'a self, claim: &'a Claim) -> Answer<'a, bool>;

    /// What the key is bound to, if anything.
    fn bound<'a>(&'a self, buyer_id: &'a str, idempotency_key: &'a str) -> Answer<'a, Option<Bound>>;

    /// PENDING to PLACED, with the lines and the stored reply. `false`: no longer pending, nothing changed.
    fn complete<'a>(&'a self, completion: &'a Completion) -> Answer<'a, bool>;

    /// PENDING to FAILED with the release due. With a reply the key stays bound to it, without one it is free again.
    /// `false`: no longer pending, nothing changed.
    fn abandon<'a>(&'a self, order_id: &'a str, reply: Option<&'a str>) -> Answer<'a, bool>;

    /// PLACED at this version to CANCELLED at the next, with the release due if stock was reserved.
    /// `false`: not in that state or version, nothing changed.
    fn cancel<'a>(&'a self, order_id: &'a str, version: i64) -> Answer<'a, bool>;

    /// Ids of up to `limit` orders PENDING since before `created_before` (milliseconds since the epoch), oldest first.
    fn stale(&self, created_before: i64, limit: u32) -> Answer<'_, Vec<String>>;

    /// Up to `limit` releases that catalog has not acknowledged, the least often tried first.
    fn releases_due(&self, limit: u32) -> Answer<'_, Vec<DueRelease>>;

    /// The release due of this order, if there is one.
    fn release_due<'a>(&'a self, order_id: &'a str) -> Answer<'a, Option<DueRelease>>;

    /// Catalog has acknowledged the release.
    fn release_done<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()>;

    /// Catalog has not; the next try is due later than that of others.
    fn release_missed<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()>;
}

/// What a claim writes: the key, the body it stands for, and the order to be.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) order_id: String,
    pub(crate) reservation_id: String,
    pub(crate) buyer_id: String,
    pub(crate) idempotency_key: String,
    /// The body in canonical form: two calls are the same if and only if these are equal.
    pub(crate) request: String,
    /// Milliseconds since the epoch.
    pub(crate) created_at: i64,
}

/// What an idempotency key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) request: String,
    /// `None` while the placing runs.
    pub(crate) reply: Option<String>,
}

/// What turns a pending order into a placed one.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) order_id: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) total_minor: i64,
    /// Milliseconds since the epoch.
    pub(crate) placed_at: i64,
    pub(crate) reply: String,
}

/// A reservation that catalog must be told to release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueRelease {
    pub(crate) order_id: String,
    pub(crate) reservation_id: String,
}

/// The database failed, or holds what this version of the service cannot read.
#[derive(Debug, Error)]
pub(crate) enum RepositoryError {
    #[error("the order database failed")]
    Database(#[from] sqlx::Error),
    #[error("the order database holds {0}, which this version cannot read")]
    Unreadable(String),
}
