//! Config -> the options of each crate, and the crates to each other.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use causeway_client::{ClientOptions, HttpSubgraphs, SubgraphOptions};
use causeway_config::Config;
use causeway_model::Supergraph;
use causeway_server::{OverrideOptions, PrepareLimits, ServerOptions};
use tokio::{net::TcpListener, task::JoinHandle};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A gateway that accepts requests.
pub struct Gateway {
    pub addr: SocketAddr,
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

/// Serves `supergraph` on `listener` until `shutdown` resolves. Returns once requests are accepted; no subgraph
/// needs to be up for that.
pub fn start(
    listener: TcpListener,
    supergraph: Arc<Supergraph>,
    config: &Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<Gateway> {
    let addr = listener.local_addr().context("the listener has no address")?;
    refuse_unknown_subgraphs(&supergraph, config)?;
    let client = HttpSubgraphs::new(client_options(&supergraph, config))?;
    let router = causeway_server::router(supergraph, Arc::new(client), &server_options(config));
    let serving = tokio::spawn(causeway_server::serve(listener, router, shutdown));
    Ok(Gateway { addr, serving })
}

/// A misspelt name would silently leave a subgraph with the supergraph's URL.
fn refuse_unknown_subgraphs(supergraph: &Supergraph, config: &Config) -> anyhow::Result<()> {
    let known: Vec<&str> = supergraph
        .subgraphs
        .iter()
        .map(|subgraph| subgraph.name.as_str())
        .collect();
    match config
        .subgraphs
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        Some(name) => anyhow::bail!(
            "the configuration speaks of the subgraph `{name}`, which the supergraph does not have; it has: {}",
            known.join(", ")
        ),
        None => Ok(()),
    }
}

/// The config's URL comes before the supergraph's.
fn client_options(supergraph: &Supergraph, config: &Config) -> ClientOptions {
    let subgraphs = supergraph
        .subgraphs
        .iter()
        .map(|subgraph| {
            let configured = config.subgraphs.get(&subgraph.name);
            SubgraphOptions {
                name: subgraph.name.clone(),
                url: configured
                    .and_then(|found| found.url.clone())
                    .unwrap_or_else(|| subgraph.url.clone()),
                timeout: configured.map_or(DEFAULT_TIMEOUT, |found| found.timeout),
            }
        })
        .collect();
    ClientOptions {
        subgraphs,
        forward_headers: config.forward_headers.clone(),
        response_limit: config.limits.subgraph_response,
    }
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
        request_body: limits.request_body,
        allow_origins: config.allow_origins.clone(),
    }
}
