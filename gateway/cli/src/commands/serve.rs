//! `causeway serve`.

use std::{future::Future, io, net::SocketAddr, process::ExitCode};

use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use super::{
    could_not_run,
    graph::GraphArgs,
    reload::{self, Files},
    report,
};

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
    // From here on a signal stops the gateway in order, also one that comes while the graph is still composed.
    let (stop, hangup) = match stop_signal().and_then(|stop| Ok((stop, signal(SignalKind::hangup())?))) {
        Ok(signals) => signals,
        Err(error) => return could_not_run(&format!("cannot listen for signals: {error}")),
    };
    let (config, loaded) = match args.graph.load_to_serve().await {
        Ok(loaded) => loaded,
        Err(error) => return report(&error),
    };
    let files = Files::of(&args.graph, &config);
    for hint in &loaded.hints {
        tracing::debug!(code = hint.code.as_str(), "{}", hint.message);
    }
    let listen = args.listen.unwrap_or(config.listen);
    let listener = match TcpListener::bind(listen).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            return could_not_run(&format!(
                "{listen} is in use; choose another address with --listen"
            ));
        }
        Err(error) => return could_not_run(&format!("cannot listen on {listen}: {error}")),
    };
    let subgraphs: Vec<&str> = loaded
        .supergraph
        .subgraphs
        .iter()
        .map(|subgraph| subgraph.name.as_str())
        .collect();
    let subgraphs = subgraphs.join(", ");
    match crate::start(listener, loaded.supergraph, &config, stop) {
        Ok(gateway) => {
            tokio::spawn(reload::watch(args.graph, hangup, files, gateway.reloader()));
            tracing::info!(
                subgraphs,
                "GraphQL at http://{}/graphql, GraphiQL at http://{0}/",
                gateway.addr
            );
            if let Some(addr) = gateway.metrics {
                tracing::info!("metrics at http://{addr}/metrics");
            }
            if let Some(addr) = gateway.admin {
                tracing::info!("administration at http://{addr}");
            }
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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // Fails only where a program that uses this library has set logging up already.
    let _ = if io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
}

/// Ctrl-C or SIGTERM, from this call on.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
