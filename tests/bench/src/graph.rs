//! The graph that everything is measured on: four subgraphs, composed by the gateway's own composition.

use std::collections::BTreeMap;

use anyhow::Context as _;
use apollo_compiler::{Schema, validation::Valid};
use causeway_composition::SubgraphInput;

/// Name and SDL of each subgraph.
pub(crate) const SUBGRAPHS: [(&str, &str); 4] = [
    ("people", include_str!("graph/people.graphql")),
    ("goods", include_str!("graph/goods.graphql")),
    ("sales", include_str!("graph/sales.graphql")),
    ("opinions", include_str!("graph/opinions.graphql")),
];

/// What federation adds to a subgraph's schema, as far as these subgraphs use it.
const FEDERATION: &str = r#"
directive @link(url: String!, import: [String!]) repeatable on SCHEMA
directive @key(fields: String!, resolvable: Boolean = true) repeatable on OBJECT
scalar _Any
"#;

/// Where each subgraph is served, by name.
pub(crate) type Urls = BTreeMap<String, String>;

/// A supergraph and what clients see of it.
pub(crate) struct Composed {
    pub(crate) supergraph: String,
    pub(crate) api: Valid<Schema>,
}

/// Composes the supergraph of subgraphs that are served at `urls`.
pub(crate) fn compose(urls: &Urls) -> anyhow::Result<Composed> {
    let inputs = SUBGRAPHS.map(|(name, sdl)| SubgraphInput {
        name: name.to_owned(),
        url: urls.get(name).cloned(),
        sdl: sdl.to_owned(),
        source: format!("{name}.graphql"),
    });
    let composed = causeway_composition::compose(&inputs).map_err(|failed| {
        let messages: Vec<String> = failed.errors.into_iter().map(|error| error.message).collect();
        anyhow::anyhow!("the subgraphs do not compose: {}", messages.join("; "))
    })?;
    let api = Schema::parse_and_validate(composed.api_schema_sdl, "api.graphql")
        .map_err(|invalid| anyhow::anyhow!("the API schema is invalid: {}", invalid.errors))?;
    Ok(Composed {
        supergraph: composed.supergraph_sdl,
        api,
    })
}

/// The schema that a subgraph validates documents against: its SDL with `_entities`.
pub(crate) fn served_schema(name: &str) -> anyhow::Result<Valid<Schema>> {
    let (_, sdl) = SUBGRAPHS
        .iter()
        .find(|(known, _)| *known == name)
        .with_context(|| format!("there is no subgraph `{name}`"))?;
    let entities: Vec<&str> = ["User", "Product"]
        .into_iter()
        .filter(|ty| sdl.contains(&format!("type {ty} @key(fields: \"id\") {{")))
        .collect();
    let extend = if sdl.contains("type Query") { "extend " } else { "" };
    let text = format!(
        "{FEDERATION}\nunion _Entity = {}\n{extend}type Query {{ _entities(representations: [_Any!]!): [_Entity]! }}\n{sdl}",
        entities.join(" | ")
    );
    Schema::parse_and_validate(text, format!("{name}.graphql"))
        .map_err(|invalid| anyhow::anyhow!("the schema of {name} is invalid: {}", invalid.errors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subgraphs_compose_and_their_own_schemas_are_valid() {
        let urls = SUBGRAPHS
            .map(|(name, _)| (name.to_owned(), format!("http://{name}/graphql")))
            .into_iter()
            .collect();
        let composed = compose(&urls).unwrap();
        assert!(composed.supergraph.contains("http://opinions/graphql"));
        for (name, _) in SUBGRAPHS {
            served_schema(name).unwrap();
        }
        assert!(served_schema("nobody").is_err());
    }
}
