//! The `catalog` binary: arguments and environment in, [`catalog::start`] out.

use std::net::SocketAddr;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use kit::Shutdown;
use kit::db::DatabaseUrl;
use tokio::net::TcpListener;

/// The shop's catalog: products, bundles, search, favourites and stock.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve GraphQL and the internal API (the default)
    Serve(ServeArgs),
    /// Print the federation schema and exit
    PrintSchema,
    /// Ask a running service for its health; exit code 0 when it is well
    Health {
        #[arg(long, default_value = "http://127.0.0.1:4002/health/ready")]
        url: String,
    },
}

#[derive(Args)]
struct ServeArgs {
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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(args).await,
        Command::PrintSchema => {
            print!("{}", catalog::sdl());
            Ok(())
        }
        Command::Health { url } => Ok(kit::probe(&url).await?),
    }
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    kit::telemetry::init("catalog");
    let shutdown = Shutdown::on_signals();
    let listener = TcpListener::bind(args.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another address with --listen",
            args.listen
        )
    })?;
    let options = catalog::Options {
        database: args.database,
        seed_size: args.seed_size,
        internal_token: args.internal_token,
        sweep_every: catalog::SWEEP_EVERY,
    };
    let running = catalog::start(listener, options, shutdown).await?;
    tracing::info!(address = %running.addr, "catalog is listening");
    running.wait().await.context("the server stopped with an error")
}
