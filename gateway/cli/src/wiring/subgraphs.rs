//! Config -> how subgraphs are spoken to, and how entities are loaded from them.

use causeway_client::{ClientOptions, HeaderRules, SubgraphOptions};
use causeway_config::{Config, HeaderConfig, SubgraphConfig};
use causeway_loader::{Batching, LoaderOptions, SubgraphLoading};
use causeway_model::Supergraph;

/// The config's URL comes before the supergraph's.
pub(super) fn client_options(supergraph: &Supergraph, config: &Config) -> ClientOptions {
    let subgraphs = supergraph
        .subgraphs
        .iter()
        .map(|subgraph| {
            let configured = config
                .subgraphs
                .get(&subgraph.name)
                .unwrap_or(&config.other_subgraphs);
            SubgraphOptions {
                name: subgraph.name.clone(),
                url: configured.url.clone().unwrap_or_else(|| subgraph.url.clone()),
                timeout: configured.timeout,
                http2: configured.http2,
                compression: configured.compression,
                headers: header_rules(&configured.headers),
            }
        })
        .collect();
    ClientOptions {
        subgraphs,
        response_limit: config.limits.subgraph_response,
    }
}

fn header_rules(config: &HeaderConfig) -> HeaderRules {
    let pair = |(key, value): (&String, &String)| (key.clone(), value.clone());
    HeaderRules {
        forward: config.forward.clone(),
        rename: config.rename.iter().map(pair).collect(),
        set: config.set.iter().map(pair).collect(),
    }
}

/// What holds for each of the supergraph's subgraphs, in its order.
fn configured<'c>(
    supergraph: &'c Supergraph,
    config: &'c Config,
) -> impl Iterator<Item = (&'c str, &'c SubgraphConfig)> {
    supergraph.subgraphs.iter().map(|subgraph| {
        let found = config.subgraphs.get(&subgraph.name);
        (subgraph.name.as_str(), found.unwrap_or(&config.other_subgraphs))
    })
}

pub(super) fn loader_options(supergraph: &Supergraph, config: &Config) -> LoaderOptions {
    let subgraphs = configured(supergraph, config).map(|(name, subgraph)| SubgraphLoading {
        name: name.to_owned(),
        timeout: subgraph.timeout,
        batching: batching(&subgraph.batching),
    });
    LoaderOptions {
        subgraphs: subgraphs.collect(),
        share_calls: config.sharing.calls,
    }
}

fn batching(config: &causeway_config::Batching) -> Batching {
    if !config.enabled {
        return Batching::Off;
    }
    Batching::On {
        across_requests: config.across_requests,
        max_batch_size: config.max_batch_size,
        slots: config.slots,
        public: config.public,
    }
}
