//! `causeway check`: may this change of the schema go out?

mod operations;
mod revision;

use std::{path::PathBuf, process::ExitCode};

use causeway_check::{Policy, Problem, Report, Span, Titles};
use causeway_composition::Diagnostic;
use clap::{Args, ValueEnum};

use super::{answer, could_not_run};
use crate::exit;
use revision::{Loaded, shown};

/// Compares what clients see of two states of the graph, and asks which of the known operations that hurts.
///
/// Exit codes: 0 nothing that counts, 1 the new schema does not compose or has breaking changes that count, 2 it could
/// not be checked.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The graph as it is served now: a supergraph, an API schema, or a config
    #[arg(long, value_name = "OLD")]
    base: PathBuf,
    /// The graph as it would be: a causeway.yaml, rover's supergraph.yaml, or a composed schema as for --base
    #[arg(long, value_name = "NEW", env = "CAUSEWAY_CONFIG")]
    config: PathBuf,
    /// What clients send: a folder of GraphQL documents, one document, or a JSON manifest of persisted operations;
    /// may be given several times
    #[arg(long, value_name = "DIR")]
    operations: Vec<PathBuf>,
    /// Which breaking changes make the answer no
    #[arg(long, value_enum, default_value = "any")]
    breaking: Breaking,
    #[arg(long, value_enum, default_value = "text")]
    format: CheckFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Breaking {
    /// All
    Any,
    /// Those that one of --operations needs
    Used,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people
    Text,
    /// For tools
    Json,
    /// For comments and job summaries
    Markdown,
    /// Workflow commands: annotations in a pull request
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub(super) async fn run(args: CheckArgs) -> ExitCode {
    match check(&args).await {
        Ok(report) => {
            let code = if report.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(exit::NO)
            };
            answer(&causeway_check::render(&report, args.format.into()), code)
        }
        Err(reason) => could_not_run(&reason),
    }
}

/// The report, or why there is none.
async fn check(args: &CheckArgs) -> Result<Report, String> {
    if args.breaking == Breaking::Used && args.operations.is_empty() {
        return Err("--breaking used needs to know what is used: add --operations DIR".to_owned());
    }
    let titles = Titles {
        old: shown(&args.base),
        new: shown(&args.config),
    };
    let old = match revision::load(&args.base).await? {
        Loaded::Revision(revision) => revision,
        Loaded::NotComposed(failed) => {
            let explained = causeway_composition::render(&failed.errors);
            return Err(format!("the base {} does not compose:\n{explained}", titles.old));
        }
    };
    let operations = match args.operations.as_slice() {
        [] => None,
        paths => Some(operations::read(paths).await?),
    };
    Ok(match revision::load(&args.config).await? {
        Loaded::Revision(new) => {
            causeway_check::check(titles, &old, &new, operations.as_ref(), args.breaking.into())
        }
        Loaded::NotComposed(failed) => {
            let problems = failed.errors.iter().map(problem).collect();
            Report::not_composed(titles, args.breaking.into(), problems)
        }
    })
}

fn problem(error: &Diagnostic) -> Problem {
    let spans = error.spans.iter().map(|span| Span {
        file: span.file.clone(),
        subgraph: Some(span.subgraph.clone()),
        line: span.line as usize,
        column: span.column as usize,
        end_column: (span.column + span.length) as usize,
    });
    Problem {
        code: error.code.as_str().to_owned(),
        message: error.message.clone(),
        subgraphs: error.subgraphs.clone(),
        coordinate: error.coordinate.clone(),
        spans: spans.collect(),
        help: error.help.clone(),
        explained: causeway_composition::render(std::slice::from_ref(error)),
    }
}

impl From<Breaking> for Policy {
    fn from(breaking: Breaking) -> Self {
        match breaking {
            Breaking::Any => Self::Any,
            Breaking::Used => Self::Used,
        }
    }
}

impl From<CheckFormat> for causeway_check::Format {
    fn from(format: CheckFormat) -> Self {
        match format {
            CheckFormat::Text => Self::Text,
            CheckFormat::Json => Self::Json,
            CheckFormat::Markdown => Self::Markdown,
            CheckFormat::Github => Self::Github,
            CheckFormat::Sarif => Self::Sarif,
        }
    }
}
