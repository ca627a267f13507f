//! `causeway <command>`: one file a command.

mod cache;
mod check;
mod compose;
mod graph;
mod health;
mod plan;
mod reload;
mod serve;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{LoadError, exit};

/// A GraphQL federation gateway.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a graph.
    Serve(serve::ServeArgs),
    /// Compose the subgraphs' schemas into a supergraph, and say what is wrong with them.
    Compose(compose::ComposeArgs),
    /// Say what a change of the schema breaks, and for which operations.
    Check(check::CheckArgs),
    /// Show how an operation would be executed, and how many subgraph calls it makes.
    Plan(plan::PlanArgs),
    /// Say to a running gateway what no longer holds, or ask what its cache does.
    Cache(cache::CacheArgs),
    /// Ask a running gateway (or service) whether it is ready; for container health checks.
    Health(health::HealthArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub async fn run(cli: Cli) -> ExitCode {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Compose(args) => compose::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Cache(args) => cache::run(args).await,
        Command::Health(args) => health::run(args).await,
    }
}

/// Prints why a graph could not be loaded. Composition's errors are the answer "no".
fn report(error: &LoadError) -> ExitCode {
    match error {
        LoadError::Composition(_) => {
            eprintln!("{}", told(error));
            ExitCode::from(exit::NO)
        }
        _ => {
            eprintln!("{}", told(error));
            ExitCode::from(exit::COULD_NOT_RUN)
        }
    }
}

/// Why a graph could not be loaded, with the diagnostics.
fn told(error: &LoadError) -> String {
    match (error, error.diagnostic()) {
        (LoadError::Composition(failed), _) => {
            format!("{}error: {error}", causeway_composition::render(&failed.errors))
        }
        (_, Some(diagnostic)) => causeway_composition::render(&[diagnostic]).trim_end().to_owned(),
        (_, None) => format!("error: {error:#}"),
    }
}

fn could_not_run(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(exit::COULD_NOT_RUN)
}

/// Prints a command's answer, after which it exits with `code`.
fn answer(text: &str, code: ExitCode) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has read enough: `causeway compose | head`.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            could_not_run(&format!("cannot write the answer: {error}"))
        }
        _ => code,
    }
}
