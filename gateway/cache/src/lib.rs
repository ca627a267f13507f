//! A cache of what subgraphs have answered, by entity and field: two [`SubgraphClient`]s, one above what takes questions together
//! and one below it.
//!
//! - [`Cache::reading`] stands before everything. What is in memory is answered at once; for the rest, a narrower request goes on.
//! - [`Cache::storing`] stands before the client, where a request is already that of many callers. It looks once more (it may
//!   have come in the meantime), asks the store that gateways share, becomes the one who loads or waits for who does, and keeps what
//!   comes.
//!
//! What is kept is a *record* for each entity (by representation) or root field, subgraph and audience, with a *slot* for each
//! field and its arguments. Values are kept in a form of their own, so that a document can be answered with what another one brought.
//!
//! Who may see what: see `scope`. When what is kept ends: see `port`, for the protocol, and `tag`, for what an event speaks of.
//!
//! It never makes an answer worse: what it does not understand goes on as it came.

mod answer;
mod asked;
mod clock;
mod coherence;
mod document;
mod event;
mod exact;
mod fill;
mod find;
mod flights;
mod freshness;
mod hint;
mod lookup;
mod marks;
mod memory;
mod mutation;
mod narrow;
mod options;
mod port;
mod reading;
mod record;
mod rescue;
mod scope;
mod selection;
mod stats;
mod storing;
mod tag;
mod template;
mod types;
mod value;

