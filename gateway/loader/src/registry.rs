//! What is under way, by what is asked.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use causeway_executor::Partition;
use causeway_model::SubgraphId;
use foldhash::quality::RandomState;

const SHARDS: usize = 64;

/// All that an answer depends on, but for the entities asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Of the rest, so that documents are hashed once. With keys that are the process's own.
    hash: u64,
    pub(crate) subgraph: SubgraphId,
    pub(crate) partition: Partition,
    pub(crate) document: Arc<str>,
    pub(crate) variables: Bytes,
}

impl Question {
    pub(crate) fn new(
        hasher: &RandomState,
        subgraph: SubgraphId,
        partition: Partition,
        document: &Arc<str>,
        variables: &Bytes,
    ) -> Self {
        Self {
            hash: hasher.hash_one((subgraph, partition, document, variables)),
            subgraph,
            partition,
            document: Arc::clone(document),
            variables: variables.clone(),
        }
    }

    /// All that asks for some fields of the root, of the same subgraph and for the same identity.
    pub(crate) fn of_fields(&self, hasher: &RandomState, fields: &Arc<str>) -> Self {
        Self::new(hasher, self.subgraph, self.partition, fields, &Bytes::new())
    }
}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A map behind several locks, each held for a few instructions. Questions are compared in full; the hash only finds them.
pub(crate) struct Registry<T> {
    shards: Box<[Mutex<Shard<T>>]>,
}

type Shard<T> = HashMap<Question, Arc<T>, RandomState>;

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }
}

impl<T> Registry<T> {
    pub(crate) fn shard(&self, question: &Question) -> MutexGuard<'_, Shard<T>> {
        let number = question.hash as usize % SHARDS;
        lock(&self.shards[number])
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

/// Nothing that is done under our locks can leave the state half changed in a way that a later caller could not live with, and
/// one caller's panic must not become everybody's.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
