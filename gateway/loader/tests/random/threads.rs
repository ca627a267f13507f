//! The same on several threads and a running clock: nothing is lost between them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use causeway_executor::{
    EntityList, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::{Batching, InFlight, Loader, LoaderOptions, Merging, SubgraphLoading};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::task::{JoinSet, yield_now};

use crate::{
    BOOKS, COVERS,
    graphql::{root_fields, template},
    subgraph::{TIMEOUT, ids_of},
};

/// Answers with the ids, after some turns of the scheduler.
#[derive(Default)]
struct Echo {
    calls: AtomicU64,
}

impl SubgraphClient for Echo {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            for _ in 0..self.calls.fetch_add(1, Ordering::Relaxed) % 5 {
                yield_now().await;
            }
            let lists = ids_of(&request).into_iter();
            let mut members: Vec<String> = lists.map(|(key, ids)| list(&key, &ids)).collect();
            let fields = root_fields(&request.document, &serde_json::Value::Null).into_iter();
            let roots = fields.filter(|field| field.name != "_entities");
            members.extend(roots.map(|field| format!("\"{}\":\"{}\"", field.key, field.meaning)));
            Ok(SubgraphReply::new(format!(
                "{{\"data\":{{{}}}}}",
                members.join(",")
            )))
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

fn list(key: &str, ids: &[u32]) -> String {
    let entities: Vec<String> = ids.iter().map(|id| format!("{{\"id\":{id}}}")).collect();
    format!("\"{key}\":[{}]", entities.join(","))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_threads() {
    let echo = Arc::new(Echo::default());
    let options = LoaderOptions {
        subgraphs: vec![SubgraphLoading {
            name: "shelf".to_owned(),
            timeout: 60 * TIMEOUT,
            batching: Batching::On {
                across_requests: true,
                max_batch_size: 5,
                slots: 2,
                public: false,
                merging: Some(Merging::default()),
            },
        }],
        share_calls: true,
    };
    let loader = Loader::new(Arc::clone(&echo) as Arc<dyn SubgraphClient>, options);
    let mut tasks = JoinSet::new();
    for seed in 0..32 {
        let loader = loader.clone();
        tasks.spawn(async move {
            let mut rng = SmallRng::seed_from_u64(seed);
            for _ in 0..200 {
                let first = rng.random_range(0..20);
                let ids: Vec<u32> = (first..first + rng.random_range(1..8)).collect();
                let (asked, expected) = match rng.random_range(0..3) {
                    0 => {
                        let field = format!("shelf(id:{first}){{name}}");
                        (
                            request(&format!("{{{field}}}"), &[]),
                            format!("\"shelf\":\"{field}\""),
                        )
                    }
                    1 => (request(BOOKS, &ids), list("_entities", &ids)),
                    _ => (request(COVERS, &ids), list("_entities", &ids)),
                };
                let asking = loader.send(asked);
                if rng.random_bool(0.1) {
                    // Given up after one turn.
                    let _ = futures::future::select(asking, Box::pin(yield_now())).await;
                    continue;
                }
                let body = asking.await.unwrap().body;
                let expected = format!("{{\"data\":{{{expected}}}}}");
                assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    while loader.in_flight() != InFlight::default() {
        yield_now().await;
    }
    let stats = &loader.stats()[0];
    assert!(stats.merged_operations > 100, "{stats:?}");
    assert_eq!(stats.isolated, 0);
}

fn request(document: &str, ids: &[u32]) -> SubgraphRequest {
    let keys: Vec<String> = ids.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: document.into(),
        variables: bytes::Bytes::new(),
        entities: match ids {
            [] => Vec::new(),
            _ => vec![EntityList {
                key: "_entities".to_owned(),
                variable: "of_entities".to_owned(),
                representations: keys.iter().map(String::as_bytes).collect(),
            }],
        },
        merging: Some(Arc::new(template(document))),
        headers: Arc::new(HeaderMap::new()),
    }
}
