//! `causeway <command>`: one file a command.

mod compose;
mod health;
mod plan;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Show how an operation would be executed, and how many subgraph calls it makes.
    Plan(plan::PlanArgs),
    /// Ask a running gateway (or service) whether it is ready; for container health checks.
    Health(health::HealthArgs),
}

/// Where the graph comes from.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
struct GraphArgs {
    /// A causeway.yaml, or rover's supergraph.yaml.
    #[arg(long, value_name = "FILE", env = "CAUSEWAY_CONFIG")]
    config: Option<PathBuf>,
    /// A composed supergraph.
    #[arg(long, value_name = "FILE")]
    supergraph: Option<PathBuf>,
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
        Command::Plan(args) => plan::run(args).await,
        Command::Health(args) => health::run(args).await,
    }
}

impl GraphArgs {
    async fn config(&self) -> Result<causeway_config::Config, LoadError> {
        match (&self.supergraph, &self.config) {
            (Some(path), _) => {
                // The same as a config file that names it and nothing else, beside it.
                let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                let text = serde_json::json!({ "supergraph": name }).to_string();
                Ok(causeway_config::parse(&text, path)?)
            }
            (None, Some(path)) => crate::load_config(path).await,
            (None, None) => unreachable!("clap requires one of the two"),
        }
    }
}

/// Prints why a graph could not be loaded. Composition's errors are the answer "no".
fn report(error: &LoadError) -> ExitCode {
    match error {
        LoadError::Composition(failed) => {
            eprint!("{}", causeway_composition::render(&failed.errors));
            eprintln!("error: {error}");
            ExitCode::from(exit::NO)
        }
        _ => could_not_run(error),
    }
}

fn could_not_run(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(exit::COULD_NOT_RUN)
}
