//! What the end-to-end tests share: a real shop on free ports, and a client that speaks to its gateway.

mod documents;
mod matching;

use std::time::Duration;

use kit::{Shutdown, db::DatabaseUrl};
use serde_json::{Value, json};
use shop::{Addresses, Caching, Databases, Options, Running};
use tempfile::TempDir;

pub use documents::{Document, documents};
pub use matching::{ANY, assert_matches};

/// A shop with the default seed, in this process.
pub struct Shop {
    pub running: Running,
    pub client: Client,
    _folder: TempDir,
}

/// The storage under the three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Shop {
    pub async fn on_sqlite() -> Self {
        Self::on(Engine::Sqlite).await.expect("SQLite is built in")
    }

    /// `None`, after saying so, when there is no PostgreSQL on this machine.
    pub async fn on(engine: Engine) -> Option<Self> {
        // So long that a busy machine is no reason for a test to fail.
        Self::with_timeout(engine, Duration::from_secs(60)).await
    }

    /// A shop on SQLite whose gateway keeps what the services answer.
    pub async fn with_cache(cache: Caching) -> Self {
        let shop = Self::start(Engine::Sqlite, Duration::from_secs(60), cache).await;
        shop.expect("SQLite is built in")
    }

    /// A shop whose gateway gives up on a service after this time.
    pub async fn with_timeout(engine: Engine, timeout: Duration) -> Option<Self> {
        Self::start(engine, timeout, Caching::Off).await
    }

    async fn start(engine: Engine, timeout: Duration, cache: Caching) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let databases = match engine {
            Engine::Sqlite => Databases::in_folder(folder.path()),
            Engine::Postgres => Databases {
                users: postgres().await?,
                catalog: postgres().await?,
                orders: postgres().await?,
            },
        };
        let options = Options {
            addresses: Addresses::any(),
            databases,
            seed_size: 50,
            timeout,
            cache,
            events: None,
        };
        let running = shop::start(options, Shutdown::new())
            .await
            .expect("the shop starts");
        let client = Client::new(format!("http://{}/graphql", running.gateway));
        Some(Self {
            running,
            client,
            _folder: folder,
        })
    }
}

async fn postgres() -> Option<DatabaseUrl> {
    kit::testing::postgres().await
}

/// A GraphQL client, as a frontend would have it.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    pub fn new(url: String) -> Self {
        // Fails only when the process has a provider already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("an HTTP client can be made");
        Self {
            http,
            url,
            token: None,
        }
    }

    /// The whole response.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        let response = self.request(query, variables).await;
        response.json().await.expect("the gateway answers JSON")
    }

    /// What the response says to caches.
    pub async fn cache_control(&self, query: &str) -> String {
        let response = self.request(query, json!({})).await;
        let value = response.headers().get("cache-control");
        value.map_or_else(String::new, |value| value.to_str().expect("text").to_owned())
    }

    async fn request(&self, query: &str, variables: Value) -> reqwest::Response {
        let mut request = self
            .http
            .post(&self.url)
            .header("causeway-explain", "1")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("the gateway answers")
    }

    /// The response's data; fails on any error in it.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut response = self.send(query, variables).await;
        assert!(response.get("errors").is_none(), "{query}: {response:#}");
        response["data"].take()
    }

    /// The same client and token, at another address.
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// The same client, signed in as a seeded user.
    pub async fn sign_in(&self, handle: &str) -> Self {
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { token } }";
        let variables = json!({ "input": { "handle": handle, "password": "causeway-demo" } });
        let data = self.data(query, variables).await;
        let token = data["signIn"]["token"].as_str().expect("a token").to_owned();
        Self {
            token: Some(token),
            ..self.clone()
        }
    }
}

/// Calls made to each subgraph, as `Causeway-Explain` tells them.
pub fn calls(response: &Value, subgraph: &str) -> u64 {
    response["extensions"]["causeway"]["subgraphs"][subgraph]["calls"]
        .as_u64()
        .unwrap_or(0)
}
