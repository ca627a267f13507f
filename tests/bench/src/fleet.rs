//! A handle to running subgraphs: those of a child process, or some that run already and that a peer points at.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use http::Method;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{
    graph::{SUBGRAPHS, Urls},
    http_client::{Endpoint, once},
    subgraphs::Calls,
};

/// Calls by subgraph.
pub(crate) type CallsBySubgraph = BTreeMap<String, Calls>;

/// Subgraphs that run. The child ends with the handle.
pub(crate) struct Fleet {
    pub(crate) urls: Urls,
    endpoints: BTreeMap<String, Endpoint>,
    _child: Option<Child>,
}

impl Fleet {
    /// Starts `bench subgraphs` on any ports.
    pub(crate) async fn start(bench: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(bench)
            .args(["subgraphs", "--ports", "0,0,0,0", "--until-stdin-closes"])
            // Closes also when this process is killed, and then the child ends by itself.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", bench.display()))?;
        let stdout = child.stdout.take().context("the subgraphs have no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let line = line.context("the subgraphs ended before they listened")?;
        let urls = serde_json::from_str(&line).with_context(|| format!("the subgraphs said {line}"))?;
        Self::at(urls, Some(child))
    }

    /// Subgraphs that `bench subgraphs --write` has started and told of in a file.
    pub(crate) fn running(file: &PathBuf) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let urls = serde_json::from_str(&text)
            .with_context(|| format!("{} is no file of `bench subgraphs --write`", file.display()))?;
        Self::at(urls, None)
    }

    fn at(urls: Urls, child: Option<Child>) -> anyhow::Result<Self> {
        let endpoint = |(name, _): (&str, &str)| {
            let url: &String = urls
                .get(name)
                .with_context(|| format!("no URL is given for {name}"))?;
            Ok((name.to_owned(), Endpoint::parse(url)?))
        };
        let endpoints = SUBGRAPHS
            .into_iter()
            .map(endpoint)
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            urls,
            endpoints,
            _child: child,
        })
    }

    /// Every call takes at least this long from now on.
    pub(crate) async fn set_latency(&self, latency: Duration) -> anyhow::Result<()> {
        self.tell(&format!("/latency/{}", latency.as_millis())).await
    }

    /// How long answers to queries say that they may be kept; zero: they say nothing.
    pub(crate) async fn set_freshness(&self, freshness: Duration) -> anyhow::Result<()> {
        self.tell(&format!("/freshness/{}", freshness.as_secs())).await
    }

    /// What a subgraph is asked at.
    pub(crate) fn endpoint(&self, subgraph: &str) -> anyhow::Result<&Endpoint> {
        let endpoint = self.endpoints.get(subgraph);
        endpoint.with_context(|| format!("there is no subgraph `{subgraph}`"))
    }

    pub(crate) async fn reset(&self) -> anyhow::Result<()> {
        self.tell("/reset").await
    }

    /// Since the last reset.
    pub(crate) async fn calls(&self) -> anyhow::Result<CallsBySubgraph> {
        let mut found = CallsBySubgraph::new();
        for (name, endpoint) in &self.endpoints {
            let body = once(Method::GET, &endpoint.at("/calls")).await?;
            let calls = serde_json::from_slice(&body).with_context(|| format!("{name} did not count"))?;
            found.insert(name.clone(), calls);
        }
        Ok(found)
    }

    async fn tell(&self, path: &str) -> anyhow::Result<()> {
        for endpoint in self.endpoints.values() {
            once(Method::POST, &endpoint.at(path)).await?;
        }
        Ok(())
    }
}
