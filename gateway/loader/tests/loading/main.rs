//! The loader in front of a subgraph in process, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;
mod together;
