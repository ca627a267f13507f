//! The internal HTTP API for stock reservations: JSON in, JSON out, one shared token. It translates between HTTP
//! and [`Stock`]; what may be reserved is not decided here.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use kit::error::ErrorCode;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::error::CatalogError;
use crate::model::reservation::{ConfirmOutcome, RequestedLine, ReserveOutcome};
use crate::service::{Stock, StockRequest};

const TOKEN_HEADER: &str = "x-internal-token";
/// 50 lines are far below this.
const BODY_LIMIT: usize = 64 * 1024;

/// The token that callers must present; `None` closes the API.
pub(crate) type InternalToken = Option<Arc<str>>;

/// `POST /internal/reservations`, `…/{id}/confirm` and `…/{id}/release`.
pub(crate) fn router(stock: Stock, token: InternalToken) -> Router {
    Router::new()
        .route("/internal/reservations", post(reserve))
        .route("/internal/reservations/{id}/confirm", post(confirm))
        .route("/internal/reservations/{id}/release", post(release))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(axum::middleware::from_fn_with_state(token, guard))
        .with_state(stock)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReserveBody {
    id: String,
    lines: Vec<RequestedLine>,
    ttl_ms: i64,
}

/// Runs before the body is read.
async fn guard(State(token): State<InternalToken>, request: Request, next: Next) -> Response {
    let Some(token) = token else {
        let message = "the internal API is closed: start catalog with CATALOG_INTERNAL_TOKEN to open it";
        return refusal(StatusCode::FORBIDDEN, "INTERNAL_API_CLOSED", message);
    };
    let given = request
        .headers()
        .get(TOKEN_HEADER)
        .map_or(&[][..], |value| value.as_bytes());
    // The comparison takes the same time wherever the first wrong byte is; only the length shows.
    if bool::from(given.ct_eq(token.as_bytes())) {
        return next.run(request).await;
    }
    let message = "the x-internal-token header is missing or differs from CATALOG_INTERNAL_TOKEN";
    refusal(StatusCode::UNAUTHORIZED, "WRONG_INTERNAL_TOKEN", message)
}

async fn reserve(
    State(stock): State<Stock>,
    body: Result<Json<ReserveBody>, JsonRejection>,
) -> Result<Response, Response> {
    let Json(body) = body.map_err(|error| refusal(error.status(), "BAD_REQUEST", &error.body_text()))?;
    let request = StockRequest {
        id: body.id,
        lines: body.lines,
        ttl_ms: body.ttl_ms,
    };
    let outcome = stock.reserve(request).await.map_err(failure)?;
    let conflict = |code, message| refusal(StatusCode::CONFLICT, code, message);
    Ok(match outcome {
        ReserveOutcome::Held(reservation) => (StatusCode::CREATED, Json(reservation)).into_response(),
        ReserveOutcome::Repeated(reservation) => (StatusCode::OK, Json(reservation)).into_response(),
        ReserveOutcome::OutOfStock(items) => (
            StatusCode::CONFLICT,
            Json(json!({"code": "OUT_OF_STOCK", "items": items})),
        )
            .into_response(),
        ReserveOutcome::UnknownItems(items) => {
            let body = json!({"code": "UNKNOWN_ITEM", "items": items});
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
        }
        ReserveOutcome::Released => conflict("RESERVATION_RELEASED", "this reservation was released before"),
        ReserveOutcome::Expired => conflict("RESERVATION_EXPIRED", "this reservation has expired"),
        ReserveOutcome::OtherLines => conflict(
            "RESERVATION_CONFLICT",
            "this id already reserves other lines; use a new id",
        ),
    })
}

async fn confirm(State(stock): State<Stock>, Path(id): Path<String>) -> Result<Response, Response> {
    Ok(match stock.confirm(&id).await.map_err(failure)? {
        ConfirmOutcome::Confirmed => Json(json!({"id": id, "state": "confirmed"})).into_response(),
        ConfirmOutcome::Released => refusal(
            StatusCode::CONFLICT,
            "RESERVATION_RELEASED",
            "this reservation was released",
        ),
        ConfirmOutcome::Expired => refusal(
            StatusCode::CONFLICT,
            "RESERVATION_EXPIRED",
            "this reservation has expired",
        ),
        ConfirmOutcome::Unknown => refusal(
            StatusCode::NOT_FOUND,
            "UNKNOWN_RESERVATION",
            "there is no reservation with this id",
        ),
    })
}

async fn release(State(stock): State<Stock>, Path(id): Path<String>) -> Result<Response, Response> {
    stock.release(&id).await.map_err(failure)?;
    Ok(Json(json!({"id": id, "state": "released"})).into_response())
}

fn failure(error: CatalogError) -> Response {
    match &error {
        CatalogError::BadInput { .. } | CatalogError::Page(_) => {
            refusal(StatusCode::BAD_REQUEST, error.code(), &error.to_string())
        }
        CatalogError::Store(_) | CatalogError::Abandoned => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "STORE_UNAVAILABLE",
            &error.to_string(),
        ),
    }
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message}))).into_response()
}
