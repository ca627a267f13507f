//! Config -> how subgraphs are spoken to, and how entities are loaded from them.

use causeway_client::{ClientOptions, HeaderRules, SubgraphOptions};
use causeway_config::{Config, HeaderConfig, SubgraphConfig};
use causeway_loader::{Batching, LoaderOptions, Merging, SubgraphLoading};
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
pub(super) fn configured<'c>(
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
        batching: batching(&subgraph.batching, subgraph.cache.is_some()),
    });
    LoaderOptions {
        subgraphs: subgraphs.collect(),
        share_calls: config.sharing.calls,
    }
}

/// A cache below the loader knows itself whom a subgraph that it keeps answers alike, and that those who want something new are not
/// among them.
fn batching(config: &causeway_config::Batching, is_kept: bool) -> Batching {
    if !config.enabled {
        return Batching::Off { slots: config.slots };
    }
    Batching::On {
        across_requests: config.across_requests,
        max_batch_size: config.max_batch_size,
        slots: config.slots,
        public: config.public && !is_kept,
        merging: config.merging.enabled.then_some(Merging {
            max_operations: config.merging.max_operations,
            max_wait: config.merging.max_wait,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SUPERGRAPH: &str = include_str!("../../../../schema/supergraph.graphql");

    #[test]
    fn what_is_configured_for_a_subgraph_reaches_its_client_and_no_other() {
        let text = "supergraph: s.graphql\ntimeout: 3s\nheaders: { forward: [x-a] }\nsubgraphs:\n  users:\n    url: http://here/graphql\n    \
                    timeout: 2s\n    http2: true\n    compression: false\n    headers: { forward: [x-b], rename: { x-c: x-d }, set: { x-e: f } }\n";
        let config = causeway_config::parse(text, Path::new("causeway.yaml")).unwrap();
        let supergraph = causeway_composition::read::read_supergraph(SUPERGRAPH).unwrap();
        let options = client_options(&supergraph, &config);
        assert_eq!(options.subgraphs.len(), 3);
        for subgraph in options.subgraphs {
            let own = subgraph.name == "users";
            assert_eq!(subgraph.url == "http://here/graphql", own, "{}", subgraph.name);
            assert_eq!(subgraph.timeout.as_secs(), if own { 2 } else { 3 });
            assert_eq!((subgraph.http2, subgraph.compression), (own, !own));
            let pair = |one: &str, other: &str| vec![(one.to_owned(), other.to_owned())];
            let expected = if own {
                HeaderRules {
                    forward: vec!["x-b".to_owned()],
                    rename: pair("x-c", "x-d"),
                    set: pair("x-e", "f"),
                }
            } else {
                HeaderRules {
                    forward: vec!["x-a".to_owned()],
                    ..HeaderRules::default()
                }
            };
            assert_eq!(subgraph.headers, expected, "{}", subgraph.name);
        }
    }
}
