//! Listeners beside the one for clients: metrics, administration.

use std::{future::pending, net::SocketAddr};

use anyhow::Context as _;
use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};

/// What runs beside the gateway, until it is stopped.
pub(super) struct Beside {
    pub(super) addr: SocketAddr,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Beside {
    /// `purpose` and `key`, its place in the configuration, are for the message.
    pub(super) fn start(addr: SocketAddr, routes: Router, purpose: &str, key: &str) -> anyhow::Result<Self> {
        let bind = || {
            let listener = std::net::TcpListener::bind(addr)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        let listener = bind().with_context(|| format!("cannot {purpose} at {addr} (`{key}`)"))?;
        Self::on(listener, routes)
    }

    pub(super) fn on(listener: TcpListener, routes: Router) -> anyhow::Result<Self> {
        let addr = listener.local_addr().context("the listener has no address")?;
        let serving = tokio::spawn(causeway_server::serve(listener, routes, pending()));
        Ok(Self { addr, serving })
    }

    pub(super) fn stop(self) {
        self.serving.abort();
    }
}
