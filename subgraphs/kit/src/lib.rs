//! What every service of the shop shares: databases, Relay pages, tokens, the GraphQL endpoint, graceful
//! shutdown, value types of the graph. It knows no user, product or order, and must not learn of them.

pub mod auth;
pub mod command;
pub mod db;
pub mod error;
pub mod events;
mod graphql;
mod health;
mod money;
pub mod page;
pub mod seed;
mod serve;
mod shutdown;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod timestamp;

pub use graphql::{cache_tag, federation_sdl, graphql_router};
pub use health::{ServiceHealth, probe};
pub use money::Money;
pub use serve::{Running, serve};
pub use shutdown::Shutdown;
pub use timestamp::Timestamp;
