//! The whole shop in one process: users, catalog and orders on three ports, and the gateway before them.
//!
//! It starts what the four programs start, through their public faces, and shares nothing between them but the
//! process: they still meet over HTTP.

mod listeners;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use kit::{Shutdown, db::DatabaseUrl, events::Target};
use serde_json::json;
use tokio::net::TcpListener;

pub use listeners::Addresses;

/// What the shop needs to start.
#[derive(Debug, Clone)]
pub struct Options {
    pub addresses: Addresses,
    pub databases: Databases,
    /// Users in the seed; everything else follows from it. 0: empty databases stay empty.
    pub seed_size: u32,
    /// How long the gateway waits for a service.
    pub timeout: Duration,
    /// What the gateway keeps of the services' answers.
    pub cache: Caching,
    /// Where the services tell what changed; `None`: where the gateway's cache hears of it.
    pub events: Option<Target>,
}

/// The gateway's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caching {
    Off,
    /// In the gateway's memory; the services tell the gateway itself what changed.
    Memory,
    /// In memory and in the Redis at this URL, which the services tell what changed.
    Redis(String),
}

/// One database a service; they share none.
#[derive(Debug, Clone)]
pub struct Databases {
    pub users: DatabaseUrl,
    pub catalog: DatabaseUrl,
    pub orders: DatabaseUrl,
}

impl Databases {
    /// SQLite files in a folder, which is made if need be.
    pub fn in_folder(folder: &Path) -> Self {
        let file = |name: &str| DatabaseUrl::sqlite_file(folder.join(name));
        Self {
            users: file("users.db"),
            catalog: file("catalog.db"),
            orders: file("orders.db"),
        }
    }
}

/// A shop that accepts requests.
pub struct Running {
    pub gateway: SocketAddr,
    pub users: Service,
    pub catalog: Service,
    pub orders: Service,
    shutdown: Shutdown,
    serving: causeway::Gateway,
}

/// One service of a running shop.
pub struct Service {
    pub addr: SocketAddr,
    shutdown: Shutdown,
    running: kit::Running,
}

impl Service {
    /// Stops this service alone, as if it had died, and waits until its port is closed.
    pub async fn stop(self) -> anyhow::Result<SocketAddr> {
        self.shutdown.trigger();
        self.running
            .wait()
            .await
            .context("the service stopped with an error")?;
        Ok(self.addr)
    }
}

impl Running {
    /// Stops the gateway first, then the services; requests under way are finished.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.trigger();
        self.wait().await
    }

    /// Waits until everything has stopped, and stops everything when one part does.
    pub async fn wait(self) -> anyhow::Result<()> {
        let gateway = self.serving.wait().await;
        self.shutdown.trigger();
        let services = [
            ("users", self.users),
            ("catalog", self.catalog),
            ("orders", self.orders),
        ];
        for (name, service) in services {
            service
                .stop()
                .await
                .with_context(|| format!("{name} did not stop well"))?;
        }
        gateway
    }
}

