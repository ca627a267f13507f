//! POST /invalidation and GET /cache, to be served where clients do not come.
//!
//! It knows the requests and who may make them. What they come to is behind [`CacheAdmin`].

mod request;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

pub use request::{Invalidation, InvalidationTarget};

/// Bytes of a request: some thousand entities.
const BODY_LIMIT: usize = 1 << 20;

const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The cache, as operators see it.
pub trait CacheAdmin: Send + Sync {
    /// Resolves once nobody answers any more from what is named. Gives what requests report as their `count`.
    fn invalidate(&self, what: Vec<Invalidation>) -> BoxFuture<'_, Result<u64, CacheAdminError>>;

    /// An object, for people and programs to read.
    fn stats(&self) -> Result<Value, CacheAdminError>;
}

/// Why the cache did not do as it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheAdminError {
    #[error("this gateway keeps nothing: `cache` is off in its configuration")]
    NoCache,
    /// Names what the graph does not have.
    #[error("{0}")]
    Unknown(String),
    /// Applied here, and maybe not by every gateway that shares the cache.
    #[error("{0}")]
    NotSpread(String),
}

/// Callers send `shared_key` as `Authorization`, with or without `Bearer` before it.
pub fn admin_routes(shared_key: String, cache: Arc<dyn CacheAdmin>) -> Router {
    let admin = Admin {
        shared_key: shared_key.into(),
        cache,
    };
    Router::new()
        .route("/invalidation", post(invalidate))
        .route("/cache", get(stats))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(admin)
}

#[derive(Clone)]
struct Admin {
    shared_key: Arc<str>,
    cache: Arc<dyn CacheAdmin>,
}

impl Admin {
    /// In a time that tells nothing of the key but its length.
    fn authorise(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers
            .get(header::AUTHORIZATION)
            .map_or(&b""[..], HeaderValue::as_bytes);
        let given = match given.split_at_checked(7) {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case(b"bearer ") => key,
            _ => given,
        };
        match given.ct_eq(self.shared_key.as_bytes()).into() {
            true => Ok(()),
            false => Err(Refusal::Unauthorised),
        }
    }
}

async fn invalidate(State(admin): State<Admin>, http: Request) -> Result<Response, Refusal> {
    admin.authorise(http.headers())?;
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(http, &())).await;
    let body = body.map_err(|_| Refusal::TooSlow)?.map_err(|error| match error {
        BytesRejection::FailedToBufferBody(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Refusal::TooLarge
        }
        error => Refusal::Invalid(error.to_string()),
    })?;
    let what = request::read(&body).map_err(Refusal::Invalid)?;
    let count = admin.cache.invalidate(what).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "count": count }))).into_response())
}

async fn stats(State(admin): State<Admin>, headers: HeaderMap) -> Result<Response, Refusal> {
    admin.authorise(&headers)?;
    Ok(Json(admin.cache.stats()?).into_response())
}

enum Refusal {
    Unauthorised,
    TooSlow,
    TooLarge,
    Invalid(String),
    Cache(CacheAdminError),
}

impl From<CacheAdminError> for Refusal {
    fn from(error: CacheAdminError) -> Self {
        Self::Cache(error)
    }
}

/// The one place that maps administration's errors to HTTP.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::Unauthorised => (
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "the `Authorization` header is not the `admin.shared_key` of the gateway's configuration"
                    .to_owned(),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                "the request's body did not arrive in time".to_owned(),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "REQUEST_TOO_LARGE",
                format!(
                    "the request's body is larger than {BODY_LIMIT} bytes; send several, or name a type instead of its entities"
                ),
            ),
            Self::Invalid(reason) => (StatusCode::BAD_REQUEST, "INVALID_INVALIDATION_REQUEST", reason),
            Self::Cache(error) => {
                let (status, code) = match error {
                    CacheAdminError::NoCache => (StatusCode::NOT_FOUND, "NO_CACHE"),
                    CacheAdminError::Unknown(_) => (StatusCode::BAD_REQUEST, "UNKNOWN_IN_GRAPH"),
                    CacheAdminError::NotSpread(_) => {
                        (StatusCode::SERVICE_UNAVAILABLE, "INVALIDATION_NOT_SPREAD")
                    }
                };
                (status, code, error.to_string())
            }
        };
        let errors = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
        let mut response = (status, Json(errors)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
