//! The server's routes over scripted subgraphs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod counted;
mod cross_origin;
mod execution;
mod expensive;
mod explained;
mod gateway;
mod introspection;
mod overrides;
mod pages;
mod protocol;
mod refusals;
mod replacing;
mod stopping;
