//! What is answered from what is kept, and what is not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
mod fake;
mod freshness;
mod invalidation;
mod random;
mod refreshing;
mod reuse;
mod schema;
mod setup;
mod sharing;
mod store;
