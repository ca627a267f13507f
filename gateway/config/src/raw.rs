//! What may stand in the file, word by word. Unknown keys are errors.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{
    Config, ConfigError, Environment,
    admin::RawAdmin,
    batching::RawBatching,
    cache::{RawCache, RawSubgraphCache},
    validate::validate,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(crate) listen: Option<String>,
    pub(crate) metrics: Option<RawMetrics>,
    pub(crate) admin: Option<RawAdmin>,
    #[serde(default)]
    pub(crate) subgraphs: IndexMap<String, RawSubgraph>,
    pub(crate) supergraph: Option<String>,
    /// Rover's file has it; every federation version is read here.
    #[serde(rename = "federation_version")]
    pub(crate) _federation_version: Option<String>,
    #[serde(default)]
    pub(crate) headers: RawHeaders,
    pub(crate) batching: Option<RawBatching>,
    pub(crate) cache: Option<RawCache>,
    #[serde(default)]
    pub(crate) sharing: RawSharing,
    /// For all subgraphs that have none of their own, e.g. `5s` or `500ms`.
    pub(crate) timeout: Option<String>,
    #[serde(default)]
    pub(crate) limits: RawLimits,
    #[serde(default)]
    pub(crate) cors: RawCors,
    #[serde(default)]
    pub(crate) warm_up: RawWarmUp,
    #[serde(default)]
    pub(crate) override_labels: RawOverrideLabels,
    #[serde(default)]
    pub(crate) contracts: IndexMap<String, RawContract>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMetrics {
    pub(crate) listen: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawContract {
    #[serde(default)]
    pub(crate) include: Vec<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSubgraph {
    /// `routing_url` is rover's word.
    #[serde(alias = "routing_url")]
    pub(crate) url: Option<String>,
    pub(crate) schema: Option<RawSchema>,
    pub(crate) timeout: Option<String>,
    pub(crate) http2: Option<bool>,
    pub(crate) compression: Option<bool>,
    #[serde(default)]
    pub(crate) headers: RawSubgraphHeaders,
    pub(crate) batching: Option<RawBatching>,
    pub(crate) cache: Option<RawSubgraphCache>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawSchema {
    Place(String),
    /// As rover writes it.
    Rover(RawRoverSchema),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRoverSchema {
    pub(crate) file: Option<String>,
    pub(crate) subgraph_url: Option<String>,
    pub(crate) sdl: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHeaders {
    pub(crate) forward: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSubgraphHeaders {
    pub(crate) forward: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    #[serde(default)]
    pub(crate) rename: IndexMap<String, String>,
    #[serde(default)]
    pub(crate) set: IndexMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSharing {
    pub(crate) requests: Option<bool>,
    pub(crate) calls: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWarmUp {
    pub(crate) operations: Option<String>,
}

/// A list of labels, or the longer form.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum RawOverrideLabels {
    Always(Vec<String>),
    Full(RawOverrides),
}

impl Default for RawOverrideLabels {
    fn default() -> Self {
        Self::Always(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOverrides {
    #[serde(default)]
    pub(crate) always: Vec<String>,
    pub(crate) header: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCors {
    #[serde(default)]
    pub(crate) allow_origins: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    pub(crate) request_body: Option<usize>,
    pub(crate) subgraph_response: Option<usize>,
    pub(crate) operation_tokens: Option<usize>,
    pub(crate) operation_depth: Option<usize>,
    pub(crate) operation_fields: Option<usize>,
    pub(crate) plan_cache: Option<u64>,
}

/// Parses and validates the text of a config file. `path` is where it came from: relative paths in it are
/// relative to its folder, and errors name it.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    parse_with(text, path, &Environment::default())
}

/// The same, where the environment has a say.
pub fn parse_with(text: &str, path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let raw: RawConfig = serde_saphyr::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        reason: with_suggestion(&error.to_string()),
    })?;
    validate(raw, path, environment)
}

/// "unknown field `lsten`, expected one of listen, …" gets a "did you mean `listen`?".
fn with_suggestion(message: &str) -> String {
    let suggestion = message.split_once("unknown field `").and_then(|(_, rest)| {
        let (found, rest) = rest.split_once('`')?;
        let (_, known) = rest.split_once("expected one of ")?;
        let known = known
            .lines()
            .next()?
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        known
            .map(|known| (strsim::jaro_winkler(found, known), known))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    });
    match suggestion {
        Some((likeness, known)) if likeness > 0.8 => format!("{message}\ndid you mean `{known}`?"),
        _ => message.to_owned(),
    }
}
