//! `cache`: what of subgraphs' answers is kept and for how long, for all subgraphs and for one.

mod mutations;
mod raw;

use std::time::Duration;

use indexmap::IndexMap;

pub use mutations::{EndedBy, EndedWhat};
pub(crate) use raw::{RawCache, RawSubgraphCache};

use crate::{ConfigError, Environment, HeaderConfig, Secret, headers, switch::Switch, validate::At};
use raw::{RawIdentity, RawKeys, RawLifetimes, RawRedis};

/// The cache as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheConfig {
    /// Bytes, roughly; 0: nothing is kept in memory.
    pub memory: u64,
    /// Bytes; larger values are not kept.
    pub max_value: u64,
    /// Of entities that the subgraph does not have.
    pub negative_ttl: Duration,
    /// The share of a lifetime that chance may take away, 0 to 1.
    pub jitter: f64,
    /// β of XFetch: how early what is in demand is loaded anew; 0: not before it has ended.
    pub early_refresh: f64,
    /// Clients' `Cache-Control: no-cache` and `no-store` count.
    pub client_control: bool,
    pub redis: Option<RedisConfig>,
    /// What no longer holds once a mutation's field was asked for, by the field's name.
    pub mutations: IndexMap<String, Vec<EndedBy>>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            max_value: 1 << 20,
            negative_ttl: Duration::from_secs(5),
            jitter: 0.1,
            early_refresh: 1.0,
            client_control: true,
            redis: None,
            mutations: IndexMap::new(),
        }
    }
}

/// What gateways share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisConfig {
    pub url: Secret,
    /// Of all its keys.
    pub prefix: String,
    /// How long a request waits for Redis before it goes on without.
    pub deadline: Duration,
    /// How long a gateway may use what it keeps without having heard of the others.
    pub lease: Duration,
    /// Bytes; larger values stay in the gateway's memory.
    pub max_value: u64,
    /// Values that may wait to be stored; what comes when it is full is not stored.
    pub queue: usize,
}

/// What is kept of one subgraph's answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubgraphCache {
    /// Where the subgraph does not say for how long; 0: not kept.
    pub ttl: Duration,
    /// The same for the entities of a type; comes before `ttl`.
    pub types: IndexMap<String, Duration>,
    pub stale_while_revalidate: Duration,
    pub stale_if_error: Duration,
    /// Clients' headers, in lower case, by whose values answers differ. The subgraph gets all of them to see.
    pub vary: Vec<String>,
    /// `None`: what is private is not kept. The subgraph gets the header to see.
    pub identity: Option<Identity>,
}

/// By what one user's answers are told from another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A client's header, in lower case.
    pub header: String,
    /// Of the token in the header; `None`: the whole header.
    pub claim: Option<String>,
}

const DEFAULT_VARY: [&str; 1] = ["accept-language"];
const MOST_QUEUED: usize = 1_000_000;

/// What holds for subgraphs that say nothing of their own. `None`: the cache is off.
pub(crate) type ForAll = Option<SubgraphCache>;

/// The cache, and what holds for all subgraphs.
pub(crate) fn validate(
    at: &At<'_>,
    raw: Option<RawCache>,
    environment: &Environment,
) -> Result<(Option<CacheConfig>, ForAll), ConfigError> {
    let keys = match raw {
        Some(Switch::Word(false)) => return Ok((None, None)),
        None | Some(Switch::Word(true)) => RawKeys::default(),
        Some(Switch::Keys(keys)) => keys,
    };
    let defaults = CacheConfig::default();
    let size = |name: &str, text: Option<&String>, default: u64| {
        text.map_or(Ok(default), |text| at.size(&format!("cache.{name}"), text))
    };
    let max_value = size("max_value", keys.max_value.as_ref(), defaults.max_value)?;
    let config = CacheConfig {
        memory: size("memory", keys.memory.as_ref(), defaults.memory)?,
        max_value,
        negative_ttl: time(
            at,
            "cache.negative_ttl",
            keys.negative_ttl.as_ref(),
            defaults.negative_ttl,
        )?,
        jitter: number(at, "cache.jitter", keys.jitter, defaults.jitter, 1.0)?,
        early_refresh: number(
            at,
            "cache.early_refresh",
            keys.early_refresh,
            defaults.early_refresh,
            100.0,
        )?,
        client_control: keys.client_control.unwrap_or(defaults.client_control),
        redis: redis(at, keys.redis, environment, max_value)?,
        mutations: mutations::validate(at, keys.mutations)?,
    };
    let unset = SubgraphCache {
        vary: DEFAULT_VARY.map(str::to_owned).to_vec(),
        ..SubgraphCache::default()
    };
    let for_all = unset.overridden(at, "cache", keys.lifetimes)?;
    Ok((Some(config), Some(for_all)))
}

