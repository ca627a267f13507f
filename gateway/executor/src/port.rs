//! What the executor needs from the outside.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use causeway_model::{MergeTemplate, SubgraphId};
use futures::future::BoxFuture;
use http::HeaderMap;

use crate::error::write_string;

/// Sends requests to subgraphs. One instance serves all subgraphs and all requests.
///
/// Adapters can stand in front of each other: one that takes the questions of several requests together is a client with a
/// client behind it.
pub trait SubgraphClient: Send + Sync {
    /// Resolves within the subgraph's timeout, come what may.
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>>;

    /// Who asks, as far as the subgraph can tell: equal for headers of which the subgraph gets to see the same. Answers to
    /// one must never reach another.
    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition;

    /// Whether who asks now may get the answer to what is under way already. Not where something may have changed in the meantime
    /// that nobody here was told of.
    fn may_join(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(pub u128);

impl Partition {
    /// Of a subgraph that learns nothing about who asks.
    pub const EVERYBODY: Self = Self(0);
}

/// One GraphQL request, still in parts.
#[derive(Debug, Clone)]
pub struct SubgraphRequest {
    pub subgraph: SubgraphId,
    pub kind: RequestKind,
    pub document: Arc<str>,
    /// The variables but for those of `entities`: members of a JSON object, without its braces.
    pub variables: Bytes,
    /// The document's `_entities` fields; empty for a request at the root.
    pub entities: Vec<EntityList>,
    /// How it is asked in one operation with others, where it can be.
    pub merging: Option<Arc<MergeTemplate>>,
    /// The client's headers; which of them go on is the adapter's business.
    pub headers: Arc<HeaderMap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A read whose answer is as good for everybody who asks the same at the same time.
    Query,
    /// A read after a mutation of the same operation: an answer that was under way before would be too old.
    QueryAfterMutation,
    /// Sent once, for one asker.
    Mutation,
}

/// One `_entities` field.
#[derive(Debug, Clone)]
pub struct EntityList {
    /// Its key in the answer's `data`.
    pub key: String,
    /// The variable that it takes its representations from.
    pub variable: String,
    pub representations: Representations,
}

/// JSON objects, each one once, in the order in which the entities are answered.
#[derive(Debug, Clone, Default)]
pub struct Representations {
    /// With commas between.
    json: Vec<u8>,
    /// Where each one ends in `json`.
    ends: Vec<usize>,
}

impl Representations {
    pub fn push(&mut self, representation: &[u8]) {
        if !self.ends.is_empty() {
            self.json.push(b',');
        }
        self.json.extend_from_slice(representation);
        self.ends.push(self.json.len());
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The one at an index below [`Self::len`].
    pub fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        &self.json[start..self.ends[index]]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let one = &self.json[start..*end];
            start = end + 1;
            one
        })
    }
}

impl<'r> FromIterator<&'r [u8]> for Representations {
    fn from_iter<I: IntoIterator<Item = &'r [u8]>>(all: I) -> Self {
        let mut made = Self::default();
        all.into_iter().for_each(|one| made.push(one));
        made
    }
}

impl SubgraphRequest {
    /// The body as GraphQL over HTTP has it: `{"query":…,"variables":{…}}`.
    pub fn body(&self) -> Bytes {
        let entities: usize = self
            .entities
            .iter()
            .map(|list| list.representations.json.len() + 32)
            .sum();
        let mut body = Vec::with_capacity(self.document.len() + self.variables.len() + entities + 64);
        body.extend_from_slice(b"{\"query\":");
        write_string(&mut body, &self.document);
        body.extend_from_slice(b",\"variables\":{");
        body.extend_from_slice(&self.variables);
        let mut first = self.variables.is_empty();
        for list in &self.entities {
            if !first {
                body.push(b',');
            }
            first = false;
            write_string(&mut body, &list.variable);
            body.extend_from_slice(b":[");
            body.extend_from_slice(&list.representations.json);
            body.push(b']');
        }
        body.extend_from_slice(b"}}");
        body.into()
    }

    /// Bytes of its parts.
    pub fn size(&self) -> usize {
        let entities = self.entities.iter().map(|list| list.representations.json.len());
        self.document.len() + self.variables.len() + entities.sum::<usize>()
    }
}

