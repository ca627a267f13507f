//! The catalog service: products, bundles, search, favourites, and the stock that orders reserve. A federation
//! subgraph at /graphql, an internal HTTP API for reservations beside it.

mod error;
mod graphql;
mod internal;
mod model;
mod repository;
mod seed;
mod service;
mod sweeper;
mod tags;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kit::db::DatabaseUrl;
use kit::events::{Relay, Target};
use kit::{ServiceHealth, Shutdown};
use tokio::net::TcpListener;

use repository::{CatalogRepository, SqlRepository};
use service::{Catalog, Stock};

pub use graphql::sdl;

/// How often expired reservations are looked for, unless [`Options::sweep_every`] says otherwise.
pub const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// What the service needs to run.
#[derive(Clone)]
pub struct Options {
    pub database: DatabaseUrl,
    /// Number of users of the demo shop; the assortment follows from it. 0: an empty database stays empty.
    pub seed_size: u32,
    /// The token that the internal reservation API asks for; `None` keeps that API closed.
    pub internal_token: Option<String>,
    /// See [`SWEEP_EVERY`].
    pub sweep_every: Duration,
    /// Where to tell what changed; `None`: nobody is told.
    pub events: Option<Target>,
}

/// Opens the database (migrating it, and seeding it when empty), then serves on the listener until shutdown.
/// Errors when the database cannot be opened, migrated or seeded; nothing listens then.
pub async fn start(
    listener: TcpListener,
    options: Options,
    shutdown: Shutdown,
) -> anyhow::Result<kit::Running> {
    let store = SqlRepository::connect(&options.database).await?;
    let store = Arc::new(match options.events {
        Some(_) => store.announcing(),
        None => store,
    });
    if options.seed_size > 0 {
        let assortment = seed::assortment(options.seed_size);
        let loaded = store
            .seed(&assortment)
            .await
            .context("cannot load the demo assortment")?;
        if loaded {
            tracing::info!(products = assortment.products.len(), "loaded the demo assortment");
        }
    }
    let database = store.database().clone();
    let relay = options
        .events
        .map(|target| Relay::start(&database, &target))
        .transpose()?;
    let catalog = Catalog::new(store.clone());
    let stock = Stock::new(store);
    let token = options
        .internal_token
        .filter(|token| !token.is_empty())
        .map(Arc::from);
    let router = graphql::router(catalog, ServiceHealth::new(database.clone()))
        .merge(internal::router(stock.clone(), token));
    let sweeper = sweeper::spawn(stock, options.sweep_every, shutdown.clone());
    Ok(kit::serve(listener, router, shutdown).afterwards(async move {
        if let Err(error) = sweeper.await {
            tracing::error!(%error, "the sweeper of reservations had stopped");
        }
        if let Some(relay) = relay {
            relay.stop().await;
        }
        database.close().await;
    }))
}
