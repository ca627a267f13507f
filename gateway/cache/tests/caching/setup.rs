//! A cache in front of the fake subgraphs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use causeway_cache::{
    Cache, CacheOptions, Coherence, Event, Feed, Foundation, SharedStore, SubgraphCaching, alone,
};
use causeway_executor::{
    EntityList, FetchFailure, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::{Batching, Loader, LoaderOptions, SubgraphLoading};
use causeway_model::SubgraphId;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::{fake::Fake, schema::supergraph};

pub(crate) const CATALOG: SubgraphId = SubgraphId(0);
pub(crate) const REVIEWS: SubgraphId = SubgraphId(1);

pub(crate) struct Gateway {
    pub(crate) fake: Arc<Fake>,
    pub(crate) cache: Cache,
    pub(crate) client: Arc<dyn SubgraphClient>,
    /// What is drawn next, wherever something is left to chance.
    pub(crate) draw: Arc<Mutex<f64>>,
}

/// What a gateway is made of, before it is.
pub(crate) struct Setup {
    pub(crate) fake: Arc<Fake>,
    pub(crate) options: CacheOptions,
    pub(crate) store: Option<Arc<dyn SharedStore>>,
    pub(crate) feed: Option<(Arc<dyn Feed>, Arc<Coherence>)>,
    /// Whether questions are taken together between the cache's halves.
    pub(crate) loads: bool,
    draw: Arc<Mutex<f64>>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let draw = Arc::new(Mutex::new(0.0));
        let drawn = Arc::clone(&draw);
        let caching = SubgraphCaching {
            enabled: true,
            negative_ttl: Duration::from_secs(10),
            ..SubgraphCaching::default()
        };
        let options = CacheOptions {
            memory_bytes: 64 << 20,
            largest_value: 1 << 20,
            subgraphs: vec![caching; 2],
            jitter: 0.0,
            early_refresh: 0.0,
            client_control: true,
            mutations: HashMap::new(),
            draw: Arc::new(move || *drawn.lock().unwrap()),
        };
        Self {
            fake: Fake::new(supergraph()),
            options,
            store: None,
            feed: None,
            loads: false,
            draw,
        }
    }

    pub(crate) fn catalog(mut self, change: impl FnOnce(&mut SubgraphCaching)) -> Self {
        change(&mut self.options.subgraphs[0]);
        self
    }

    pub(crate) fn options(mut self, change: impl FnOnce(&mut CacheOptions)) -> Self {
        change(&mut self.options);
        self
    }

    pub(crate) fn sees(self, headers: &[&'static str]) -> Self {
        self.fake.state().sees = headers.to_vec();
        self
    }

    pub(crate) fn loading(mut self) -> Self {
        self.loads = true;
        self
    }

    pub(crate) fn start(self) -> Gateway {
        let supergraph = Arc::clone(&self.fake.supergraph);
        let (feed, coherence) = self.feed.unwrap_or_else(|| {
            let coherence = Arc::new(Coherence::new(Arc::clone(&supergraph)));
            (alone(Arc::clone(&coherence) as _), coherence)
        });
        let foundation = Foundation {
            supergraph,
            client: Arc::clone(&self.fake) as _,
            feed,
            coherence: Arc::clone(&coherence),
            store: self.store,
        };
        let cache = Cache::new(foundation, self.options);
        let storing = cache.storing();
        let next: Arc<dyn SubgraphClient> = match self.loads {
            true => {
                let loader = Loader::new(storing, loading());
                coherence.add_barrier(Box::new(loader.parting()));
                Arc::new(loader)
            }
            false => storing,
        };
        Gateway {
            client: cache.reading(next),
            cache,
            fake: self.fake,
            draw: self.draw,
        }
    }
}

fn loading() -> LoaderOptions {
    let of = |name: &str| SubgraphLoading {
        name: name.to_owned(),
        timeout: Duration::from_secs(5),
        batching: Batching::On {
            across_requests: true,
            max_batch_size: 100,
            slots: 2,
            public: false,
            merging: None,
        },
    };
    LoaderOptions {
        subgraphs: vec![of("catalog"), of("reviews")],
        share_calls: true,
    }
}

/// Answers are good for a minute and for everybody.
pub(crate) fn gateway() -> Gateway {
    Setup::new().start()
}

impl Gateway {
    pub(crate) async fn send(&self, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        self.client.send(request).await
    }

    /// The answer's body.
    pub(crate) async fn ask(&self, request: SubgraphRequest) -> Value {
        read(&self.send(request).await.unwrap())
    }

    /// Asks, and gives the documents that went to the subgraph for it.
    pub(crate) async fn calls(&self, request: SubgraphRequest) -> Vec<String> {
        self.fake.documents();
        self.ask(request).await;
        self.fake.documents()
    }

    /// What the answer has, and would have without a cache; and the documents that went to the subgraph for it.
    pub(crate) async fn judge(&self, request: SubgraphRequest) -> Vec<String> {
        self.fake.documents();
        let got = self.ask(request.clone()).await;
        let documents = self.fake.documents();
        let expected = read(&self.fake.send(request.clone()).await.unwrap());
        self.fake.documents();
        assert_eq!(got, expected, "{} answered through a cache", request.document);
        documents
    }

    pub(crate) async fn end(&self, event: &str) {
        let event: Event = serde_json::from_str(event).unwrap();
        assert_eq!(self.cache.doubts(&event), None);
        self.cache.invalidate(vec![event]).await.unwrap();
    }
}

pub(crate) fn read(reply: &SubgraphReply) -> Value {
    serde_json::from_slice(&reply.body)
        .unwrap_or_else(|bad| panic!("{bad}: {}", String::from_utf8_lossy(&reply.body)))
}

pub(crate) async fn after(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// A question at the root of the catalog.
pub(crate) fn root(document: &str) -> SubgraphRequest {
    SubgraphRequest {
        subgraph: CATALOG,
        kind: RequestKind::Query,
        document: document.into(),
        variables: Bytes::new(),
        entities: Vec::new(),
        merging: None,
        headers: Arc::default(),
    }
}

/// One for entities, as the planner writes it: a selection, and representations without their braces.
pub(crate) fn entities(selection: &str, keys: &[&str]) -> SubgraphRequest {
    SubgraphRequest {
        entities: vec![list("_entities", "representations", keys)],
        ..root(&format!(
            "query($representations:[_Any!]!){{_entities(representations:$representations){selection}}}"
        ))
    }
}

pub(crate) fn list(key: &str, variable: &str, keys: &[&str]) -> EntityList {
    let keys: Vec<String> = keys.iter().map(|key| representation(key)).collect();
    EntityList {
        key: key.to_owned(),
        variable: variable.to_owned(),
        representations: keys.iter().map(String::as_bytes).collect(),
    }
}

/// `Product:1` by its id, `Product:sku=s1` by another field.
pub(crate) fn representation(key: &str) -> String {
    let (ty, key) = key.split_once(':').unwrap();
    let (field, value) = key.split_once('=').unwrap_or(("id", key));
    format!(r#"{{"__typename":"{ty}","{field}":"{value}"}}"#)
}

pub(crate) fn products(selection: &str, keys: &[&str]) -> SubgraphRequest {
    entities(&format!("{{...on Product{selection}}}"), keys)
}

pub(crate) trait With: Sized {
    fn variables(self, members: &'static str) -> Self;
    fn header(self, name: &'static str, value: &str) -> Self;
    fn of(self, subgraph: SubgraphId) -> Self;
    fn kind(self, kind: RequestKind) -> Self;
}

impl With for SubgraphRequest {
    fn variables(mut self, members: &'static str) -> Self {
        self.variables = Bytes::from_static(members.as_bytes());
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        let mut headers = HeaderMap::clone(&self.headers);
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
        self.headers = Arc::new(headers);
        self
    }

    fn of(mut self, subgraph: SubgraphId) -> Self {
        self.subgraph = subgraph;
        self
    }

    fn kind(mut self, kind: RequestKind) -> Self {
        self.kind = kind;
        self
    }
}
