//! The `catalog` binary: arguments and environment in, [`catalog::start`] out.

use std::{net::SocketAddr, process::ExitCode};

use clap::Args;
use kit::{Running, Shutdown, command::Service, db::DatabaseUrl, events::EventFlags};

#[derive(Args)]
struct Serve {
    /// Address to listen on
    #[arg(long, env = "CATALOG_LISTEN", default_value = "127.0.0.1:4002")]
    listen: SocketAddr,
    /// sqlite://PATH, sqlite::memory: or postgres://…
    #[arg(
        long,
        env = "CATALOG_DATABASE_URL",
        default_value = "sqlite://data/catalog.db",
        hide_env_values = true
    )]
    database: DatabaseUrl,
    /// Users of the demo shop that an empty database is filled for; 0 leaves it empty
    #[arg(long, env = "SEED_SIZE", default_value_t = 50)]
    seed_size: u32,
    /// Token that the internal reservation API asks for; without one that API is closed
    #[arg(long, env = "CATALOG_INTERNAL_TOKEN", hide_env_values = true)]
    internal_token: Option<String>,
    #[command(flatten)]
    events: EventFlags,
}

#[tokio::main]
async fn main() -> ExitCode {
    let service = Service {
        name: "catalog",
        about: "The shop's catalog: products, bundles, search, favourites and stock",
        sdl: catalog::sdl,
        health_url: "http://127.0.0.1:4002/health/ready",
    };
    kit::command::run(service, start).await
}

async fn start(flags: Serve, shutdown: Shutdown) -> anyhow::Result<Running> {
    let options = catalog::Options {
        database: flags.database,
        seed_size: flags.seed_size,
        internal_token: flags.internal_token,
        sweep_every: catalog::SWEEP_EVERY,
        events: flags.events.target()?,
    };
    catalog::start(kit::command::listen(flags.listen).await?, options, shutdown).await
}
