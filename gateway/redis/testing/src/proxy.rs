//! A way to a server that can get slow, silent or closed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How the proxy treats what passes through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    /// All that comes waits this long, each way.
    Slow(Duration),
    /// Connections are taken and stay, and nothing passes. What came meanwhile passes when the way is open again.
    Silent,
    /// Connections are closed as soon as they are made, and those that are there at once.
    Cut,
}

/// Dropping it closes all its connections.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    _connections: JoinSet<()>,
}

impl Proxy {
    /// To a port of this machine; open.
    pub async fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (way, seen) = watch::channel(Way::Open);
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, port, seen));
        Ok(Self {
            address,
            way,
            _connections: connections,
        })
    }

    /// `redis://` and the proxy's address.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// From now on, for connections that are there as well.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn accept(listener: TcpListener, port: u16, way: watch::Receiver<Way>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(connect(client, port, way.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(client: TcpStream, port: u16, mut way: watch::Receiver<Way>) {
    if *way.borrow() == Way::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, way.clone()) => {}
        () = pump(from_server, to_client, way.clone()) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let slow = *way.borrow();
        if let Way::Slow(delay) = slow {
            tokio::time::sleep(delay).await;
        }
        if way.wait_for(|way| *way != Way::Silent).await.is_err()
            || to.write_all(&buffer[..length]).await.is_err()
        {
            return;
        }
    }
}
