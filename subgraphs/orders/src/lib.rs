//! The orders service of the shop: a GraphQL subgraph over its own database, and a client of catalog's stock.
//!
//! `graphql` -> `service` -> the ports `repository` and `catalog` -> their adapters. This file wires them.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use kit::{
    Running, ServiceHealth, Shutdown,
    auth::Verifier,
    db::DatabaseUrl,
    events::{Relay, Target},
};
use tokio::net::TcpListener;

use crate::{
    catalog::http::{Endpoint, HttpCatalog},
    graphql::Loaders,
    repository::sql::SqlRepository,
    service::Orders,
};

mod catalog;
mod error;
mod graphql;
mod model;
mod repository;
mod seed;
mod service;
mod tags;
mod terms;
#[cfg(test)]
mod tests;

pub use service::Timing;

/// Where catalog's internal API is unless configured otherwise.
pub const DEFAULT_CATALOG_URL: &str = "http://127.0.0.1:4002";
/// Where the users service publishes its keys unless configured otherwise.
pub const DEFAULT_JWKS_URL: &str = "http://127.0.0.1:4001/.well-known/jwks.json";

/// What the service needs to know to start.
pub struct Options {
    pub database: DatabaseUrl,
    /// Users in the shop's seed: an empty database gets six orders for each. 0: no seed.
    pub seed_size: u32,
    /// Root of catalog's internal API. Catalog need not run yet.
    pub catalog_url: String,
    /// What catalog's internal API asks for; without it no order can be placed.
    pub catalog_token: Option<String>,
    /// For one call of catalog.
    pub catalog_timeout: Duration,
    /// Keys that buyers' tokens are checked with. Users need not run yet.
    pub users_jwks_url: String,
    /// Between two passes of the reconciler. `None`: it does not run, and stock stays held until another copy's does.
    pub reconcile_every: Option<Duration>,
    pub timing: Timing,
    /// Where to tell what changed; `None`: nobody is told.
    pub events: Option<Target>,
}

impl Options {
    /// The defaults of the real shop, without a seed and without a token for catalog.
    pub fn new(database: DatabaseUrl) -> Self {
        Self {
            database,
            seed_size: 0,
            catalog_url: DEFAULT_CATALOG_URL.into(),
            catalog_token: None,
            catalog_timeout: Duration::from_secs(2),
            users_jwks_url: DEFAULT_JWKS_URL.into(),
            reconcile_every: Some(Duration::from_secs(5)),
            timing: Timing::default(),
            events: None,
        }
    }
}

/// Connects, migrates, seeds an empty database, and serves until shutdown. Returns once requests are accepted.
pub async fn start(listener: TcpListener, options: Options, shutdown: Shutdown) -> anyhow::Result<Running> {
    let verifier = Verifier::from_jwks_url(&options.users_jwks_url)?;
    let catalog = HttpCatalog::new(endpoint(&options)?).context("cannot make an HTTP client for catalog")?;
    let repository = SqlRepository::connect(&options.database).await?;
    let repository = match options.events {
        Some(_) => repository.announcing(),
        None => repository,
    };
    if options.seed_size > 0 {
        let inserted = repository.seed(&seed::orders(options.seed_size)).await?;
        tracing::info!(orders = inserted, "seeded");
    }
    let database = repository.database().clone();
    let relay = options
        .events
        .map(|target| Relay::start(&database, &target))
        .transpose()?;
    let orders = Orders::new(Arc::new(repository), Arc::new(catalog), options.timing);
    let schema = graphql::schema(orders.clone());
    let router = {
        let orders = orders.clone();
        kit::graphql_router(
            schema,
            ServiceHealth::new(database.clone()),
            Some(verifier),
            move |request| request.data(Loaders::new(&orders)),
        )
    };
    let reconciler = options.reconcile_every.map(|interval| {
        tokio::spawn(service::reconciler::run_periodically(
            orders,
            interval,
            shutdown.clone(),
        ))
    });
    Ok(kit::serve(listener, router, shutdown).afterwards(async move {
        if let Some(Err(error)) = async { Some(reconciler?.await) }.await {
            tracing::error!(%error, "the reconciler ended badly");
        }
        if let Some(relay) = relay {
            relay.stop().await;
        }
        database.close().await;
    }))
}

/// The subgraph's SDL with its federation directives; the same bytes for the same build.
pub fn sdl() -> String {
    graphql::sdl()
}

fn endpoint(options: &Options) -> anyhow::Result<Endpoint> {
    let url = reqwest::Url::parse(&options.catalog_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .with_context(|| format!("the catalog URL {:?} is not an http(s) URL", options.catalog_url))?;
    if options.catalog_token.is_none() {
        tracing::warn!("no token for catalog: it will refuse every reservation (set CATALOG_INTERNAL_TOKEN)");
    }
    Ok(Endpoint {
        url,
        token: options.catalog_token.clone(),
        timeout: options.catalog_timeout,
    })
}
