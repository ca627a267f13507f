//! The `orders` binary: flags and environment in, [`orders::start`] out.

use std::{net::SocketAddr, process::ExitCode};

use clap::Args;
use kit::{Running, Shutdown, command::Service, db::DatabaseUrl, events::EventFlags};
use orders::Options;

#[derive(Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "ORDERS_LISTEN", default_value = "127.0.0.1:4003")]
    listen: SocketAddr,
    /// sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        env = "ORDERS_DATABASE_URL",
        default_value = "sqlite://data/orders.db",
        hide_env_values = true
    )]
    database: DatabaseUrl,
    /// Users in the shop's seed: an empty database gets six orders for each; 0 for none
    #[arg(long, env = "SEED_SIZE", default_value_t = 50)]
    seed_size: u32,
    /// Root of catalog's internal API
    #[arg(long, env = "CATALOG_INTERNAL_URL", default_value = orders::DEFAULT_CATALOG_URL)]
    catalog_url: String,
    /// What catalog's internal API asks for; without it no order can be placed
    #[arg(long, env = "CATALOG_INTERNAL_TOKEN", hide_env_values = true)]
    catalog_token: Option<String>,
    /// Keys that buyers' tokens are checked with
    #[arg(long, env = "USERS_JWKS_URL", default_value = orders::DEFAULT_JWKS_URL)]
    jwks_url: String,
    #[command(flatten)]
    events: EventFlags,
}

#[tokio::main]
async fn main() -> ExitCode {
    let service = Service {
        name: "orders",
        about: "The shop's orders: placing, reading and cancelling them",
        sdl: orders::sdl,
        health_url: "http://127.0.0.1:4003/health/ready",
    };
    kit::command::run(service, start).await
}

async fn start(flags: Serve, shutdown: Shutdown) -> anyhow::Result<Running> {
    let options = Options {
        seed_size: flags.seed_size,
        catalog_url: flags.catalog_url,
        catalog_token: flags.catalog_token.filter(|token| !token.is_empty()),
        users_jwks_url: flags.jwks_url,
        events: flags.events.target()?,
        ..Options::new(flags.database)
    };
    orders::start(kit::command::listen(flags.listen).await?, options, shutdown).await
}
