//! Values that gateways share, in Redis.

mod claims;
mod queue;
mod wait;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use causeway_cache::{Claim, Put, RecordKey, Release, SharedStore};
use futures::future::BoxFuture;
use redis::{Cmd, Value, cmd};

use crate::InvalidOptions;
use crate::address::Address;
use crate::frame::Framing;
use crate::keys::{self, Keys};
use crate::link::{Link, LinkOptions, Trouble};
use crate::stats::{Counters, StoreStats};
use claims::Claims;
use queue::Queue;
use wait::Waiting;

#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// One server, sentinels or a cluster: see the crate's documentation.
    pub url: String,
    /// What all keys begin with. Gateways that share have the same.
    pub prefix: String,
    /// Within which an operation of a request is answered, by Redis or as if it were empty.
    pub deadline: Duration,
    pub connect_timeout: Duration,
    /// As many operations in a row that miss the deadline end the connection.
    pub failures: u32,
    /// Before connecting again: the first pause and the longest. Each is twice the one before, until a connection has lasted longer than
    /// the next would be: then the next is the first again.
    pub pause: (Duration, Duration),
    /// Values of at least as many bytes are compressed.
    pub compress_from: usize,
    /// Larger values, in bytes before compression, are neither written nor read.
    pub largest: usize,
    /// What waits to be written: values, and their bytes together. What comes beyond is dropped.
    pub queue: (usize, usize),
    /// How long a claim keeps others from loading if its holder says nothing more.
    pub claim: Duration,
    /// How long nobody waits for a value that could not be stored.
    pub pointless: Duration,
    /// How long one waits for another gateway's value.
    pub wait: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            prefix: "causeway".to_owned(),
            deadline: Duration::from_millis(20),
            connect_timeout: Duration::from_secs(1),
            failures: 3,
            pause: (Duration::from_secs(1), Duration::from_secs(5)),
            compress_from: 1024,
            largest: 1024 * 1024,
            queue: (10_000, 16 * 1024 * 1024),
            claim: Duration::from_secs(3),
            pointless: Duration::from_secs(1),
            wait: Duration::from_millis(250),
        }
    }
}

/// Cloning is shallow. When the last clone is dropped, the connection is closed, and what waited to be written is lost.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    options: StoreOptions,
    keys: Keys,
    framing: Framing,
    link: Link,
    counters: Counters,
    claims: Claims,
    queue: Queue,
    waiting: Waiting,
}

impl RedisStore {
    /// Does not wait for Redis, and connects in the background. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the URL or the prefix cannot be used.
    pub fn new(options: StoreOptions) -> Result<Self, InvalidOptions> {
        keys::check(&options.prefix)?;
        let address = Arc::new(Address::parse(&options.url, options.connect_timeout)?);
        let link = Link::new(
            address,
            LinkOptions {
                purpose: "cache",
                probe: keys::probe(&options.prefix),
                deadline: options.deadline,
                connect_timeout: options.connect_timeout,
                failures: options.failures,
                pause: options.pause,
            },
        );
        let inner = Arc::new(Inner {
            keys: Keys::new(&options.prefix),
            framing: Framing {
                compress_from: options.compress_from,
                largest: options.largest,
            },
            link,
            counters: Counters::default(),
            claims: Claims::new(options.claim),
            queue: Queue::new(options.queue),
            waiting: Waiting::default(),
            options,
        });
        tokio::spawn(queue::write(Arc::downgrade(&inner), inner.queue.bell()));
        Ok(Self { inner })
    }

    pub fn stats(&self) -> StoreStats {
        self.inner.counters.snapshot(self.inner.link.is_up())
    }

    /// Waits until Redis is there, or away for who asks so: for programs and tests that have nothing better to do meanwhile.
    pub async fn until(&self, up: bool) {
        self.inner.link.until(up).await;
    }
}

impl Inner {
    /// Sends an operation and counts what becomes of it.
    async fn run(&self, commands: Vec<Cmd>, limit: Duration) -> Option<Vec<Value>> {
        let since = Instant::now();
        match self.link.run(commands, limit).await {
            Ok(answers) => {
                self.counters.answered(since.elapsed());
                let refused = answers
                    .iter()
                    .filter(|answer| matches!(answer, Value::ServerError(_)));
                self.counters.failed.add(refused.count());
                return Some(answers);
            }
            Err(Trouble::Refused) => self.counters.refused.add(1),
            Err(Trouble::Late) => self.counters.timeouts.add(1),
            Err(Trouble::Failed(_)) => self.counters.failed.add(1),
        }
        None
    }

    /// One answer, an array.
    async fn run_one(&self, command: Cmd) -> Option<Vec<Value>> {
        match self.run(vec![command], self.options.deadline).await?.pop()? {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    async fn get(&self, keys: &[RecordKey]) -> Vec<Option<Bytes>> {
        if keys.is_empty() {
            return Vec::new();
        }
        let found = self.run_one(self.get_command(keys)).await.unwrap_or_default();
        self.read_all(keys, found)
    }

    fn get_command(&self, keys: &[RecordKey]) -> Cmd {
        let mut command = cmd("MGET");
        for key in keys {
            command.arg(self.keys.value(*key));
        }
        command
    }

    /// Values as they came, as many as came.
    fn read_all(&self, keys: &[RecordKey], found: Vec<Value>) -> Vec<Option<Bytes>> {
        let found = found.into_iter().chain(std::iter::repeat(Value::Nil));
        let values: Vec<_> = std::iter::zip(keys, found)
            .map(|(key, found)| self.read(*key, found))
            .collect();
        let hits = values.iter().flatten().count();
        self.counters.hits.add(hits);
        self.counters.misses.add(keys.len() - hits);
        values
    }

    fn read(&self, key: RecordKey, found: Value) -> Option<Bytes> {
        let Value::BulkString(framed) = found else {
            return None;
        };
        self.counters.bytes_read.add(framed.len());
        let value = self.framing.unwrap(key, framed);
        if value.is_none() {
            self.counters.garbage.add(1);
        }
        value
    }
}

impl SharedStore for RedisStore {
    fn get<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>> {
        Box::pin(self.inner.get(keys))
    }

    fn put(&self, values: Vec<Put>) {
        self.inner.put(values);
    }

    fn claim<'a>(
        &'a self,
        keys: &'a [RecordKey],
        values: &'a [RecordKey],
    ) -> BoxFuture<'a, (Vec<Claim>, Vec<Option<Bytes>>)> {
        Box::pin(self.inner.claim(keys, values))
    }

    fn release(&self, claims: Vec<Release>) {
        self.inner.release(claims);
    }

    fn wait<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>> {
        Box::pin(wait::wait(&self.inner, keys))
    }
}
