//! Config -> the cache of a graph, and what outlives graphs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use causeway_cache::{
    Cache, CacheOptions, Coherence, EventTemplate, Feed, Follower, Foundation, Identity, SharedStore,
    SubgraphCaching, alone,
};
use causeway_config::{CacheConfig, Config, EndedBy, EndedWhat, RedisConfig, SubgraphCache, SubgraphConfig};
use causeway_executor::SubgraphClient;
use causeway_model::Supergraph;
use causeway_redis::{FeedOptions, RedisFeed, RedisStore, StoreOptions};
use http::HeaderName;

use crate::metrics::CacheNumbers;

/// What gateways have in common, and what this one has applied of it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) coherence: Arc<Coherence>,
    feed: Arc<dyn Feed>,
    redis: Option<Redis>,
    current: Arc<Mutex<Option<Cache>>>,
}

impl Common {
    /// Does not wait for Redis, and works without.
    pub(crate) fn new(supergraph: &Arc<Supergraph>, config: &CacheConfig) -> anyhow::Result<Self> {
        let coherence = Arc::new(Coherence::new(Arc::clone(supergraph)));
        let follower = Arc::clone(&coherence) as Arc<dyn Follower>;
        let (feed, redis) = match &config.redis {
            None => (alone(follower), None),
            Some(config) => {
                let redis = Redis::connect(config, follower).context("`cache.redis`")?;
                (Arc::clone(&redis.feed) as Arc<dyn Feed>, Some(redis))
            }
        };
        Ok(Self {
            coherence,
            feed,
            redis,
            current: Arc::default(),
        })
    }

    /// The cache of a graph, which is the one that events are about from now on.
    pub(crate) fn cache(
        &self,
        supergraph: &Arc<Supergraph>,
        config: &Config,
        options: &CacheConfig,
        client: Arc<dyn SubgraphClient>,
    ) -> anyhow::Result<Cache> {
        self.coherence.follow(Arc::clone(supergraph));
        let foundation = Foundation {
            supergraph: Arc::clone(supergraph),
            client,
            coherence: Arc::clone(&self.coherence),
            feed: Arc::clone(&self.feed),
            store: self
                .redis
                .as_ref()
                .map(|redis| Arc::new(redis.store.clone()) as Arc<dyn SharedStore>),
        };
        let cache = Cache::new(foundation, cache_options(supergraph, config, options)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(cache.clone());
        Ok(cache)
    }

    /// Before the process ends: then nobody's invalidation waits for this gateway's lease.
    pub(crate) async fn leave(&self) {
        if let Some(redis) = &self.redis {
            redis.feed.leave().await;
        }
    }

    pub(crate) fn numbers(&self) -> Option<CacheNumbers> {
        Some(CacheNumbers {
            cache: self.current()?.stats(),
            redis: self
                .redis
                .as_ref()
                .map(|redis| (redis.store.stats(), redis.feed.stats())),
        })
    }

    /// Of the graph that is served.
    pub(crate) fn current(&self) -> Option<Cache> {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What gateways share.
#[derive(Clone)]
pub(crate) struct Redis {
    pub(crate) store: RedisStore,
    pub(crate) feed: Arc<RedisFeed>,
}

impl Redis {
    fn connect(config: &RedisConfig, follower: Arc<dyn Follower>) -> anyhow::Result<Self> {
        let url = config.url.expose().to_owned();
        let store = StoreOptions {
            url: url.clone(),
            prefix: config.prefix.clone(),
            deadline: config.deadline,
            largest: usize::try_from(config.max_value).unwrap_or(usize::MAX),
            queue: (config.queue, StoreOptions::default().queue.1),
            ..StoreOptions::default()
        };
        let feed = FeedOptions {
            url,
            prefix: config.prefix.clone(),
            lease: config.lease,
            ..FeedOptions::default()
        };
        Ok(Self {
            store: RedisStore::new(store)?,
            feed: Arc::new(RedisFeed::start(feed, follower)?),
        })
    }
}

fn cache_options(
    supergraph: &Supergraph,
    config: &Config,
    cache: &CacheConfig,
) -> anyhow::Result<CacheOptions> {
    let subgraphs = super::subgraphs::configured(supergraph, config);
    let mut mutations: HashMap<String, Vec<EventTemplate>> = HashMap::new();
    for (field, ended) in &cache.mutations {
        mutations.insert(field.clone(), ended.iter().map(template).collect());
    }
    Ok(CacheOptions {
        memory_bytes: cache.memory,
        largest_value: usize::try_from(cache.max_value).unwrap_or(usize::MAX),
        subgraphs: subgraphs
            .map(|(name, subgraph)| {
                caching(cache, subgraph).with_context(|| format!("`subgraphs.{name}.cache`"))
            })
            .collect::<Result<_, _>>()?,
        jitter: cache.jitter,
        early_refresh: cache.early_refresh,
        client_control: cache.client_control,
        mutations,
        draw: Arc::new(rand::random::<f64>),
    })
}

fn caching(cache: &CacheConfig, subgraph: &SubgraphConfig) -> anyhow::Result<SubgraphCaching> {
    let Some(own) = &subgraph.cache else {
        return Ok(SubgraphCaching::default());
    };
    let SubgraphCache {
        ttl,
        types,
        stale_while_revalidate,
        stale_if_error,
        vary,
        identity,
    } = own;
    let name = |name: &String| HeaderName::try_from(name).with_context(|| format!("`{name}` is no header"));
    Ok(SubgraphCaching {
        enabled: true,
        ttl: *ttl,
        types: types.iter().map(|(ty, ttl)| (ty.clone(), *ttl)).collect(),
        stale_while_revalidate: *stale_while_revalidate,
        stale_if_error: *stale_if_error,
        negative_ttl: cache.negative_ttl,
        vary: vary.iter().map(name).collect::<Result<_, _>>()?,
        // What the subgraph does not get to see cannot tell its answers apart.
        identity: match identity {
            Some(identity) if subgraph.headers.of_clients().any(|seen| seen == identity.header) => {
                let header = name(&identity.header)?;
                Some(match &identity.claim {
                    Some(claim) => Identity::Claim {
                        header,
                        claim: claim.clone(),
                    },
                    None => Identity::Header(header),
                })
            }
            _ => None,
        },
        public: subgraph.batching.public,
    })
}

fn template(ended: &EndedBy) -> EventTemplate {
    let mut template = EventTemplate {
        subgraph: ended.subgraph.clone(),
        ty: None,
        key: None,
        tag: None,
    };
    match &ended.what {
        EndedWhat::Subgraph => {}
        EndedWhat::Type(ty) => template.ty = Some(ty.clone()),
        EndedWhat::Entity { ty, key } => {
            template.ty = Some(ty.clone());
            template.key = Some(key.clone());
        }
        EndedWhat::Tag(tag) => template.tag = Some(tag.clone()),
    }
    template
}

/// Headers by which what any subgraph answers to everybody may differ.
pub(super) fn vary(config: &Config) -> Vec<HeaderName> {
    let subgraphs = config.subgraphs.values().chain([&config.other_subgraphs]);
    let names = subgraphs.flat_map(|subgraph| subgraph.cache.iter().flat_map(|cache| &cache.vary));
    let mut all: Vec<HeaderName> = names.filter_map(|name| name.parse().ok()).collect();
    all.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    all.dedup();
    all
}
