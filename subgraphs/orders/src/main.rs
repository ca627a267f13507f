//! The `orders` binary: flags and environment to [`orders::Options`], nothing else.

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use kit::{Shutdown, db::DatabaseUrl};
use orders::Options;
use tokio::net::TcpListener;

/// The orders service of the shop.
#[derive(Parser)]
#[command(name = "orders", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Serve(Serve),
    /// Print the subgraph's SDL
    PrintSchema,
    /// Ask a running service for its health: exit code 0 when it is well, 1 when not
    Health {
        #[arg(long, default_value = "http://127.0.0.1:4003/health/ready")]
        url: String,
    },
}

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
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => serve(cli.serve).await,
        Some(Command::Serve(options)) => serve(options).await,
        Some(Command::PrintSchema) => {
            print!("{}", orders::sdl());
            Ok(())
        }
        Some(Command::Health { url }) => kit::probe(&url).await.map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orders: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(flags: Serve) -> anyhow::Result<()> {
    kit::telemetry::init("orders");
    let options = Options {
        seed_size: flags.seed_size,
        catalog_url: flags.catalog_url,
        catalog_token: flags.catalog_token.filter(|token| !token.is_empty()),
        users_jwks_url: flags.jwks_url,
        ..Options::new(flags.database)
    };
    let listener = TcpListener::bind(flags.listen)
        .await
        .with_context(|| format!("cannot listen on {}", flags.listen))?;
    let running = orders::start(listener, options, Shutdown::on_signals()).await?;
    tracing::info!(addr = %running.addr, "orders listens: POST /graphql");
    running.wait().await?;
    Ok(())
}
