//! What the cache and Redis have done.

use std::fmt;

use causeway_cache::{CacheStats, TypeStats};
use causeway_redis::{FeedStats, LATENCY_BUCKETS, StoreStats};
use prometheus_client::{
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
};

/// The numbers, when they were asked for.
#[derive(Debug, Clone)]
pub(crate) struct CacheNumbers {
    pub(crate) cache: CacheStats,
    pub(crate) redis: Option<(StoreStats, FeedStats)>,
}

type Count = fn(&TypeStats) -> u64;

const LOOKUPS: [(&str, Count); 4] = [
    ("memory", |stats| stats.memory),
    ("shared", |stats| stats.shared),
    ("partial", |stats| stats.partial),
    ("missed", |stats| stats.missed),
];

/// By subgraph and type.
const COUNTERS: [(&str, &str, Count); 6] = [
    (
        "stale",
        "Entities and root fields that were answered with what was over, while it was loaded anew",
        |stats| stats.stale,
    ),
    (
        "refreshed",
        "Entities and root fields that were loaded anew in the background",
        |stats| stats.refreshed,
    ),
    (
        "served_on_error",
        "Entities and root fields that were answered with what was over, since the subgraph failed",
        |stats| stats.served_on_error,
    ),
    ("stored", "Records that were kept", |stats| stats.stored),
    ("stored_bytes", "Bytes of records that were kept", |stats| {
        stats.stored_bytes
    }),
    (
        "not_stored",
        "Answers of which something could not be kept",
        |stats| stats.not_stored,
    ),
];

impl CacheNumbers {
    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        self.lookups(encoder)?;
        for (name, help, count) in COUNTERS {
            let name = format!("cache_{name}");
            let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
            for stats in &self.cache.types {
                let labels = [("subgraph", stats.subgraph.as_str()), ("type", stats.ty.as_str())];
                metric
                    .encode_family(&labels)?
                    .encode_counter::<NoLabelSet, _, u64>(&count(stats), None)?;
            }
        }
        let cache = &self.cache;
        for (name, help, value) in [
            ("cache_records", "Records in memory", cache.memory.records),
            (
                "cache_bytes",
                "Bytes of the records in memory, roughly",
                cache.memory.bytes,
            ),
            (
                "cache_current",
                "Whether what is kept may be used right now",
                u64::from(cache.current),
            ),
        ] {
            gauge(encoder, (name, help), value)?;
        }
        counter(
            encoder,
            ("cache_events", "Invalidations that were applied"),
            cache.events,
        )?;
        counter(
            encoder,
            ("cache_resets", "How often everything had to be forgotten"),
            cache.resets,
        )?;
        match &self.redis {
            Some((store, feed)) => redis(encoder, store, feed),
            None => Ok(()),
        }
    }

    fn lookups(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let help = "Entities and root fields that were looked for, by what was found; shared ones are among the partial and missed ones";
        let mut metric = encoder.encode_descriptor("cache_lookups", help, None, MetricType::Counter)?;
        for stats in &self.cache.types {
            for (outcome, count) in LOOKUPS {
                let labels = [
                    ("subgraph", stats.subgraph.as_str()),
                    ("type", stats.ty.as_str()),
                    ("outcome", outcome),
                ];
                metric
                    .encode_family(&labels)?
                    .encode_counter::<NoLabelSet, _, u64>(&count(stats), None)?;
            }
        }
        Ok(())
    }
}

fn redis(encoder: &mut DescriptorEncoder, store: &StoreStats, feed: &FeedStats) -> fmt::Result {
    let help = "Whether Redis is asked right now";
    gauge(encoder, ("redis_up", help), u64::from(store.up))?;
    for (name, help, count) in [
        (
            "redis_hits",
            "Values that were asked of Redis and found",
            store.hits,
        ),
        (
            "redis_misses",
            "Values that were asked of Redis and not found, for whatever reason",
            store.misses,
        ),
        (
            "redis_timeouts",
            "Operations that had no answer within the deadline",
            store.timeouts,
        ),
        (
            "redis_refused",
            "Operations that were not sent, for Redis is away",
            store.refused,
        ),
        (
            "redis_failed",
            "Commands that Redis answered with an error",
            store.failed,
        ),
        (
            "redis_garbage",
            "Values that were found and could not be read",
            store.garbage,
        ),
        ("redis_stored", "Values that were written", store.stored),
        (
            "redis_dropped",
            "Values that were not written, for too many waited, or Redis was away",
            store.dropped,
        ),
        (
            "redis_too_large",
            "Values that were not written, for they are larger than the limit",
            store.too_large,
        ),
        (
            "redis_bytes_written",
            "Bytes of values that were written",
            store.bytes_written,
        ),
        (
            "redis_bytes_read",
            "Bytes of values that were read",
            store.bytes_read,
        ),
        (
            "invalidations_spread",
            "Invalidations of this gateway that have reached all gateways",
            feed.spread,
        ),
        (
            "invalidations_unspread",
            "Invalidations of this gateway that may not have reached all gateways",
            feed.unspread,
        ),
        (
            "invalidations_unknown",
            "Entries of the stream that were not understood",
            feed.unknown,
        ),
    ] {
        counter(encoder, (name, help), count)?;
    }
    let help = "From sending an operation to Redis to its answer, in seconds";
    let metric = encoder.encode_descriptor("redis_latency_seconds", help, None, MetricType::Histogram);
    let buckets: [(f64, u64); LATENCY_BUCKETS] = std::array::from_fn(|bucket| {
        let is_last = bucket == LATENCY_BUCKETS - 1;
        let up_to = if is_last {
            f64::INFINITY
        } else {
            125e-6 * (1_u64 << bucket) as f64
        };
        (up_to, store.latencies[bucket])
    });
    let count = store.latencies.iter().sum();
    metric?.encode_histogram::<NoLabelSet>(store.latency_sum as f64 / 1e6, count, &buckets, None)
}

fn counter(encoder: &mut DescriptorEncoder, (name, help): (&str, &str), count: u64) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    metric.encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn gauge(encoder: &mut DescriptorEncoder, (name, help): (&str, &str), value: u64) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    metric.encode_gauge(&value)
}