/// `key` is that of the subgraph's cache.
pub(crate) fn of_subgraph(
    at: &At<'_>,
    key: &str,
    raw: Option<RawSubgraphCache>,
    for_all: &ForAll,
    sees: &HeaderConfig,
) -> Result<Option<SubgraphCache>, ConfigError> {
    let own = match (raw, for_all) {
        (None | Some(Switch::Word(true)), for_all) => for_all.clone(),
        (Some(Switch::Word(false)), _) => None,
        (Some(Switch::Keys(_)), None) => {
            let reason = "has no effect, for `cache` is off for all; take `cache: off` away at the top level, and write it at the \
                          subgraphs that are not to be cached";
            return Err(at.invalid(key, reason));
        }
        (Some(Switch::Keys(keys)), Some(for_all)) => {
            let own = for_all.overridden(at, key, keys)?;
            if own.identity != for_all.identity {
                identity_is_seen(at, key, own.identity.as_ref(), sees)?;
            }
            Some(own)
        }
    };
    Ok(own.map(|cache| cache.seen_by(sees)))
}

impl SubgraphCache {
    fn overridden(&self, at: &At<'_>, key: &str, raw: RawLifetimes) -> Result<Self, ConfigError> {
        let key = |name: &str| format!("{key}.{name}");
        let lifetime = |name: &str, text: Option<&String>, default| time(at, &key(name), text, default);
        let mut types = self.types.clone();
        for (ty, text) in &raw.types {
            types.insert(
                ty.clone(),
                at.duration_or_none(&key(&format!("types.{ty}")), text)?,
            );
        }
        let vary = match raw.vary {
            None => self.vary.clone(),
            Some(names) => names
                .iter()
                .map(|name| headers::name(at, &key("vary"), name))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            ttl: lifetime("ttl", raw.ttl.as_ref(), self.ttl)?,
            types,
            stale_while_revalidate: lifetime(
                "stale_while_revalidate",
                raw.stale_while_revalidate.as_ref(),
                self.stale_while_revalidate,
            )?,
            stale_if_error: lifetime("stale_if_error", raw.stale_if_error.as_ref(), self.stale_if_error)?,
            vary,
            identity: match raw.identity {
                None => self.identity.clone(),
                Some(raw) => Some(identity(at, &key("identity"), raw)?),
            },
        })
    }

    /// An answer cannot differ by what the subgraph does not get; and what is private is so by something that it does get.
    pub(crate) fn seen_by(mut self, headers: &HeaderConfig) -> Self {
        let is_seen = |name: &str| headers.of_clients().any(|seen| seen == name);
        self.vary.retain(|name| is_seen(name));
        self.identity = self.identity.filter(|identity| is_seen(&identity.header));
        self
    }
}

fn identity_is_seen(
    at: &At<'_>,
    key: &str,
    identity: Option<&Identity>,
    sees: &HeaderConfig,
) -> Result<(), ConfigError> {
    match identity {
        Some(Identity { header, .. }) if !sees.of_clients().any(|seen| seen == header) => {
            let reason = format!(
                "the subgraph does not get `{header}`, so that its private answers are told apart by something else; forward it, or \
                 name the header that it goes by"
            );
            Err(at.invalid(format!("{key}.identity"), reason))
        }
        _ => Ok(()),
    }
}

