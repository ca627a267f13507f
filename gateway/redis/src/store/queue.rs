//! What waits to be written: nobody waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use causeway_cache::{Put, RecordKey};
use redis::{Cmd, Value, cmd};
use tokio::sync::Notify;

use super::Inner;
use super::claims::milliseconds;

/// Up to this much goes in one pipeline: what is read meanwhile waits behind it.
const BATCH: (usize, usize) = (128, 256 * 1024);
/// From as many bytes on, compressing takes longer than a task may keep its thread.
const BLOCKING: usize = 64 * 1024;
/// Writers have more time than readers.
const PATIENCE: u32 = 10;

pub(super) enum Write {
    Put(Put),
    Release {
        key: RecordKey,
        number: u64,
        pointless: bool,
    },
}

pub(super) struct Queue {
    limit: (usize, usize),
    waiting: Mutex<Waiting>,
    bell: Arc<Notify>,
}

#[derive(Default)]
struct Waiting {
    writes: VecDeque<Write>,
    bytes: usize,
}

impl Write {
    fn bytes(&self) -> usize {
        match self {
            Self::Put(put) => put.value.len(),
            Self::Release { .. } => 0,
        }
    }
}

impl Queue {
    pub(super) fn new(limit: (usize, usize)) -> Self {
        Self {
            limit,
            waiting: Mutex::default(),
            bell: Arc::default(),
        }
    }

    pub(super) fn bell(&self) -> Arc<Notify> {
        self.bell.clone()
    }

    /// False: too much waits already.
    pub(super) fn push(&self, write: Write) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = waiting.bytes + write.bytes();
        if waiting.writes.len() >= self.limit.0 || bytes > self.limit.1 {
            return false;
        }
        waiting.bytes = bytes;
        waiting.writes.push_back(write);
        drop(waiting);
        self.bell.notify_one();
        true
    }

    fn batch(&self) -> Vec<Write> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH.0 && bytes < BATCH.1 {
            let Some(write) = waiting.writes.pop_front() else {
                break;
            };
            bytes += write.bytes();
            batch.push(write);
        }
        waiting.bytes -= bytes;
        batch
    }
}

impl Inner {
    pub(super) fn put(&self, values: Vec<Put>) {
        for put in values {
            let key = put.key;
            if put.value.len() > self.options.largest {
                self.counters.too_large.add(1);
                self.claims.in_vain(key);
            } else if put.keep.as_millis() == 0 {
                // Gone before it could be read.
                self.claims.in_vain(key);
            } else if !self.queue.push(Write::Put(put)) {
                self.counters.dropped.add(1);
                self.claims.in_vain(key);
            }
        }
    }

    /// A value's release is never written before the value: in one pipeline it comes later. A cluster's pipelines have no order,
    /// so that it gets the values first.
    async fn write(&self, batch: Vec<Write>, refusing: &mut bool) {
        let (mut puts, mut releases) = (Vec::new(), Vec::new());
        for write in batch {
            match write {
                Write::Put(put) => puts.push(put),
                Write::Release {
                    key,
                    number,
                    pointless,
                } => releases.push(self.release_command(key, number, pointless)),
            }
        }
        let (given, puts) = (puts.len(), self.put_commands(puts).await);
        let bytes: usize = puts.iter().map(|(_, bytes)| bytes).sum();
        let mut commands: Vec<Cmd> = puts.into_iter().map(|(command, _)| command).collect();
        let count = commands.len();
        let later = match self.link.keeps_order() || count == 0 {
            true => {
                commands.append(&mut releases);
                Vec::new()
            }
            false => releases,
        };
        let patience = self.options.deadline * PATIENCE;
        let mut answers = match commands.is_empty() {
            true => Vec::new(),
            false => self.run(commands, patience).await.unwrap_or_default(),
        };
        answers.truncate(count);
        if given > 0 {
            let stored = answers
                .iter()
                .filter(|answer| matches!(answer, Value::Okay))
                .count();
            self.counters.stored.add(stored);
            self.counters.dropped.add(given.saturating_sub(stored));
            self.counters.bytes_written.add(bytes);
            say_whether_refused(&answers, refusing);
        }
        if !later.is_empty() {
            self.run(later, patience).await;
        }
    }

    /// With the bytes of each value as it is sent.
    async fn put_commands(&self, puts: Vec<Put>) -> Vec<(Cmd, usize)> {
        let framing = self.framing;
        let bytes: usize = puts.iter().map(|put| put.value.len()).sum();
        let wrap = move || -> Vec<(Put, Option<Vec<u8>>)> {
            let wrap = |put: Put| {
                let framed = framing.wrap(put.key, &put.value);
                (put, framed)
            };
            puts.into_iter().map(wrap).collect()
        };
        let wrapped = if bytes < BLOCKING {
            wrap()
        } else {
            tokio::task::spawn_blocking(wrap).await.unwrap_or_default()
        };
        let commands = wrapped.into_iter().filter_map(|(put, framed)| {
            let framed = framed?;
            let mut command = cmd("SET");
            command.arg(self.keys.value(put.key)).arg(&framed);
            command.arg("PX").arg(milliseconds(put.keep));
            Some((command, framed.len()))
        });
        commands.collect()
    }
}

impl Drop for Queue {
    /// The writer looks up, and sees that there is nothing more to do.
    fn drop(&mut self) {
        self.bell.notify_one();
    }
}

/// Writes until the store is gone.
pub(super) async fn write(store: Weak<Inner>, bell: Arc<Notify>) {
    let mut refusing = false;
    loop {
        bell.notified().await;
        loop {
            let Some(store) = store.upgrade() else { return };
            let batch = store.queue.batch();
            if batch.is_empty() {
                break;
            }
            store.write(batch, &mut refusing).await;
        }
    }
}

/// One line when a server begins to refuse values, as one that is full does, and one when it takes them again.
fn say_whether_refused(answers: &[Value], refusing: &mut bool) {
    let refused = answers.iter().find_map(|answer| match answer {
        Value::ServerError(error) => Some(error),
        _ => None,
    });
    match refused {
        Some(error) if !std::mem::replace(refusing, true) => {
            tracing::warn!(%error, "Redis takes no values for the cache");
        }
        None if !answers.is_empty() && std::mem::take(refusing) => {
            tracing::info!("Redis takes values for the cache again");
        }
        _ => {}
    }
}
