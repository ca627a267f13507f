//! Who loads what is missing.
//!
//! A claim is a lease in Redis that bears the gateway's name and a number. Only who knows both gives it back, so that one that
//! lapsed, and was taken by another, stays the other's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use causeway_cache::{Claim, RecordKey, Release};
use redis::{Cmd, Value, cmd};

use super::Inner;
use super::queue::Write;

/// Stands in a lease's place where a value was loaded and not stored.
pub(super) const POINTLESS: &str = "pointless";

/// KEYS: the lease. ARGV: the claim; then, for a value that was not stored, the mark and its lifetime.
const GIVE_BACK: &str = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) else redis.call('DEL', KEYS[1]) end
return 1";

/// Claims that this gateway holds.
pub(super) struct Claims {
    /// Of this gateway, chosen at random.
    name: String,
    next: AtomicU64,
    lease: Duration,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    claims: HashMap<RecordKey, Holding>,
    /// When there are as many, those that lapsed are looked for.
    tidy_at: usize,
}

struct Holding {
    number: u64,
    until: Instant,
    /// What was put for it could not be stored.
    in_vain: bool,
}

impl Claims {
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            name: format!("{:032x}", rand::random::<u128>()),
            next: AtomicU64::new(0),
            lease,
            held: Mutex::default(),
        }
    }

    fn text(&self, number: u64) -> String {
        format!("{}:{number}", self.name)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, key: RecordKey, number: u64, until: Instant) {
        let mut held = self.held();
        if held.claims.len() >= held.tidy_at {
            let now = Instant::now();
            held.claims.retain(|_, holding| holding.until > now);
            held.tidy_at = (held.claims.len() * 2).max(1024);
        }
        let in_vain = false;
        held.claims.insert(
            key,
            Holding {
                number,
                until,
                in_vain,
            },
        );
    }

    /// Says that what was put for a claim will not be stored.
    pub(super) fn in_vain(&self, key: RecordKey) {
        if let Some(holding) = self.held().claims.get_mut(&key) {
            holding.in_vain = true;
        }
    }
}

impl Inner {
    pub(super) async fn claim(
        &self,
        keys: &[RecordKey],
        values: &[RecordKey],
    ) -> (Vec<Claim>, Vec<Option<Bytes>>) {
        let trouble = (vec![Claim::Nobodys; keys.len()], vec![None; values.len()]);
        if keys.is_empty() {
            return trouble;
        }
        if !self.link.is_up() {
            self.counters.refused.add(1);
            return trouble;
        }
        let until = Instant::now() + self.claims.lease;
        let count = keys.len() as u64;
        let first = self.claims.next.fetch_add(count, Ordering::Relaxed);
        let mut attempt = Attempt {
            store: self,
            keys,
            first,
            open: true,
        };
        let commands = self.claim_commands((keys, first), values);
        let Some(mut answers) = self.run(commands, self.options.deadline).await else {
            return trouble;
        };
        attempt.open = false;
        let found = if values.is_empty() {
            Vec::new()
        } else {
            list(answers.pop())
        };
        let leases = list(answers.pop());
        let claims = keys.iter().zip(first..).enumerate();
        let claims = claims.map(
            |(place, (key, number))| match (answers.get(place), leases.get(place)) {
                (Some(Value::Okay), _) => {
                    self.claims.hold(*key, number, until);
                    Claim::Mine
                }
                // Even if it is gone by now: then the value is there.
                (Some(Value::Nil), Some(lease)) if !is_pointless(lease) => Claim::Theirs,
                _ => Claim::Nobodys,
            },
        );
        (claims.collect(), self.read_all(values, found))
    }

    /// First takes the leases, then asks whose they are, then for the values. In a cluster they have no order: now and then something
    /// that came in between is not seen, and loaded once more.
    fn claim_commands(&self, (keys, first): (&[RecordKey], u64), values: &[RecordKey]) -> Vec<Cmd> {
        let lease = milliseconds(self.claims.lease);
        let take = keys.iter().zip(first..).map(|(key, number)| {
            let mut take = cmd("SET");
            take.arg(self.keys.lease(*key)).arg(self.claims.text(number));
            take.arg("NX").arg("PX").arg(lease);
            take
        });
        let mut ask = cmd("MGET");
        for key in keys {
            ask.arg(self.keys.lease(*key));
        }
        let look = (!values.is_empty()).then(|| self.get_command(values));
        take.chain([ask]).chain(look).collect()
    }

    pub(super) fn release(&self, claims: Vec<Release>) {
        let mut held = self.claims.held();
        let releases = claims.into_iter().filter_map(|release| {
            let holding = held.claims.remove(&release.key)?;
            Some(Write::Release {
                key: release.key,
                number: holding.number,
                pointless: !release.stored || holding.in_vain,
            })
        });
        let releases: Vec<_> = releases.collect();
        drop(held);
        for release in releases {
            self.queue.push(release);
        }
    }

    pub(super) fn release_command(&self, key: RecordKey, number: u64, pointless: bool) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(GIVE_BACK).arg(1).arg(self.keys.lease(key));
        command.arg(self.claims.text(number));
        if pointless {
            command.arg(POINTLESS).arg(milliseconds(self.options.pointless));
        }
        command
    }
}

fn list(answer: Option<Value>) -> Vec<Value> {
    match answer {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    }
}

pub(super) fn is_pointless(lease: &Value) -> bool {
    matches!(lease, Value::BulkString(bytes) if bytes == POINTLESS.as_bytes())
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Claims of which nobody has heard yet whether they were made. If nobody ever will, they are given back.
struct Attempt<'a> {
    store: &'a Inner,
    keys: &'a [RecordKey],
    first: u64,
    open: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.open {
            for (key, number) in self.keys.iter().zip(self.first..) {
                self.store.queue.push(Write::Release {
                    key: *key,
                    number,
                    pointless: false,
                });
            }
        }
    }
}
