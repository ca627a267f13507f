//! The gateway's configuration: YAML -> [`Config`], in two steps.
//!
//! `raw` is what may stand in the file; [`Config`] is what the rest of the gateway may rely on. Nothing
//! here opens a socket or reads a schema: paths are resolved, not followed.

mod admin;
mod batching;
mod cache;
mod headers;
mod listen;
mod overrides;
mod raw;
mod secret;
mod switch;
mod units;
mod validate;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use indexmap::IndexMap;

pub use admin::AdminConfig;
pub use batching::{Batching, Merging};
pub use cache::{CacheConfig, EndedBy, EndedWhat, Identity, RedisConfig, SubgraphCache};
pub use headers::HeaderConfig;
pub use raw::{parse, parse_with};
pub use secret::Secret;

/// A configuration that makes sense as a whole.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where metrics are told; `None`: nowhere.
    pub metrics: Option<SocketAddr>,
    /// Where the gateway itself is spoken to; `None`: nowhere.
    pub admin: Option<AdminConfig>,
    pub graph: GraphSource,
    /// By subgraph name; has an entry for every subgraph that the file speaks of.
    pub subgraphs: IndexMap<String, SubgraphConfig>,
    /// What holds for subgraphs that the file does not speak of. They have no URL here and no schema.
    pub other_subgraphs: SubgraphConfig,
    /// `None`: nothing is kept, and no subgraph has a `cache`.
    pub cache: Option<CacheConfig>,
    pub sharing: SharingConfig,
    pub limits: Limits,
    /// Origins of web pages that may call the gateway; empty: only pages that it serves itself.
    pub allow_origins: Vec<String>,
    /// A folder of documents, or a manifest of persisted operations, that are prepared at start.
    pub warm_up: Option<PathBuf>,
    pub override_labels: OverrideLabels,
    /// Variants of the API schema, by name.
    pub contracts: IndexMap<String, ContractConfig>,
}

/// What the environment says; it goes before the file. The caller reads the variables: nothing here does.
#[derive(Clone, Default)]
pub struct Environment {
    /// Whether what is needed must be here or in the file. If not, what has no secret is left out, as if it were not wanted:
    /// composing takes no secrets.
    pub is_whole: bool,
    /// `CAUSEWAY_REDIS_URL`: `cache.redis.url`.
    pub redis_url: Option<String>,
    /// `CAUSEWAY_ADMIN_KEY`: `admin.shared_key`.
    pub admin_key: Option<String>,
}

/// Who decides the labels of progressive overrides that are no percentages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverrideLabels {
    /// On for every request.
    pub always: Vec<String>,
    /// A client's header, in lower case, that names further labels; `None`: clients have no say.
    pub header: Option<String>,
}

/// Which `@tag`s a variant of the API schema shows; `exclude` wins, an empty `include` shows the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractConfig {
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

/// Where the supergraph comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphSource {
    /// Composed at start from the schemas of `subgraphs`.
    Subgraphs,
    /// A composed supergraph file.
    Supergraph(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgraphConfig {
    /// Where it is served; `None`: as the supergraph says.
    pub url: Option<String>,
    /// `None` only with [`GraphSource::Supergraph`].
    pub schema: Option<SchemaSource>,
    /// From sending a request to the last byte of the answer.
    pub timeout: Duration,
    /// HTTP/2: with prior knowledge at `http://`, if the server agrees at `https://`.
    pub http2: bool,
    /// Asks for compressed answers.
    pub compression: bool,
    pub headers: HeaderConfig,
    pub batching: Batching,
    /// `None`: nothing of it is kept.
    pub cache: Option<SubgraphCache>,
}

/// What is done once for several that ask for the same at the same time. Queries alone are shared, and only between
/// those whom the subgraphs cannot tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharingConfig {
    /// Whole requests of clients.
    pub requests: bool,
    /// Calls to subgraphs for root fields.
    pub calls: bool,
}

impl Default for SharingConfig {
    fn default() -> Self {
        Self {
            requests: true,
            calls: true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaSource {
    File(PathBuf),
    /// A running subgraph that tells its SDL (`_service { sdl }`).
    Url(String),
    /// SDL that stands in the config itself.
    Inline(String),
    /// Written `-`: SDL that comes on standard input. One subgraph of a config at most.
    Stdin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a client's request body.
    pub request_body: usize,
    /// Bytes of one subgraph's answer.
    pub subgraph_response: usize,
    /// Tokens of an operation's text; white space between two others is one, too.
    pub operation_tokens: usize,
    /// Levels of an operation's nesting, its fragments spread out.
    pub operation_depth: usize,
    /// Fields of an operation, its fragments spread out.
    pub operation_fields: usize,
    /// Bytes that the cache of prepared operations may take, roughly.
    pub plan_cache: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_body: 2 << 20,
            subgraph_response: 32 << 20,
            operation_tokens: 20_000,
            operation_depth: 100,
            operation_fields: 20_000,
            plan_cache: 20 << 20,
        }
    }
}

/// A configuration that cannot be used. The message says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} is not a valid configuration: {reason}")]
    Syntax { path: PathBuf, reason: String },
    #[error("{path}: `{key}`: {reason}")]
    Invalid {
        path: PathBuf,
        key: String,
        reason: String,
    },
}
