//! The order database on SQLite and PostgreSQL, with one SQL text for both.
//!
//! Here is only the map from the port to the statements: [`reading`], [`placing`] and [`releasing`] hold them.

use std::collections::HashMap;

use futures::FutureExt;
use kit::db::{Database, DatabaseUrl, DbError, Migrations, Outbox};

use super::{Answer, Bound, Claim, Completion, DueRelease, Repository};
use crate::model::{Line, Order, Status, Window};

mod placing;
mod reading;
mod releasing;
pub(crate) mod seeding;
mod statement;

/// The service's name in the gateway's configuration.
const SUBGRAPH: &str = "orders";

/// Cloning shares the pool.
#[derive(Clone)]
pub(crate) struct SqlRepository {
    db: Database,
}

impl SqlRepository {
    /// Connects and brings the tables up to date.
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

    /// For the health check and for counting statements in tests.
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }
}

impl Repository for SqlRepository {
    fn orders<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Order>> {
        self.read_orders(ids).boxed()
    }

    fn lines<'a>(&'a self, order_ids: &'a [String]) -> Answer<'a, HashMap<String, Vec<Line>>> {
        self.read_lines(order_ids).boxed()
    }

    fn units_sold<'a>(&'a self, item_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>> {
        self.read_units_sold(item_ids).boxed()
    }

    fn page<'a>(&'a self, status: Option<Status>, window: &'a Window) -> Answer<'a, Vec<Order>> {
        self.read_page(status, window).boxed()
    }

    fn count(&self, status: Option<Status>) -> Answer<'_, i64> {
        self.read_count(status).boxed()
    }

    fn pages_of_buyers<'a>(
        &'a self,
        buyer_ids: &'a [String],
        window: &'a Window,
    ) -> Answer<'a, HashMap<String, Vec<Order>>> {
        self.read_pages_of_buyers(buyer_ids, window).boxed()
    }

    fn counts_of_buyers<'a>(&'a self, buyer_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>> {
        self.read_counts_of_buyers(buyer_ids).boxed()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Answer<'a, bool> {
        self.write_claim(claim).boxed()
    }

    fn bound<'a>(&'a self, buyer_id: &'a str, idempotency_key: &'a str) -> Answer<'a, Option<Bound>> {
        self.read_bound(buyer_id, idempotency_key).boxed()
    }

    fn complete<'a>(&'a self, completion: &'a Completion) -> Answer<'a, bool> {
        self.write_completion(completion).boxed()
    }

    fn abandon<'a>(&'a self, order_id: &'a str, reply: Option<&'a str>) -> Answer<'a, bool> {
        self.write_failure(order_id, reply).boxed()
    }

    fn cancel<'a>(&'a self, order_id: &'a str, version: i64) -> Answer<'a, bool> {
        self.write_cancellation(order_id, version).boxed()
    }

    fn stale(&self, created_before: i64, limit: u32) -> Answer<'_, Vec<String>> {
        self.read_stale(created_before, limit).boxed()
    }

    fn releases_due(&self, limit: u32) -> Answer<'_, Vec<DueRelease>> {
        self.read_releases_due(limit).boxed()
    }

    fn release_due<'a>(&'a self, order_id: &'a str) -> Answer<'a, Option<DueRelease>> {
        self.read_release_due(order_id).boxed()
    }

    fn release_done<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()> {
        self.write_release_done(order_id).boxed()
    }

    fn release_missed<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()> {
        self.write_release_missed(order_id).boxed()
    }
}
