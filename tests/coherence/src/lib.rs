//! Whether gateways that share a cache keep their word, with real processes: a Redis that is killed, stopped and flushed, proxies that
//! are cut, and HTTP to real gateways.
//!
//! Everything hangs on versions. Each entity has one, which only rises (`ledger`). A writer raises it and then says so by one of all
//! the routes that there are (`writes`); when that is acknowledged, the version is the entity's *floor*. A reader notes the floors
//! before it sends its request, and no version in the answer may be less (`reads`). The subgraph reads versions when it is asked
//! and answers later (`subgraph`), so that what it says is often too old by the time that it comes. Some of it is for everybody, some
//! for one user, some for whoever looks the same to the subgraph (`who`).
//!
//! - `tests/stale.rs`: many readers and writers at four gateways while everything goes wrong (`trouble`): nothing is too old.
//! - `tests/outage.rs`: requests at a steady rate while Redis is taken away in one way after the other: no request fails, and the
//!   gateways recover.

pub mod gateway;
pub mod http;
pub mod ledger;
pub mod reads;
pub mod redis;
pub mod subgraph;
pub mod trouble;
pub mod who;
pub mod writes;

/// A number from the environment, or else the default.
pub fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |given| {
        given
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}
