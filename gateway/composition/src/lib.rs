//! Subgraph schemas to one supergraph, with every finding on the way.
//!
//! Phases, each a module: [`parse`] and [`normalise`] look at one subgraph alone, [`upgrade`] turns federation 1
//! into federation 2, [`rules`] check each subgraph, [`merge`](mod@merge) joins them type by type, [`check`]
//! looks at the result, [`api`] derives what clients see, [`contract`] what some of them see, [`print`] writes SDL. A phase collects all its findings;
//! the next one starts only when there were no errors, because its findings would be noise.
//!
//! Pure: text in, values out. No I/O, no clock, no threads; any input gives an answer and never a panic.

mod api;
mod cache_control;
mod check;
mod compose;
mod contract;
pub mod diagnostic;
mod link;
mod merge;
mod normalise;
mod parse;
mod print;
pub mod read;
mod rules;
pub mod satisfiability;
mod spec;
mod subgraph;
mod supergraph;
mod upgrade;

pub use compose::{Composition, compose};
pub use contract::{Contract, ContractError, contract_schema, contract_supergraph};
pub use diagnostic::{Code, Diagnostic, Level, Span, render};

use diagnostic::Diagnostics;
use subgraph::Subgraph;

/// One subgraph as its owner publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgraphInput {
    pub name: String,
    /// Where it is served; carried into the supergraph, never called.
    pub url: Option<String>,
    pub sdl: String,
    /// The file name shown in diagnostics.
    pub source: String,
}

/// A supergraph that holds together, up to satisfiability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// With the standard `@link` and `@join__` definitions; the same bytes for any order of the inputs.
    pub supergraph_sdl: String,
    /// What clients see: no federation machinery, nothing that is `@inaccessible`.
    pub api_schema_sdl: String,
    pub hints: Vec<Diagnostic>,
}

/// Why there is no supergraph; `errors` is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    pub errors: Vec<Diagnostic>,
    pub hints: Vec<Diagnostic>,
}

/// Merges subgraphs into a supergraph. Checks everything but satisfiability.
///
/// # Errors
/// All findings of the first phase that has errors, with the hints until then.
pub fn merge(inputs: &[SubgraphInput]) -> Result<Composed, Failed> {
    let mut diagnostics = Diagnostics::default();
    match phases(inputs, &mut diagnostics) {
        Some((supergraph_sdl, api_schema_sdl)) if !diagnostics.has_errors() => Ok(Composed {
            supergraph_sdl,
            api_schema_sdl,
            hints: diagnostics.split().1,
        }),
        _ => {
            let (errors, hints) = diagnostics.split();
            Err(Failed { errors, hints })
        }
    }
}

fn phases(inputs: &[SubgraphInput], diagnostics: &mut Diagnostics) -> Option<(String, String)> {
    let mut sorted: Vec<&SubgraphInput> = inputs.iter().collect();
    sorted.sort_by(|a, b| (&a.name, &a.sdl).cmp(&(&b.name, &b.sdl)));
    rules::subgraph_name::check(&sorted, diagnostics);
    let mut subgraphs: Vec<Subgraph> = Vec::with_capacity(sorted.len());
    for input in &sorted {
        if let Some(parsed) = parse::parse(input, diagnostics) {
            rules::root_type_name::check(&parsed, diagnostics);
            subgraphs.push(normalise::normalise(&parsed));
        }
    }
    let complete = !diagnostics.has_errors();
    if complete {
        upgrade::upgrade(&mut subgraphs, diagnostics);
    }
    for subgraph in &subgraphs {
        rules::check(subgraph, diagnostics);
    }
    if diagnostics.has_errors() {
        return None;
    }
    for subgraph in &subgraphs {
        rules::check_with_merge(subgraph, diagnostics);
    }
    let supergraph = merge::merge(&subgraphs, diagnostics);
    if !diagnostics.has_errors() {
        check::check(&subgraphs, &supergraph, diagnostics);
    }
    if diagnostics.has_errors() {
        return None;
    }
    Some((
        print::supergraph(&supergraph),
        print::api_schema(&api::derive(&supergraph)),
    ))
}
