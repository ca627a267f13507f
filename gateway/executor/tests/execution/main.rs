//! Plans run against scripted subgraphs, over the executor's public face alone.
//!
//! Nothing here waits for time: a test polls the execution until it is stuck, looks at what was sent, and answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod entities;
mod errors;
mod failures;
mod guards;
mod leaves;
mod merging;
mod nulls;
mod sharing;
mod starts;
mod support;
