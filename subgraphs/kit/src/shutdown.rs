//! The signal to stop, passed to everything that runs. It says when, not how: draining is the listener's work.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch that goes from "run" to "stop" once. Cloning is shallow; all clones share the switch.
#[derive(Clone, Debug)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// A switch that SIGTERM and Ctrl-C trigger. Must be called inside a tokio runtime.
    pub fn on_signals() -> Self {
        let shutdown = Self::new();
        let triggered = shutdown.clone();
        tokio::spawn(async move {
            let signal = next_signal().await;
            tracing::info!(signal, "shutting down");
            triggered.trigger();
        });
        shutdown
    }

    /// Asks everything to stop. Further calls change nothing.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Resolves once the switch is triggered; at once if it already is.
    pub async fn wait(&self) {
        // The sender lives in self, so the channel cannot close while this waits.
        let _ = self.0.subscribe().wait_for(|stop| *stop).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(unix)]
async fn next_signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = tokio::signal::ctrl_c() => "Ctrl-C",
        },
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM; Ctrl-C still works");
            let _ = tokio::signal::ctrl_c().await;
            "Ctrl-C"
        }
    }
}

#[cfg(not(unix))]
async fn next_signal() -> &'static str {
    let _ = tokio::signal::ctrl_c().await;
    "Ctrl-C"
}
