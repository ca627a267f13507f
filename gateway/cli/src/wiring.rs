//! Config -> the options of each crate, and the crates to each other.

mod admin;
mod beside;
mod cache;
mod known;
mod subgraphs;

use std::{future::Future, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use causeway_client::HttpSubgraphs;
use causeway_config::{AdminConfig, Config};
use causeway_executor::SubgraphClient;
use causeway_loader::Loader;
use causeway_model::Supergraph;
use causeway_server::{CacheAdmin, Graph, OverrideOptions, PrepareLimits, ServerOptions};
use tokio::{net::TcpListener, task::JoinHandle};

use self::{beside::Beside, cache::Common};
use crate::{metrics::Metrics, warm_up};

/// A gateway that accepts requests.
pub struct Gateway {
    pub addr: SocketAddr,
    /// Where metrics are told, if they are.
    pub metrics: Option<SocketAddr>,
    /// Where the gateway itself is spoken to, if it is.
    pub admin: Option<SocketAddr>,
    reloader: Reloader,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Gateway {
    /// Resolves when the gateway has stopped and its requests are drained.
    pub async fn wait(self) -> anyhow::Result<()> {
        self.serving
            .await
            .context("the gateway's task ended badly")?
            .context("the gateway stopped serving")
    }
}

/// Replaces the graph of a running gateway. Cheap to clone.
#[derive(Clone)]
pub struct Reloader {
    server: causeway_server::Gateway,
    metrics: Metrics,
    common: Option<Common>,
    /// What takes effect at a start alone: the addresses, and what is HTTP's.
    fixed: Fixed,
}

#[derive(Clone, PartialEq)]
struct Fixed {
    listen: SocketAddr,
    metrics: Option<SocketAddr>,
    admin: Option<AdminConfig>,
    request_body: usize,
    allow_origins: Vec<String>,
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen,
            metrics: config.metrics,
            admin: config.admin.clone(),
            request_body: config.limits.request_body,
            allow_origins: config.allow_origins.clone(),
        }
    }
}

impl Gateway {
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }
}

impl Reloader {
    /// Serves another graph from now on; requests under way finish on the one before. Its operations are planned before it
    /// takes over. On an error nothing has changed.
    pub async fn reload(&self, supergraph: Arc<Supergraph>, config: &Config) -> anyhow::Result<()> {
        if self.fixed != Fixed::of(config) {
            tracing::warn!(
                "`listen`, `metrics`, `admin`, `cors` and `limits.request_body` take effect at the next start"
            );
        }
        let (config, metrics, common) = (config.clone(), self.metrics.clone(), self.common.clone());
        // Making a large graph takes its time: not on a thread that serves requests.
        let making = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let documents = config.warm_up.as_deref().map(warm_up::documents);
            Ok((
                graph(supergraph, &config, &metrics, common.as_ref())?,
                documents.unwrap_or_default(),
            ))
        });
        let (graph, documents) = making.await.context("making the graph failed")??;
        if !documents.is_empty() {
            graph.warm_up(&documents).await;
        }
        self.server.replace(graph).await;
        Ok(())
    }
}

/// Where a gateway listens.
pub struct Listeners {
    /// For clients.
    pub clients: TcpListener,
    /// For administration, instead of one at `admin.listen`.
    pub admin: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(clients: TcpListener) -> Self {
        Self { clients, admin: None }
    }
}

