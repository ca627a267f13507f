//! A store and a feed that several caches share, in memory.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use causeway_cache::{
    Claim, Coherence, Epoch, Event, Feed, Follower, Position, Put, RecordKey, Release, SharedStore, Unspread,
};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) values: Mutex<HashMap<RecordKey, Bytes>>,
    claims: Mutex<HashMap<RecordKey, bool>>,
    changed: Notify,
    /// Called with each look.
    pub(crate) on_get: Mutex<Option<Box<dyn FnMut() + Send>>>,
    pub(crate) released: Mutex<Vec<Release>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(crate) fn claimed(&self) -> usize {
        lock(&self.claims).values().filter(|held| **held).count()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.values).len()
    }

    fn values(&self, keys: &[RecordKey]) -> Vec<Option<Bytes>> {
        let values = lock(&self.values);
        keys.iter().map(|key| values.get(key).cloned()).collect()
    }
}

impl SharedStore for Store {
    fn get<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>> {
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if let Some(on_get) = &mut *lock(&self.on_get) {
                on_get();
            }
            self.values(keys)
        }
        .boxed()
    }

    fn put(&self, values: Vec<Put>) {
        lock(&self.values).extend(values.into_iter().map(|put| (put.key, put.value)));
    }

    fn claim<'a>(
        &'a self,
        keys: &'a [RecordKey],
        values: &'a [RecordKey],
    ) -> BoxFuture<'a, (Vec<Claim>, Vec<Option<Bytes>>)> {
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(keys.windows(2).all(|two| two[0] < two[1]), "keys rise");
            let mut claims = lock(&self.claims);
            let claim = |key: &RecordKey| match claims.get(key) {
                Some(true) => Claim::Theirs,
                Some(false) => Claim::Nobodys,
                None => {
                    claims.insert(*key, true);
                    Claim::Mine
                }
            };
            (keys.iter().map(claim).collect(), self.values(values))
        }
        .boxed()
    }

    fn release(&self, releases: Vec<Release>) {
        let mut claims = lock(&self.claims);
        for release in &releases {
            match release.stored {
                true => assert_eq!(claims.remove(&release.key), Some(true), "it was not claimed"),
                false => assert_eq!(
                    claims.insert(release.key, false),
                    Some(true),
                    "it was not claimed"
                ),
            };
        }
        lock(&self.released).extend(releases);
        drop(claims);
        self.changed.notify_waiters();
    }

    fn wait<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>> {
        async move {
            let limit = tokio::time::sleep(Duration::from_secs(1));
            tokio::pin!(limit);
            loop {
                let changed = self.changed.notified();
                let is_held = keys.iter().any(|key| lock(&self.claims).get(key) == Some(&true));
                if !is_held {
                    break;
                }
                tokio::select! {
                    () = changed => {}
                    () = &mut limit => break,
                }
            }
            self.values(keys)
        }
        .boxed()
    }
}

/// Tells everybody at once, or not those who hang.
pub(crate) struct Line {
    followers: Mutex<Vec<Arc<Coherence>>>,
    next: Mutex<u64>,
    pub(crate) current: AtomicBool,
}

impl Line {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            followers: Mutex::default(),
            next: Mutex::new(1),
            current: AtomicBool::new(true),
        })
    }

    pub(crate) fn follow(&self, follower: &Arc<Coherence>) {
        follower.reset(Epoch(1), Position::START);
        lock(&self.followers).push(Arc::clone(follower));
    }

    pub(crate) fn begin(&self, epoch: u128) {
        let next = *lock(&self.next);
        for follower in &*lock(&self.followers) {
            follower.reset(Epoch(epoch), Position(0, next));
        }
    }
}

impl Feed for Line {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Unspread>> {
        async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            for event in events {
                let mut next = lock(&self.next);
                *next += 1;
                for follower in &*lock(&self.followers) {
                    follower.apply(Position(0, *next), std::slice::from_ref(&event));
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn is_current(&self) -> bool {
        self.current.load(Ordering::SeqCst)
    }
}
