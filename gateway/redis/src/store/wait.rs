//! Waiting for a value that another gateway loads.
//!
//! One task asks for all that is waited for, each key at its own growing intervals, and ends when nobody waits any more. Callers
//! that wait for one key share its questions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use causeway_cache::RecordKey;
use futures::future::join_all;
use redis::{Value, cmd};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Inner;
use super::claims::is_pointless;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(25);
/// Keys that are due as soon as this are asked for together.
const TOGETHER: Duration = Duration::from_millis(1);

#[derive(Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: HashMap<RecordKey, Awaited>,
    /// Whether the task runs.
    asking: bool,
}

struct Awaited {
    callers: Vec<oneshot::Sender<Option<Bytes>>>,
    pause: Duration,
    due: Instant,
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn wait(store: &Arc<Inner>, keys: &[RecordKey]) -> Vec<Option<Bytes>> {
    let until = Instant::now() + store.options.wait;
    let answers: Vec<_> = {
        let mut state = store.waiting.state();
        let answers = keys.iter().map(|key| {
            let (caller, answer) = oneshot::channel();
            let now = Instant::now();
            let awaited = state.keys.entry(*key).or_insert_with(|| Awaited {
                callers: Vec::new(),
                pause: FIRST_PAUSE,
                due: now,
            });
            // Who comes now has not seen what the others' last question was answered.
            awaited.pause = FIRST_PAUSE;
            awaited.due = awaited.due.min(now + FIRST_PAUSE);
            awaited.callers.push(caller);
            answer
        });
        let answers = answers.collect();
        if !state.keys.is_empty() && !std::mem::replace(&mut state.asking, true) {
            tokio::spawn(ask(store.clone()));
        }
        answers
    };
    let each = answers
        .into_iter()
        .map(|answer| async move { timeout_at(until, answer).await.ok()?.ok().flatten() });
    join_all(each).await
}

/// Ends when nobody waits.
async fn ask(store: Arc<Inner>) {
    while let Some(due) = next(&store.waiting) {
        sleep_until(due).await;
        let keys = due_now(&store.waiting);
        if keys.is_empty() {
            continue;
        }
        // The lease before the value: once the lease is gone, the value is there, if it ever will be.
        let mut command = cmd("MGET");
        for key in &keys {
            command.arg(store.keys.lease(*key)).arg(store.keys.value(*key));
        }
        let answers = store.run_one(command).await.unwrap_or_default();
        for (place, key) in keys.iter().enumerate() {
            let lease = answers.get(2 * place).unwrap_or(&Value::Nil);
            let found = answers.get(2 * place + 1).cloned().unwrap_or_default();
            let value = store.read(*key, found);
            // A value that is there while the lease is held is the one that the caller could not use.
            if matches!(lease, Value::Nil) || is_pointless(lease) {
                tell(&store.waiting, *key, &value);
            }
        }
    }
}

/// When the next key is due, of those that somebody waits for. None: the task has ended.
fn next(waiting: &Waiting) -> Option<Instant> {
    let mut state = waiting.state();
    state.keys.retain(|_, awaited| {
        awaited.callers.retain(|caller| !caller.is_closed());
        !awaited.callers.is_empty()
    });
    let due = state.keys.values().map(|awaited| awaited.due).min();
    state.asking = due.is_some();
    due
}

fn due_now(waiting: &Waiting) -> Vec<RecordKey> {
    let now = Instant::now();
    let mut state = waiting.state();
    let mut keys = Vec::new();
    for (key, awaited) in &mut state.keys {
        if awaited.due <= now + TOGETHER {
            awaited.pause = (awaited.pause * 2).min(LONGEST_PAUSE);
            awaited.due = now + awaited.pause;
            keys.push(*key);
        }
    }
    keys
}

fn tell(waiting: &Waiting, key: RecordKey, value: &Option<Bytes>) {
    let awaited = waiting.state().keys.remove(&key);
    for caller in awaited.map(|awaited| awaited.callers).unwrap_or_default() {
        let _ = caller.send(value.clone());
    }
}