/// Serves `supergraph` until `shutdown` resolves. Returns once requests are accepted; no subgraph needs to be up for that.
pub fn start(
    listeners: impl Into<Listeners>,
    supergraph: Arc<Supergraph>,
    config: &Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<Gateway> {
    let Listeners {
        clients: listener,
        admin,
    } = listeners.into();
    let addr = listener.local_addr().context("the listener has no address")?;
    let metrics = Metrics::default();
    let common = config.cache.as_ref().map(|cache| Common::new(&supergraph, cache));
    let common = common.transpose()?;
    let graph = graph(supergraph, config, &metrics, common.as_ref())?;
    let server = causeway_server::Gateway::new(graph);
    if let Some(common) = &common {
        common.coherence.add_barrier(Box::new(server.parting()));
    }
    let telling = config
        .metrics
        .map(|addr| tell(&metrics, &server, common.as_ref(), addr))
        .transpose()?;
    let administered = config
        .admin
        .as_ref()
        .map(|config| administer(config, admin, common.as_ref()))
        .transpose()?;
    if let Some(place) = &config.warm_up {
        tokio::spawn(server.warm_up(warm_up::documents(place)));
    }
    let routes = causeway_server::routes(server.clone(), &server_options(config));
    let (metrics_addr, admin_addr) = (addr_of(&telling), addr_of(&administered));
    let leaving = common.clone();
    let serving = tokio::spawn(async move {
        let served = causeway_server::serve(listener, routes, shutdown).await;
        // To the end: what happens while requests are drained is told as well, and what they are answered from can still be ended.
        telling.into_iter().chain(administered).for_each(Beside::stop);
        if let Some(leaving) = leaving {
            leaving.leave().await;
        }
        served
    });
    let reloader = Reloader {
        server,
        metrics,
        common,
        fixed: Fixed::of(config),
    };
    Ok(Gateway {
        addr,
        metrics: metrics_addr,
        admin: admin_addr,
        reloader,
        serving,
    })
}

fn addr_of(beside: &Option<Beside>) -> Option<SocketAddr> {
    beside.as_ref().map(|beside| beside.addr)
}

fn tell(
    metrics: &Metrics,
    server: &causeway_server::Gateway,
    common: Option<&Common>,
    addr: SocketAddr,
) -> anyhow::Result<Beside> {
    let (metrics, server, common) = (metrics.clone(), server.clone(), common.cloned());
    let routes = causeway_server::metrics_routes(move || {
        let cache = common.as_ref().and_then(Common::numbers);
        metrics.told(&server, cache)
    });
    Beside::start(addr, routes, "tell metrics", "metrics.listen")
}

fn administer(
    config: &AdminConfig,
    listener: Option<TcpListener>,
    common: Option<&Common>,
) -> anyhow::Result<Beside> {
    let key = config.shared_key.expose().to_owned();
    let cache: Arc<dyn CacheAdmin> = match common {
        Some(common) => Arc::new(admin::OfCache(common.clone())),
        None => Arc::new(admin::NoCache),
    };
    let routes = causeway_server::admin_routes(key, cache);
    match listener {
        Some(listener) => Beside::on(listener, routes),
        None => Beside::start(config.listen, routes, "be administered", "admin.listen"),
    }
}

fn graph(
    supergraph: Arc<Supergraph>,
    config: &Config,
    metrics: &Metrics,
    common: Option<&Common>,
) -> anyhow::Result<Graph> {
    known::check(&supergraph, config)?;
    let client: Arc<dyn SubgraphClient> = Arc::new(HttpSubgraphs::new(subgraphs::client_options(
        &supergraph,
        config,
    ))?);
    let loading = subgraphs::loader_options(&supergraph, config);
    let Some((common, cache)) = common.zip(config.cache.as_ref()) else {
        let loader = Loader::new(client, loading);
        metrics.follow(&loader);
        return Ok(Graph::new(supergraph, Arc::new(loader), &server_options(config)));
    };
    let cache = common.cache(&supergraph, config, cache, client)?;
    let loader = Loader::new(cache.storing(), loading);
    metrics.follow(&loader);
    common.coherence.add_barrier(Box::new(loader.parting()));
    let client = cache.reading(Arc::new(loader));
    Ok(Graph::new(supergraph, client, &server_options(config)))
}

fn server_options(config: &Config) -> ServerOptions {
    let limits = config.limits;
    ServerOptions {
        limits: PrepareLimits {
            tokens: limits.operation_tokens,
            depth: limits.operation_depth,
            fields: limits.operation_fields,
            cache: limits.plan_cache,
        },
        overrides: OverrideOptions {
            on: config.override_labels.always.clone(),
            // Validated as a header's name.
            header: config
                .override_labels
                .header
                .as_deref()
                .and_then(|name| name.parse().ok()),
            draw: Arc::new(rand::random::<f64>),
        },
        share_requests: config.sharing.requests,
        vary: config.cache.as_ref().map(|_| cache::vary(config)),
        request_body: limits.request_body,
        allow_origins: config.allow_origins.clone(),
    }
}
