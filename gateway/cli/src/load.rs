//! From a configuration to a supergraph: files are read, running subgraphs are asked, schemas are composed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use causeway_composition::{
    Code, Contract, ContractError, Diagnostic, Failed, SubgraphInput, contract_supergraph, read::ReadError,
};
use causeway_config::{Config, ConfigError, Environment, GraphSource, SchemaSource};
use causeway_model::Supergraph;

use crate::cause::innermost;

/// Instead of a file's name.
const STDIN: &str = "-";

/// A graph that can be served.
pub struct LoadedGraph {
    pub supergraph: Arc<Supergraph>,
    pub supergraph_sdl: String,
    /// From composition; empty for a supergraph that was composed before.
    pub hints: Vec<Diagnostic>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{0}")]
    NoGraph(String),
    #[error("subgraph `{0}`: nothing came on standard input, where its schema should be")]
    NoStdin(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: {}: {source}", source.code())]
    Supergraph { path: PathBuf, source: ReadError },
    #[error("subgraph `{subgraph}` did not tell its schema at {url}: {reason}")]
    Introspection {
        subgraph: String,
        url: String,
        reason: String,
    },
    #[error(
        "there is no contract `{name}` under `contracts:` (there are: {})",
        if .known.is_empty() { "none".to_owned() } else { .known.join(", ") }
    )]
    UnknownContract { name: String, known: Vec<String> },
    #[error("contract `{name}`: {source}")]
    Contract { name: String, source: ContractError },
    #[error("the subgraphs do not compose: {} error(s)", .0.errors.len())]
    Composition(Failed),
}

impl LoadedGraph {
    /// The same graph, of which clients see what the contract shows.
    pub fn with_contract(self, config: &Config, name: &str) -> Result<Self, LoadError> {
        let contract = contract(config, name)?;
        let supergraph =
            contract_supergraph(&self.supergraph_sdl, &contract).map_err(|source| LoadError::Contract {
                name: name.to_owned(),
                source,
            })?;
        Ok(Self {
            supergraph: Arc::new(supergraph),
            ..self
        })
    }
}

/// A contract of the configuration.
pub(crate) fn contract(config: &Config, name: &str) -> Result<Contract, LoadError> {
    match config.contracts.get(name) {
        Some(found) => Ok(Contract {
            include: found.include.clone(),
            exclude: found.exclude.clone(),
        }),
        None => Err(LoadError::UnknownContract {
            name: name.to_owned(),
            known: config.contracts.keys().cloned().collect(),
        }),
    }
}

impl LoadError {
    /// The finding that other tools read, where there is a code for it.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let Self::Introspection { subgraph, .. } = self else {
            return None;
        };
        Some(Diagnostic {
            code: Code::DownstreamServiceError,
            level: Code::DownstreamServiceError.level(),
            message: self.to_string(),
            subgraphs: vec![subgraph.clone()],
            coordinate: None,
            spans: Vec::new(),
            help: None,
        })
    }
}

/// Reads and checks a configuration; `-` is standard input, whose relative paths start at the working directory.
pub async fn load_config(path: &Path) -> Result<Config, LoadError> {
    load_config_with(path, &Environment::default()).await
}

/// The same, where the environment has a say.
pub(crate) async fn load_config_with(path: &Path, environment: &Environment) -> Result<Config, LoadError> {
    let text = read(path).await?;
    Ok(causeway_config::parse_with(&text, path, environment)?)
}

/// Reads or composes the configured supergraph.
pub async fn load(config: &Config) -> Result<LoadedGraph, LoadError> {
    match &config.graph {
        GraphSource::Supergraph(path) => {
            let sdl = read(path).await?;
            let supergraph = causeway_composition::read::read_supergraph(&sdl).map_err(|source| {
                LoadError::Supergraph {
                    path: path.clone(),
                    source,
                }
            })?;
            Ok(LoadedGraph {
                supergraph: Arc::new(supergraph),
                supergraph_sdl: sdl,
                hints: Vec::new(),
            })
        }
        GraphSource::Subgraphs => {
            let inputs = read_subgraphs(config).await?;
            let composed = causeway_composition::compose(&inputs).map_err(LoadError::Composition)?;
            Ok(LoadedGraph {
                supergraph: composed.supergraph,
                supergraph_sdl: composed.supergraph_sdl,
                hints: composed.hints,
            })
        }
    }
}

/// The SDL of every subgraph of the configuration.
pub async fn read_subgraphs(config: &Config) -> Result<Vec<SubgraphInput>, LoadError> {
    let mut inputs = Vec::with_capacity(config.subgraphs.len());
    for (name, subgraph) in &config.subgraphs {
        let (sdl, source) = match &subgraph.schema {
            Some(SchemaSource::File(path)) => (read(path).await?, path.display().to_string()),
            Some(SchemaSource::Url(url)) => {
                let limits = (subgraph.timeout, config.limits.subgraph_response);
                (ask_for_sdl(name, url, limits).await?, url.clone())
            }
            Some(SchemaSource::Stdin) => {
                let sdl = read(Path::new(STDIN)).await?;
                if sdl.trim().is_empty() {
                    return Err(LoadError::NoStdin(name.clone()));
                }
                (sdl, "<stdin>".to_owned())
            }
            Some(SchemaSource::Inline(sdl)) => (sdl.clone(), format!("{name}.graphql")),
            None => continue,
        };
        inputs.push(SubgraphInput {
            name: name.clone(),
            url: subgraph.url.clone(),
            sdl,
            source,
        });
    }
    Ok(inputs)
}

/// Reads a file, or standard input where the path is `-`.
async fn read(path: &Path) -> Result<String, LoadError> {
    let text = if path == Path::new(STDIN) {
        let reading = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin()));
        reading.await.map_err(std::io::Error::other).flatten()
    } else {
        tokio::fs::read_to_string(path).await
    };
    text.map_err(|source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// `limits`: until the last byte, and how many bytes.
async fn ask_for_sdl(
    subgraph: &str,
    url: &str,
    (timeout, size): (Duration, usize),
) -> Result<String, LoadError> {
    // Fails only when the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failed = |reason: String| LoadError::Introspection {
        subgraph: subgraph.to_owned(),
        url: url.to_owned(),
        reason,
    };
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().timeout(timeout).build()?;
        let query = serde_json::json!({ "query": "{ _service { sdl } }" });
        let mut answer = client.post(url).json(&query).send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > size {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    };
    let body = asked
        .await
        .map_err(|error: reqwest::Error| match error.is_timeout() {
            true => failed(format!("no answer within {timeout:?}")),
            false => failed(innermost(&error)),
        })?
        .ok_or_else(|| failed(format!("its answer is larger than {size} bytes")))?;
    let answer: serde_json::Value =
        serde_json::from_slice(&body).map_err(|error| failed(format!("its answer is no JSON: {error}")))?;
    match answer
        .pointer("/data/_service/sdl")
        .and_then(serde_json::Value::as_str)
    {
        Some(sdl) => Ok(sdl.to_owned()),
        None => {
            let own = answer
                .pointer("/errors/0/message")
                .and_then(serde_json::Value::as_str);
            let own = own.map_or_else(String::new, |message| format!(" It said: {message}"));
            Err(failed(format!(
                "its answer has no `_service.sdl`; is it a federation subgraph?{own}"
            )))
        }
    }
}
