//! Who takes part in a scenario: causeway as it comes, causeway in other configurations, and what the command line adds.
//!
//! Each is a process of its own, and those of a scenario alone end with it: nobody finds what another has kept. Redis is started
//! for a scenario and empty; who shares one shares the prefix.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use causeway_redis_testing::RedisServer;

use crate::{
    scenario::{Scenario, hot},
    target::Target,
};

/// Long enough for all rounds of a scenario.
pub(crate) const KEPT: Duration = Duration::from_secs(600);

/// What starts gateways.
pub(crate) struct Starter<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) supergraph: &'a str,
}

impl Starter<'_> {
    pub(crate) async fn start(&self, name: &str, more: &str) -> anyhow::Result<Target> {
        Target::causeway(name, self.binary, self.supergraph, more).await
    }
}

/// Gateways for one scenario alone.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) targets: Vec<Target>,
    _redis: Option<RedisServer>,
}

/// Starts what a scenario compares causeway with, or with itself.
pub(crate) async fn own(scenario: Scenario, starter: &Starter<'_>) -> anyhow::Result<Own> {
    const UNSHARED: &str = "sharing: { requests: false, calls: false }\n";
    let redis = match scenario {
        Scenario::Hot => redis().await?,
        _ => None,
    };
    let of_redis = |memory: &str, prefix: &str| {
        let url = redis.as_ref()?.url();
        Some(format!(
            "cache:\n{memory}{}  redis: {{ url: \"{url}\", prefix: {prefix}, deadline: 100ms }}\n",
            hot::MUTATIONS
        ))
    };
    let some = |text: &str| Some(text.to_owned());
    let all = match scenario {
        Scenario::NPlusOne => vec![("causeway, batching off", some("batching: off\n"), false)],
        Scenario::Deep | Scenario::Crowd => vec![
            ("causeway, memory cache", some(""), true),
            ("causeway, sharing off", some(UNSHARED), false),
            ("causeway, sharing off, memory cache", some(UNSHARED), true),
        ],
        Scenario::Hot => vec![
            ("causeway, no cache", some("cache: off\n"), true),
            (
                "causeway, memory",
                Some(format!("cache:\n{}", hot::MUTATIONS)),
                true,
            ),
            ("causeway, redis", of_redis("  memory: 0\n", "alone"), true),
            ("causeway, memory+redis", of_redis("", "below"), true),
            // What the requests need by themselves.
            (
                "causeway, no cache, off",
                Some(format!(
                    "cache: off\nbatching: {{ across_requests: false }}\n{UNSHARED}"
                )),
                true,
            ),
        ],
        _ => Vec::new(),
    };
    let mut own = Own::default();
    for (name, more, is_kept) in all {
        if let Some(more) = more {
            let mut target = starter.start(name, &more).await?;
            target.freshness = if is_kept { KEPT } else { Duration::ZERO };
            own.targets.push(target);
        }
    }
    own._redis = redis;
    Ok(own)
}

/// `None` where none is installed; that is said on standard error.
pub(crate) async fn redis() -> anyhow::Result<Option<RedisServer>> {
    tokio::task::spawn_blocking(|| RedisServer::start(&[]))
        .await
        .context("redis-server does not start")
}

/// What invalidations over HTTP are sent with.
pub(crate) const ADMIN_KEY: &str = "key-of-the-load-program";

/// Gateways that are asked as one; several share Redis. Each of them listens for invalidations.
pub(crate) async fn gang(
    starter: &Starter<'_>,
    count: usize,
    redis: Option<&RedisServer>,
) -> anyhow::Result<Vec<Target>> {
    let shared = redis.map_or_else(String::new, |redis| {
        // Each gang finds it empty.
        let prefix = format!("gang-{:08x}", rand::random::<u32>());
        format!(
            "  redis: {{ url: \"{}\", prefix: {prefix}, deadline: 100ms }}\n",
            redis.url()
        )
    });
    let more = format!(
        "admin: {{ listen: 127.0.0.1:0, shared_key: {ADMIN_KEY} }}\ncache:\n{}{shared}",
        hot::MUTATIONS
    );
    let mut gang = Vec::with_capacity(count);
    for number in 0..count {
        gang.push(starter.start(&format!("causeway {number}"), &more).await?);
    }
    Ok(gang)
}
