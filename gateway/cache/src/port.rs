//! What the cache needs from the outside where several gateways share one: a store of values, and a feed of events.
//!
//! # The protocol
//!
//! Events have one order, the feed's. Each gateway applies them in that order and knows its *position*, the last one that it has
//! applied. What is loaded from a subgraph is stamped with the position that the gateway had **before** it asked. A value may be
//! used by whoever has applied no later event that speaks of it (`marks`). So nobody has to hinder a late fill: it carries an
//! old stamp, and is as good as absent wherever the event is known.
//!
//! An event counts as done once every gateway that may still answer from what it keeps has applied it. Which those are is settled
//! by leases: a gateway uses what it keeps only while its lease lasts, and renews it only when it has applied everything that is in
//! the feed. One that hangs or is cut off stops by itself, and whoever waits for it waits no longer than its lease.
//!
//! # Interleavings
//!
//! A read is *stale* if it began after an event was acknowledged and gives what the subgraph answered before the change that the
//! event is about. A value that could be stale was therefore asked for before the change, and the event came into the feed after it:
//! the value's stamp is older than the event's position (S < E). Whoever reads it refuses it once it has applied E. So a stale read
//! needs a reader that has not applied E though E was acknowledged; acknowledging waits until there is none. One by one:
//!
//! - *Late fill.* G asks the subgraph (stamp S), the change and E happen, G applies E, the old answer comes and is kept. It is there,
//!   and refused wherever E is known, G included. Nothing has to be compared when it is kept.
//! - *Fill in flight to the store.* The same value comes into the shared store after E was applied by all. Each reader compares its
//!   stamp with its own marks, and refuses it.
//! - *A slow follower.* H has not applied E when it is published. The publisher waits for it; its reads until then began before the
//!   acknowledgement.
//! - *A follower that hangs.* H was stopped, or its connection is gone. It cannot renew its lease; the publisher waits for its end.
//!   When H goes on, [`Feed::is_current`] is false before it looks at anything, until it has read everything in the feed.
//! - *A copy between tiers.* H takes a value from the store into memory while E is applied. The value keeps the stamp that it has.
//! - *Joining.* R begins after the acknowledgement and could join a call that was under way before E. Each event raises barriers
//!   (`Coherence`) before it counts as applied: nobody joins what left before.
//! - *A mutation's caller.* The events of a mutation are published before its answer goes back; what the same operation reads after
//!   it passes the cache by.
//! - *Forgotten marks.* Marks are bounded. What is stamped before the oldest one that was forgotten is refused (`floor`).
//! - *A feed that has lost something.* A new epoch: whatever was kept under the one before is refused, wherever it is.
//!
//! What this does not cover: a subgraph that answers a request with data older than what it had committed before the event (a lagging
//! replica), a write without an event, and clocks: a lifetime is a lifetime.
//!
//! What was stamped under another *epoch* is never used. The feed begins a new one whenever it cannot be sure that it has
//! forgotten nothing (its store was emptied, restarted or replaced by a replica).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::event::Event;

/// An event's place in the order; rises. `Position::START` is before all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64, pub u64);

impl Position {
    pub const START: Self = Self(0, 0);
}

/// A time in which the feed has forgotten nothing; chosen at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub u128);

/// The name of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey(pub u128);

/// Values that gateways share. No method fails: trouble is the implementor's to bound, log and recover from, and looks like a
/// store that is empty and takes everything.
pub trait SharedStore: Send + Sync {
    /// Values in the order of their keys. Resolves within the store's own deadline.
    fn get<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>>;

    /// Stored some time soon, or never if too much waits already.
    fn put(&self, values: Vec<Put>);

    /// Tries to become the one who loads what is missing, and looks once more in the same turn, after that: between a [`Self::get`]
    /// and this somebody may have brought a value and given its claim back. (A store without an order may miss that: then it is
    /// loaded twice.) Claims are in the order of `keys`, which rise; values in that of `values`.
    fn claim<'a>(
        &'a self,
        keys: &'a [RecordKey],
        values: &'a [RecordKey],
    ) -> BoxFuture<'a, (Vec<Claim>, Vec<Option<Bytes>>)>;

    /// Gives claims back. What was put before this call is stored by then.
    fn release(&self, claims: Vec<Release>);

    /// Waits, within the store's limit, until each key's claim is given back: a value may be there all the while, and be one that was
    /// invalidated. In the order of the keys: the value, if there is one then.
    fn wait<'a>(&'a self, keys: &'a [RecordKey]) -> BoxFuture<'a, Vec<Option<Bytes>>>;
}

#[derive(Debug, Clone)]
pub struct Put {
    pub key: RecordKey,
    pub value: Bytes,
    /// Kept no longer than this.
    pub keep: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// To be given back with [`SharedStore::release`]; lapses by itself when its holder is gone.
    Mine,
    /// Another gateway is loading it: [`SharedStore::wait`] for it.
    Theirs,
    /// Nobody's: whoever loaded it last found that it cannot be stored, or the store is in trouble. Load it.
    Nobodys,
}

#[derive(Debug, Clone, Copy)]
pub struct Release {
    pub key: RecordKey,
    /// Whether a value was put. If not, others are to load for themselves for a while ([`Claim::Nobodys`]).
    pub stored: bool,
}

/// Where events come from, in one order for all gateways.
pub trait Feed: Send + Sync {
    /// Says events to all gateways. `Ok`: each of them has applied them or uses nothing that it keeps.
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Unspread>>;

    /// Whether what is kept may be used right now. Cheap: it is asked with each request.
    fn is_current(&self) -> bool;
}

/// Why it is not certain that everybody has applied an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the invalidation may not have reached every gateway: {reason}")]
pub struct Unspread {
    pub reason: String,
}

/// Who applies a feed's events. Called by one task, in order; must not block.
pub trait Follower: Send + Sync {
    /// What was before is not known. `floor`: events after it will be told, those up to it are not known. What has an
    /// older stamp, or one of another epoch, is not to be used any more.
    fn reset(&self, epoch: Epoch, floor: Position);

    /// The events at a place in the order, all of them at once: whoever is stamped with the place knows them all.
    fn apply(&self, position: Position, events: &[Event]);
}

/// It tells itself.
struct Alone {
    follower: Arc<dyn Follower>,
    next: std::sync::Mutex<u64>,
}

/// The feed of a gateway that shares nothing with others.
pub fn alone(follower: Arc<dyn Follower>) -> Arc<dyn Feed> {
    follower.reset(Epoch(0), Position::START);
    Arc::new(Alone {
        follower,
        next: std::sync::Mutex::new(1),
    })
}

impl Feed for Alone {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Unspread>> {
        let mut next = self
            .next
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for event in events {
            self.follower.apply(Position(0, *next), &[event]);
            *next += 1;
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_current(&self) -> bool {
        true
    }
}
