//! One subgraph: the schema that its server serves, and what federation's directives say in it.

mod facts;
mod serve;

pub(crate) use facts::{provided_below, provides};

use std::collections::BTreeMap;

use apollo_compiler::{Schema, schema::ExtendedType, validation::Valid};
use causeway_model::FieldSet;

pub use serve::Served;

/// A strict subgraph server without a network.
#[derive(Debug)]
pub struct Service {
    pub name: String,
    /// What documents are validated against: the SDL's types and federation's root fields.
    pub schema: Valid<Schema>,
    pub(crate) types: BTreeMap<String, TypeFacts>,
}

#[derive(Debug, Default)]
pub(crate) struct TypeFacts {
    /// Only those by which this subgraph loads entities.
    pub(crate) keys: Vec<FieldSet>,
    /// Names of the fields in any key, resolvable or not.
    pub(crate) key_fields: Vec<String>,
    pub(crate) is_interface_object: bool,
    pub(crate) fields: BTreeMap<String, FieldFacts>,
}

#[derive(Debug, Default)]
pub(crate) struct FieldFacts {
    pub(crate) is_external: bool,
    pub(crate) requires: Option<FieldSet>,
    pub(crate) provides: Option<FieldSet>,
    pub(crate) overrides: Option<Override>,
    /// Another subgraph has taken it over: for all requests, or while a label is on.
    pub(crate) overridden: Option<Override>,
}

/// `@override`.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    pub(crate) from: String,
    pub(crate) label: Option<String>,
}

impl FieldFacts {
    /// Whether another subgraph answers the field while the labels in `on` are on.
    pub(crate) fn is_elsewhere(&self, on: &[String]) -> bool {
        let is_on = |one: &Override| one.label.as_ref().is_none_or(|label| on.contains(label));
        self.overridden.as_ref().is_some_and(is_on) || self.overrides.as_ref().is_some_and(|one| !is_on(one))
    }
}

impl Service {
    /// Servers for all subgraphs of a graph, (name, SDL) each.
    ///
    /// # Errors
    /// The SDL is no schema; in the words of the parser.
    pub fn all(subgraphs: &[(String, String)]) -> Result<Vec<Self>, String> {
        let mut services: Vec<Self> = subgraphs
            .iter()
            .map(|(name, sdl)| Self::new(name, sdl).map_err(|why| format!("subgraph {name}: {why}")))
            .collect::<Result<_, _>>()?;
        let overridden: Vec<(Override, String, String)> = services
            .iter()
            .flat_map(|service| &service.types)
            .flat_map(|(ty, facts)| facts.fields.iter().map(move |(field, facts)| (ty, field, facts)))
            .filter_map(|(ty, field, facts)| Some((facts.overrides.clone()?, ty.clone(), field.clone())))
            .collect();
        for (taken, ty, field) in overridden {
            let facts = services
                .iter_mut()
                .filter(|service| service.name == taken.from)
                .filter_map(|service| service.types.get_mut(&ty)?.fields.get_mut(&field));
            facts.for_each(|facts| facts.overridden = Some(taken.clone()));
        }
        Ok(services)
    }

    fn new(name: &str, sdl: &str) -> Result<Self, String> {
        let mut schema = Schema::builder()
            .adopt_orphan_extensions()
            .parse(sdl, format!("{name}.graphql"))
            .build()
            .map_err(|invalid| invalid.errors.to_string())?;
        let types = facts::read(&schema)?;
        facts::strip(&mut schema);
        let schema = served(&schema, &types)?;
        Ok(Self {
            name: name.to_owned(),
            schema,
            types,
        })
    }

    pub(crate) fn field(&self, ty: &str, field: &str) -> Option<&FieldFacts> {
        self.types.get(ty)?.fields.get(field)
    }
}

/// Adds what federation asks of a server.
fn served(schema: &Schema, types: &BTreeMap<String, TypeFacts>) -> Result<Valid<Schema>, String> {
    let entities: Vec<&str> = types
        .iter()
        .filter(|(name, facts)| {
            !facts.keys.is_empty() && matches!(schema.types.get(name.as_str()), Some(ExtendedType::Object(_)))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let has_query = schema.types.contains_key("Query");
    let mut sdl = schema.to_string();
    sdl.push_str(if has_query {
        "\nextend type Query {"
    } else {
        "\ntype Query {"
    });
    sdl.push_str(" _service: _Service! ");
    if !entities.is_empty() {
        sdl.push_str("_entities(representations: [_Any!]!): [_Entity]! ");
    }
    sdl.push_str("}\ntype _Service { sdl: String }\nscalar _Any\n");
    if !entities.is_empty() {
        sdl.push_str(&format!("union _Entity = {}\n", entities.join(" | ")));
    }
    Schema::parse_and_validate(sdl, "served.graphql").map_err(|invalid| invalid.errors.to_string())
}
