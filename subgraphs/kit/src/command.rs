//! The command line that every service has: `serve` (the default), `print-schema`, `health`.
//!
//! What `serve` needs is the service's own; this file knows no flag of it.

use std::{future::Future, net::SocketAddr, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::net::TcpListener;

use crate::{Running, Shutdown, probe, telemetry};

/// What distinguishes one service's binary from another's.
pub struct Service {
    /// The binary's name, also in logs.
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// The federation SDL.
    pub sdl: fn() -> String,
    /// Where `health` asks when it is not told otherwise.
    pub health_url: &'static str,
}

#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli<S: Args> {
    #[command(subcommand)]
    command: Option<Command<S>>,
    #[command(flatten)]
    serve: S,
}

#[derive(Subcommand)]
enum Command<S: Args> {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Serve(S),
    /// Print the federation schema and exit
    PrintSchema,
    /// Ask a running service for its health; exit code 0 when it is well
    Health {
        #[arg(long)]
        url: String,
    },
}

/// Parses the process's arguments and does what they say. `start` gets the flags of `serve` and returns once requests
/// are accepted. Errors go to standard error; the exit code is then 1, and 2 for wrong arguments.
pub async fn run<S, F>(service: Service, start: impl FnOnce(S, Shutdown) -> F) -> ExitCode
where
    S: Args,
    F: Future<Output = anyhow::Result<Running>>,
{
    let command = Cli::<S>::command()
        .name(service.name)
        .about(service.about)
        .mut_subcommand("health", |health| {
            health.mut_arg("url", |url| url.required(false).default_value(service.health_url))
        });
    let matches = command.get_matches();
    let cli = Cli::<S>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(flags) => serve(service.name, flags, start).await,
        Command::PrintSchema => {
            print!("{}", (service.sdl)());
            Ok(())
        }
        Command::Health { url } => probe(&url).await.map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {}", service.name, explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line. A cause that the text before it ends with already is not said again:
/// sqlx's errors repeat their own causes.
pub fn explain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Binds the address of `--listen`.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another address with --listen"))
}

async fn serve<S, F>(name: &'static str, flags: S, start: impl FnOnce(S, Shutdown) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<Running>>,
{
    telemetry::init(name);
    let running = start(flags, Shutdown::on_signals()).await?;
    tracing::info!(address = %running.addr, "{name} is listening");
    running.wait().await.context("the server stopped with an error")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Database, DatabaseUrl, Migrations};

    #[tokio::test]
    async fn a_database_that_cannot_be_opened_is_explained_once() {
        let (folder, _) = crate::testing::sqlite();
        // A folder where the file should be.
        let url = DatabaseUrl::sqlite_file(folder.path());
        let migrations = Migrations {
            sqlite: sqlx::migrate::Migrator::DEFAULT,
            postgres: sqlx::migrate::Migrator::DEFAULT,
        };
        let error = Database::connect(&url, migrations).await.err().unwrap();
        let text = explain(&anyhow::Error::new(error).context("users cannot start"));
        assert!(
            text.starts_with("users cannot start: cannot open the database"),
            "{text}"
        );
        assert_eq!(text.matches("unable to open database file").count(), 1, "{text}");
    }

    #[test]
    fn causes_that_say_something_new_are_kept() {
        let error = anyhow::anyhow!("no route")
            .context("no answer")
            .context("no shop");
        assert_eq!(explain(&error), "no shop: no answer: no route");
    }
}