use std::{
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use causeway_executor::{Partition, RequestKind, SubgraphClient, SubgraphRequest};
use causeway_model::{Subgraph, SubgraphId, Supergraph};
use foldhash::fast::RandomState;
use http::{HeaderMap, HeaderName, HeaderValue};
use moka::sync::Cache as Bounded;

pub use coherence::{Barrier, Coherence};
pub use event::{Event, Target};
pub use options::{CacheOptions, EventTemplate, Identity, SubgraphCaching};
pub use port::{
    Claim, Epoch, Feed, Follower, Position, Put, RecordKey, Release, SharedStore, Unspread, alone,
};
pub use stats::{CacheStats, MemoryStats, TypeStats};

use asked::Asked;
use clock::Clock;
use document::Document;
use flights::Flights;
use freshness::Wish;
use marks::Marks;
use memory::Memory;
use record::{Load, Millis};
use scope::Scopes;
use stats::Counter;

/// Bytes of documents whose meaning is remembered.
const DOCUMENTS: u64 = 8 << 20;

/// Of one graph. Cheap to clone.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

/// What a cache stands on.
pub struct Foundation {
    pub supergraph: Arc<Supergraph>,
    /// Knows who can be told from whom.
    pub client: Arc<dyn SubgraphClient>,
    pub coherence: Arc<Coherence>,
    pub feed: Arc<dyn Feed>,
    /// What is shared with other gateways, if anything is.
    pub store: Option<Arc<dyn SharedStore>>,
}

pub(crate) struct Inner {
    on: Foundation,
    options: CacheOptions,
    /// What stands for each subgraph as it is composed now.
    schemas: Vec<[u8; 32]>,
    root_type: String,
    documents: Bounded<Arc<str>, Option<Arc<Document>>, RandomState>,
    memory: Memory,
    flights: Flights,
    clock: Clock,
    /// By subgraph: whether anything of it can be kept, as far as is known. Where not, nothing is looked for.
    hopes: Vec<AtomicBool>,
    /// Marks requests of our own that load something anew; nobody outside can know its value.
    refresh: HeaderValue,
}

const REFRESH: HeaderName = HeaderName::from_static("causeway-refresh");

impl Cache {
    pub fn new(foundation: Foundation, options: CacheOptions) -> Self {
        let supergraph = &foundation.supergraph;
        let schema = |subgraph: &Subgraph| *blake3::hash(format!("{subgraph:?}").as_bytes()).as_bytes();
        let documents = Bounded::builder()
            .max_capacity(DOCUMENTS)
            .weigher(|text: &Arc<str>, _| u32::try_from(text.len() * 4 + 256).unwrap_or(u32::MAX))
            .build_with_hasher(RandomState::default());
        let clock = Clock::new();
        // The standard library's keys are random and nobody else's.
        let secret = std::hash::RandomState::new().hash_one(clock.now());
        let root = supergraph.schema.schema_definition.query.as_ref();
        let hopes = supergraph.subgraphs.iter().zip(&options.subgraphs);
        let inner = Inner {
            hopes: hopes
                .map(|(subgraph, options)| AtomicBool::new(options.hopes(subgraph)))
                .collect(),
            schemas: supergraph.subgraphs.iter().map(schema).collect(),
            root_type: root.map_or("Query", |root| root.as_str()).to_owned(),
            documents,
            memory: Memory::new(options.memory_bytes, options.largest_value, &clock),
            flights: Flights::default(),
            clock,
            refresh: HeaderValue::from(secret),
            on: foundation,
            options,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// In front of `next`: answers what is in memory.
    pub fn reading(&self, next: Arc<dyn SubgraphClient>) -> Arc<dyn SubgraphClient> {
        Arc::new(reading::Reading {
            cache: Arc::clone(&self.inner),
            next,
        })
    }

    /// In front of the client: keeps what it answers.
    pub fn storing(&self) -> Arc<dyn SubgraphClient> {
        Arc::new(storing::Storing {
            cache: Arc::clone(&self.inner),
        })
    }

    /// How many records of this gateway's memory events would end.
    pub fn count(&self, events: &[Event]) -> u64 {
        let inner = &self.inner;
        let tags: std::collections::HashSet<_> = events
            .iter()
            .flat_map(|event| tag::of_event(&inner.on.supergraph, event))
            .collect();
        let now = inner.clock.now();
        inner
            .memory
            .count(|load| inner.is_good(load, now) && load.tags.iter().any(|tag| tags.contains(tag)))
    }

    /// Ends what the events speak of, here and wherever the feed reaches. `Ok`: nobody uses it any more.
    pub async fn invalidate(&self, events: Vec<Event>) -> Result<(), Unspread> {
        self.inner.on.feed.publish(events).await
    }

    /// What is wrong with an event: it speaks of what the graph does not have.
    pub fn doubts(&self, event: &Event) -> Option<String> {
        let supergraph = &self.inner.on.supergraph;
        let known = supergraph
            .subgraphs
            .iter()
            .find(|known| known.name == event.subgraph);
        let Some(known) = known else {
            let names: Vec<&str> = supergraph
                .subgraphs
                .iter()
                .map(|known| known.name.as_str())
                .collect();
            return Some(format!(
                "there is no subgraph `{}`; there are: {}",
                event.subgraph,
                names.join(", ")
            ));
        };
        match &event.target {
            Target::Type(ty) | Target::Entity { ty, .. } if !known.types.contains_key(ty.as_str()) => {
                Some(format!("the subgraph `{}` has no type `{ty}`", event.subgraph))
            }
            Target::Entity { ty, key } if !tag::names_entity(supergraph, &event.subgraph, ty, key) => {
                Some(format!(
                    "`key` has not all fields of any @key that `{ty}` has in the subgraph `{}`",
                    event.subgraph
                ))
            }
            _ => None,
        }
    }

    pub fn stats(&self) -> CacheStats {
        let inner = &self.inner;
        CacheStats {
            types: inner.on.coherence.counters.snapshot(),
            memory: MemoryStats {
                records: inner.memory.len(),
                bytes: inner.memory.bytes(),
            },
            current: inner.on.feed.is_current(),
            events: inner.on.coherence.events.load(Ordering::Relaxed),
            resets: inner.on.coherence.resets.load(Ordering::Relaxed),
        }
    }
}

impl Inner {
    fn marks(&self) -> &Marks {
        &self.on.coherence.marks
    }

    fn counter(&self, subgraph: &Subgraph, ty: &str) -> Arc<Counter> {
        self.on.coherence.counters.of(&subgraph.name, ty)
    }

    fn subgraph(&self, id: SubgraphId) -> Option<(&Subgraph, &options::SubgraphCaching)> {
        let subgraph = self.on.supergraph.subgraphs.get(id.index())?;
        let options = self.options.subgraphs.get(id.index())?;
        options.enabled.then_some((subgraph, options))
    }

    /// Whether something may still be kept beside what is newer.
    fn is_good(&self, load: &Load, now: Millis) -> bool {
        now < load.times.on_error && self.marks().allow(load.stamp, &load.tags, &load.checked)
    }

    fn wish(&self, headers: &HeaderMap) -> Wish {
        if headers.get(&REFRESH) == Some(&self.refresh) {
            return Wish::Refresh;
        }
        match self.options.client_control {
            true => freshness::wish(headers),
            false => Wish::Use,
        }
    }

    /// For what is asked from now on: what is answered may be as old as that.
    fn start(&self) -> fill::Start {
        fill::Start {
            stamp: self.marks().stamp(),
            at: self.clock.now(),
        }
    }

    fn hopes(&self, subgraph: SubgraphId) -> bool {
        let hope = self.hopes.get(subgraph.index());
        hope.is_some_and(|hope| hope.load(Ordering::Relaxed))
    }

    /// Who asks, as far as the subgraph makes a difference.
    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        match self.options.subgraphs.get(subgraph.index()) {
            Some(options) if options.public => Partition::EVERYBODY,
            _ => self.on.client.partition(subgraph, headers),
        }
    }

    /// `None`: the cache has nothing to do with the request.
    fn asked(&self, request: &SubgraphRequest) -> Option<Asked> {
        let (_, options) = self.subgraph(request.subgraph)?;
        if request.kind != RequestKind::Query {
            return None;
        }
        let document = self.document(&request.document)?;
        let node = document.resolve(&request.variables)?;
        let partition = self.partition(request.subgraph, &request.headers);
        let schema = &self.schemas[request.subgraph.index()];
        Some(Asked {
            scopes: Scopes::new(schema, options, partition, &request.headers),
            document,
            node,
        })
    }

    fn document(&self, text: &Arc<str>) -> Option<Arc<Document>> {
        if let Some(known) = self.documents.get(text) {
            return known;
        }
        let read = Document::read(text).map(Arc::new);
        self.documents.insert(Arc::clone(text), read.clone());
        read
    }
}
