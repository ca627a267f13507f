mod freshness;

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema};
use serde_json::Value;

use super::*;
use crate::db::{Database, Migrations};
use crate::testing::TestIssuer;
use crate::{Running, Shutdown, serve};

struct Query;

/// What the per-request hook adds.
struct Hooked(u32);

#[Object]
impl Query {
    async fn me(&self, ctx: &Context<'_>) -> Option<String> {
        Identity::of(ctx).map(|identity| format!("{}:{}", identity.subject, identity.scopes.join(",")))
    }

    async fn hooked(&self, ctx: &Context<'_>) -> async_graphql::Result<u32> {
        Ok(ctx.data::<Hooked>()?.0)
    }
}

struct Server {
    running: Running,
    database: Database,
    shutdown: Shutdown,
    client: reqwest::Client,
}

impl Server {
    async fn start() -> Self {
        let empty = Migrations {
            sqlite: sqlx::migrate::Migrator::DEFAULT,
            postgres: sqlx::migrate::Migrator::DEFAULT,
        };
        let database = Database::connect(&"sqlite::memory:".parse().unwrap(), empty)
            .await
            .unwrap();
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let verifier = TestIssuer::new().verifier();
        let router = graphql_router(
            schema,
            ServiceHealth::new(database.clone()),
            Some(verifier),
            |request| request.data(Hooked(7)),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let client = crate::auth::http_client("http://", std::time::Duration::from_secs(30)).unwrap();
        Self {
            running: serve(listener, router, shutdown.clone()),
            database,
            shutdown,
            client,
        }
    }

    fn post(&self) -> reqwest::RequestBuilder {
        self.client.post(self.url("/graphql"))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    async fn ask_me(&self, authorization: Option<&str>) -> (u16, Value) {
        let mut request = self.post().json(&json!({"query": "{ me hooked }"}));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn stop(self) {
        self.shutdown.trigger();
        self.running.wait().await.unwrap();
    }
}

#[tokio::test]
async fn a_token_becomes_the_identity_of_the_request() {
    let server = Server::start().await;
    let (status, answer) = server.ask_me(None).await;
    assert_eq!(
        (status, &answer["data"]),
        (200, &json!({"me": null, "hooked": 7}))
    );

    let token = TestIssuer::new().token("u-1", &["profile", "more"]);
    for scheme in ["Bearer", "bearer"] {
        let (status, answer) = server.ask_me(Some(&format!("{scheme} {token}"))).await;
        assert_eq!((status, &answer["data"]["me"]), (200, &json!("u-1:profile,more")));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_bad_token_stops_the_whole_request() {
    let server = Server::start().await;
    for authorization in ["Bearer nonsense", "Bearer", "Basic YTpi", ""] {
        let (status, answer) = server.ask_me(Some(authorization)).await;
        assert_eq!(status, 401, "{authorization}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(answer.get("data"), None, "nothing was executed");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_graphql_request_is_refused_with_its_status() {
    let server = Server::start().await;
    let body = json!({"query": "{ me }"}).to_string();
    let json = |body: String| {
        server
            .post()
            .header("content-type", "application/json")
            .body(body)
    };
    for (request, status) in [
        (json("{".to_owned()), 400),
        (json(format!("[{body}]")), 422),
        (
            server
                .post()
                .header("content-type", "text/plain")
                .body(body.clone()),
            415,
        ),
        (server.post().body(body), 415),
        (
            json(json!({"query": format!("{{ me }} #{}", "x".repeat(BODY_LIMIT))}).to_string()),
            413,
        ),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_REQUEST",
            "{status}"
        );
    }
    let get = server
        .client
        .get(server.url("/graphql?query={me}"))
        .send()
        .await
        .unwrap();
    assert_eq!(get.status().as_u16(), 405, "queries in URLs are not taken");
    server.stop().await;
}

#[tokio::test]
async fn the_media_type_follows_the_accept_header() {
    let server = Server::start().await;
    for (accept, expected) in [
        (
            "application/graphql-response+json, application/json;q=0.9",
            "application/graphql-response+json",
        ),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
    ] {
        let request = server
            .post()
            .header("accept", accept)
            .json(&json!({"query": "{ me }"}));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let server = Server::start().await;
    let (live, ready) = (server.url("/health/live"), server.url("/health/ready"));
    crate::probe(&live).await.unwrap();
    crate::probe(&ready).await.unwrap();

    server.database.close().await;
    crate::probe(&live).await.unwrap();
    let error = crate::probe(&ready).await.unwrap_err().to_string();
    assert!(error.contains("503"), "{error}");
    let answer: Value = server
        .client
        .get(&ready)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        answer,
        json!({"status": "unavailable", "reason": "the database does not answer"})
    );
    server.stop().await;
    assert!(crate::probe(&live).await.is_err());
}
