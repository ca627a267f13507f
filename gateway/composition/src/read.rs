//! Supergraph SDL -> [`Supergraph`].
//!
//! This is the only way to a `Supergraph`: what this crate composes is printed and read back, so that
//! our own graphs and those composed by others take the same road. It checks what it relies on, and
//! nothing else: the SDL's author is a composer, not a person.

mod api;
mod caching;
mod contexts;
pub(crate) mod defer;
mod features;
mod field_set;
mod labels;
mod subgraphs;

use apollo_compiler::{Name, Schema, validation::Valid};
use causeway_model::Supergraph;

pub use api::api_schema;
pub(crate) use api::reduce;
pub(crate) use features::Features;
pub use field_set::parse_field_set;

/// Why a text is not a supergraph that this gateway can serve.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the supergraph is not valid GraphQL: {0}")]
    InvalidGraphql(String),
    #[error(
        "the schema is no supergraph: it has no `join__Graph` enum. A supergraph is made by `causeway compose` \
         (or another federation 2 composer); a single subgraph's SDL belongs under `subgraphs:` in the config"
    )]
    NotASupergraph,
    #[error(
        "the supergraph uses {url} for {purpose}, which this gateway does not know; serving the graph without it would be \
         wrong. Compose the supergraph without it"
    )]
    UnsupportedFeature { url: String, purpose: String },
    #[error("{coordinate}: {reason}")]
    Invalid { coordinate: String, reason: String },
    #[error("the API schema that clients would see is not valid: {0}")]
    InvalidApiSchema(String),
}

impl ReadError {
    /// The field's standard code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedFeature { .. } => "UNSUPPORTED_LINKED_FEATURE",
            _ => "INVALID_FEDERATION_SUPERGRAPH",
        }
    }
}

/// Reads supergraph SDL with any version of the `join` spec, from v0.1 (federation 1's composers) to v0.5.
///
/// # Errors
/// The SDL is no supergraph, contradicts itself, or uses a specification for security or execution that is unknown here.
pub fn read_supergraph(sdl: &str) -> Result<Supergraph, ReadError> {
    let schema = Schema::parse_and_validate(sdl, "supergraph.graphql")
        .map_err(|invalid| ReadError::InvalidGraphql(first_lines(&invalid.errors.to_string())))?;
    let features = Features::read(&schema)?;
    let (subgraphs, labels) = subgraphs::subgraphs(&schema, &features)?;
    let contexts = contexts::contexts(&schema, &features);
    let api_schema = api::served(&schema)?;
    let schema = without_machinery(schema, &features)?;
    Ok(Supergraph {
        schema,
        api_schema,
        subgraphs,
        labels,
        contexts,
    })
}

/// Takes out the definitions of `join`, `link` and the other specs; applications of directives too, since
/// everything that they say has been read.
fn without_machinery(schema: Valid<Schema>, features: &Features) -> Result<Valid<Schema>, ReadError> {
    let mut schema = schema.into_inner();
    api::strip_machinery(&mut schema, features);
    schema
        .validate()
        .map_err(|invalid| ReadError::InvalidGraphql(first_lines(&invalid.errors.to_string())))
}

fn first_lines(diagnostics: &str) -> String {
    diagnostics.lines().take(12).collect::<Vec<_>>().join("\n")
}

fn invalid(coordinate: impl Into<String>, reason: impl Into<String>) -> ReadError {
    ReadError::Invalid {
        coordinate: coordinate.into(),
        reason: reason.into(),
    }
}

fn coordinate(ty: &Name, field: &Name) -> String {
    format!("{ty}.{field}")
}
