//! `causeway serve`.

use std::{io, net::SocketAddr, process::ExitCode};

use clap::Args;
use tokio::{net::TcpListener, signal};
use tracing_subscriber::EnvFilter;

use super::{GraphArgs, could_not_run, report};

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    graph: GraphArgs,
    /// Where to listen; before the config's `listen`.
    #[arg(long, value_name = "ADDR", env = "CAUSEWAY_LISTEN")]
    listen: Option<SocketAddr>,
}

pub(super) async fn run(args: ServeArgs) -> ExitCode {
    init_logging();
    let config = match args.graph.config().await {
        Ok(config) => config,
        Err(error) => return report(&error),
    };
    let loaded = match crate::load(&config).await {
        Ok(loaded) => loaded,
        Err(error) => return report(&error),
    };
    for hint in &loaded.hints {
        tracing::debug!(code = hint.code.as_str(), "{}", hint.message);
    }
    let listen = args.listen.unwrap_or(config.listen);
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            return could_not_run(&format!("{listen} is in use; choose another address with --listen"));
        }
        Err(error) => return could_not_run(&format!("cannot listen on {listen}: {error}")),
    };
    let subgraphs: Vec<&str> = loaded.supergraph.subgraphs.iter().map(|subgraph| subgraph.name.as_str()).collect();
    let subgraphs = subgraphs.join(", ");
    match crate::start(listener, loaded.supergraph, &config, stop_signal()) {
        Ok(gateway) => {
            tracing::info!(subgraphs, "GraphQL at http://{}/graphql, GraphiQL at http://{0}/", gateway.addr);
            match gateway.wait().await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => could_not_run(&error),
            }
        }
        Err(error) => could_not_run(&error),
    }
}

/// Readable on a terminal, JSON otherwise.
fn init_logging() {
    use std::io::IsTerminal as _;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only where a program that uses this library has set logging up already.
    let _ = if io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
}

/// Ctrl-C or SIGTERM.
async fn stop_signal() {
    let interrupt = signal::ctrl_c();
    let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) else {
        // Without a SIGTERM handler Ctrl-C still works.
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
