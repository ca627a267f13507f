//! What has happened since the start, for Prometheus.
//!
//! Counting is done where things happen; here the numbers are only read, when somebody asks for them.

mod cache;
mod text;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

pub(crate) use cache::CacheNumbers;
use causeway_loader::{InFlight, Loader, Meter, SubgraphStats};

/// The numbers of all loaders that were ever used: a reload of the graph makes a new one, and no counter goes back by that.
/// Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    loaders: Arc<Mutex<Loaders>>,
}

#[derive(Default)]
struct Loaders {
    /// Of loaders that are gone, by subgraph.
    past: BTreeMap<String, SubgraphStats>,
    /// The one in use, and those before it on which requests still finish.
    live: Vec<Meter>,
}

impl Metrics {
    /// To be told before the loader is used.
    pub(crate) fn follow(&self, loader: &Loader) {
        let mut loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        loaders.settle();
        loaders.live.push(loader.meter());
    }

    /// By subgraph, those included that are not served any more; and what is under way.
    fn loading(&self) -> (BTreeMap<String, SubgraphStats>, InFlight) {
        let mut loaders = self.loaders.lock().unwrap_or_else(PoisonError::into_inner);
        loaders.settle();
        let mut all = loaders.past.clone();
        let mut in_flight = InFlight::default();
        for meter in &loaders.live {
            add(&mut all, meter);
            let more = meter.in_flight();
            in_flight.groups += more.groups;
            in_flight.operation_groups += more.operation_groups;
            in_flight.calls += more.calls;
        }
        (all, in_flight)
    }

    /// OpenMetrics text.
    pub(crate) fn told(&self, server: &causeway_server::Gateway, cache: Option<CacheNumbers>) -> String {
        let (loading, in_flight) = self.loading();
        text::text(loading, in_flight, server.requests(), cache)
    }
}

impl Loaders {
    /// Keeps of loaders that are gone nothing but their numbers.
    fn settle(&mut self) {
        let Self { past, live } = self;
        live.retain(|meter| {
            let is_final = meter.is_final();
            if is_final {
                add(past, meter);
            }
            !is_final
        });
    }
}

fn add(all: &mut BTreeMap<String, SubgraphStats>, meter: &Meter) {
    for stats in meter.stats() {
        all.entry(stats.name.clone()).or_default().add(&stats);
    }
}
