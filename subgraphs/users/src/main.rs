//! The `users` binary: arguments and environment in, [`users::start`] out.

use std::net::SocketAddr;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use kit::Shutdown;
use kit::db::DatabaseUrl;
use tokio::net::TcpListener;
use users::SigningKey;

/// The shop's accounts: signing up, signing in, users.
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
    /// Serve GraphQL and the public key (the default)
    Serve(ServeArgs),
    /// Print the federation schema and exit
    PrintSchema,
    /// Ask a running service for its health; exit code 0 when it is well
    Health {
        #[arg(long, default_value = "http://127.0.0.1:4001/health/ready")]
        url: String,
    },
}

#[derive(Args)]
struct ServeArgs {
    /// Address to listen on
    #[arg(long, env = "USERS_LISTEN", default_value = "127.0.0.1:4001")]
    listen: SocketAddr,
    /// sqlite://PATH, sqlite::memory: or postgres://…
    #[arg(
        long,
        env = "USERS_DATABASE_URL",
        default_value = "sqlite://data/users.db",
        hide_env_values = true
    )]
    database: DatabaseUrl,
    /// Demo users that an empty database is filled with; 0 leaves it empty
    #[arg(long, env = "SEED_SIZE", default_value_t = 50)]
    seed_size: u32,
    /// 32 bytes in base64 that tokens are signed with; without it a key is made once and kept in the database
    #[arg(long, env = "USERS_SIGNING_KEY", hide_env_values = true)]
    // Parsed later: clap's message about a malformed value would show it.
    signing_key: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(args).await,
        Command::PrintSchema => {
            print!("{}", users::sdl());
            Ok(())
        }
        Command::Health { url } => Ok(kit::probe(&url).await?),
    }
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    kit::telemetry::init("users");
    let shutdown = Shutdown::on_signals();
    let listener = TcpListener::bind(args.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another address with --listen",
            args.listen
        )
    })?;
    let signing_key = match args.signing_key.as_deref() {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<SigningKey>()
                .context("--signing-key (or USERS_SIGNING_KEY) is unusable")?,
        ),
    };
    let options = users::Options {
        database: args.database,
        seed_size: args.seed_size,
        signing_key,
    };
    let running = users::start(listener, options, shutdown).await?;
    tracing::info!(address = %running.addr, "users is listening");
    running.wait().await.context("the server stopped with an error")
}
