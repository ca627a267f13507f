//! `causeway compose`.

use std::{path::PathBuf, process::ExitCode};

use causeway_composition::{Diagnostic, Failed};
use clap::Args;
use serde_json::json;

use super::{Format, could_not_run, report};
use crate::exit;

#[derive(Debug, Args)]
pub(super) struct ComposeArgs {
    /// A causeway.yaml, or rover's supergraph.yaml.
    #[arg(long, value_name = "FILE", env = "CAUSEWAY_CONFIG")]
    config: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the supergraph there instead of to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: ComposeArgs) -> ExitCode {
    let inputs = match crate::load_config(&args.config).await {
        Ok(config) if config.subgraphs.values().any(|subgraph| subgraph.schema.is_some()) => {
            crate::read_subgraphs(&config).await
        }
        Ok(_) => return could_not_run(&format!("{} names no subgraph schemas to compose", args.config.display())),
        Err(error) => Err(error),
    };
    let inputs = match inputs {
        Ok(inputs) => inputs,
        Err(error) => return report(&error),
    };
    let composed = causeway_composition::compose(&inputs);
    if let (Ok(composed), Some(path)) = (&composed, &args.output)
        && let Err(error) = tokio::fs::write(path, &composed.supergraph_sdl).await
    {
        return could_not_run(&format!("cannot write {}: {error}", path.display()));
    }
    match (args.format, &composed) {
        (Format::Json, Ok(composed)) => {
            println!("{}", json!({
                "ok": true,
                "errors": [],
                "hints": hints(&composed.hints),
                "supergraph": composed.supergraph_sdl,
                "api_schema": composed.api_schema_sdl,
            }));
        }
        (Format::Json, Err(Failed { errors, hints: given })) => {
            println!("{}", json!({
                "ok": false,
                "errors": errors.iter().map(error).collect::<Vec<_>>(),
                "hints": hints(given),
                "supergraph": null,
                "api_schema": null,
            }));
        }
        (Format::Text, Ok(composed)) => {
            eprint!("{}", causeway_composition::render(&composed.hints));
            if args.output.is_none() {
                print!("{}", composed.supergraph_sdl);
            }
        }
        (Format::Text, Err(failed)) => {
            eprint!("{}", causeway_composition::render(&failed.errors));
            eprint!("{}", causeway_composition::render(&failed.hints));
        }
    }
    if composed.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(exit::NO) }
}

fn error(diagnostic: &Diagnostic) -> serde_json::Value {
    json!({
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "subgraphs": diagnostic.subgraphs,
        "coordinate": diagnostic.coordinate,
        "help": diagnostic.help,
        "spans": diagnostic.spans,
    })
}

fn hints(diagnostics: &[Diagnostic]) -> Vec<serde_json::Value> {
    diagnostics
        .iter()
        .map(|hint| {
            json!({
                "code": hint.code.as_str(),
                "level": hint.level,
                "message": hint.message,
                "coordinate": hint.coordinate,
                "spans": hint.spans,
            })
        })
        .collect()
}
