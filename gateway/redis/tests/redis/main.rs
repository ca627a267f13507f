//! Store and feed, on real servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod feed;
mod lines;
mod losses;
mod model;
mod paused;
mod random;
mod store;
mod topologies;
mod trouble;
