//! One side of a check, from whatever file describes it.

use std::{
    env,
    path::{Path, PathBuf},
};

use apollo_compiler::{Schema, ast::Document};
use causeway_check::{Revision, Source};
use causeway_composition::Failed;
use causeway_config::GraphSource;

pub(super) enum Loaded {
    Revision(Box<Revision>),
    NotComposed(Failed),
}

/// Reads a config and composes it, or reads a supergraph or API schema.
///
/// # Errors
/// Why there is nothing to compare, for people.
pub(super) async fn load(path: &Path) -> Result<Loaded, String> {
    let text = read(path).await?;
    if !is_config(path, &text) {
        return from_sdl(path, text).map(Box::new).map(Loaded::Revision);
    }
    let config = crate::parse_config(&text, path).map_err(|error| error.to_string())?;
    match &config.graph {
        GraphSource::Supergraph(path) => from_sdl(path, read(path).await?)
            .map(Box::new)
            .map(Loaded::Revision),
        GraphSource::Subgraphs => {
            let mut inputs = crate::read_subgraphs(&config)
                .await
                .map_err(|error| error.to_string())?;
            for input in &mut inputs {
                input.source = shown(Path::new(&input.source));
            }
            let composed = match causeway_composition::compose(&inputs) {
                Ok(composed) => composed,
                Err(failed) => return Ok(Loaded::NotComposed(failed)),
            };
            let sources = inputs.into_iter().map(|input| Source {
                subgraph: Some(input.name),
                file: input.source,
                sdl: input.sdl,
            });
            let sources: Vec<Source> = sources.collect();
            revision(path, &composed.supergraph_sdl, &sources)
                .map(Box::new)
                .map(Loaded::Revision)
        }
    }
}

fn from_sdl(path: &Path, sdl: String) -> Result<Revision, String> {
    let source = Source {
        subgraph: None,
        file: shown(path),
        sdl,
    };
    revision(path, &source.sdl, std::slice::from_ref(&source))
}

fn revision(path: &Path, sdl: &str, sources: &[Source]) -> Result<Revision, String> {
    let schema = Schema::parse_and_validate(sdl, path).map_err(|invalid| {
        format!(
            "{} is neither a supergraph nor an API schema; a subgraph's SDL belongs into a config:\n{}",
            shown(path),
            invalid.errors
        )
    })?;
    let api = causeway_composition::read::api_schema(&schema)
        .map_err(|error| format!("{}: {error}", shown(path)))?;
    let supergraph = schema.get_enum("join__Graph").map(|_| &*schema);
    Ok(Revision::new(api, supergraph, sources))
}

/// By the file's ending; where that says nothing, whatever is no GraphQL is a config.
fn is_config(path: &Path, text: &str) -> bool {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("yaml" | "yml" | "json") => true,
        Some("graphql" | "graphqls" | "gql") => false,
        _ => Document::parse(text, path).is_err(),
    }
}

async fn read(path: &Path) -> Result<String, String> {
    tokio::fs::read_to_string(path)
        .await
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// A path as reports have it: from the working directory if that is above it, since annotations want paths from the
/// repository's root; without `./` on the way.
pub(super) fn shown(path: &Path) -> String {
    if path.to_str().is_some_and(|path| path.contains("://")) {
        return path.display().to_string();
    }
    let here = env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(here).unwrap_or(path);
    let clean: PathBuf = path
        .components()
        .filter(|part| *part != std::path::Component::CurDir)
        .collect();
    clean.display().to_string()
}
