//! The loader in front of a subgraph in process, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apart;
mod coming_and_going;
mod fake;
#[path = "../support/graphql.rs"]
mod graphql;
mod merged;
mod merged_in_time;
mod modes;
mod mutations;
mod together;
