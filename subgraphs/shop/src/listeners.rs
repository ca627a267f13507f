//! The four ports.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

/// Where everything listens; port 0 takes any free port.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub gateway: SocketAddr,
    pub users: SocketAddr,
    pub catalog: SocketAddr,
    pub orders: SocketAddr,
}

pub(crate) struct Listeners {
    pub(crate) gateway: TcpListener,
    pub(crate) users: TcpListener,
    pub(crate) catalog: TcpListener,
    pub(crate) orders: TcpListener,
}

impl Addresses {
    /// Free ports of the loopback interface.
    pub fn any() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            gateway: any,
            users: any,
            catalog: any,
            orders: any,
        }
    }

    pub(crate) async fn bind(&self) -> anyhow::Result<Listeners> {
        Ok(Listeners {
            gateway: bind("the gateway", "--listen", self.gateway).await?,
            users: bind("users", "--users-listen", self.users).await?,
            catalog: bind("catalog", "--catalog-listen", self.catalog).await?,
            orders: bind("orders", "--orders-listen", self.orders).await?,
        })
    }
}

async fn bind(what: &str, flag: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow::anyhow!(
                "port {} is in use, and {what} needs one; give it another address with {flag}",
                addr.port()
            )
        }
        _ => anyhow::anyhow!("{what} cannot listen on {addr}: {error}; give it another address with {flag}"),
    })
}
