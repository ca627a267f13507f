//! `causeway plan OPERATION.graphql`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use apollo_compiler::ExecutableDocument;
use causeway_graph::QueryGraph;
use causeway_model::{QueryPlan, Supergraph};
use causeway_planner::NaivePlan;
use clap::Args;

use super::{Format, answer, could_not_run, graph::GraphArgs};
use crate::exit;

/// Taken when no graph is named, so that the shop's operations can be planned from the repository's root.
const DEFAULT_CONFIG: &str = "schema/causeway.yaml";

/// Without --config and --supergraph, ./schema/causeway.yaml is taken.
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
    /// A label of progressive overrides that is on; may be given several times. All others are off.
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Also show what one call for each entity would cost.
    #[arg(long)]
    naive: bool,
    /// Items in each list, for --naive.
    #[arg(long, value_name = "N", default_value = "10", requires = "naive",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    sizes: u64,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) async fn run(args: PlanArgs) -> ExitCode {
    let text = match tokio::fs::read_to_string(&args.file).await {
        Ok(text) => text,
        Err(error) => return could_not_run(&format!("cannot read {}: {error}", args.file.display())),
    };
    let supergraph = match args.graph.load(Some(Path::new(DEFAULT_CONFIG))).await {
        Ok((_, loaded)) => loaded.supergraph,
        Err(code) => return code,
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
        Err(_) => {
            let names: Vec<&str> = document
                .operations
                .named
                .keys()
                .map(|name| name.as_str())
                .collect();
            let names = if names.is_empty() {
                "one without a name".to_owned()
            } else {
                names.join(", ")
            };
            return refused(match &args.operation {
                Some(wanted) => format!("error: the file has no operation `{wanted}`; it has: {names}"),
                None => {
                    format!("error: the file has several operations; choose one with --operation: {names}")
                }
            });
        }
    };
    if let Some(unknown) = args
        .labels
        .iter()
        .find(|label| !supergraph.labels.contains(label))
    {
        return refused(unknown_label(unknown, &supergraph.labels));
    }
    let on = supergraph.label_set(args.labels.iter().map(String::as_str));
    match causeway_planner::plan(&QueryGraph::new(supergraph.clone()), &document, operation, &on) {
        Err(error) => refused(format!("error: {error}")),
        Ok(plan) => {
            let naive = args
                .naive
                .then(|| causeway_planner::naive(&plan, &supergraph, args.sizes));
            answer(&told(&plan, &supergraph, naive, args.format), ExitCode::SUCCESS)
        }
    }
}

fn told(plan: &QueryPlan, supergraph: &Supergraph, naive: Option<NaivePlan>, format: Format) -> String {
    match format {
        Format::Text => {
            let text = causeway_planner::explain(plan, supergraph);
            match naive {
                Some(naive) => format!("{text}\n{}", naive.text()),
                None => text,
            }
        }
        Format::Json => {
            let mut json = serde_json::json!(causeway_planner::explain_json(plan, supergraph));
            if let Some(naive) = naive {
                json["naive"] = serde_json::json!(naive);
            }
            format!("{json:#}\n")
        }
    }
}

fn unknown_label(label: &str, known: &[String]) -> String {
    let known = if known.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has: {}", known.join(", "))
    };
    format!("error: no @override of the graph has the label `{label}`; {known}")
}
