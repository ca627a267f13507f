//! The task that reads the stream, applies what it says, and renews the lease.
//!
//! It has a connection of its own, for it waits on it. What it knows outlives the connection: after a lapse it reads on from
//! where it was, if the stream still reaches back to there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use causeway_cache::{Epoch, Follower, Position};
use redis::{Cmd, Value, cmd};
use tokio::sync::watch;
use tokio::time::timeout;

use super::entry::{self, Entry};
use super::script::{Seen, seen};
use super::{FeedOptions, Shared};
use crate::address::{Address, Connection};

/// Entries that are read at once.
const BATCH: usize = 1000;
/// The log says no more often than this that entries are not understood.
const COMPLAIN: Duration = Duration::from_secs(10);

pub(super) struct Following {
    pub(super) shared: Arc<Shared>,
    pub(super) address: Arc<Address>,
    pub(super) follower: Arc<dyn Follower>,
    pub(super) options: FeedOptions,
    pub(super) place: Option<Place>,
    pub(super) renewals: u64,
    pub(super) complained: Option<Instant>,
    /// Since the log last said that it is interrupted.
    pub(super) away: bool,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    epoch: Epoch,
    applied: Position,
    /// Of all entries that the stream ever had, how many are applied or before the floor. When the last one is applied this is
    /// their number; if not, some were trimmed or deleted before they were read.
    count: u64,
}

impl Following {
    /// Until it is told to stop, or the feed's handle is dropped. `running` is dropped at the end.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>, running: watch::Sender<()>) {
        tokio::select! {
            () = self.keep_following() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        // First it stops using what is kept, then it says so.
        self.shared.lease.end();
        let leave = self.shared.scripts.leave(&self.shared.name);
        let _ = self.shared.link.run(vec![leave], self.options.deadline).await;
        drop(running);
    }

