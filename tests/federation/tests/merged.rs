//! The cases once more, through a loader: several clients ask the same operation in the same moment, and what they ask of a subgraph
//! leaves as one operation. Each has to get what `expected.json` says, and the subgraphs must have nothing to complain about.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::HeaderName;
use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_loader::{Batching, Loader, LoaderOptions, Merging, SubgraphLoading};
use causeway_model::{SubgraphId, Supergraph};
use causeway_server::{OverrideOptions, PrepareLimits, ServerOptions};
use federation::{
    Gateway, Service, World,
    case::{Case, CaseOperation, Expected},
};
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const CLIENTS: usize = 3;

const LABELS: &str = "x-override-labels";

const LIMITS: PrepareLimits = PrepareLimits {
    tokens: 10_000,
    depth: 50,
    fields: 1_000,
    cache: 1 << 20,
};

#[tokio::test]
async fn every_case_gives_the_same_when_its_questions_leave_together() {
    let mut failures = Vec::new();
    let (mut merged, mut calls) = (0, 0);
    for case in Case::all().iter().filter(|case| case.refused.is_none()) {
        let stand = Stand::start(case).await;
        for operation in &case.operations {
            if let Err(why) = stand.ask(operation).await {
                failures.push(format!("{} {}: {why}", case.name, operation.name));
            }
        }
        for stats in stand.loader.stats() {
            merged += stats.merged_operations;
            calls += stats.merged_calls;
            // A case may have errors without a path, which are nobody's; then there was a call for each client again.
            assert!(
                stats.isolated <= stats.merged_operations,
                "{}: {stats:?}",
                case.name
            );
        }
    }
    println!("{merged} questions left in {calls} operations");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(merged >= 500, "{merged} questions left with others");
}

struct Stand {
    gateway: String,
    loader: Loader,
    subgraphs: Arc<Subgraphs>,
    client: reqwest::Client,
}

/// The case's servers, behind the executor's port.
struct Subgraphs {
    supergraph: Arc<Supergraph>,
    services: BTreeMap<String, Service>,
    world: World,
    violations: Mutex<Vec<String>>,
    /// Of progressive overrides that are on for the requests under way.
    labels: Mutex<Vec<String>>,
}

impl SubgraphClient for Subgraphs {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            // Calls have to be under way at the same time before anything is gathered.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let name = &self.supergraph.subgraph(request.subgraph).name;
            if self.world.is_down(name) {
                let reason = "nobody listens".to_owned();
                return Err(FetchFailure::Unreachable { reason });
            }
            let body: Value = serde_json::from_slice(&request.body()).expect("the gateway sends JSON");
            let on = self.labels.lock().expect("no call panicked").clone();
            let served = self.services[name].serve(&self.world, &body, &on);
            let told = served.violations.iter();
            let told = told.map(|why| format!("subgraph `{name}` {why}\n  in {}", request.document));
            self.violations.lock().expect("no call panicked").extend(told);
            Ok(SubgraphReply::new(served.body.to_string()))
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

impl Stand {
    async fn start(case: &Case) -> Self {
        let composed = Gateway::new(&case.subgraphs).expect("the case composes");
        let supergraph = Arc::clone(composed.supergraph());
        let services = Service::all(&case.subgraphs).expect("the subgraphs are schemas");
        let subgraphs = Arc::new(Subgraphs {
            supergraph: Arc::clone(&supergraph),
            services: services
                .into_iter()
                .map(|service| (service.name.clone(), service))
                .collect(),
            world: case.world.clone(),
            violations: Mutex::default(),
            labels: Mutex::default(),
        });
        let loading = supergraph.subgraphs.iter().map(|subgraph| SubgraphLoading {
            name: subgraph.name.clone(),
            timeout: Duration::from_secs(30),
            batching: Batching::On {
                across_requests: true,
                max_batch_size: 1000,
                slots: 1,
                public: false,
                merging: Some(Merging::default()),
            },
        });
        let options = LoaderOptions {
            subgraphs: loading.collect(),
            // Else equal questions would be one, and nothing left to merge.
            share_calls: false,
        };
        let loader = Loader::new(Arc::clone(&subgraphs) as Arc<dyn SubgraphClient>, options);
        let options = ServerOptions {
            limits: LIMITS,
            overrides: OverrideOptions {
                on: Vec::new(),
                header: Some(HeaderName::from_static(LABELS)),
                draw: Arc::new(|| 1.0),
            },
            share_requests: false,
            request_body: 1 << 20,
            allow_origins: Vec::new(),
            vary: None,
        };
        let routes = causeway_server::router(supergraph, Arc::new(loader.clone()), &options);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        // Fails only when another case was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            gateway: format!("http://{address}/graphql"),
            loader,
            subgraphs,
            client: reqwest::Client::new(),
        }
    }

    async fn ask(&self, operation: &CaseOperation) -> Result<(), String> {
        let on = &self.subgraphs.labels;
        on.lock().expect("no call panicked").clone_from(&operation.labels);
        let all = (0..CLIENTS).map(|_| self.answer(operation));
        let answers = futures::future::join_all(all).await;
        let violations = std::mem::take(&mut *self.subgraphs.violations.lock().expect("as above"));
        if !violations.is_empty() {
            return Err(violations.join("\n"));
        }
        let mut expected = operation.expected.clone();
        without_calls(&mut expected);
        for answer in answers {
            let answer = answer?;
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            let is_refused = errors
                .iter()
                .any(|error| error["extensions"]["code"] == "UNSATISFIABLE_OPERATION");
            if !(is_refused && operation.expected.is_unplanned()) {
                expected.compare(&answer["data"], &errors, &[])?;
            }
        }
        Ok(())
    }

    async fn answer(&self, operation: &CaseOperation) -> Result<Value, String> {
        let request = json!({ "query": operation.text, "variables": operation.variables });
        let asked = self.client.post(&self.gateway).json(&request);
        let sent = asked.header(LABELS, operation.labels.join(",")).send().await;
        let answer = sent.map_err(|error| error.to_string())?.json().await;
        answer.map_err(|error| error.to_string())
    }
}

/// How many requests there are, and in which order, is another matter here.
fn without_calls(expected: &mut Expected) {
    if let Some(expected) = expected.0.as_object_mut() {
        expected.remove("order");
    }
}