#[derive(Debug, Clone)]
pub struct SubgraphReply {
    /// A body that claims to be a GraphQL response.
    pub body: Bytes,
    pub dispatch: Dispatch,
    /// What the subgraph said about reuse, if it said anything.
    pub caching: Option<Arc<CachingHeaders>>,
    /// How long what the body says may be reused; set by a cache.
    pub freshness: Freshness,
}

impl SubgraphReply {
    /// The answer to a call of its own.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            dispatch: Dispatch::default(),
            caching: None,
            freshness: Freshness::default(),
        }
    }
}

/// Header fields of an answer, as RFC 9111 has them; several of one name are joined by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CachingHeaders {
    pub cache_control: Option<String>,
    pub age: Option<String>,
    pub vary: Option<String>,
}

/// How long an answer may be reused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freshness {
    /// From now on; `None`: nothing is known about it.
    pub lifetime: Option<Duration>,
    /// Since its oldest part was loaded.
    pub age: Duration,
    /// It is one person's.
    pub private: bool,
}

impl Freshness {
    /// Of an answer made of this one and another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lifetime: self
                .lifetime
                .zip(other.lifetime)
                .map(|(one, other)| one.min(other)),
            age: self.age.max(other.age),
            private: self.private || other.private,
        }
    }
}

/// How a reply came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatch {
    /// HTTP requests that would not have been made without this one.
    pub calls: usize,
    /// Entities (of a root request: one, the whole) that were under way for somebody else already.
    pub joined: usize,
    /// Entities in the largest of the batches that it was part of, those of others included. Of a root request: the root requests
    /// that left as one operation with it, itself included; 0 when it left by itself.
    pub batch_size: usize,
    /// From the question until the last of its batches left.
    pub waited: Duration,
    /// What a cache had of it.
    pub cache: CacheReport,
}

/// What became of the entities of a request in a cache, in entities; of a root request, in root fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheReport {
    /// There completely, in memory.
    pub memory: usize,
    /// There completely once the store that gateways share was asked. Counted for the whole batch.
    pub shared: usize,
    /// Of those that were there, how many were served though their time was over.
    pub stale: usize,
    /// There with some of the fields.
    pub partial: usize,
    /// Not there.
    pub missed: usize,
    /// Why what was loaded is not kept.
    pub not_stored: Option<&'static str>,
}

impl CacheReport {
    /// Both together: one from above batching, one from below it.
    #[must_use]
    pub fn and(self, below: Self) -> Self {
        Self {
            memory: self.memory + below.memory,
            shared: self.shared + below.shared,
            stale: self.stale + below.stale,
            partial: self.partial + below.partial,
            missed: self.missed + below.missed,
            not_stored: self.not_stored.or(below.not_stored),
        }
    }
}

impl Default for Dispatch {
    fn default() -> Self {
        Self {
            calls: 1,
            joined: 0,
            batch_size: 0,
            waited: Duration::ZERO,
            cache: CacheReport::default(),
        }
    }
}

/// A call that brought no GraphQL response. `Display` completes the sentence "subgraph `x` …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    #[error("could not be reached: {reason}")]
    Unreachable { reason: String },
    #[error("did not answer within {millis} ms")]
    Timeout { millis: u128 },
    #[error("answered HTTP status {status} without a GraphQL response")]
    BadStatus { status: u16 },
    #[error("answered more than {limit} bytes")]
    TooLarge { limit: usize },
    /// The reply came, but is no GraphQL response.
    #[error("could not be understood: {reason}")]
    Malformed { reason: String },
    /// A bug of ours: the call ended without a result.
    #[error("could not be asked: the gateway failed while it did")]
    Broken,
}

impl FetchFailure {
    /// Stable, for `extensions.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "SUBGRAPH_UNREACHABLE",
            Self::Timeout { .. } => "SUBGRAPH_TIMEOUT",
            Self::BadStatus { .. } => "SUBGRAPH_HTTP_ERROR",
            Self::TooLarge { .. } => "SUBGRAPH_RESPONSE_TOO_LARGE",
            Self::Malformed { .. } => "SUBGRAPH_MALFORMED_RESPONSE",
            Self::Broken => "INTERNAL_ERROR",
        }
    }
}
