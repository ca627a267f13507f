//! Finishes what sagas left behind: gives up placings that lost their saga, and repeats releases until catalog has
//! acknowledged them.
//!
//! Safe to run in any number of copies, at any time, beside live sagas: every write names the state it starts from,
//! and `release` is idempotent.

use std::time::Duration;

use kit::{Shutdown, Timestamp};

use super::Orders;
use crate::{catalog::Unavailable, error::OrdersError, repository::DueRelease};

/// How many placings and releases one pass takes up.
const BATCH: u32 = 100;

/// What one pass did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Placings given up.
    pub(crate) given_up: usize,
    /// Releases that catalog acknowledged.
    pub(crate) released: usize,
    /// Releases that it did not; a later pass repeats them.
    pub(crate) missed: usize,
}

/// Runs a pass at once, then every `interval` and whenever a release could not be done on the spot, until shutdown.
pub(crate) async fn run_periodically(orders: Orders, interval: Duration, shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            _ = ticks.tick() => {}
            () = orders.release_bell.notified() => {}
        }
        match orders.reconcile(Timestamp::now().millis()).await {
            Ok(pass) if pass == Pass::default() => {}
            Ok(Pass {
                given_up,
                released,
                missed,
            }) => tracing::info!(given_up, released, missed, "reconciled"),
            Err(error) => tracing::error!(?error, "could not reconcile; the next pass tries again"),
        }
    }
}

impl Orders {
    /// One pass, as of `now` (milliseconds since the epoch).
    pub(crate) async fn reconcile(&self, now: i64) -> Result<Pass, OrdersError> {
        let mut pass = Pass::default();
        let stale_after = i64::try_from(self.timing.stale_after.as_millis()).unwrap_or(i64::MAX);
        for id in self
            .repository
            .stale(now.saturating_sub(stale_after), BATCH)
            .await?
        {
            if self.repository.abandon(&id, None).await? {
                pass.given_up += 1;
            }
        }
        for due in self.repository.releases_due(BATCH).await? {
            match self.release(&due).await? {
                Ok(()) => pass.released += 1,
                Err(Unavailable::BadAnswer(_)) => pass.missed += 1,
                // The others would most likely wait for the same timeout.
                Err(Unavailable::Unreachable(_)) => {
                    pass.missed += 1;
                    break;
                }
            }
        }
        Ok(pass)
    }

    /// Tries the release of this order once. What does not work out stays due for the reconciler.
    pub(super) async fn release_now(&self, order_id: &str) {
        let tried = async {
            match self.repository.release_due(order_id).await? {
                Some(due) => self.release(&due).await,
                None => Ok(Ok(())),
            }
        };
        match tried.await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.release_bell.notify_one(),
            Err(error) => tracing::error!(order = order_id, ?error, "a release stays due for the reconciler"),
        }
    }

    async fn release(&self, due: &DueRelease) -> Result<Result<(), Unavailable>, OrdersError> {
        let answer = self.catalog.release(&due.reservation_id).await;
        match &answer {
            Ok(()) => self.repository.release_done(&due.order_id).await?,
            Err(cause) => {
                tracing::warn!(order = due.order_id, reservation = due.reservation_id, %cause, "release missed");
                self.repository.release_missed(&due.order_id).await?;
            }
        }
        Ok(answer)
    }
}
