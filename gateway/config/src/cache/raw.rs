//! What may stand under `cache`, word by word.

use indexmap::IndexMap;
use serde::Deserialize;

use super::mutations::RawEndedBy;
use crate::switch::{self, Switch};

pub(crate) type RawCache = Switch<RawKeys>;
pub(crate) type RawSubgraphCache = Switch<RawLifetimes>;

/// Flattening would lose which key is unknown, so the keys of [`RawLifetimes`] are repeated here and taken out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAll {
    memory: Option<String>,
    max_value: Option<String>,
    negative_ttl: Option<String>,
    jitter: Option<f64>,
    early_refresh: Option<f64>,
    client_control: Option<bool>,
    redis: Option<RawRedis>,
    #[serde(default)]
    mutations: IndexMap<String, Vec<RawEndedBy>>,
    ttl: Option<String>,
    stale_while_revalidate: Option<String>,
    stale_if_error: Option<String>,
    vary: Option<Vec<String>>,
    identity: Option<RawIdentity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(from = "RawAll")]
pub(crate) struct RawKeys {
    pub(super) memory: Option<String>,
    pub(super) max_value: Option<String>,
    pub(super) negative_ttl: Option<String>,
    pub(super) jitter: Option<f64>,
    pub(super) early_refresh: Option<f64>,
    pub(super) client_control: Option<bool>,
    pub(super) redis: Option<RawRedis>,
    pub(super) mutations: IndexMap<String, Vec<RawEndedBy>>,
    pub(super) lifetimes: RawLifetimes,
}

/// What a subgraph may say of its own, too.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLifetimes {
    pub(super) ttl: Option<String>,
    #[serde(default)]
    pub(super) types: IndexMap<String, String>,
    pub(super) stale_while_revalidate: Option<String>,
    pub(super) stale_if_error: Option<String>,
    pub(super) vary: Option<Vec<String>>,
    pub(super) identity: Option<RawIdentity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRedis {
    pub(super) url: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) deadline: Option<String>,
    pub(super) lease: Option<String>,
    pub(super) max_value: Option<String>,
    pub(super) queue: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIdentity {
    pub(super) header: String,
    pub(super) claim: Option<String>,
}

impl switch::Keys for RawKeys {
    const EXAMPLE: &'static str = "memory";
}

impl switch::Keys for RawLifetimes {
    const EXAMPLE: &'static str = "ttl";
}

impl From<RawAll> for RawKeys {
    fn from(all: RawAll) -> Self {
        Self {
            memory: all.memory,
            max_value: all.max_value,
            negative_ttl: all.negative_ttl,
            jitter: all.jitter,
            early_refresh: all.early_refresh,
            client_control: all.client_control,
            redis: all.redis,
            mutations: all.mutations,
            lifetimes: RawLifetimes {
                ttl: all.ttl,
                // Types are a subgraph's.
                types: IndexMap::new(),
                stale_while_revalidate: all.stale_while_revalidate,
                stale_if_error: all.stale_if_error,
                vary: all.vary,
                identity: all.identity,
            },
        }
    }
}