fn identity(at: &At<'_>, key: &str, raw: RawIdentity) -> Result<Identity, ConfigError> {
    if raw.claim.as_ref().is_some_and(String::is_empty) {
        let reason = "is empty; name a claim of the token, e.g. `sub`, or take `claim` away to tell users apart by the whole header";
        return Err(at.invalid(format!("{key}.claim"), reason));
    }
    Ok(Identity {
        header: headers::name(at, &format!("{key}.header"), &raw.header)?,
        claim: raw.claim,
    })
}

fn redis(
    at: &At<'_>,
    raw: Option<RawRedis>,
    environment: &Environment,
    max_value: u64,
) -> Result<Option<RedisConfig>, ConfigError> {
    let told = environment.redis_url.clone();
    if raw.is_none() && told.is_none() {
        return Ok(None);
    }
    let raw = raw.unwrap_or_default();
    let Some(url) = told.or(raw.url) else {
        if !environment.is_whole {
            return Ok(None);
        }
        let reason = "is missing: write redis://host:6379 here, or set CAUSEWAY_REDIS_URL";
        return Err(at.invalid("cache.redis.url", reason));
    };
    let known = [
        "redis://",
        "rediss://",
        "redis+sentinel://",
        "rediss+sentinel://",
        "redis+cluster://",
        "rediss+cluster://",
    ];
    if !known
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
    {
        // Not the value itself: it may have a password.
        let reason = "is not a URL like redis://host:6379, redis+sentinel://host,host/master or redis+cluster://host,host (rediss for TLS)";
        return Err(at.invalid("cache.redis.url", reason));
    }
    let prefix = raw.prefix.unwrap_or_else(|| "causeway".to_owned());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if prefix.is_empty() || !prefix.bytes().all(is_plain) {
        let reason = format!("`{prefix}` is not made of letters, digits and -_.: alone");
        return Err(at.invalid("cache.redis.prefix", reason));
    }
    let period = |name: &str, text: Option<&String>, default| {
        text.map_or(Ok(default), |text| {
            at.duration(&format!("cache.redis.{name}"), text)
        })
    };
    let deadline = period("deadline", raw.deadline.as_ref(), Duration::from_millis(20))?;
    let lease = period("lease", raw.lease.as_ref(), Duration::from_secs(1))?;
    if lease < 4 * deadline {
        let reason = format!(
            "{lease:?} is less than four times `deadline` ({deadline:?}): one slow answer would let it run out; make it longer"
        );
        return Err(at.invalid("cache.redis.lease", reason));
    }
    let queue = raw.queue.unwrap_or(10_000);
    if !(1..=MOST_QUEUED).contains(&queue) {
        let reason = format!("{queue} is not between 1 and {MOST_QUEUED}");
        return Err(at.invalid("cache.redis.queue", reason));
    }
    let max_value = raw
        .max_value
        .map_or(Ok(max_value), |text| at.size("cache.redis.max_value", &text))?;
    Ok(Some(RedisConfig {
        url: Secret::new(url),
        prefix,
        deadline,
        lease,
        max_value,
        queue,
    }))
}

fn time(at: &At<'_>, key: &str, text: Option<&String>, default: Duration) -> Result<Duration, ConfigError> {
    text.map_or(Ok(default), |text| at.duration_or_none(key, text))
}

fn number(at: &At<'_>, key: &str, given: Option<f64>, default: f64, most: f64) -> Result<f64, ConfigError> {
    match given {
        // NaN is in no range.
        Some(number) if !(0.0..=most).contains(&number) => {
            Err(at.invalid(key, format!("{number} is not between 0 and {most}")))
        }
        given => Ok(given.unwrap_or(default)),
    }
}

#[cfg(test)]
mod tests;
