//! Redis: the store and the feed that several gateways share. Adapters behind the ports of `causeway-cache`.
//!
//! [`RedisStore`] keeps values. A request asks it and goes on, whatever becomes of Redis: nothing waits longer than a deadline, a
//! breaker answers at once while Redis is away, and what is written waits in a queue of its own. [`RedisFeed`] carries
//! invalidations in one order to all gateways, and says when they are done; its argument is in the module `feed`.
//!
//! # Where Redis is
//!
//! | | |
//! |---|---|
//! | one server | `redis://[user:password@]host[:port][/database]` |
//! | whom sentinels call the master | `redis+sentinel://[user:password@]host[:port],…/master[/database]`; the sentinels are asked without password |
//! | a cluster | `redis+cluster://[user:password@]host[:port],…` |
//!
//! `rediss` instead of `redis` means TLS; certificates are checked against the system's (`SSL_CERT_FILE` names others). Store and
//! feed have connections of their own and may have different servers.
//!
//! # What is in Redis
//!
//! | key | |
//! |---|---|
//! | `{prefix}:1:value:{…}` | a value, framed, often compressed; expires |
//! | `{prefix}:1:lease:{…}` | who loads it, or that it is pointless to wait; expires |
//! | `{prefix}:events` | the stream of invalidations; services add to it: `XADD {prefix}:events MAXLEN ~ 100000 * event '{"subgraph":"a"}'` |
//! | `{{prefix}:events}:1:members` | the epoch and who follows |
//! | `{prefix}:probe` | written to see whether the server takes writes; expires |
//!
//! # What Redis has to be
//!
//! Redis 7 or Valkey, as the only master. Eviction, if any, of keys that expire only (`volatile-lru` and its like). Where there are
//! replicas, `min-replicas-to-write 1`: a master that was cut off then stops by itself. A user with its own rights needs `EVAL`,
//! `INFO`, `TIME`, `EXISTS`, commands on strings, hashes and streams (with `XINFO`), for these keys.

mod address;
mod feed;
mod frame;
mod keys;
mod link;
mod stats;
mod store;

pub use address::InvalidUrl;
pub use feed::{FeedOptions, RedisFeed};
pub use stats::{FeedStats, LATENCY_BUCKETS, StoreStats};
pub use store::{RedisStore, StoreOptions};

/// Why a store or a feed cannot be made. What can be wrong with Redis itself is not among it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    #[error("`{0}` cannot be the prefix of keys in Redis: it has to be made of letters, digits and -_.:/")]
    Prefix(String),
}
