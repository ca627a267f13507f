//! Gateways as `causeway serve` would start them, each with its own way to Redis.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use causeway_redis_testing::Proxy;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http::Connection;
use crate::number;
use crate::subgraph::{INDEX, Subgraphs, TABLE};
use crate::who::{PLAN, USER};

const KEY: &str = "0123456789abcdef";
/// The header that administration asks for, a whole line.
pub const KEYED: &str = "authorization: 0123456789abcdef\r\n";
/// Of what gateways share in Redis.
pub const PREFIX: &str = "causeway";
pub const LEASE: Duration = Duration::from_millis(1000);

pub struct Gateway {
    pub addr: SocketAddr,
    pub admin: SocketAddr,
    pub metrics: SocketAddr,
    /// Between it and Redis.
    pub way: Option<Proxy>,
    _serving: causeway::Gateway,
}

/// What it keeps, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    Nothing,
    /// Nothing of its own: all of it is in Redis.
    InRedis,
    InBoth,
}

impl Gateway {
    /// `redis`: the server's port.
    pub async fn start(subgraphs: &Subgraphs, keeps: Keeps, redis: u16) -> anyhow::Result<Self> {
        let way = Proxy::start(redis).await?;
        let cache = match keeps {
            Keeps::Nothing => json!("off"),
            Keeps::InRedis => cache(&way, 0),
            Keeps::InBoth => cache(&way, 64 << 20),
        };
        let subgraph = |name: &str, sdl: &str, sees: &[&str]| {
            json!({
                "url": subgraphs.url(name),
                "schema": { "sdl": sdl },
                "headers": { "forward": sees },
            })
        };
        let config = json!({
            "listen": "127.0.0.1:0",
            "metrics": { "listen": "127.0.0.1:0" },
            "admin": { "listen": "127.0.0.1:0", "shared_key": KEY },
            "subgraphs": {
                "index": subgraph("index", INDEX, &[]),
                "table": subgraph("table", TABLE, &[USER, PLAN]),
            },
            "cache": cache,
        });
        let config = causeway::parse_config(&config.to_string(), Path::new("a test's own"))?;
        let loaded = causeway::load(&config).await.context("the subgraphs compose")?;
        let listener = TcpListener::bind(config.listen).await?;
        let serving = causeway::start(listener, loaded.supergraph, &config, std::future::pending())?;
        Ok(Self {
            addr: serving.addr,
            admin: serving.admin.context("an admin listener")?,
            metrics: serving.metrics.context("metrics")?,
            way: (keeps != Keeps::Nothing).then_some(way),
            _serving: serving,
        })
    }

    pub async fn stats(&self) -> anyhow::Result<Stats> {
        let answer = Connection::new(self.admin).get("/cache", KEYED).await?;
        Ok(Stats(serde_json::from_slice(&answer.body)?))
    }
}

fn cache(way: &Proxy, memory: u64) -> Value {
    json!({
        "memory": memory,
        // Nothing ends by chance.
        "jitter": 0.0,
        "identity": { "header": USER },
        "redis": {
            "url": way.url(),
            "prefix": PREFIX,
            "lease": format!("{}ms", LEASE.as_millis()),
            // Long enough for an unoptimised gateway on a busy machine.
            "deadline": format!("{}ms", number("CAUSEWAY_COHERENCE_DEADLINE", 100)),
        },
        "mutations": {
            "raise": [
                { "subgraph": "table", "type": "Item", "key": { "id": "{$args.id}" } },
                { "subgraph": "table", "type": "Part", "key": { "id": "{$args.id}" } },
            ],
        },
    })
}

/// What a gateway's cache has done, as it tells.
pub struct Stats(Value);

impl Stats {
    /// Over all types of `table`, `index` left out: what it says never ends.
    fn sum(&self, name: &str) -> u64 {
        let types = self.0["types"].as_array().into_iter().flatten();
        let table = types.filter(|one| one["subgraph"] == "table");
        table.filter_map(|one| one[name].as_u64()).sum()
    }

    /// Entities and root fields that were answered from the gateway's own memory.
    pub fn memory(&self) -> u64 {
        self.sum("memory")
    }

    /// Those that were answered from Redis.
    pub fn shared(&self) -> u64 {
        self.sum("shared")
    }

    pub fn partial(&self) -> u64 {
        self.sum("partial")
    }

    pub fn missed(&self) -> u64 {
        self.sum("missed")
    }

    pub fn refreshed(&self) -> u64 {
        self.sum("refreshed")
    }

    pub fn resets(&self) -> u64 {
        self.0["resets"].as_u64().unwrap_or(0)
    }

    /// Whether it uses what is kept right now.
    pub fn is_current(&self) -> bool {
        self.0["current"] == true
    }
}
