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

/// Turns without a new key after which a batch leaves. Resolvers take turns in order, so one turn of the leader's is
/// one of everybody's; the rest is margin.
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

/// The keys of the next batch. The first key's caller leads; dropping `done` wakes the others.
struct Round<K> {
    number: usize,
    keys: Vec<K>,
    done: watch::Sender<()>,
}

enum Role<'g, K> {
    Leader(Leadership<'g, K>),
    Follower(watch::Receiver<()>),
}

/// The duty to end a round. A leader that is dropped (its request or a sibling failed) ends it without a batch.
struct Leadership<'g, K> {
    round: &'g Mutex<Round<K>>,
    number: usize,
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
        match join(&self.round, key.clone()) {
            Role::Leader(leadership) => {
                if let Some(Round { keys, done, .. }) = leadership.gather().await {
                    // What failed is told below, key by key.
                    let _ = self.loader.try_load_many(keys).await;
                    drop(done);
                }
            }
            // The sender never sends; its end is the news.
            Role::Follower(mut done) => drop(done.changed().await),
        }
        // From the loader's cache. If the leader was dropped before it finished, this loads the key alone.
        self.loader
            .try_load(key)
            .await
            .unwrap_or(Err(CatalogError::Abandoned))
    }
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

impl<K> Leadership<'_, K> {
    /// Waits until the round is quiet and ends it.
    async fn gather(self) -> Option<Round<K>> {
        let mut seen = 0;
        loop {
            let joined = lock(self.round).keys.len();
            if joined == seen {
                return self.end();
            }
            seen = joined;
            for _ in 0..QUIET_TURNS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The round, unless it is over.
    fn end(&self) -> Option<Round<K>> {
        let mut round = lock(self.round);
        (round.number == self.number).then(|| mem::replace(&mut *round, Round::new(self.number + 1)))
    }
}

impl<K> Drop for Leadership<'_, K> {
    fn drop(&mut self) {
        drop(self.end());
    }
}

fn join<K>(round: &Mutex<Round<K>>, key: K) -> Role<'_, K> {
    let mut open = lock(round);
    open.keys.push(key);
    if open.keys.len() == 1 {
        Role::Leader(Leadership {
            round,
            number: open.number,
        })
    } else {
        Role::Follower(open.done.subscribe())
    }
}

fn lock<K>(round: &Mutex<Round<K>>) -> MutexGuard<'_, Round<K>> {
    // Nothing panics while it holds the lock, and a list of keys has no half-written state.
    round.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;
    use std::time::Duration;

    use super::*;

    /// Doubles numbers; counts its queries.
    fn doubling() -> (Arc<Gathering<u32, u32>>, Arc<AtomicUsize>) {
        let queries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&queries);
        let batch = Batch(Box::new(move |keys: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                tokio::task::yield_now().await;
                Ok(keys
                    .into_iter()
                    .filter(|key| *key > 0)
                    .map(|key| (key, key * 2))
                    .collect::<HashMap<_, _>>())
            })
        }));
        (Arc::new(Gathering::new(batch)), queries)
    }

    #[tokio::test]
    async fn keys_asked_for_together_share_a_query_and_are_cached() {
        let (doubling, queries) = doubling();
        let (one, again, none) = tokio::join!(doubling.load(1), doubling.load(1), doubling.load(0));
        assert_eq!(
            (one.unwrap(), again.unwrap(), none.unwrap()),
            (Some(2), Some(2), None)
        );
        assert_eq!(queries.load(Ordering::SeqCst), 1);
        assert_eq!(doubling.load(1).await.unwrap(), Some(2));
        assert_eq!(queries.load(Ordering::SeqCst), 1);
    }

    /// What one poll gives; it may be asked for again when that is nothing.
    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Wherever the leader is in its work when it is dropped.
    #[tokio::test]
    async fn a_leader_that_is_dropped_leaves_nobody_waiting() {
        let (doubling, _) = doubling();
        for polls in 1..15 {
            let key = polls * 10;
            let mut leader = Box::pin(doubling.load(key + 1));
            let mut follower = Box::pin(doubling.load(key + 2));
            let mut answer = None;
            for _ in 0..polls {
                let led = poll_once(&mut leader).await.is_some();
                answer = poll_once(&mut follower).await;
                if led || answer.is_some() {
                    break;
                }
            }
            drop(leader);
            let answer = match answer {
                Some(answer) => answer,
                None => tokio::time::timeout(Duration::from_secs(20), follower)
                    .await
                    .expect("woken"),
            };
            assert_eq!(
                answer.unwrap(),
                Some((key + 2) * 2),
                "dropped after {polls} polls"
            );
        }
    }
}