    async fn keep_following(&mut self) {
        let (shortest, longest) = self.options.pause;
        let mut pause = shortest;
        loop {
            let since = Instant::now();
            let limit = self.options.connect_timeout;
            let reason = match timeout(limit, self.address.connect()).await {
                Ok(Ok(mut connection)) => self.follow(&mut connection).await,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no connection within {limit:?}"),
            };
            if !std::mem::replace(&mut self.away, true) {
                tracing::warn!(address = %self.address, reason, "the feed of invalidations is interrupted");
            }
            if since.elapsed() > longest {
                pause = shortest;
            }
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.8..1.2))).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Until something goes wrong: what.
    async fn follow(&mut self, connection: &mut Connection) -> String {
        loop {
            if let Err(reason) = self.step(connection).await {
                return reason;
            }
        }
    }

    async fn step(&mut self, connection: &mut Connection) -> Result<(), String> {
        // Before it is sent: the lease has begun by the time that Redis knows of it, and not later.
        let before = Instant::now();
        let seen = self.renew(connection).await?;
        let place = match self.place {
            Some(place) if place.epoch == seen.epoch => place,
            Some(_) => return self.begin(connection, seen, "Redis is not what it was").await,
            None => return self.begin(connection, seen, "it is the start").await,
        };
        let lost = "entries were lost unread";
        if place.applied < seen.last {
            // Then there is something to read.
            return match self.read_on(connection, place).await? {
                0 => self.begin(connection, seen, lost).await,
                _ => Ok(()),
            };
        }
        if place.count != seen.added {
            return self.begin(connection, seen, lost).await;
        }
        self.shared.lease.hold(before + self.options.lease);
        if std::mem::take(&mut self.away) {
            tracing::info!(address = %self.address, "the feed of invalidations goes on");
        }
        self.read_on(connection, place).await.map(|_| ())
    }

    async fn renew(&mut self, connection: &mut Connection) -> Result<Seen, String> {
        let belief = self.place.map(|place| (place.epoch, place.applied));
        let next = self.renewals + 1;
        let command = self.shared.scripts.renew(&self.shared.name, belief, next);
        let answer = ask(connection, command, self.options.deadline).await?;
        let seen = seen(&answer).ok_or("the script's answer is not understood")?;
        self.renewals = next;
        Ok(seen)
    }

    /// Forgets what it knew, and learns what the stream still has, or the newest part of it.
    async fn begin(&mut self, connection: &mut Connection, seen: Seen, reason: &str) -> Result<(), String> {
        self.shared.lease.end();
        let mut range = cmd("XREVRANGE");
        range.arg(&self.shared.scripts.stream).arg("+").arg("-");
        range.arg("COUNT").arg(self.options.backlog.max(1));
        // It may be megabytes.
        let answer = ask(connection, range, self.options.deadline * 10).await?;
        let mut entries = entry::entries(answer).ok_or("the stream's entries are not understood")?;
        entries.reverse();
        let newer = entries.iter().filter(|entry| entry.position > seen.last);
        // Should one of these be gone before this is compared with the number of all, it will not be the same.
        let count = seen.added + newer.count() as u64;
        let floor = match entries.first() {
            _ if entries.len() as u64 == count => Position::START,
            Some(oldest) => entry::before(oldest.position).max(seen.deleted),
            None => seen.last,
        };
        // What it has applied need not be among what the stream still has.
        let applied = self.place.filter(|place| place.epoch == seen.epoch);
        let floor = applied.map_or(floor, |place| floor.max(place.applied));
        tracing::info!(
            address = %self.address,
            reason,
            epoch = format!("{:032x}", seen.epoch.0),
            floor = entry::id(floor),
            backlog = entries.len(),
            "the feed of invalidations begins"
        );
        self.follower.reset(seen.epoch, floor);
        self.shared.counters.resets.add(1);
        self.place = Some(Place {
            epoch: seen.epoch,
            applied: floor,
            count,
        });
        entries.retain(|entry| entry.position > floor);
        for entry in &entries {
            self.apply(seen.epoch, entry);
        }
        if let (Some(place), Some(last)) = (&mut self.place, entries.last()) {
            place.applied = last.position;
        }
        Ok(())
    }

    /// Waits for what comes next, until the lease has to be renewed. How many entries came.
    async fn read_on(&mut self, connection: &mut Connection, place: Place) -> Result<usize, String> {
        let block = self.options.lease / 4;
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(BATCH);
        // 0 would be for ever.
        read.arg("BLOCK")
            .arg(u64::try_from(block.as_millis()).unwrap_or(u64::MAX).max(1));
        read.arg("STREAMS")
            .arg(&self.shared.scripts.stream)
            .arg(entry::id(place.applied));
        let answer = ask(connection, read, block + self.options.deadline).await?;
        let entries = entry::read(answer).ok_or("the stream's entries are not understood")?;
        for entry in &entries {
            self.apply(place.epoch, entry);
            self.place = self.place.map(|place| Place {
                applied: entry.position,
                count: place.count + 1,
                ..place
            });
        }
        Ok(entries.len())
    }

    /// What is not understood may be about anything: then nothing is known of what was before it.
    fn apply(&mut self, epoch: Epoch, entry: &Entry) {
        let Some(events) = &entry.events else {
            self.follower.reset(epoch, entry.position);
            self.shared.counters.unknown.add(1);
            if self.complained.is_none_or(|last| last.elapsed() > COMPLAIN) {
                self.complained = Some(Instant::now());
                tracing::warn!(
                    id = entry::id(entry.position),
                    "an entry of the stream of invalidations is not understood: all that is cached is dropped"
                );
            }
            return;
        };
        self.follower.apply(entry.position, events);
        self.shared.counters.applied.add(events.len());
    }
}

async fn ask(connection: &mut Connection, command: Cmd, limit: Duration) -> Result<Value, String> {
    match timeout(limit, connection.run(vec![command])).await {
        Ok(Ok(mut answers)) => match answers.pop() {
            Some(Value::ServerError(error)) => Err(error.to_string()),
            Some(answer) => Ok(answer),
            None => Err("no answer".to_owned()),
        },
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {limit:?}")),
    }
}
