//! The same on several threads and a running clock: nothing is lost between them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use causeway_executor::{
    EntityList, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::{Batching, InFlight, Loader, LoaderOptions, SubgraphLoading};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::task::{JoinSet, yield_now};

use crate::subgraph::{TIMEOUT, ids_of};

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
            let (_, ids) = &ids_of(&request)[0];
            let entities: Vec<String> = ids.iter().map(|id| format!("{{\"id\":{id}}}")).collect();
            Ok(SubgraphReply::new(format!(
                "{{\"data\":{{\"_entities\":[{}]}}}}",
                entities.join(",")
            )))
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
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
                merging: None,
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
                let asking = loader.send(request(&ids));
                if rng.random_bool(0.1) {
                    // Given up after one turn.
                    let _ = futures::future::select(asking, Box::pin(yield_now())).await;
                    continue;
                }
                let body = asking.await.unwrap().body;
                let entities: Vec<String> = ids.iter().map(|id| format!("{{\"id\":{id}}}")).collect();
                let expected = format!("{{\"data\":{{\"_entities\":[{}]}}}}", entities.join(","));
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
}

fn request(ids: &[u32]) -> SubgraphRequest {
    let keys: Vec<String> = ids.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: "books".into(),
        variables: bytes::Bytes::new(),
        entities: vec![EntityList {
            key: "_entities".to_owned(),
            variable: "of".to_owned(),
            representations: keys.iter().map(String::as_bytes).collect(),
        }],
        merging: None,
        headers: Arc::new(HeaderMap::new()),
    }
}
