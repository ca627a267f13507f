//! Subgraphs in process: they answer documents from a world of objects, as they are told to, and note what they are asked.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use causeway_executor::{
    CachingHeaders, FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_model::{SubgraphId, Supergraph};
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::answer::Answering;

pub(crate) struct Fake {
    pub(crate) supergraph: Arc<Supergraph>,
    state: Mutex<State>,
}

pub(crate) struct State {
    /// By type and id, as `Product:1`; references are `{"@": "Product:1"}`.
    pub(crate) world: serde_json::Map<String, Value>,
    pub(crate) calls: Vec<Seen>,
    /// Headers that the subgraphs get to see.
    pub(crate) sees: Vec<&'static str>,
    pub(crate) says: CachingHeaders,
    /// What it says of a document instead.
    pub(crate) says_of: Option<fn(&str) -> CachingHeaders>,
    pub(crate) takes: Duration,
    pub(crate) how: How,
    /// Fields that fail: `Product:1.name`.
    pub(crate) broken: Vec<String>,
    pub(crate) extensions: Value,
    /// Whether documents are looked into.
    pub(crate) understands: bool,
}

/// What becomes of calls.
#[derive(Clone)]
pub(crate) enum How {
    Well,
    Fails,
    Panics,
    Body(Vec<u8>),
    /// Of the right answer.
    Changed(fn(&mut Value)),
}

/// One call as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) document: String,
    pub(crate) variables: Value,
    pub(crate) headers: HeaderMap,
}

impl Fake {
    pub(crate) fn new(supergraph: Arc<Supergraph>) -> Arc<Self> {
        Arc::new(Self {
            supergraph,
            state: Mutex::new(State {
                world: world(),
                calls: Vec::new(),
                sees: Vec::new(),
                says: says("max-age=60"),
                says_of: None,
                takes: Duration::from_millis(10),
                how: How::Well,
                broken: Vec::new(),
                extensions: Value::Null,
                understands: true,
            }),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The documents since the last time.
    pub(crate) fn documents(&self) -> Vec<String> {
        self.calls().into_iter().map(|seen| seen.document).collect()
    }

    pub(crate) fn calls(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().calls)
    }

    pub(crate) fn set(&self, object: &str, field: &str, value: Value) {
        self.state().world[object][field] = value;
    }
}

pub(crate) fn says(cache_control: &str) -> CachingHeaders {
    CachingHeaders {
        cache_control: Some(cache_control.to_owned()),
        ..CachingHeaders::default()
    }
}

fn world() -> serde_json::Map<String, Value> {
    let Value::Object(world) = json!({
        "Product:1": { "id": "1", "sku": "s1", "name": "Lamp", "price": { "minor": 100, "currency": "EUR" }, "weightGrams": 10,
            "tags": ["a", "b"], "maker": { "@": "Maker:1" }, "related": [{ "@": "Product:2" }, null],
            "parts": [[{ "name": "bulb", "size": { "width": 1, "height": 2 } }], [], null], "reads": 0 },
        "Product:2": { "id": "2", "sku": "s2", "name": "Chair", "price": { "minor": 200, "currency": "EUR" }, "weightGrams": 20,
            "tags": [], "maker": { "@": "Maker:1" }, "related": [], "parts": null, "reads": 0 },
        "Product:3": { "id": "3", "sku": "s3", "name": "Table", "price": null, "weightGrams": 30,
            "tags": null, "maker": null, "related": [], "parts": null, "reads": 0 },
        "Bundle:9": { "id": "9", "name": "All", "price": { "minor": 300, "currency": "EUR" },
            "items": [{ "@": "Product:1" }, { "@": "Product:2" }] },
        "Maker:1": { "id": "1", "name": "ACME", "country": "DE" },
        "User:u": { "id": "u", "name": "Una", "friends": [] },
        "Book:b": { "id": "b", "title": "B", "pages": 7 },
        "Film:f": { "id": "f", "title": "F", "minutes": 90 },
        "Media:b": { "id": "b", "score": 5 },
        "Media:f": { "id": "f", "score": 4 },
        "Hinted:1": { "id": "1", "name": "H", "stock": 3, "mine": "m", "inner": { "value": 1, "now": 2 } },
        "Query": { "listings": [{ "@": "Product:1" }, { "@": "Bundle:9" }], "search": [{ "@": "Bundle:9" }, { "@": "Product:2" }],
            "media": [{ "@": "Book:b" }, { "@": "Film:f" }], "me": { "@": "User:u" }, "note": "hello", "stars": 5,
            "products": [{ "@": "Product:1" }, { "@": "Product:2" }, { "@": "Product:3" }],
            "tagged": [{ "@": "Product:1" }], "hinted": { "@": "Hinted:1" }, "nobodys": { "value": "s" } },
        "Mutation": { "touch": "done" },
    }) else {
        unreachable!("it is an object")
    };
    world
}

impl SubgraphClient for Fake {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            let body: Value = serde_json::from_slice(&request.body()).unwrap();
            let (answer, takes, how, says) = {
                let mut state = self.state();
                let seen = Seen {
                    document: request.document.to_string(),
                    variables: body["variables"].clone(),
                    headers: HeaderMap::clone(&request.headers),
                };
                let answer = match state.understands {
                    true => Answering::new(&self.supergraph, request.subgraph, &mut state, &seen).answer(),
                    false => json!({}),
                };
                let says = match state.says_of {
                    Some(says_of) => says_of(&seen.document),
                    None => state.says.clone(),
                };
                state.calls.push(seen);
                (answer, state.takes, state.how.clone(), says)
            };
            tokio::time::sleep(takes).await;
            let body = match how {
                How::Well => answer.to_string().into_bytes(),
                How::Fails => return Err(FetchFailure::Timeout { millis: 1 }),
                How::Panics => panic!("the fake subgraph was told to panic"),
                How::Body(body) => body,
                How::Changed(change) => {
                    let mut answer = answer;
                    change(&mut answer);
                    answer.to_string().into_bytes()
                }
            };
            Ok(SubgraphReply {
                caching: Some(Arc::new(says)),
                ..SubgraphReply::new(body)
            })
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, headers: &HeaderMap) -> Partition {
        let state = self.state();
        if state.sees.is_empty() {
            return Partition::EVERYBODY;
        }
        let mut hasher = DefaultHasher::new();
        for name in &state.sees {
            let values: Vec<&[u8]> = headers
                .get_all(*name)
                .iter()
                .map(|value| value.as_bytes())
                .collect();
            values.hash(&mut hasher);
        }
        Partition(u128::from(hasher.finish()) << 1 | 1)
    }
}
