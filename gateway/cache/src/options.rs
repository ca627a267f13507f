//! What a cache is told.

use std::{collections::HashMap, sync::Arc, time::Duration};

use causeway_model::{CacheControl, Subgraph};
use http::HeaderName;
use serde_json::{Map, Value};

#[derive(Clone)]
pub struct CacheOptions {
    /// Of the tier in the process; 0: there is none.
    pub memory_bytes: u64,
    /// Values above this are not kept.
    pub largest_value: usize,
    /// In the order of the supergraph's subgraphs.
    pub subgraphs: Vec<SubgraphCaching>,
    /// How much of a lifetime is cut off at most, by chance, so that what was loaded together does not end together; 0 to 1.
    pub jitter: f64,
    /// How eagerly what is about to end is loaded anew before it does (the β of XFetch, Vattani et al. 2015); 0: never.
    pub early_refresh: f64,
    /// Whether clients' `Cache-Control: no-cache` and `no-store` are honoured.
    pub client_control: bool,
    /// By field of `Mutation`: what is no longer true once it was answered.
    pub mutations: HashMap<String, Vec<EventTemplate>>,
    /// Evenly distributed from 0 to 1.
    pub draw: Arc<dyn Fn() -> f64 + Send + Sync>,
}

/// How one subgraph's answers are kept.
#[derive(Debug, Clone, Default)]
pub struct SubgraphCaching {
    pub enabled: bool,
    /// For answers that do not say how long they are good; zero: they are not kept.
    pub ttl: Duration,
    /// Instead of `ttl`, by type.
    pub types: HashMap<String, Duration>,
    pub stale_while_revalidate: Duration,
    pub stale_if_error: Duration,
    /// How long it is believed that there is no such entity, at most.
    pub negative_ttl: Duration,
    /// Headers of clients that public answers depend on.
    pub vary: Vec<HeaderName>,
    /// By what private answers are told apart. `None`: they are not kept.
    pub identity: Option<Identity>,
    /// The subgraph answers everybody alike.
    pub public: bool,
}

/// Who a client is. The subgraph must get to see the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The whole of a header.
    Header(HeaderName),
    /// A claim of the JSON Web Token in a header. The token's signature is not checked here: only where something in front of
    /// the gateway refuses forged ones.
    Claim { header: HeaderName, claim: String },
}

/// An event with holes: `{$args.id}` in a text is the mutation's argument of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTemplate {
    pub subgraph: String,
    pub ty: Option<String>,
    pub key: Option<Map<String, Value>>,
    pub tag: Option<String>,
}

impl SubgraphCaching {
    /// Whether the configuration or the schema alone lets anything be kept.
    pub(crate) fn hopes(&self, subgraph: &Subgraph) -> bool {
        let configured = || !self.ttl.is_zero() || self.types.values().any(|ttl| !ttl.is_zero());
        let says = |control: &Option<CacheControl>| control.is_some_and(|control| control.max_age.is_some());
        let hinted = || {
            let mut types = subgraph.types.values();
            types.any(|ty| {
                says(&ty.cache_control) || ty.fields.values().any(|field| says(&field.cache_control))
            })
        };
        self.enabled && (configured() || hinted())
    }
}
