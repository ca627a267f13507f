//! The HTTP adapter behind the executor's [`SubgraphClient`] port.
//!
//! One pool of connections per subgraph, with its own timeout; a cap on what is read, decoded; an allow-list for headers.
//! It does not look into GraphQL: what has the form of a response goes to the executor as it came.

mod answer;
mod body;
mod connect;
mod decode;
mod endpoint;
mod headers;
mod options;
mod pool;
mod trace_context;

use std::sync::Arc;

use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;

use crate::{connect::Tls, endpoint::Endpoint};
pub use options::{ClientError, ClientOptions, HeaderRules, SubgraphOptions};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpSubgraphs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    endpoints: Vec<Endpoint>,
    response_limit: usize,
}

impl HttpSubgraphs {
    /// Opens no connection yet.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let mut tls = Tls::default();
        let endpoints = options
            .subgraphs
            .into_iter()
            .map(|subgraph| Endpoint::new(subgraph, &mut tls))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                endpoints,
                response_limit: options.response_limit,
            }),
        })
    }

    /// A hash of exactly those headers of the client that the subgraph gets to see, by the names that it sees, but for the
    /// trace context: that names a request, not who asks. The same in every process. 128 bits of BLAKE3: nobody finds headers that collide.
    pub fn identity(&self, subgraph: SubgraphId, headers: &HeaderMap) -> u128 {
        match self.inner.endpoints.get(subgraph.index()) {
            Some(endpoint) => endpoint.identity(headers),
            None => Partition::EVERYBODY.0,
        }
    }
}

impl SubgraphClient for HttpSubgraphs {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            let Some(endpoint) = self.inner.endpoints.get(request.subgraph.index()) else {
                let reason = "the gateway has no address for it".to_owned();
                return Err(FetchFailure::Unreachable { reason });
            };
            endpoint.call(&request, self.inner.response_limit).await
        }
        .boxed()
    }

    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        Partition(self.identity(subgraph, headers))
    }
}
