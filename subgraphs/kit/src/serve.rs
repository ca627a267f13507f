//! Runs a router on a listener until shutdown, then drains it. The caller owns the listener, so port 0 works.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Shutdown;

/// How long requests in flight may take after shutdown before they are cut.
const DRAIN: Duration = Duration::from_secs(10);

/// A server at work. Dropping it leaves the server running until its shutdown.
pub struct Running {
    /// Where it really listens (the port is known even when 0 was asked for).
    pub addr: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
    afterwards: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Starts serving in a task of its own. On shutdown it accepts no more, finishes what is in flight (10 s at most)
/// and ends. Must be called inside a tokio runtime.
pub fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> Running {
    let addr = listener
        .local_addr()
        .expect("a bound TCP listener has a local address");
    Running {
        addr,
        server: tokio::spawn(drained(listener, router, shutdown)),
        afterwards: Vec::new(),
    }
}

impl Running {
    /// Adds work for the end of [`wait`](Self::wait), after the last request: joining a background task, closing a pool.
    pub fn afterwards(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.afterwards.push(Box::pin(work));
        self
    }

    /// Waits for the shutdown, the drain and the work added with [`afterwards`](Self::afterwards), in that order.
    pub async fn wait(self) -> std::io::Result<()> {
        let served = match self.server.await {
            Ok(served) => served,
            Err(panic) => Err(std::io::Error::other(panic)),
        };
        for work in self.afterwards {
            work.await;
        }
        served
    }
}

async fn drained(listener: TcpListener, router: Router, shutdown: Shutdown) -> std::io::Result<()> {
    let stop = shutdown.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { stop.wait().await });
    let deadline = async {
        shutdown.wait().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served,
        () = deadline => {
            tracing::warn!(seconds = DRAIN.as_secs(), "requests were still in flight at the end of the drain; cut");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
