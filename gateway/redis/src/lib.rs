//! Redis: the store and the feed that several gateways share.

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
