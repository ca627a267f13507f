//! The HTTP adapter behind the executor's [`SubgraphClient`] port.
//!
//! One pooled client per subgraph, with its own timeout; a cap on what is read; an allow-list for headers.
//! It does not look into GraphQL: what has the form of a response goes to the executor as it came.

mod answer;

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::Arc,
    time::Duration,
};

use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Client, Url, redirect};

/// Idle connections that are kept per subgraph.
const POOL_SIZE: usize = 128;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where a subgraph is and how long it may take.
#[derive(Debug, Clone)]
pub struct SubgraphOptions {
    /// For messages.
    pub name: String,
    pub url: String,
    /// From sending the request to the last byte of the answer.
    pub timeout: Duration,
}

#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// In the order of the supergraph's subgraphs.
    pub subgraphs: Vec<SubgraphOptions>,
    /// Client headers that go on to subgraphs, in lower case.
    pub forward_headers: Vec<String>,
    /// Bytes of one answer.
    pub response_limit: usize,
}

/// A client cannot be made from these options.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "subgraph `{name}` has no usable URL (`{url}`): give it one like http://host:4001/graphql in the config, under \
         `subgraphs.{name}.url`"
    )]
    Url { name: String, url: String },
    #[error("`{name}` cannot be forwarded: it is no header name")]
    Header { name: String },
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(#[source] reqwest::Error),
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpSubgraphs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoints: Vec<Endpoint>,
    forward: Vec<HeaderName>,
    response_limit: usize,
    hashers: [RandomState; 2],
}

#[derive(Debug)]
struct Endpoint {
    client: Client,
    url: Url,
    timeout: Duration,
}

impl HttpSubgraphs {
    /// Opens no connection yet.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        // Fails only when the process has a provider already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let forward = options
            .forward_headers
            .into_iter()
            .map(|name| HeaderName::try_from(&name).map_err(|_| ClientError::Header { name }))
            .collect::<Result<_, _>>()?;
        let endpoints = options
            .subgraphs
            .into_iter()
            .map(Endpoint::new)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                endpoints,
                forward,
                response_limit: options.response_limit,
                hashers: [RandomState::new(), RandomState::new()],
            }),
        })
    }
}

impl Endpoint {
    fn new(options: SubgraphOptions) -> Result<Self, ClientError> {
        let SubgraphOptions { name, url, timeout } = options;
        let parsed = Url::parse(&url)
            .ok()
            .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        let url = parsed.ok_or(ClientError::Url { name, url })?;
        // A subgraph that redirects is misconfigured; following would send credentials elsewhere.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(POOL_SIZE)
            .user_agent(concat!("causeway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { client, url, timeout })
    }
}

impl SubgraphClient for HttpSubgraphs {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        let inner = Arc::clone(&self.inner);
        async move {
            let Some(endpoint) = inner.endpoints.get(request.subgraph.index()) else {
                let reason = "the gateway has no address for it".to_owned();
                return Err(FetchFailure::Unreachable { reason });
            };
            let call = inner.call(endpoint, request);
            match tokio::time::timeout(endpoint.timeout, call).await {
                Ok(reply) => reply,
                Err(_) => Err(FetchFailure::Timeout {
                    millis: endpoint.timeout.as_millis(),
                }),
            }
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, headers: &HeaderMap) -> Partition {
        self.inner.partition(headers)
    }
}

impl Inner {
    async fn call(
        &self,
        endpoint: &Endpoint,
        request: SubgraphRequest,
    ) -> Result<SubgraphReply, FetchFailure> {
        let response = endpoint
            .client
            .post(endpoint.url.clone())
            .headers(self.headers(&request.headers))
            .body(request.body())
            .send()
            .await
            .map_err(|error| answer::unreachable(&error))?;
        answer::read(response, self.response_limit).await
    }

    /// A hash of all that goes on. Its keys are random and the process's own: nobody can choose headers that collide.
    fn partition(&self, client: &HeaderMap) -> Partition {
        let mut halves = self.hashers.each_ref().map(BuildHasher::build_hasher);
        for name in &self.forward {
            for value in client.get_all(name) {
                for half in &mut halves {
                    name.as_str().hash(half);
                    value.as_bytes().hash(half);
                }
            }
        }
        let [high, low] = halves.map(|half| half.finish());
        Partition(u128::from(high) << 64 | u128::from(low))
    }

    fn headers(&self, client: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.forward.len() + 2);
        for name in &self.forward {
            for value in client.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/graphql-response+json, application/json;q=0.9"),
        );
        headers
    }
}
