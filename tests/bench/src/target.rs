//! The gateways that are measured: causeway as a child process, once for each variant of its configuration, and peers
//! that somebody else has started.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use crate::{http_client::Endpoint, process::Process};

/// A gateway that answers requests.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) process: Process,
    /// How long subgraphs say, while it is measured, that their answers may be kept.
    pub(crate) freshness: Duration,
    /// Where it is told what has changed, if it was configured to be.
    pub(crate) admin: Option<Endpoint>,
    /// What `causeway --version` says; unknown of a peer.
    pub(crate) version: Option<String>,
    _own: Option<(Child, TempDir)>,
}

/// `NAME=URL,PID`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) pid: u32,
}

/// `NAME=FILE`: causeway with more configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

pub(crate) fn parse_peer(text: &str) -> Result<Peer, String> {
    let parts = text.split_once('=').and_then(|(name, rest)| {
        let (url, pid) = rest.rsplit_once(',')?;
        Some((name, url, pid.trim().parse().ok()?))
    });
    let (name, url, pid) = parts.ok_or("a peer is given as NAME=URL,PID")?;
    Endpoint::parse(url).map_err(|error| format!("{error:#}"))?;
    Ok(Peer {
        name: name.to_owned(),
        url: url.to_owned(),
        pid,
    })
}

pub(crate) fn parse_variant(text: &str) -> Result<Variant, String> {
    let (name, file) = text.split_once('=').ok_or("a variant is given as NAME=FILE")?;
    Ok(Variant {
        name: name.to_owned(),
        file: file.into(),
    })
}

impl Target {
    pub(crate) fn peer(peer: &Peer) -> anyhow::Result<Self> {
        let process = Process { pid: peer.pid };
        process.cpu().with_context(|| format!("peer {}", peer.name))?;
        Ok(Self {
            name: peer.name.clone(),
            endpoint: Endpoint::parse(&peer.url)?,
            process,
            freshness: Duration::ZERO,
            admin: None,
            version: None,
            _own: None,
        })
    }

    /// Starts `binary` over a supergraph; returns once it listens. `more` is appended to its configuration.
    pub(crate) async fn causeway(
        name: &str,
        binary: &Path,
        supergraph: &str,
        more: &str,
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("causeway-bench-").context("no temporary folder")?;
        let config = folder.path().join("causeway.yaml");
        std::fs::write(folder.path().join("supergraph.graphql"), supergraph)?;
        // As with peers, subgraphs get no header of a client. A variant may say otherwise.
        let headers = if more.lines().any(|line| line.starts_with("headers:")) {
            ""
        } else {
            "headers: { forward: [] }\n"
        };
        let text = format!("supergraph: ./supergraph.graphql\n{headers}{more}");
        std::fs::write(&config, text)?;
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .env_remove("CAUSEWAY_CONFIG")
            .env_remove("CAUSEWAY_REDIS_URL")
            .env_remove("CAUSEWAY_ADMIN_KEY")
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}; build it, or give --causeway", binary.display()))?;
        let pid = child.id().context("the gateway has ended")?;
        let stderr = child.stderr.take().context("the gateway has no log")?;
        let mut log = BufReader::new(stderr).lines();
        let unserved = || format!("{name} does not serve");
        let authority = listening(&mut log, "GraphQL at http://")
            .await
            .with_context(unserved)?;
        let mut admin = None;
        if more.lines().any(|line| line.starts_with("admin:")) {
            let authority = listening(&mut log, "administration at http://").await;
            let authority = authority.with_context(unserved)?;
            let path = "/invalidation".to_owned();
            admin = Some(Endpoint { authority, path });
        }
        // An unread pipe would fill up and hold the gateway.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Ok(Self {
            name: name.to_owned(),
            endpoint: Endpoint {
                authority,
                path: "/graphql".to_owned(),
            },
            process: Process { pid },
            freshness: Duration::ZERO,
            admin,
            version: version(binary).await,
            _own: Some((child, folder)),
        })
    }
}

/// Reads the log up to the line that tells the address.
async fn listening(log: &mut Lines<BufReader<ChildStderr>>, before: &str) -> anyhow::Result<String> {
    let mut told = String::new();
    while let Some(line) = log.next_line().await? {
        if let Some((_, rest)) = line.split_once(before) {
            let authority = rest.split(['/', '"']).next().unwrap_or_default().trim_end();
            return Ok(authority.to_owned());
        }
        told.push_str(&line);
        told.push('\n');
    }
    anyhow::bail!("it ended and said: {told}")
}

async fn version(binary: &Path) -> Option<String> {
    let said = Command::new(binary).arg("--version").output().await.ok()?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_name_a_url_and_a_pid() {
        let peer = parse_peer("other=http://127.0.0.1:4100/graphql?a=b,c,77").unwrap();
        assert_eq!((peer.name.as_str(), peer.pid), ("other", 77));
        assert_eq!(peer.url, "http://127.0.0.1:4100/graphql?a=b,c");
        for wrong in [
            "http://127.0.0.1:4100,7",
            "a=http://x",
            "a=http://x,pid",
            "a=https://x,7",
        ] {
            assert!(parse_peer(wrong).is_err(), "{wrong}");
        }
    }
}
