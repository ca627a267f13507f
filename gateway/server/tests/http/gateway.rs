//! A gateway over two scripted subgraphs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use causeway_executor::{FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use causeway_server::{OverrideOptions, PrepareLimits, ServerOptions};
use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

/// What a subgraph is made to do: gets its index (0 users, 1 reviews) and the request's body.
type Script = dyn Fn(usize, Value) -> BoxFuture<'static, Value> + Send + Sync;

struct Scripted {
    script: Box<Script>,
    calls: Arc<AtomicUsize>,
}

impl SubgraphClient for Scripted {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::from_slice(&request.body()).unwrap();
        let answer = (self.script)(request.subgraph.index(), body);
        async move { Ok(SubgraphReply::new(answer.await.to_string())) }.boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) router: Router,
    calls: Arc<AtomicUsize>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert!(
            json.get("data").is_none(),
            "an error before execution comes without data: {json}"
        );
        json["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {self:?}"))
            .to_owned()
    }
}

pub(crate) fn limits() -> PrepareLimits {
    PrepareLimits {
        tokens: 20_000,
        depth: 100,
        fields: 20_000,
        cache: 1 << 20,
    }
}

pub(crate) fn options() -> ServerOptions {
    ServerOptions {
        limits: limits(),
        overrides: overrides(),
        share_requests: true,
        vary: None,
        request_body: 1 << 20,
        allow_origins: Vec::new(),
    }
}

/// Percentages are on when they are more than a half.
pub(crate) fn overrides() -> OverrideOptions {
    OverrideOptions {
        on: Vec::new(),
        header: None,
        draw: Arc::new(|| 0.5),
    }
}

/// Answers every operation of the tests that asks for `me`.
pub(crate) fn me() -> Value {
    json!({ "data": { "me": { "__typename": "User", "id": "1", "name": "Ada" } } })
}

/// A gateway whose subgraphs always answer [`me`].
pub(crate) fn gateway() -> Gateway {
    scripted(options(), |_, _| async { me() }.boxed())
}

pub(crate) fn scripted(
    options: ServerOptions,
    script: impl Fn(usize, Value) -> BoxFuture<'static, Value> + Send + Sync + 'static,
) -> Gateway {
    over(include_str!("supergraph.graphql"), options, script)
}

/// A gateway over any supergraph.
pub(crate) fn over(
    supergraph_sdl: &str,
    options: ServerOptions,
    script: impl Fn(usize, Value) -> BoxFuture<'static, Value> + Send + Sync + 'static,
) -> Gateway {
    let calls: Arc<AtomicUsize> = Arc::default();
    let client = Scripted {
        script: Box::new(script),
        calls: Arc::clone(&calls),
    };
    Gateway {
        calls,
        ..with_client(supergraph_sdl, options, client)
    }
}

/// A gateway whose calls nobody counts.
pub(crate) fn with_client(
    supergraph_sdl: &str,
    options: ServerOptions,
    client: impl SubgraphClient + 'static,
) -> Gateway {
    let supergraph = causeway_composition::read::read_supergraph(supergraph_sdl).unwrap();
    Gateway::of(causeway_server::router(
        Arc::new(supergraph),
        Arc::new(client),
        &options,
    ))
}

impl Gateway {
    /// One whose calls nobody counts.
    pub(crate) fn of(router: Router) -> Self {
        Self {
            router,
            calls: Arc::default(),
        }
    }

    /// Calls that went to subgraphs.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// A body as it stands.
    pub(crate) async fn post(&self, accept: &str, body: &str) -> Answer {
        self.request(
            Method::POST,
            "/graphql",
            &[("content-type", "application/json"), ("accept", accept)],
            body,
        )
        .await
    }

    pub(crate) async fn query(&self, query: &str) -> Answer {
        self.post(GRAPHQL_RESPONSE, &json!({ "query": query }).to_string())
            .await
    }

    pub(crate) async fn get(&self, uri: &str, accept: &str) -> Answer {
        self.request(Method::GET, uri, &[("accept", accept)], "").await
    }
}
