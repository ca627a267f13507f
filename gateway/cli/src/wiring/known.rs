//! Names of the graph that stand in the configuration.

use causeway_config::{CacheConfig, Config, EndedBy, EndedWhat};
use causeway_model::Supergraph;

/// A misspelt name would silently leave a subgraph with the supergraph's URL, or something that has changed in the cache.
pub(super) fn check(supergraph: &Supergraph, config: &Config) -> anyhow::Result<()> {
    for (name, subgraph) in &config.subgraphs {
        is_subgraph(supergraph, "", name)?;
        for ty in subgraph.cache.iter().flat_map(|cache| cache.types.keys()) {
            is_type(supergraph, &format!("`subgraphs.{name}.cache.types`: "), name, ty)?;
        }
    }
    config
        .cache
        .as_ref()
        .map_or(Ok(()), |cache| check_mutations(supergraph, cache))
}

fn check_mutations(supergraph: &Supergraph, cache: &CacheConfig) -> anyhow::Result<()> {
    let root = supergraph.schema.schema_definition.mutation.as_ref();
    let fields = root.and_then(|root| supergraph.schema.get_object(root));
    for (name, ended) in &cache.mutations {
        let at = format!("`cache.mutations.{name}`: ");
        if !fields.is_some_and(|root| root.fields.contains_key(name.as_str())) {
            anyhow::bail!("{at}the supergraph has no mutation `{name}`");
        }
        for EndedBy { subgraph, what } in ended {
            is_subgraph(supergraph, &at, subgraph)?;
            if let EndedWhat::Type(ty) | EndedWhat::Entity { ty, .. } = what {
                is_type(supergraph, &at, subgraph, ty)?;
            }
        }
    }
    Ok(())
}

fn is_subgraph(supergraph: &Supergraph, at: &str, name: &str) -> anyhow::Result<()> {
    let known: Vec<&str> = supergraph
        .subgraphs
        .iter()
        .map(|subgraph| subgraph.name.as_str())
        .collect();
    if known.contains(&name) {
        return Ok(());
    }
    anyhow::bail!(
        "{at}the configuration speaks of the subgraph `{name}`, which the supergraph does not have; it has: {}",
        known.join(", ")
    )
}

fn is_type(supergraph: &Supergraph, at: &str, subgraph: &str, ty: &str) -> anyhow::Result<()> {
    let found = supergraph.subgraphs.iter().find(|found| found.name == subgraph);
    if found.is_some_and(|found| found.types.contains_key(ty)) {
        return Ok(());
    }
    anyhow::bail!("{at}the subgraph `{subgraph}` has no type `{ty}`")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SUPERGRAPH: &str = include_str!("../../../../schema/supergraph.graphql");

    #[test]
    fn names_that_the_graph_does_not_have_are_refused() {
        let supergraph = causeway_composition::read::read_supergraph(SUPERGRAPH).unwrap();
        let ended =
            |field: &str, entry: &str| format!("cache: {{ mutations: {{ {field}: [{{ {entry} }}] }} }}");
        for (text, expected) in [
            (ended("placeOrder", "subgraph: catalog, type: Product"), ""),
            (
                "subgraphs: { catalog: { cache: { types: { Product: 1s } } } }".to_owned(),
                "",
            ),
            ("subgraphs: { catalogue: {} }".to_owned(), "it has: "),
            (
                "subgraphs: { users: { cache: { types: { Produkt: 1s } } } }".to_owned(),
                "`subgraphs.users.cache.types`: the subgraph `users` has no type `Produkt`",
            ),
            (ended("placeOrdr", "subgraph: catalog"), "no mutation `placeOrdr`"),
            (
                ended("placeOrder", "subgraph: katalog"),
                "`cache.mutations.placeOrder`: the configuration speaks of the subgraph `katalog`",
            ),
            (
                ended("placeOrder", "subgraph: catalog, type: Order, key: { id: 1 }"),
                "the subgraph `catalog` has no type `Order`",
            ),
        ] {
            let config = causeway_config::parse(
                &format!("supergraph: s.graphql\n{text}"),
                Path::new("causeway.yaml"),
            )
            .unwrap();
            match check(&supergraph, &config) {
                Ok(()) => assert_eq!(expected, "", "{text}"),
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        !expected.is_empty() && message.contains(expected),
                        "{text}: {message}"
                    );
                }
            }
        }
    }
}
