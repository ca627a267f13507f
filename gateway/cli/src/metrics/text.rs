//! Numbers -> OpenMetrics text.

use std::{collections::BTreeMap, fmt};

use super::cache::CacheNumbers;
use causeway_loader::{BATCH_SIZE_BUCKETS, InFlight, SubgraphStats};
use causeway_server::RequestStats;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};

type Count = fn(&SubgraphStats) -> u64;

/// By subgraph.
const COUNTERS: [(&str, &str, Count); 8] = [
    ("calls", "Requests that were sent to a subgraph", |stats| {
        stats.calls
    }),
    (
        "entities_asked",
        "Entities that client requests needed, equal ones of one request counted once",
        |stats| stats.entities_asked,
    ),
    (
        "entities_sent",
        "Entities that were asked of a subgraph",
        |stats| stats.entities_sent,
    ),
    (
        "entities_joined",
        "Entities that were gathered or under way already for another client request",
        |stats| stats.joined,
    ),
    (
        "shared_calls",
        "Root queries that got the answer of a call that was under way already",
        |stats| stats.shared_calls,
    ),
    (
        "merged_operations",
        "Root queries and batches of entities that left with others, as one operation",
        |stats| stats.merged_operations,
    ),
    (
        "merged_calls",
        "Calls in which several questions left as one operation",
        |stats| stats.merged_calls,
    ),
    (
        "isolated_retries",
        "Calls made again since an answer to several client requests could not be attributed",
        |stats| stats.isolated,
    ),
];

pub(super) fn text(
    loading: BTreeMap<String, SubgraphStats>,
    in_flight: InFlight,
    requests: RequestStats,
    cache: Option<CacheNumbers>,
) -> String {
    let mut registry = Registry::with_prefix("causeway");
    registry.register_collector(Box::new(Numbers {
        loading,
        in_flight,
        requests,
        cache,
    }));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("a string takes all that is written to it");
    text
}

#[derive(Debug)]
struct Numbers {
    loading: BTreeMap<String, SubgraphStats>,
    in_flight: InFlight,
    requests: RequestStats,
    cache: Option<CacheNumbers>,
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        self.requests(&mut encoder)?;
        for (name, help, count) in COUNTERS {
            let name = format!("subgraph_{name}");
            let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
            for (subgraph, stats) in &self.loading {
                counter(&mut metric, ("subgraph", subgraph), count(stats))?;
            }
        }
        self.batch_sizes(&mut encoder)?;
        let InFlight {
            groups,
            operation_groups,
            calls,
        } = self.in_flight;
        gauge(
            &mut encoder,
            (
                "entity_groups_in_flight",
                "Different questions for entities under way",
            ),
            groups,
        )?;
        gauge(
            &mut encoder,
            (
                "operation_groups_in_flight",
                "Groups of questions for the same fields under way",
            ),
            operation_groups,
        )?;
        gauge(
            &mut encoder,
            ("root_calls_in_flight", "Root calls under way that can be shared"),
            calls,
        )?;
        self.cache
            .as_ref()
            .map_or(Ok(()), |cache| cache.encode(&mut encoder))
    }
}

impl Numbers {
    fn requests(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let RequestStats {
            complete,
            with_errors,
            refused,
            failed,
            shared,
        } = self.requests;
        let help = "Requests of clients, by what became of them";
        let mut metric = encoder.encode_descriptor("requests", help, None, MetricType::Counter)?;
        for (outcome, count) in [
            ("complete", complete),
            ("with_errors", with_errors),
            ("refused", refused),
            ("failed", failed),
        ] {
            counter(&mut metric, ("outcome", outcome), count)?;
        }
        let help = "Requests of clients that got the answer of an equal one under way";
        let mut metric = encoder.encode_descriptor("requests_shared", help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&shared, None)
    }

    fn batch_sizes(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let help = "Entities in one call";
        let mut metric =
            encoder.encode_descriptor("subgraph_batch_size", help, None, MetricType::Histogram)?;
        for (subgraph, stats) in &self.loading {
            let buckets: [(f64, u64); BATCH_SIZE_BUCKETS] = std::array::from_fn(|bucket| {
                let is_last = bucket == BATCH_SIZE_BUCKETS - 1;
                let up_to = if is_last {
                    f64::INFINITY
                } else {
                    (1_u64 << bucket) as f64
                };
                (up_to, stats.batch_sizes[bucket])
            });
            let calls = stats.batch_sizes.iter().sum();
            let labels = [("subgraph", subgraph.as_str())];
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                stats.entities_sent as f64,
                calls,
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

fn counter(metric: &mut MetricEncoder, label: (&str, &str), count: u64) -> fmt::Result {
    let labels = [label];
    let mut labelled = metric.encode_family(&labels)?;
    labelled.encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn gauge(encoder: &mut DescriptorEncoder, (name, help): (&str, &str), count: usize) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    metric.encode_gauge(&count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_the_sizes_that_the_loader_means_and_names_are_escaped() {
        let mut stats = SubgraphStats {
            entities_sent: 5000,
            ..SubgraphStats::default()
        };
        // Of one entity; of three or four; of more than 1024.
        (stats.batch_sizes[0], stats.batch_sizes[2], stats.batch_sizes[11]) = (1, 10, 100);
        let loading = BTreeMap::from([("a\"b".to_owned(), stats)]);
        let text = text(loading, InFlight::default(), RequestStats::default(), None);
        let bucket = |le: &str| {
            let series = format!("causeway_subgraph_batch_size_bucket{{le=\"{le}\",subgraph=\"a\\\"b\"}} ");
            let mut found = text.lines().filter_map(|line| line.strip_prefix(&series));
            found.next().map(|count| count.parse::<u64>().unwrap())
        };
        for (le, count) in [("1.0", 1), ("2.0", 1), ("4.0", 11), ("1024.0", 11), ("+Inf", 111)] {
            assert_eq!(bucket(le), Some(count), "{le} in {text}");
        }
        assert_eq!(bucket("2048.0"), None);
        assert!(
            text.contains("causeway_subgraph_batch_size_count{subgraph=\"a\\\"b\"} 111\n"),
            "{text}"
        );
    }
}
