//! Another graph takes over while requests are under way.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use causeway_server::{Gateway, Graph};
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use tower::ServiceExt;

use crate::gateway::options;

/// Answers with its name, once it is allowed to.
struct Named {
    name: &'static str,
    allowed: Arc<Semaphore>,
    reached: Arc<Notify>,
}

impl SubgraphClient for Named {
    fn send(&self, _: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async {
            self.reached.notify_one();
            self.allowed.acquire().await.unwrap().forget();
            let body = json!({ "data": { "me": { "name": self.name } } });
            Ok(SubgraphReply::new(body.to_string()))
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

fn graph(name: &'static str, allowed: &Arc<Semaphore>, reached: &Arc<Notify>) -> Graph {
    let sdl = include_str!("supergraph.graphql");
    let supergraph = causeway_composition::read::read_supergraph(sdl).unwrap();
    let client = Named {
        name,
        allowed: Arc::clone(allowed),
        reached: Arc::clone(reached),
    };
    Graph::new(Arc::new(supergraph), Arc::new(client), &options())
}

async fn ask(routes: axum::Router) -> Value {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .body(Body::from(json!({ "query": "{ me { name } }" }).to_string()))
        .unwrap();
    let response = routes.oneshot(request).await.unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_finishes_on_the_graph_it_began_with() {
    let reached = Arc::<Notify>::default();
    let (old, new) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(1)));
    let gateway = Gateway::new(graph("old", &old, &reached));
    let routes = causeway_server::routes(gateway.clone(), &options());
    let under_way = tokio::spawn(ask(routes.clone()));
    reached.notified().await;
    gateway.replace(graph("new", &new, &Arc::default())).await;
    assert_eq!(ask(routes).await["data"]["me"]["name"], "new");
    assert!(!under_way.is_finished());
    old.add_permits(1);
    assert_eq!(under_way.await.unwrap()["data"]["me"]["name"], "old");
}
