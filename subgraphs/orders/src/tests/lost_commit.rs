//! A database that fails at the last step of a placing: whether or not the commit happened, the order ends in one
//! piece.

use std::collections::HashMap;

use super::{
    fake_catalog::{Stage, Step},
    fixture::{Bench, code, kettles, order_id},
};
use crate::{
    model::{Line, Order, Status, Window},
    repository::{
        Answer, Bound, Claim, Completion, DueRelease, Repository, RepositoryError, sql::SqlRepository,
    },
};

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_a_placed_order() {
    let bench = Bench::new().await;
    let orders = bench.orders_over(LosesCompletion {
        repository: bench.repository.clone(),
        commits: true,
    });
    let placement = orders.place("u-1", kettles("k")).await.unwrap();
    let order = bench.orders.order(order_id(&placement)).await.unwrap();
    assert_eq!(order.status, Status::Placed);
    assert_eq!(bench.catalog.books().stages(), [Stage::Confirmed]);
    assert_eq!(bench.catalog.books().calls_of(Step::Release), 0);
}

#[tokio::test]
async fn a_commit_that_fails_sells_nothing() {
    let bench = Bench::new().await;
    let orders = bench.orders_over(LosesCompletion {
        repository: bench.repository.clone(),
        commits: false,
    });
    assert_eq!(
        code(orders.place("u-1", kettles("k")).await),
        "INTERNAL_SERVER_ERROR"
    );
    assert_eq!(bench.visible_orders().await, 0);
    assert_eq!(bench.catalog.available("p-1"), 10);
    bench.placed("u-1", kettles("k")).await;
}

/// The real repository, but for [`Repository::complete`], which always seems to fail.
struct LosesCompletion {
    repository: SqlRepository,
    commits: bool,
}

impl Repository for LosesCompletion {
    fn complete<'a>(&'a self, completion: &'a Completion) -> Answer<'a, bool> {
        Box::pin(async move {
            if self.commits {
                assert!(self.repository.complete(completion).await?);
            }
            Err(RepositoryError::Database(sqlx::Error::WorkerCrashed))
        })
    }

    fn orders<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Vec<Order>> {
        self.repository.orders(ids)
    }

    fn lines<'a>(&'a self, order_ids: &'a [String]) -> Answer<'a, HashMap<String, Vec<Line>>> {
        self.repository.lines(order_ids)
    }

    fn units_sold<'a>(&'a self, item_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>> {
        self.repository.units_sold(item_ids)
    }

    fn page<'a>(&'a self, status: Option<Status>, window: &'a Window) -> Answer<'a, Vec<Order>> {
        self.repository.page(status, window)
    }

    fn count(&self, status: Option<Status>) -> Answer<'_, i64> {
        self.repository.count(status)
    }

    fn pages_of_buyers<'a>(
        &'a self,
        buyer_ids: &'a [String],
        window: &'a Window,
    ) -> Answer<'a, HashMap<String, Vec<Order>>> {
        self.repository.pages_of_buyers(buyer_ids, window)
    }

    fn counts_of_buyers<'a>(&'a self, buyer_ids: &'a [String]) -> Answer<'a, HashMap<String, i64>> {
        self.repository.counts_of_buyers(buyer_ids)
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Answer<'a, bool> {
        self.repository.claim(claim)
    }

    fn bound<'a>(&'a self, buyer_id: &'a str, idempotency_key: &'a str) -> Answer<'a, Option<Bound>> {
        self.repository.bound(buyer_id, idempotency_key)
    }

    fn abandon<'a>(&'a self, order_id: &'a str, reply: Option<&'a str>) -> Answer<'a, bool> {
        self.repository.abandon(order_id, reply)
    }

    fn cancel<'a>(&'a self, order_id: &'a str, version: i64) -> Answer<'a, bool> {
        self.repository.cancel(order_id, version)
    }

    fn stale(&self, created_before: i64, limit: u32) -> Answer<'_, Vec<String>> {
        self.repository.stale(created_before, limit)
    }

    fn releases_due(&self, limit: u32) -> Answer<'_, Vec<DueRelease>> {
        self.repository.releases_due(limit)
    }

    fn release_due<'a>(&'a self, order_id: &'a str) -> Answer<'a, Option<DueRelease>> {
        self.repository.release_due(order_id)
    }

    fn release_done<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()> {
        self.repository.release_done(order_id)
    }

    fn release_missed<'a>(&'a self, order_id: &'a str) -> Answer<'a, ()> {
        self.repository.release_missed(order_id)
    }
}
