//! The gateway's face: GraphQL over HTTP, GraphiQL, health, and administration on a listener of its own.
//!
//! It turns HTTP into prepared operations and executions, and their outcomes into HTTP. It does not plan or
//! execute by itself, and there is one place only that maps errors to status codes: [`rejection`].

mod admin;
mod explain;
mod freshness;
mod graph;
mod graphiql;
mod graphql;
mod limits;
mod media;
mod overrides;
mod prepare;
mod rejection;
mod request;
mod serving;
mod sharing;
mod stats;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use causeway_executor::SubgraphClient;
use causeway_model::Supergraph;
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use admin::{CacheAdmin, CacheAdminError, Invalidation, InvalidationTarget, admin_routes};
pub use graph::{Gateway, Graph, WarmUp};
pub use limits::PrepareLimits;
pub use overrides::{Draw, OverrideOptions};

pub use serving::serve;
pub use stats::{RequestStats, metrics_routes};

#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub limits: PrepareLimits,
    pub overrides: OverrideOptions,
    /// Whether equal queries that are under way at the same time are executed once.
    pub share_requests: bool,
    /// Clients' headers by which public responses differ. `None`: responses do not say for how long they may be kept.
    pub vary: Option<Vec<HeaderName>>,
    /// Bytes of a request body.
    pub request_body: usize,
    /// Origins of web pages that may call the gateway, e.g. `https://shop.example`; `*` for all.
    pub allow_origins: Vec<String>,
}

/// The routes of a gateway over one supergraph that is never replaced.
pub fn router(
    supergraph: Arc<Supergraph>,
    client: Arc<dyn SubgraphClient>,
    options: &ServerOptions,
) -> Router {
    routes(Gateway::new(Graph::new(supergraph, client, options)), options)
}

/// The routes of a gateway. Of the options those that are about HTTP count; the others are the graph's.
pub fn routes(gateway: Gateway, options: &ServerOptions) -> Router {
    let router = Router::new()
        .route("/graphql", get(graphql_or_page).post(graphql::post))
        .route("/", get(root))
        .route("/health/live", get(alive))
        .route("/health/ready", get(ready))
        .merge(graphiql::assets())
        .layer(DefaultBodyLimit::max(options.request_body))
        .with_state(gateway);
    match cors(&options.allow_origins) {
        Some(layer) => router.layer(layer),
        None => router,
    }
}

async fn graphql_or_page(state: State<Gateway>, request: axum::extract::Request) -> Response {
    if media::wants_html(request.headers()) && !has_query(&request) {
        return graphiql::page();
    }
    graphql::get(state, request).await
}

fn has_query(request: &axum::extract::Request) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("query=")))
}

async fn root(headers: HeaderMap) -> Response {
    if media::wants_html(&headers) {
        return graphiql::page();
    }
    (
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "Causeway: GraphQL is at /graphql\n",
    )
        .into_response()
}

async fn alive() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

/// A gateway that listens has composed its graph, which is all that it needs once operations are prepared: subgraphs that
/// are down cost their fields, not the gateway.
async fn ready(State(gateway): State<Gateway>) -> Response {
    if gateway.is_ready() {
        return alive().await.into_response();
    }
    let warming = Json(serde_json::json!({ "status": "preparing operations" }));
    (StatusCode::SERVICE_UNAVAILABLE, warming).into_response()
}

fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION, explain::HEADER]);
    Some(layer)
}
