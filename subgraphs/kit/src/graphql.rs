//! The HTTP face of a service: POST /graphql with identity, and health. It knows GraphQL over HTTP, no schema.

mod freshness;
mod representations;
mod sdl;

use std::sync::Arc;

use async_graphql::{Executor, ObjectType, Request, Schema, SubscriptionType};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tower_http::trace::TraceLayer;

use crate::ServiceHealth;
use crate::auth::{AuthError, Identity, Verifier};
use crate::error::ErrorCode;
use freshness::{NO_STORE, cache_control, is_lone_query};
use representations::{Entities, put_back};
use sdl::Sdl;
pub use sdl::{cache_tag, federation_sdl};

const BODY_LIMIT: usize = 2 * 1024 * 1024;

struct Endpoint<E, F> {
    executor: E,
    entities: Entities,
    sdl: Sdl,
    verifier: Option<Verifier>,
    per_request: F,
}

/// Routes `POST /graphql`, `GET /health/live` and `GET /health/ready`.
///
/// `per_request` sees each request before it runs: the place to add fresh loaders (`|request|
/// request.data(Loaders::new(db.clone()))`). With a verifier, the request's data hold an `Option<Identity>`; a bad
/// token answers 401 UNAUTHENTICATED and nothing runs. Bodies above 2 MiB answer 413. Only `application/json` is
/// taken: a browser's form cannot send it across origins. A representation that no entity resolver can read is null
/// for itself alone, with the error BAD_REPRESENTATION.
///
/// Each answer has a `Cache-Control`, worked out from the schema's hints; `no-store` is the rule, an age the exception
/// ([`freshness`]). `_service { sdl }` answers [`federation_sdl`].
pub fn graphql_router<Q, M, S, F>(
    schema: Schema<Q, M, S>,
    health: ServiceHealth,
    verifier: Option<Verifier>,
    per_request: F,
) -> Router
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
    F: Fn(Request) -> Request + Send + Sync + 'static,
{
    let endpoint = Arc::new(Endpoint {
        entities: Entities::of(&schema),
        sdl: Sdl::of(&schema),
        executor: schema,
        verifier,
        per_request,
    });
    let graphql = Router::new()
        .route("/graphql", post(handle::<Schema<Q, M, S>, F>))
        .with_state(endpoint);
    let health = Router::new()
        .route("/health/live", get(|| async { Json(json!({"status": "live"})) }))
        .route(
            "/health/ready",
            get(|State(health): State<ServiceHealth>| async move { health.ready().await }),
        )
        .with_state(health);
    graphql
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TraceLayer::new_for_http())
        .merge(health)
}

async fn handle<E, F>(
    State(endpoint): State<Arc<Endpoint<E, F>>>,
    headers: HeaderMap,
    body: Result<Json<Request>, JsonRejection>,
) -> Response
where
    E: Executor,
    F: Fn(Request) -> Request + Send + Sync + 'static,
{
    let request = match body {
        Ok(Json(request)) => request,
        Err(rejection) => return refusal(rejection.status(), "BAD_REQUEST", &rejection.body_text()),
    };
    let identity = match identify(endpoint.verifier.as_ref(), &headers).await {
        Ok(identity) => identity,
        Err(error) => {
            let status = match error {
                AuthError::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNAUTHORIZED,
            };
            return refusal(status, error.code(), &error.to_string());
        }
    };
    let mut request = (endpoint.per_request)(request.data(identity));
    let lone_query = is_lone_query(&mut request);
    let asks_for_sdl = request.query.contains("_service");
    let unreadable = endpoint.entities.take_unreadable(&mut request);
    let mut response = endpoint.executor.execute(request).await;
    put_back(unreadable, &mut response);
    if asks_for_sdl {
        endpoint.sdl.show(&mut response);
    }
    let mut answer_headers = response.http_headers.clone();
    answer_headers.insert(header::CACHE_CONTROL, cache_control(lone_query, &response));
    (answer_headers, with_media_type(&headers, Json(response))).into_response()
}

async fn identify(verifier: Option<&Verifier>, headers: &HeaderMap) -> Result<Option<Identity>, AuthError> {
    match (verifier, headers.get(header::AUTHORIZATION)) {
        (Some(verifier), Some(value)) => verifier.verify_header(value).await.map(Some),
        _ => Ok(None),
    }
}

/// A request that was not executed: no `data` entry, one error.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"errors": [{"message": message, "extensions": {"code": code}}]});
    (status, [(header::CACHE_CONTROL, NO_STORE)], Json(body)).into_response()
}

/// `application/graphql-response+json` for those who ask for it, `application/json` for the rest.
fn with_media_type(headers: &HeaderMap, response: impl IntoResponse) -> Response {
    const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
    let mut response = response.into_response();
    let asked = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if asked.is_some_and(|accept| accept.contains(GRAPHQL_RESPONSE)) {
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static(GRAPHQL_RESPONSE),
        );
    }
    response
}

#[cfg(test)]
mod tests;
