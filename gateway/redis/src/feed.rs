//! Events for all gateways, on a stream in Redis.
//!
//! # In Redis
//!
//! `{prefix}:events` is the stream. Services and gateways add entries with a field `event`, an [`Event`] as JSON; an entry's id
//! is the event's [`Position`](causeway_cache::Position). Ids have to be Redis' own (`*`). Beside it, and in the same slot of a cluster, is one hash: the
//! epoch, what was last seen of the stream, and the members. A *member* is a gateway that follows; its record says how far it is.
//! Epoch and members are one key, so that they are lost together.
//!
//! A gateway holds a *lease* while it may use what it keeps. It renews it with a script that, in one step, records how far it is,
//! and says where the stream ends and what epoch it is. The lease holds if the gateway had applied everything by then, and
//! counts from **before** the script was sent.
//!
//! # Why an event is done when `publish` says so
//!
//! Claim: when [`Feed::publish`] has returned `Ok`, each gateway that holds a lease has applied the event `e`, or has begun an
//! epoch after it. Let `X` be the step in Redis that adds `e`, `p` a moment after its answer has arrived at the publisher, `L`
//! the time of a lease, and `R` the last renewal in Redis that gave a gateway `g` its present lease.
//!
//! - **`R` after `X`, same epoch.** A lease is only given to who has applied the stream's last entry, and that is `e` or a later
//!   one. It does not matter when `g` became a member: who was none at `X` need not be waited for.
//! - **`R` before `X`.** Then `g` was a member at `X`, and the step that adds `e` has returned its record. The publisher waits until
//!   the record says that `g` has applied `e`, or until `p + L`. The lease counts from before `R`, and `R` before `X` before `p`: at
//!   `p + L` it has ended. No two clocks are compared, neither gateways' nor Redis'; only their speed has to be the same,
//!   and the publisher adds a fiftieth for that.
//! - **A record is gone** while the publisher waits. Either `g` has left: it gave up its lease before. Or another publisher
//!   removed it, which had waited for as long as a lease after an `X` of its own, and the record was still the same: then `g` has
//!   not renewed since, and its lease is over. When `g` comes back it is with an `R` after `X`.
//! - **`g` was stopped** between reading `e` and applying it, or after renewing and before it knows: its record does not say
//!   that it has applied `e`, so `p + L` is waited for; and when it goes on, the time of its lease, which counts from
//!   before the renewal, is over. [`Feed::is_current`] reads the clock last.
//! - **`g` applies `e` and has not renewed.** The publisher waits a little longer than it had to. That is why each batch is
//!   followed by a renewal at once.
//! - **Two publishers.** Their entries have different ids, and each waits for its own; a member that has applied the later
//!   one has applied both.
//! - **The epoch changes after `X`** (Redis was emptied, restarted or replaced). Records are lost, and `e` may be. The publisher sees
//!   another epoch than the one at `X` when it looks for records, and adds `e` again, to the new one. There the records begin with that of
//!   a member that nobody is and that never renews: it stands for all that hold leases of before, so that the publisher
//!   waits until `p + L` for it. Whoever holds a lease of the new epoch has dropped what it had when the epoch began.
//! - **The epoch changed before `X`**, and `g` has not noticed: the same, for that member is then among the records at `X`.
//! - **Entries are trimmed or deleted before `g` has read them.** The stream counts its entries, and `g` counts what it has applied.
//!   At the stream's end the numbers are the same or `g` begins anew: it forgets everything, and takes its floor from what the stream
//!   still has.
//! - **The stream is removed and begins again.** Its last id or its number of entries are less than they were, or its first entry is
//!   another: a new epoch.
//!
//! What this does not cover: an old master that goes on while a replica was made master (both give leases; let
//! `min-replicas-to-write` be 1 where there are replicas, then the old one stops), gateways with leases of different lengths
//! on the same stream in the moment when an epoch begins, a machine that is frozen with its clocks, and streams that are rewritten by hand
//! (`XSETID`, ids of one's own). A Redis that evicts keys is to evict only keys that expire (`volatile-…`): these here do not.
//! If it does evict them, it is a new epoch and nothing worse.
//!
//! # When Redis is away
//!
//! Leases run out, and no gateway uses what it keeps. `publish` fails at once, or after the time of two leases; that an event is not
//! spread says nothing about whether it was added. It does not apply the event here either: only the stream says
//! what comes after what. Who published has to see to it that this gateway forgets what the event speaks of.

