//! The cases once more, over real HTTP: each subgraph is a server on a port of its own, and in front of them stands the gateway's
//! server with its HTTP client. What comes out must be what `expected.json` says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, http::HeaderName, routing::post};
use causeway_client::{ClientOptions, HttpSubgraphs, SubgraphOptions};
use causeway_server::{OverrideOptions, PrepareLimits, ServerOptions};
use federation::{
    Gateway, Service, World,
    case::{Case, CaseOperation},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Nobody listens here.
const NOBODY: &str = "http://127.0.0.1:1/graphql";

/// Names the override labels that are on.
const LABELS: &str = "x-override-labels";

const LIMITS: PrepareLimits = PrepareLimits {
    tokens: 10_000,
    depth: 50,
    fields: 1_000,
    cache: 1 << 20,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_case_gives_the_same_over_http() {
    let mut failures = Vec::new();
    let mut asked = 0;
    for case in Case::all().iter().filter(|case| case.refused.is_none()) {
        let shop = Stand::start(case).await;
        for operation in &case.operations {
            asked += 1;
            if let Err(why) = shop.ask(operation).await {
                failures.push(format!("{} {}: {why}", case.name, operation.name));
            }
        }
    }
    println!("{asked} operations over HTTP");
    assert!(asked >= 200, "{asked} operations");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Subgraphs and gateway of one case, each on its port.
struct Stand {
    gateway: String,
    seen: Arc<Seen>,
    client: reqwest::Client,
}

/// What reached the subgraphs.
#[derive(Default)]
struct Seen {
    called: Mutex<Vec<String>>,
    violations: Mutex<Vec<String>>,
    /// Labels of progressive overrides that are on for the request under way.
    labels: Mutex<Vec<String>>,
}

struct Subgraph {
    service: Service,
    world: World,
    seen: Arc<Seen>,
}

impl Stand {
    async fn start(case: &Case) -> Self {
        let seen = Arc::new(Seen::default());
        let mut urls = BTreeMap::new();
        for service in Service::all(&case.subgraphs).expect("the subgraphs are schemas") {
            let name = service.name.clone();
            let url = if case.world.is_down(&name) {
                NOBODY.to_owned()
            } else {
                let subgraph = Subgraph {
                    service,
                    world: case.world.clone(),
                    seen: Arc::clone(&seen),
                };
                let routes = Router::new()
                    .route("/graphql", post(answer))
                    .with_state(Arc::new(subgraph));
                listen(routes).await
            };
            urls.insert(name, url);
        }
        let composed = Gateway::new(&case.subgraphs).expect("the case composes");
        let supergraph = Arc::clone(composed.supergraph());
        let subgraphs = supergraph
            .subgraphs
            .iter()
            .map(|subgraph| SubgraphOptions::new(&subgraph.name, &urls[&subgraph.name]));
        let client = HttpSubgraphs::new(ClientOptions {
            subgraphs: subgraphs.collect(),
            response_limit: 1 << 20,
        });
        let options = ServerOptions {
            limits: LIMITS,
            overrides: OverrideOptions {
                on: Vec::new(),
                header: Some(HeaderName::from_static(LABELS)),
                draw: Arc::new(|| 1.0),
            },
            share_requests: true,
            vary: None,
            request_body: 1 << 20,
            allow_origins: Vec::new(),
        };
        let client = Arc::new(client.expect("the URLs are right"));
        let gateway = listen(causeway_server::router(supergraph, client, &options)).await;
        // Fails only when another case was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            gateway,
            seen,
            client: reqwest::Client::new(),
        }
    }

    async fn ask(&self, operation: &CaseOperation) -> Result<(), String> {
        self.seen.called.lock().expect("no server panicked").clear();
        let request = json!({ "query": operation.text, "variables": operation.variables });
        self.seen
            .labels
            .lock()
            .expect("as above")
            .clone_from(&operation.labels);
        let asked = self.client.post(&self.gateway).json(&request);
        let sent = asked.header(LABELS, operation.labels.join(",")).send().await;
        let answer: Value = sent
            .map_err(|error| error.to_string())?
            .json()
            .await
            .map_err(|error| error.to_string())?;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let is_refused = errors
            .iter()
            .any(|error| error["extensions"]["code"] == "UNSATISFIABLE_OPERATION");
        if is_refused && operation.expected.is_unplanned() {
            return Ok(());
        }
        let violations = std::mem::take(&mut *self.seen.violations.lock().expect("as above"));
        if !violations.is_empty() {
            return Err(violations.join("\n"));
        }
        let called = self.seen.called.lock().expect("as above").clone();
        operation.expected.compare(&answer["data"], &errors, &called)
    }
}

async fn listen(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/graphql")
}

async fn answer(State(subgraph): State<Arc<Subgraph>>, Json(request): Json<Value>) -> Json<Value> {
    let on = subgraph.seen.labels.lock().expect("no server panicked").clone();
    let served = subgraph.service.serve(&subgraph.world, &request, &on);
    let name = subgraph.service.name.clone();
    let told = served
        .violations
        .iter()
        .map(|why| format!("subgraph `{name}` {why}"));
    subgraph
        .seen
        .violations
        .lock()
        .expect("no server panicked")
        .extend(told);
    subgraph
        .seen
        .called
        .lock()
        .expect("no server panicked")
        .push(name);
    Json(served.body)
}
