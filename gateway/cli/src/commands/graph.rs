//! Where a command's graph comes from: flags, then the environment, then the place that the command knows.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use causeway_config::{Config, Environment};
use clap::Args;

use super::report;
use crate::{LoadError, LoadedGraph, load::load_config_with};

const CONFIG_VARIABLE: &str = "CAUSEWAY_CONFIG";

#[derive(Debug, Clone, Args)]
pub(super) struct GraphArgs {
    /// A causeway.yaml, or rover's supergraph.yaml [env: CAUSEWAY_CONFIG=]
    #[arg(long, value_name = "FILE", conflicts_with = "supergraph")]
    config: Option<PathBuf>,
    /// A composed supergraph, instead of a configuration
    #[arg(long, value_name = "FILE")]
    supergraph: Option<PathBuf>,
    /// Show clients the API of this contract (`contracts:` in the config) and nothing else
    #[arg(long, value_name = "NAME", conflicts_with = "supergraph")]
    contract: Option<String>,
}

impl GraphArgs {
    /// The configuration and its graph; what is wrong with them has been printed when there is none. `fallback` is a
    /// config file for those who name none.
    pub(super) async fn load(&self, fallback: Option<&Path>) -> Result<(Config, LoadedGraph), ExitCode> {
        let environment = Environment::default();
        let loaded = self.load_in(&environment, fallback).await;
        loaded.map_err(|error| report(&error))
    }

    /// To serve them: the environment has a say. Without a word.
    pub(super) async fn load_to_serve(&self) -> Result<(Config, LoadedGraph), LoadError> {
        self.load_in(&environment(), None).await
    }

    async fn load_in(
        &self,
        environment: &Environment,
        fallback: Option<&Path>,
    ) -> Result<(Config, LoadedGraph), LoadError> {
        let config = match self.source(fallback) {
            Some(Source::Supergraph(path)) => supergraph_only(&path, environment),
            Some(Source::Config(path)) => load_config_with(&path, environment).await,
            None => Err(LoadError::NoGraph(nothing_named(fallback))),
        };
        let config = config?;
        let loaded = crate::load(&config).await?;
        let loaded = match &self.contract {
            Some(name) => loaded.with_contract(&config, name)?,
            None => loaded,
        };
        Ok((config, loaded))
    }

    /// The configuration's file, where one is named.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        match self.source(None) {
            Some(Source::Config(path)) => Some(path),
            _ => None,
        }
    }

    fn source(&self, fallback: Option<&Path>) -> Option<Source> {
        // A flag comes before the variable, also where they speak of different kinds of files.
        let flag = self
            .supergraph
            .clone()
            .map(Source::Supergraph)
            .or_else(|| self.config.clone().map(Source::Config));
        let variable = || env::var_os(CONFIG_VARIABLE).filter(|value| !value.is_empty());
        flag.or_else(|| variable().map(|path| Source::Config(path.into())))
            .or_else(|| {
                fallback
                    .filter(|path| path.is_file())
                    .map(|path| Source::Config(path.to_owned()))
            })
    }
}

fn environment() -> Environment {
    Environment {
        is_whole: true,
        // Container files set variables to nothing to say nothing.
        redis_url: env::var("CAUSEWAY_REDIS_URL").ok().filter(|url| !url.is_empty()),
        // Here that would be no key, and is refused.
        admin_key: env::var("CAUSEWAY_ADMIN_KEY").ok(),
    }
}

enum Source {
    Config(PathBuf),
    Supergraph(PathBuf),
}

/// The same as a config file that names the supergraph and nothing else, beside it.
fn supergraph_only(path: &Path, environment: &Environment) -> Result<Config, LoadError> {
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = serde_json::json!({ "supergraph": name }).to_string();
    Ok(causeway_config::parse_with(&text, path, environment)?)
}

fn nothing_named(fallback: Option<&Path>) -> String {
    let there = fallback.map_or_else(String::new, |path| {
        format!(", and there is no {} here", path.display())
    });
    format!("which graph? Name it with --config FILE or --supergraph FILE, or set {CONFIG_VARIABLE}{there}")
}
