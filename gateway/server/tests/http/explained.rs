//! What `Causeway-Explain` tells of calls that met others on their way.

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use causeway_executor::{Dispatch, FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use crate::gateway::{options, with_client};

/// Finds three users, two of them the same; what becomes of a question for entities is given.
struct Among {
    roots: Dispatch,
    entities: Result<Dispatch, FetchFailure>,
}

impl SubgraphClient for Among {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        let user = |id: &str| json!({ "__typename": "User", "id": id, "name": "Ada" });
        let reviewed = json!({ "__typename": "User", "reviews": [{ "stars": 5 }] });
        let (body, dispatch) = match request.entities.is_empty() {
            true => (
                json!({ "found": [user("1"), user("2"), user("1")] }),
                Ok(self.roots),
            ),
            false => (
                json!({ "_entities": [reviewed, reviewed] }),
                self.entities.clone(),
            ),
        };
        let body = json!({ "data": body }).to_string();
        async move {
            dispatch.map(|dispatch| SubgraphReply {
                dispatch,
                ..SubgraphReply::new(body)
            })
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

/// The extension, with times that were measured taken out.
async fn cost(client: Among) -> Value {
    let gateway = with_client(include_str!("supergraph.graphql"), options(), client);
    let headers = [("content-type", "application/json"), ("causeway-explain", "1")];
    let body = json!({ "query": "{ found { name reviews { stars } } }" }).to_string();
    let answer = gateway
        .request(Method::POST, "/graphql", &headers, &body)
        .await
        .json();
    let mut cost = answer["extensions"]["causeway"].clone();
    for fetch in cost["plan"]["fetches"].as_array_mut().unwrap() {
        assert!(fetch["run"]["micros"].take().is_u64());
    }
    cost
}

#[tokio::test]
async fn what_was_met_on_the_way_is_told_fetch_by_fetch() {
    let cost = cost(Among {
        roots: Dispatch {
            calls: 0,
            joined: 1,
            ..Dispatch::default()
        },
        entities: Ok(Dispatch {
            calls: 3,
            joined: 1,
            batch_size: 40,
            waited: Duration::from_micros(1500),
            ..Dispatch::default()
        }),
    })
    .await;
    assert_eq!((&cost["calls"], &cost["callsNaive"]), (&json!(3), &json!(4)));
    let root = json!({
        "outcome": "answered", "calls": 0, "entitiesAsked": 0, "entitiesSent": 0, "entitiesDeduplicated": 0,
        "entitiesJoined": 0, "batchSize": 0, "waitedMicros": 0, "micros": null,
    });
    assert_eq!(cost["plan"]["fetches"][0]["run"], root);
    let entities = json!({
        "outcome": "answered", "calls": 3, "entitiesAsked": 3, "entitiesSent": 2, "entitiesDeduplicated": 1,
        "entitiesJoined": 1, "batchSize": 40, "waitedMicros": 1500, "micros": null,
    });
    assert_eq!(cost["plan"]["fetches"][1]["run"], entities);
    let subgraphs = json!({
        "users": { "calls": 0, "callsNaive": 1, "entitiesAsked": 0, "entitiesSent": 0 },
        "reviews": { "calls": 3, "callsNaive": 3, "entitiesAsked": 3, "entitiesSent": 2 },
    });
    assert_eq!(cost["subgraphs"], subgraphs);
}

#[tokio::test]
async fn a_failed_call_counts_as_one_and_nothing_else_is_claimed() {
    let cost = cost(Among {
        roots: Dispatch::default(),
        entities: Err(FetchFailure::BadStatus { status: 502 }),
    })
    .await;
    assert_eq!((&cost["calls"], &cost["callsNaive"]), (&json!(2), &json!(4)));
    let failed = json!({
        "outcome": "failed", "calls": 1, "entitiesAsked": 3, "entitiesSent": 2, "entitiesDeduplicated": 1, "micros": null,
    });
    assert_eq!(cost["plan"]["fetches"][1]["run"], failed);
}
