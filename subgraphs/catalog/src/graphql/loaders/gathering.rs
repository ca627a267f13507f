//! Decides when a batch is complete. The `dataloader` crate waits ten turns of the scheduler, whoever is still on
//! his way: async-graphql polls about two of its resolvers a turn, and resolvers that queued for one batch reach
//! the next one after the other. A hundred users with favourites and their count cost eight queries that way. Here
//! a batch leaves when no key has joined it for some turns, and everyone waiting for it is woken at once.

use std::fmt::Debug;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dataloader::cached::Loader;
use tokio::sync::watch;

use super::{Batch, Loaded};
use crate::error::CatalogError;

/// Turns without a new key after which a batch leaves. Resolvers take turns in order, so one turn of ours is one of
/// everybody; the rest is margin.
const QUIET_TURNS: usize = 3;
/// The most keys in one query: gateways batch entities by the hundred, and SQLite takes 32766 binds.
const MAX_BATCH: usize = 1000;

/// A cached loader behind a gate where keys gather.
pub(in super::super) struct Gathering<K, V>
where
    K: Eq + Hash + Clone + Sync,
    V: Clone,
{
    loader: Loader<K, Loaded<V>, Batch<K, V>>,
    round: Mutex<Round<K>>,
}

/// The keys of the next batch. Dropping `done` wakes everyone who waits for that batch.
struct Round<K> {
    number: usize,
    keys: Vec<K>,
    done: watch::Sender<()>,
}

impl<K> Round<K> {
    fn new(number: usize) -> Self {
        Round {
            number,
            keys: Vec::new(),
            done: watch::Sender::new(()),
        }
    }
}

impl<K, V> Gathering<K, V>
where
    K: Eq + Hash + Clone + Debug + Sync,
    V: Clone,
{
    pub(super) fn new(batch: Batch<K, V>) -> Self {
        let loader = Loader::new(batch)
            .with_max_batch_size(MAX_BATCH)
            .with_yield_count(0);
        Self {
            loader,
            round: Mutex::new(Round::new(0)),
        }
    }

    /// Loads one key together with all keys asked for at the same time.
    pub(in super::super) async fn load(&self, key: K) -> Loaded<V> {
        let (number, mut done) = self.join(key.clone());
        if let Some(round) = self.lead(number).await {
            // What failed is told below, key by key.
            let _ = self.loader.try_load_many(round.keys).await;
            drop(round.done);
        } else {
            // The sender never sends; its end is the news.
            let _ = done.changed().await;
        }
        // From the loader's cache. If the leader was dropped before it finished, this loads the key alone.
        self.loader
            .try_load(key)
            .await
            .unwrap_or(Err(CatalogError::Abandoned))
    }

    fn join(&self, key: K) -> (usize, watch::Receiver<()>) {
        let mut round = self.round();
        round.keys.push(key);
        (round.number, round.done.subscribe())
    }

    /// The round with that number, for the first to find it quiet; `None` when another one was faster.
    async fn lead(&self, number: usize) -> Option<Round<K>> {
        let mut seen = 0;
        loop {
            {
                let mut round = self.round();
                if round.number != number {
                    return None;
                }
                if round.keys.len() == seen {
                    return Some(mem::replace(&mut *round, Round::new(number + 1)));
                }
                seen = round.keys.len();
            }
            for _ in 0..QUIET_TURNS {
                tokio::task::yield_now().await;
            }
        }
    }

    fn round(&self) -> MutexGuard<'_, Round<K>> {
        // Nothing panics while it holds the lock, and a list of keys has no half-written state.
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
