//! The DevTools protocol over a pair of pipes: JSON texts, each ended by a NUL byte.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;

/// Far above what anything here takes, even on a busy machine: only a hang gets that far.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Connection {
    to_browser: ChildStdin,
    from_browser: BufReader<ChildStdout>,
    last_id: u64,
    /// Events that arrived while waiting for an answer, in order.
    pub(crate) events: Vec<Value>,
}

impl Connection {
    pub(crate) fn new(to_browser: ChildStdin, from_browser: ChildStdout) -> Connection {
        Connection {
            to_browser,
            from_browser: BufReader::new(from_browser),
            last_id: 0,
            events: Vec::new(),
        }
    }

    /// Sends a command and waits for its result.
    pub(crate) async fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.to_browser
            .write_all(&bytes)
            .await
            .with_context(|| format!("sending {method}"))?;
        loop {
            let mut message = self
                .receive()
                .await
                .with_context(|| format!("waiting for the answer to {method}"))?;
            if message["id"] == self.last_id {
                return match message.get("error") {
                    Some(error) => bail!("{method} failed: {error}"),
                    None => Ok(message["result"].take()),
                };
            }
            if message.get("method").is_some() {
                self.events.push(message);
            }
        }
    }

    pub(crate) async fn next_event(&mut self) -> Result<Value> {
        loop {
            let message = self.receive().await?;
            if message.get("method").is_some() {
                return Ok(message);
            }
        }
    }

    async fn receive(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.from_browser.read_until(0, &mut bytes));
        read.await.context("Chromium said nothing for a minute")??;
        if bytes.pop() != Some(0) {
            bail!("Chromium ended; its own output above may say why");
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}
