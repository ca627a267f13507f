//! The background task that expires reservations held past their time. It decides when; how is the service's.

use std::time::Duration;

use kit::Shutdown;
use tokio::task::JoinHandle;

use crate::service::Stock;

/// Sweeps once per `period` until shutdown. A failed sweep is logged and tried again a period later.
pub(crate) fn spawn(stock: Stock, period: Duration, shutdown: Shutdown) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(period) => {}
            }
            match stock.sweep().await {
                Ok(0) => {}
                Ok(expired) => tracing::info!(expired, "gave the stock of expired reservations back"),
                Err(error) => tracing::warn!(%error, "could not look for expired reservations"),
            }
        }
    })
}
