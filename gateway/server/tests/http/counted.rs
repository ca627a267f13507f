//! What the server counts of its requests.

use std::sync::Arc;

use axum::http::{HeaderMap, Method};
use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use causeway_server::{Graph, RequestStats};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::gateway::{Gateway, me, options};

/// Waits for a permit; asked for `found`, it fails, and asked for `node`, it panics.
struct Moody(Arc<Semaphore>);

impl SubgraphClient for Moody {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        assert!(!request.document.contains("node"), "a bug");
        async move {
            self.0.acquire().await.unwrap().forget();
            match request.document.contains("found") {
                true => Err(FetchFailure::BadStatus { status: 502 }),
                false => Ok(SubgraphReply::new(me().to_string())),
            }
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

fn graph(permits: &Arc<Semaphore>) -> Graph {
    let sdl = include_str!("supergraph.graphql");
    let supergraph = causeway_composition::read::read_supergraph(sdl).unwrap();
    Graph::new(
        Arc::new(supergraph),
        Arc::new(Moody(Arc::clone(permits))),
        &options(),
    )
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them_whichever_graph_is_served() {
    let permits = Arc::new(Semaphore::new(100));
    let served = causeway_server::Gateway::new(graph(&permits));
    let gateway = Gateway::of(causeway_server::routes(served.clone(), &options()));
    assert_eq!(served.requests(), RequestStats::default());
    gateway.query("{ me { name } }").await;
    gateway.query("mutation { rename(name: \"Ada\") { name } }").await;
    gateway.query("{ found { name } }").await;
    gateway.query("{ node { n } }").await;
    gateway.query("{ nothing }").await;
    gateway.query("{").await;
    let body = json!({ "query": "{ me { name } }" }).to_string();
    for refused in [
        &[("content-type", "text/plain")][..],
        &[("content-type", "application/json"), ("accept", "image/png")],
    ] {
        gateway.request(Method::POST, "/graphql", refused, &body).await;
    }
    gateway.get("/graphql?query={me{name}}", "image/png").await;
    // Not GraphQL.
    gateway.get("/health/live", "*/*").await;
    let before = RequestStats {
        complete: 2,
        with_errors: 1,
        refused: 5,
        failed: 1,
        shared: 0,
    };
    assert_eq!(served.requests(), before);
    served.replace(graph(&permits)).await;
    assert_eq!(served.requests(), before);
    permits.forget_permits(100);
    let queries = (0..4).map(|_| gateway.query("{ me { name } }"));
    let serving = async {
        while served.requests().shared < 3 {
            tokio::task::yield_now().await;
        }
        permits.add_permits(1);
    };
    tokio::join!(futures::future::join_all(queries), serving);
    let after = RequestStats {
        complete: 6,
        shared: 3,
        ..before
    };
    assert_eq!(served.requests(), after);
}
