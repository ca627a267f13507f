//! `causeway plan OPERATION.graphql`.

use std::{path::PathBuf, process::ExitCode};

use apollo_compiler::ExecutableDocument;
use causeway_graph::QueryGraph;
use clap::Args;

use super::{Format, GraphArgs, could_not_run, report};
use crate::exit;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// A file with GraphQL operations.
    #[arg(value_name = "OPERATION")]
    file: PathBuf,
    #[command(flatten)]
    graph: GraphArgs,
    /// Which operation, if the file has several.
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) async fn run(args: PlanArgs) -> ExitCode {
    let text = match tokio::fs::read_to_string(&args.file).await {
        Ok(text) => text,
        Err(error) => return could_not_run(&format!("cannot read {}: {error}", args.file.display())),
    };
    let loaded = match args.graph.config().await {
        Ok(config) => crate::load(&config).await,
        Err(error) => Err(error),
    };
    let supergraph = match loaded {
        Ok(loaded) => loaded.supergraph,
        Err(error) => return report(&error),
    };
    let refused = |reason: String| {
        eprintln!("{}", reason.trim_end());
        ExitCode::from(exit::NO)
    };
    let document = match ExecutableDocument::parse_and_validate(&supergraph.api_schema, text, &args.file) {
        Ok(document) => document,
        Err(invalid) => return refused(invalid.errors.to_string()),
    };
    let operation = match document.operations.get(args.operation.as_deref()) {
        Ok(operation) => operation,
        Err(error) => {
            let names: Vec<&str> = document.operations.named.keys().map(|name| name.as_str()).collect();
            return refused(format!("{}; the file has: {}", error.message(), names.join(", ")));
        }
    };
    match causeway_planner::plan(&QueryGraph::new(supergraph.clone()), &document, operation) {
        Err(error) => refused(format!("error: {error}")),
        Ok(plan) => {
            match args.format {
                Format::Text => print!("{}", causeway_planner::explain(&plan, &supergraph)),
                Format::Json => println!("{}", serde_json::json!(causeway_planner::explain_json(&plan, &supergraph))),
            }
            ExitCode::SUCCESS
        }
    }
}
