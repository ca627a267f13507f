//! The `users` binary: arguments and environment in, [`users::start`] out.

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use kit::{Running, Shutdown, command::Service, db::DatabaseUrl, events::EventFlags};
use users::SigningKey;

#[derive(Args)]
struct Serve {
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
    #[command(flatten)]
    events: EventFlags,
}

#[tokio::main]
async fn main() -> ExitCode {
    let service = Service {
        name: "users",
        about: "The shop's accounts: signing up, signing in, users",
        sdl: users::sdl,
        health_url: "http://127.0.0.1:4001/health/ready",
    };
    kit::command::run(service, start).await
}

async fn start(flags: Serve, shutdown: Shutdown) -> anyhow::Result<Running> {
    let signing_key = match flags.signing_key.as_deref() {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<SigningKey>()
                .context("--signing-key (or USERS_SIGNING_KEY) is unusable")?,
        ),
    };
    let options = users::Options {
        database: flags.database,
        seed_size: flags.seed_size,
        signing_key,
        events: flags.events.target()?,
    };
    users::start(kit::command::listen(flags.listen).await?, options, shutdown).await
}