mod entry;
mod follow;
mod lease;
mod publish;
mod script;

use std::sync::Arc;
use std::time::Duration;

use causeway_cache::{Event, Feed, Follower, Unspread};
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::InvalidOptions;
use crate::address::Address;
use crate::keys;
use crate::link::{Link, LinkOptions};
use crate::stats::{FeedCounters, FeedStats};
use follow::Following;
use lease::Lease;
use script::Scripts;

#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// One server, sentinels or a cluster: see the crate's documentation.
    pub url: String,
    /// The stream is `{prefix}:events`.
    pub prefix: String,
    /// How long a gateway that hears nothing of Redis uses what it keeps, and how long an invalidation waits for one that does not
    /// answer. The same for all gateways that share.
    pub lease: Duration,
    /// For each answer of Redis.
    pub deadline: Duration,
    pub connect_timeout: Duration,
    /// Before connecting again: the first pause and the longest.
    pub pause: (Duration, Duration),
    /// Who begins reads up to as many entries; what is older is not known.
    pub backlog: usize,
    /// The stream is trimmed to about as many entries by gateways that publish.
    pub length: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            prefix: "causeway".to_owned(),
            lease: Duration::from_secs(1),
            deadline: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(1),
            pause: (Duration::from_millis(100), Duration::from_secs(2)),
            backlog: 20_000,
            length: 100_000,
        }
    }
}

/// When it is dropped, the task that follows the stream ends, and the gateway is a member no more.
pub struct RedisFeed {
    shared: Arc<Shared>,
    options: FeedOptions,
    /// Told, or dropped: the task ends.
    stop: watch::Sender<bool>,
    /// Ends with the task.
    ended: watch::Receiver<()>,
}

struct Shared {
    /// Of this member, chosen at random.
    name: String,
    scripts: Scripts,
    lease: Lease,
    /// For everything but reading the stream.
    link: Link,
    counters: FeedCounters,
}

impl RedisFeed {
    /// Does not wait for Redis: it connects in the background, and is not current until then. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the URL or the prefix cannot be used.
    pub fn start(options: FeedOptions, follower: Arc<dyn Follower>) -> Result<Self, InvalidOptions> {
        keys::check(&options.prefix)?;
        let address = Arc::new(Address::parse(&options.url, options.connect_timeout)?);
        let link = Link::new(
            address.clone(),
            LinkOptions {
                purpose: "invalidation",
                probe: keys::probe(&options.prefix),
                deadline: options.deadline,
                connect_timeout: options.connect_timeout,
                failures: 2,
                pause: options.pause,
            },
        );
        let shared = Arc::new(Shared {
            name: format!("{:032x}", rand::random::<u128>()),
            scripts: Scripts {
                stream: keys::stream(&options.prefix),
                members: keys::members(&options.prefix),
                lease: u64::try_from(options.lease.as_millis()).unwrap_or(u64::MAX),
                length: options.length,
            },
            lease: Lease::new(),
            link,
            counters: FeedCounters::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let (running, ended) = watch::channel(());
        let following = Following {
            shared: shared.clone(),
            address,
            follower,
            options: options.clone(),
            place: None,
            renewals: 0,
            complained: None,
            away: false,
        };
        tokio::spawn(following.run(stopped, running));
        Ok(Self {
            shared,
            options,
            stop,
            ended,
        })
    }

    /// Stops to follow, for good, and says so to the others, who would otherwise wait for this gateway once. For the end of a
    /// program; a feed that is dropped while the program goes on does it by itself. Takes a deadline at most.
    pub async fn leave(&self) {
        self.stop.send_replace(true);
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    pub fn stats(&self) -> FeedStats {
        self.shared.counters.snapshot(self.is_current())
    }
}

impl Feed for RedisFeed {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Unspread>> {
        Box::pin(async move {
            let outcome = self.spread(&events).await;
            match &outcome {
                Ok(()) => self.shared.counters.spread.add(events.len()),
                Err(_) => self.shared.counters.unspread.add(events.len()),
            }
            outcome
        })
    }

    fn is_current(&self) -> bool {
        self.shared.lease.holds()
    }
}
