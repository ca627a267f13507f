//! `causeway compose`.

use std::{path::PathBuf, process::ExitCode};

use causeway_composition::{Composition, Diagnostic, Failed};
use clap::Args;
use serde_json::json;

use super::{Format, answer, could_not_run, report};
use crate::{LoadError, exit};

#[derive(Debug, Args)]
pub(super) struct ComposeArgs {
    /// A causeway.yaml, or rover's supergraph.yaml; `-` for standard input.
    #[arg(long, value_name = "FILE", env = "CAUSEWAY_CONFIG")]
    config: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the supergraph there instead of to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the API schema of this contract (`contracts:` in the config) instead of the supergraph.
    #[arg(long, value_name = "NAME")]
    contract: Option<String>,
}

pub(super) async fn run(args: ComposeArgs) -> ExitCode {
    let config = crate::load_config(&args.config).await;
    let contract = match (&config, &args.contract) {
        (Ok(config), Some(name)) => match crate::load::contract(config, name) {
            Ok(contract) => Some(contract),
            Err(error) => return report(&error),
        },
        _ => None,
    };
    let inputs = match config {
        Ok(config)
            if config
                .subgraphs
                .values()
                .any(|subgraph| subgraph.schema.is_some()) =>
        {
            crate::read_subgraphs(&config).await
        }
        Ok(_) => {
            return could_not_run(&format!(
                "{} names no subgraph schemas to compose",
                args.config.display()
            ));
        }
        Err(error) => Err(error),
    };
    let inputs = match inputs {
        Ok(inputs) => inputs,
        Err(error) => return unreadable(&error, args.format),
    };
    let mut composed = causeway_composition::compose(&inputs);
    if let (Ok(composed), Some(contract)) = (&mut composed, &contract) {
        match causeway_composition::contract_schema(&composed.supergraph_sdl, contract) {
            Ok(schema) => composed.api_schema_sdl = schema.to_string(),
            Err(error) => return could_not_run(&error.to_string()),
        }
    }
    let printed = |composed: &Composition| match &contract {
        Some(_) => composed.api_schema_sdl.clone(),
        None => composed.supergraph_sdl.clone(),
    };
    if let (Ok(composed), Some(path)) = (&composed, &args.output)
        && let Err(error) = tokio::fs::write(path, printed(composed)).await
    {
        return could_not_run(&format!("cannot write {}: {error}", path.display()));
    }
    let code = if composed.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::NO)
    };
    match (args.format, composed) {
        (Format::Json, composed) => answer(&format!("{}\n", as_json(&composed)), code),
        (Format::Text, Ok(composed)) => {
            eprint!("{}", causeway_composition::render(&composed.hints));
            let text = if args.output.is_none() {
                printed(&composed)
            } else {
                String::new()
            };
            answer(&text, code)
        }
        (Format::Text, Err(failed)) => {
            eprint!("{}", causeway_composition::render(&failed.hints));
            report(&LoadError::Composition(failed))
        }
    }
}

/// A subgraph that cannot be asked is told in the format that was asked for; the answer is not "no", there is none.
fn unreadable(error: &LoadError, format: Format) -> ExitCode {
    match (format, error.diagnostic()) {
        (Format::Json, Some(diagnostic)) => {
            let failed = Failed {
                errors: vec![diagnostic],
                hints: Vec::new(),
            };
            answer(
                &format!("{}\n", as_json(&Err(failed))),
                ExitCode::from(exit::COULD_NOT_RUN),
            )
        }
        _ => report(error),
    }
}

/// The object that other tools read. SDL is null where there is none.
fn as_json(composed: &Result<Composition, Failed>) -> serde_json::Value {
    match composed {
        Ok(composed) => json!({
            "ok": true,
            "errors": [],
            "hints": hints(&composed.hints),
            "supergraph": composed.supergraph_sdl,
            "api_schema": composed.api_schema_sdl,
        }),
        Err(failed) => json!({
            "ok": false,
            "errors": failed.errors.iter().map(error).collect::<Vec<_>>(),
            "hints": hints(&failed.hints),
            "supergraph": null,
            "api_schema": null,
        }),
    }
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
