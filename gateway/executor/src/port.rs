//! What the executor needs from the outside.

use std::sync::Arc;

use bytes::Bytes;
use causeway_model::SubgraphId;
use futures::future::BoxFuture;
use http::HeaderMap;

/// Sends requests to subgraphs. One instance serves all subgraphs and all requests.
pub trait SubgraphClient: Send + Sync {
    /// Resolves within the subgraph's timeout, come what may.
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>>;
}

#[derive(Debug, Clone)]
pub struct SubgraphRequest {
    pub subgraph: SubgraphId,
    /// A GraphQL-over-HTTP request body, as JSON.
    pub body: Bytes,
    /// The client's headers; which of them go on is the adapter's business.
    pub headers: Arc<HeaderMap>,
}

#[derive(Debug, Clone)]
pub struct SubgraphReply {
    /// A body that claims to be a GraphQL response.
    pub body: Bytes,
}

/// A call that brought no GraphQL response. `Display` completes the sentence "subgraph `x` …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    #[error("could not be reached: {reason}")]
    Unreachable { reason: String },
    #[error("did not answer within {millis} ms")]
    Timeout { millis: u128 },
    #[error("answered HTTP status {status} without a GraphQL response")]
    BadStatus { status: u16 },
    #[error("answered more than {limit} bytes")]
    TooLarge { limit: usize },
    /// The reply came, but is no GraphQL response.
    #[error("could not be understood: {reason}")]
    Malformed { reason: String },
}

impl FetchFailure {
    /// Stable, for `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "SUBGRAPH_UNREACHABLE",
            Self::Timeout { .. } => "SUBGRAPH_TIMEOUT",
            Self::BadStatus { .. } => "SUBGRAPH_HTTP_ERROR",
            Self::TooLarge { .. } => "SUBGRAPH_RESPONSE_TOO_LARGE",
            Self::Malformed { .. } => "SUBGRAPH_MALFORMED_RESPONSE",
        }
    }
}
