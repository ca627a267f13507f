//! The gateway's command line, and the library side of it: what a program needs to run a gateway itself.
//!
//! `wiring` turns a [`Config`](causeway_config::Config) into each crate's options; nothing else in the gateway
//! sees the whole configuration.

mod cause;
pub mod commands;
mod load;
mod metrics;
mod warm_up;
mod wiring;

pub use causeway_config::{Config, parse as parse_config};
pub use load::{LoadError, LoadedGraph, load, load_config, read_subgraphs};
pub use wiring::{Gateway, Listeners, Reloader, start};

/// Exit codes of every command: 0 is ok.
pub mod exit {
    /// The answer is no: the schemas do not compose, the operation is not valid, the gateway is not ready.
    pub const NO: u8 = 1;
    /// The question could not be asked: bad flags, unreadable files, a port in use.
    pub const COULD_NOT_RUN: u8 = 2;
}
