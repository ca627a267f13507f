//! What the loader costs: CPU time of a question, without it, with nobody to meet, and in a crowd. No entities: a root query.
//!
//! ```sh
//! cargo bench -p causeway-loader
//! ```
//!
//! Figures, no verdict: how long something takes is the machine's business.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{hint::black_box, sync::Arc, time::Instant};

use bytes::Bytes;
use causeway_executor::{
    EntityList, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::{Batching, Loader, LoaderOptions, SubgraphLoading};
use causeway_model::SubgraphId;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use http::HeaderMap;
use tokio::task::yield_now;

const QUESTIONS: u32 = 200_000;

/// Answers by the number of entities, a turn of the scheduler later.
struct Fixed(Vec<Bytes>);

impl SubgraphClient for Fixed {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        Box::pin(async move {
            let entities = request
                .entities
                .iter()
                .map(|list| list.representations.len())
                .sum::<usize>();
            black_box(request);
            yield_now().await;
            Ok(SubgraphReply::new(self.0[entities].clone()))
        })
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition(7)
    }
}

fn request(first: u32, entities: u32) -> SubgraphRequest {
    let representations =
        (first..first + entities).map(|id| format!(r#"{{"__typename":"Product","id":"{id}"}}"#));
    let representations: Vec<String> = representations.collect();
    let lists = vec![EntityList {
        key: "_entities".to_owned(),
        variable: "representations".to_owned(),
        representations: representations.iter().map(String::as_bytes).collect(),
    }];
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: "query($representations:[_Any!]!){_entities(representations:$representations){...on Product{name price{minor \
                   currency} weightGrams available version}}}"
            .into(),
        variables: Bytes::new(),
        entities: if entities == 0 { Vec::new() } else { lists },
        merging: None,
        headers: Arc::new(HeaderMap::new()),
    }
}

fn body(entities: u32) -> Bytes {
    let one = r#"{"name":"Chair","price":{"minor":1999,"currency":"EUR"},"weightGrams":4200,"available":true,"version":3}"#;
    let all = vec![one; entities as usize].join(",");
    format!("{{\"data\":{{\"_entities\":[{all}]}}}}").into()
}

/// CPU time of this thread in nanoseconds, where the system tells; else the clock.
fn spent(since: Instant) -> u128 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = told.as_ref().and_then(|told| told.split(' ').next());
    first
        .and_then(|nanos| nanos.parse().ok())
        .unwrap_or_else(|| since.elapsed().as_nanos())
}

/// What running in a task of its own costs by itself.
async fn in_tasks(client: &Arc<dyn SubgraphClient>, request: &SubgraphRequest) -> u128 {
    let clock = Instant::now();
    let started = spent(clock);
    for _ in 0..QUESTIONS {
        let (client, request) = (Arc::clone(client), request.clone());
        let task = tokio::spawn(async move { client.send(request).await });
        black_box(task.await).unwrap().unwrap();
    }
    (spent(clock) - started) / u128::from(QUESTIONS)
}

/// Nanoseconds a question, one after the other.
async fn alone(client: &dyn SubgraphClient, request: &SubgraphRequest) -> u128 {
    let clock = Instant::now();
    let started = spent(clock);
    for _ in 0..QUESTIONS {
        black_box(client.send(request.clone()).await).unwrap();
    }
    (spent(clock) - started) / u128::from(QUESTIONS)
}

/// Nanoseconds a question, fifty at a time.
async fn crowd(client: &dyn SubgraphClient, requests: &[SubgraphRequest]) -> u128 {
    let clock = Instant::now();
    let started = spent(clock);
    let mut asked = requests.iter().cycle().take(QUESTIONS as usize);
    let mut waiting: FuturesUnordered<_> = asked
        .by_ref()
        .take(50)
        .map(|request| client.send(request.clone()))
        .collect();
    while let Some(reply) = waiting.next().await {
        black_box(reply).unwrap();
        waiting.extend(asked.next().map(|request| client.send(request.clone())));
    }
    (spent(clock) - started) / u128::from(QUESTIONS)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        println!(
            "{:>9} {:>10} {:>10} {:>10} {:>12} {:>14}",
            "entities", "bare ns", "task ns", "loader ns", "50 equal ns", "50 mixed ns"
        );
        for entities in [0, 1, 10, 100] {
            let bare: Arc<dyn SubgraphClient> = Arc::new(Fixed((0..=100).map(body).collect()));
            let loader = Loader::new(
                Arc::clone(&bare),
                LoaderOptions {
                    subgraphs: vec![SubgraphLoading {
                        name: "catalog".to_owned(),
                        timeout: std::time::Duration::from_secs(10),
                        batching: Batching::On {
                            across_requests: true,
                            max_batch_size: 100,
                            slots: 4,
                            public: false,
                            merging: None,
                        },
                    }],
                    share_calls: true,
                },
            );
            let one = request(1, entities);
            let mixed: Vec<_> = (0..17).map(|number| request(number * 3, entities)).collect();
            println!(
                "{entities:>9} {:>10} {:>10} {:>10} {:>12} {:>14}",
                alone(&*bare, &one).await,
                in_tasks(&bare, &one).await,
                alone(&loader, &one).await,
                crowd(&loader, std::slice::from_ref(&one)).await,
                crowd(&loader, &mixed).await,
            );
        }
    });
}
