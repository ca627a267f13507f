//! Starts the service and speaks HTTP to it.

use std::net::SocketAddr;
use std::time::Duration;

use kit::db::DatabaseUrl;
use kit::{Running, Shutdown};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) const TOKEN: &str = "internal-token-for-tests";

pub(crate) struct Server {
    running: Running,
    shutdown: Shutdown,
    client: Client,
    _folder: Option<TempDir>,
}

impl Server {
    /// Ten users' assortment (40 products, 2 bundles) on a new SQLite database.
    pub(crate) async fn start() -> Self {
        let (folder, url) = kit::testing::sqlite();
        let mut server = Self::start_on(url, 10).await;
        server._folder = Some(folder);
        server
    }

    pub(crate) async fn start_on(database: DatabaseUrl, seed_size: u32) -> Self {
        let sweep_every = Duration::from_millis(20);
        let internal_token = Some(TOKEN.to_owned());
        Self::start_with(catalog::Options {
            database,
            seed_size,
            internal_token,
            sweep_every,
            events: None,
        })
        .await
    }

    pub(crate) async fn start_with(options: catalog::Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let running = catalog::start(listener, options, shutdown.clone()).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().tls_certs_only([]).build().unwrap();
        Self {
            running,
            shutdown,
            client,
            _folder: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addr
    }

    pub(crate) async fn stop(self) {
        self.shutdown.trigger();
        self.running.wait().await.unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> StatusCode {
        self.client.get(self.url(path)).send().await.unwrap().status()
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// The whole GraphQL response.
    pub(crate) async fn ask(&self, query: &str) -> Value {
        self.ask_with(query, json!({})).await
    }

    pub(crate) async fn ask_with(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        let response = self.post("/graphql").json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Stock of a product, as GraphQL tells it.
    pub(crate) async fn available(&self, id: &str) -> i64 {
        let answer = self
            .ask_with(
                "query ($id: ID!) { product(id: $id) { available } }",
                json!({"id": id}),
            )
            .await;
        answer["data"]["product"]["available"].as_i64().unwrap()
    }

    pub(crate) async fn reserve(&self, id: &str, lines: &[(&str, i64)], ttl_ms: i64) -> (StatusCode, Value) {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(item, quantity)| json!({"itemId": item, "quantity": quantity}))
            .collect();
        let body = json!({"id": id, "lines": lines, "ttlMs": ttl_ms});
        self.internal("/internal/reservations", Some(&body)).await
    }

    /// A POST with the right token: its status and JSON body.
    pub(crate) async fn internal(&self, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let mut request = self.post(path).header("x-internal-token", TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }
}
