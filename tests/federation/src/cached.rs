//! A gateway that keeps what subgraphs have answered, for a world that does not change.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use causeway_cache::{Cache, CacheOptions, Coherence, Foundation, SubgraphCaching, alone};
use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use futures::future::{BoxFuture, FutureExt};
use serde_json::{Map, Value};

use crate::{
    Answer, Gateway, Service, World,
    gateway::{Call, Client},
};

/// The cache in front of the services of one gateway.
pub struct Cached {
    services: Arc<Services>,
    client: Arc<dyn SubgraphClient>,
}

struct Services {
    all: Arc<Vec<Service>>,
    /// In the order of the supergraph's subgraphs.
    names: Vec<String>,
    world: World,
    on: Vec<String>,
    calls: Mutex<Vec<Call>>,
}

impl Cached {
    /// Everything is kept, for an hour.
    #[must_use]
    pub fn new(gateway: &Gateway, world: &World, on: &[String]) -> Self {
        let supergraph = gateway.supergraph();
        let services = Arc::new(Services {
            all: gateway.shared_services(),
            names: supergraph
                .subgraphs
                .iter()
                .map(|subgraph| subgraph.name.clone())
                .collect(),
            world: world.clone(),
            on: on.to_vec(),
            calls: Mutex::default(),
        });
        let coherence = Arc::new(Coherence::new(Arc::clone(supergraph)));
        let foundation = Foundation {
            supergraph: Arc::clone(supergraph),
            client: Arc::clone(&services) as _,
            feed: alone(Arc::clone(&coherence) as _),
            coherence,
            store: None,
        };
        let hour = Duration::from_secs(3600);
        let caching = SubgraphCaching {
            enabled: true,
            ttl: hour,
            negative_ttl: hour,
            ..SubgraphCaching::default()
        };
        let options = CacheOptions {
            memory_bytes: 64 << 20,
            largest_value: 1 << 20,
            subgraphs: vec![caching; supergraph.subgraphs.len()],
            jitter: 0.0,
            early_refresh: 0.0,
            client_control: false,
            mutations: HashMap::new(),
            draw: Arc::new(|| 0.5),
        };
        let cache = Cache::new(foundation, options);
        Self {
            client: cache.reading(cache.storing()),
            services,
        }
    }

    /// As [`Gateway::answer`], with what is known from the operations before.
    ///
    /// # Errors
    /// As [`Gateway::answer`].
    pub fn answer(
        &self,
        gateway: &Gateway,
        text: &str,
        given: &Map<String, Value>,
    ) -> Result<Answer, String> {
        let answer = gateway.answer_through(&*self.client, text, given, &self.services.on)?;
        let calls = std::mem::take(&mut *self.services.calls.lock().expect("no call panicked"));
        Ok(Answer { calls, ..answer })
    }
}

impl SubgraphClient for Services {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        let find = |name: &String| {
            let found = self.all.iter().find(|service| service.name == *name);
            found.expect("each subgraph has a server")
        };
        let services: Vec<&Service> = self.names.iter().map(find).collect();
        let client = Client {
            services: &services,
            world: &self.world,
            on: &self.on,
            calls: &self.calls,
        };
        let reply = client.answer(&request);
        async move { reply }.boxed()
    }

    fn partition(&self, _: SubgraphId, _: &http::HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}
