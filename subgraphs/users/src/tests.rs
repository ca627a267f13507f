//! The whole service over real HTTP on a port of its own.

mod accounts;
mod entities;
mod events;
mod freshness;
mod lifecycle;

use std::sync::Once;

use kit::auth::Verifier;
use kit::db::Database;
use kit::{Running, Shutdown};
use serde_json::{Value, json};

use crate::Options;

/// A running service with the demo users.
struct Service {
    running: Running,
    database: Database,
    shutdown: Shutdown,
    client: reqwest::Client,
    _folder: Option<Box<dyn std::any::Any>>,
}

/// An HTTP answer to a GraphQL request.
struct Answer {
    status: u16,
    body: Value,
}

const SEED_SIZE: u32 = 120;

fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().tls_certs_only([]).build().unwrap()
}

impl Service {
    async fn start() -> Self {
        let (folder, url) = kit::testing::sqlite();
        let mut service = Self::start_on(Options {
            database: url,
            seed_size: SEED_SIZE,
            signing_key: None,
            events: None,
        })
        .await;
        service._folder = Some(Box::new(folder));
        service
    }

    async fn start_on(options: Options) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (database, shutdown) = (crate::connect(&options.database).await.unwrap(), Shutdown::new());
        let running = crate::serve(listener, database.clone(), options, shutdown.clone())
            .await
            .unwrap();
        Self {
            running,
            database,
            shutdown,
            client: client(),
            _folder: None,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    async fn ask(&self, token: Option<&str>, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let mut request = self.client.post(self.url("/graphql")).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        Answer {
            status: answer.status().as_u16(),
            body: answer.json().await.unwrap(),
        }
    }

    /// Data of a request that must succeed.
    async fn data(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let Answer { status, mut body } = self.ask(token, query, variables).await;
        assert_eq!((status, &body["errors"]), (200, &Value::Null), "{query}: {body}");
        body["data"].take()
    }

    async fn sign_in(&self, handle: &str) -> String {
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { token } }";
        let input = json!({ "input": { "handle": handle, "password": crate::seed::DEMO_PASSWORD } });
        self.data(None, query, input).await["signIn"]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// What another service would check tokens with.
    async fn verifier(&self) -> Verifier {
        Verifier::from_jwks_url(&self.url("/.well-known/jwks.json")).unwrap()
    }

    async fn stop(self) {
        self.shutdown.trigger();
        self.running.wait().await.unwrap();
    }
}

impl Answer {
    /// The code of the only error.
    fn code(&self) -> &str {
        assert_eq!(
            self.body["errors"].as_array().map(Vec::len),
            Some(1),
            "{}",
            self.body
        );
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap()
    }
}
