//! Composition, whole: merge, read back, prove that every operation can be answered.

use std::sync::Arc;

use causeway_graph::QueryGraph;
use causeway_model::Supergraph;

use crate::{
    Diagnostic, Failed, SubgraphInput,
    diagnostic::Code,
    merge,
    read::{self, ReadError},
    satisfiability,
};

/// Subgraphs that compose.
#[derive(Debug)]
pub struct Composition {
    /// Read back from `supergraph_sdl`, like any other.
    pub supergraph: Arc<Supergraph>,
    pub supergraph_sdl: String,
    pub api_schema_sdl: String,
    pub hints: Vec<Diagnostic>,
}

/// Composes subgraphs into a supergraph that satisfies every operation.
///
/// # Errors
/// All findings of the first phase that has errors, with the hints until then.
pub fn compose(inputs: &[SubgraphInput]) -> Result<Composition, Failed> {
    let composed = merge(inputs)?;
    let supergraph = match read::read_supergraph(&composed.supergraph_sdl) {
        Ok(supergraph) => Arc::new(supergraph),
        Err(error) => {
            return Err(Failed {
                errors: vec![unreadable(&error)],
                hints: composed.hints,
            });
        }
    };
    let errors = satisfiability::check(&QueryGraph::new(Arc::clone(&supergraph)));
    if !errors.is_empty() {
        return Err(Failed {
            errors,
            hints: composed.hints,
        });
    }
    Ok(Composition {
        supergraph,
        supergraph_sdl: composed.supergraph_sdl,
        api_schema_sdl: composed.api_schema_sdl,
        hints: composed.hints,
    })
}

/// What was merged is no sound supergraph: a rule is missing, or the subgraphs define something that GraphQL forbids.
fn unreadable(error: &ReadError) -> Diagnostic {
    let code = match error {
        ReadError::InvalidGraphql(_) | ReadError::InvalidApiSchema(_) => Code::InvalidGraphql,
        _ => Code::InvalidFederationSupergraph,
    };
    Diagnostic::new(code, error.to_string())
}