/// Starts everything. All ports are bound before anything else happens, so that a port in use changes nothing.
pub async fn start(options: Options, shutdown: Shutdown) -> anyhow::Result<Running> {
    let listeners = options.addresses.bind().await?;
    let token = uuid::Uuid::new_v4().to_string();
    let admin = Admin::bind().await?;
    let events = events(&options, &admin)?;
    let (users_addr, catalog_addr) = (listeners.users.local_addr()?, listeners.catalog.local_addr()?);
    let orders_addr = listeners.orders.local_addr()?;
    let config = config(&options, &admin, [users_addr, catalog_addr, orders_addr])?;
    let loaded = causeway::load(&config)
        .await
        .context("the services' schemas do not compose")?;

    let users_options = users::Options {
        database: options.databases.users,
        seed_size: options.seed_size,
        signing_key: None,
        events: events.clone(),
    };
    let stop = Shutdown::new();
    let running = users::start(listeners.users, users_options, stop.clone())
        .await
        .context("users cannot start")?;
    let users = Service {
        addr: running.addr,
        shutdown: stop,
        running,
    };

    let catalog_options = catalog::Options {
        database: options.databases.catalog,
        seed_size: options.seed_size,
        internal_token: Some(token.clone()),
        sweep_every: catalog::SWEEP_EVERY,
        events: events.clone(),
    };
    let catalog = start_catalog(listeners.catalog, catalog_options).await?;

    let orders_options = orders::Options {
        seed_size: options.seed_size,
        catalog_url: format!("http://{catalog_addr}"),
        catalog_token: Some(token),
        users_jwks_url: format!("http://{users_addr}/.well-known/jwks.json"),
        // An order takes about two calls, and the gateway is to hear how they ended.
        catalog_timeout: options.timeout * 2 / 5,
        events,
        ..orders::Options::new(options.databases.orders)
    };
    let stop = Shutdown::new();
    let running = orders::start(listeners.orders, orders_options, stop.clone())
        .await
        .context("orders cannot start")?;
    let orders = Service {
        addr: running.addr,
        shutdown: stop,
        running,
    };

    let stopping = shutdown.clone();
    let listeners = causeway::Listeners {
        clients: listeners.gateway,
        admin: Some(admin.listener),
    };
    let serving = causeway::start(listeners, Arc::clone(&loaded.supergraph), &config, async move {
        stopping.wait().await;
    })?;
    Ok(Running {
        gateway: serving.addr,
        users,
        catalog,
        orders,
        shutdown,
        serving,
    })
}

async fn start_catalog(
    listener: tokio::net::TcpListener,
    options: catalog::Options,
) -> anyhow::Result<Service> {
    let stop = Shutdown::new();
    let running = catalog::start(listener, options, stop.clone())
        .await
        .context("catalog cannot start")?;
    Ok(Service {
        addr: running.addr,
        shutdown: stop,
        running,
    })
}

/// Where the gateway is told what changed.
struct Admin {
    listener: TcpListener,
    addr: SocketAddr,
    key: String,
}

impl Admin {
    async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port is free for the gateway's administration")?;
        Ok(Self {
            addr: listener.local_addr()?,
            listener,
            key: uuid::Uuid::new_v4().to_string(),
        })
    }
}

fn events(options: &Options, admin: &Admin) -> anyhow::Result<Option<Target>> {
    if options.events.is_some() {
        return Ok(options.events.clone());
    }
    Ok(match &options.cache {
        Caching::Off => None,
        Caching::Memory => Some(Target::http(
            &format!("http://{}/invalidation", admin.addr),
            &admin.key,
        )?),
        Caching::Redis(url) => Some(Target::redis(url, "causeway")?),
    })
}

/// The gateway's configuration: as in `schema/causeway.yaml`, with the real ports and the SDL of this build.
fn config(options: &Options, admin: &Admin, addrs: [SocketAddr; 3]) -> anyhow::Result<causeway::Config> {
    let [users, catalog, orders] = addrs;
    let subgraph = |addr: SocketAddr, sdl: String| json!({ "url": format!("http://{addr}/graphql"), "schema": { "sdl": sdl } });
    let mut config = json!({
        "timeout": format!("{}ms", options.timeout.as_millis()),
        "subgraphs": {
            "users": subgraph(users, users::sdl()),
            "catalog": subgraph(catalog, catalog::sdl()),
            "orders": subgraph(orders, orders::sdl()),
        },
        "admin": { "listen": admin.addr, "shared_key": admin.key },
        "cache": false,
    });
    if options.cache != Caching::Off {
        // Events come soon after, but whoever has ordered something wants to see it at once.
        let ordered = json!([
            { "subgraph": "orders", "tag": "orders" },
            { "subgraph": "orders", "type": "User" },
            { "subgraph": "orders", "type": "Product" },
            { "subgraph": "catalog", "type": "Product" },
        ]);
        config["cache"] = json!({
            "identity": { "header": "authorization" },
            "mutations": { "placeOrder": ordered, "cancelOrder": ordered },
        });
    }
    if let Caching::Redis(url) = &options.cache {
        config["cache"]["redis"] = json!({ "url": url });
    }
    Ok(causeway::parse_config(
        &config.to_string(),
        Path::new("the shop's own configuration"),
    )?)
}
