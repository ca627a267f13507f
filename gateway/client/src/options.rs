//! What a client is made from.

use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// In the order of the supergraph's subgraphs.
    pub subgraphs: Vec<SubgraphOptions>,
    /// Bytes of one answer, decoded.
    pub response_limit: usize,
}

/// Where a subgraph is, how it is spoken to and how long it may take.
#[derive(Debug, Clone)]
pub struct SubgraphOptions {
    /// For messages.
    pub name: String,
    pub url: String,
    /// From sending the request to the last byte of the answer.
    pub timeout: Duration,
    /// HTTP/2: with prior knowledge where the URL is `http://`; where it is `https://`, if the server agrees.
    pub http2: bool,
    /// Asks for compressed answers. They are understood in any case.
    pub compression: bool,
    pub headers: HeaderRules,
}

impl SubgraphOptions {
    /// HTTP/1.1, 10 s, compressed answers, and no header of the client.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            timeout: DEFAULT_TIMEOUT,
            http2: false,
            compression: true,
            headers: HeaderRules::default(),
        }
    }
}

/// What goes on of a client's headers. `traceparent` and `tracestate` always do and are not named here. Where a name of
/// the subgraph's side comes up several times, `set` comes before `rename` and `rename` before `forward`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderRules {
    pub forward: Vec<String>,
    /// The client's name, and the one that the subgraph gets to see.
    pub rename: Vec<(String, String)>,
    /// Sent with each request. Clients cannot change them.
    pub set: Vec<(String, String)>,
}

/// A client cannot be made from these options.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "subgraph `{name}` has no usable URL (`{url}`): give it one like http://host:4001/graphql in the config, under \
         `subgraphs.{name}.url`"
    )]
    Url { name: String, url: String },
    #[error(
        "the URL of subgraph `{name}` has a user or password in it: put them under `subgraphs.{name}.headers.set`, as \
         `authorization: Basic …`"
    )]
    Credentials { name: String },
    #[error("`{name}` cannot be sent to subgraph `{subgraph}`: it is no header name")]
    Header { subgraph: String, name: String },
    #[error(
        "`{name}` cannot be sent to subgraph `{subgraph}`: its value has characters that headers cannot have"
    )]
    HeaderValue { subgraph: String, name: String },
    #[error("the certificates that subgraphs at https:// are checked with cannot be loaded: {0}")]
    Certificates(#[source] rustls::Error),
}
