//! What can go wrong in the orders service, each with the stable code that clients see in `extensions.code`.
//!
//! Messages are for people: what happened and what to do. Causes that clients must not read (SQL, addresses) are
//! logged where they arise, never put into a message.

use kit::error::ErrorCode;
use thiserror::Error;

use crate::{catalog::Unavailable, repository::RepositoryError};

/// A failed call of the service.
#[derive(Debug, Error)]
pub(crate) enum OrdersError {
    #[error("sign in to {what}: send the token as `Authorization: Bearer …`")]
    Unauthenticated { what: &'static str },
    #[error("{0}")]
    BadInput(String),
    #[error("no such item: {}; remove it and place the order again", ids.join(", "))]
    UnknownItem { ids: Vec<String> },
    #[error("no order with the id {id:?}")]
    NotFound { id: String },
    #[error("only the buyer may cancel the order {id:?}")]
    Forbidden { id: String },
    #[error("the order {id:?} is {status} and can no longer be cancelled")]
    NotCancellable { id: String, status: &'static str },
    #[error("the order {id:?} is at version {actual}, not {given}: read it again, then cancel what you see")]
    VersionConflict { id: String, given: i64, actual: i64 },
    #[error(
        "the sum is more than {} minor units, the most an order may cost",
        crate::model::MAX_MINOR
    )]
    MoneyOutOfRange,
    #[error("the catalog does not answer, nothing was ordered: retry with the same idempotencyKey")]
    CatalogUnavailable(#[source] Unavailable),
    #[error(
        "placing the order took too long and was given up, nothing was ordered: retry with the same idempotencyKey"
    )]
    PlacementInterrupted,
    #[error("an earlier call with this idempotencyKey is still running: retry with the same idempotencyKey")]
    InProgress,
    #[error("the order database failed: retry with the same idempotencyKey")]
    Repository(#[from] RepositoryError),
    #[error("the service failed unexpectedly: retry with the same idempotencyKey")]
    Internal(String),
}

impl ErrorCode for OrdersError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated { .. } => "UNAUTHENTICATED",
            Self::BadInput(_) => "BAD_USER_INPUT",
            Self::UnknownItem { .. } => "UNKNOWN_ITEM",
            Self::NotFound { .. } => "ORDER_NOT_FOUND",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::NotCancellable { .. } => "ORDER_NOT_CANCELLABLE",
            Self::VersionConflict { .. } => "VERSION_CONFLICT",
            Self::MoneyOutOfRange => "MONEY_OUT_OF_RANGE",
            Self::CatalogUnavailable(_) => "CATALOG_UNAVAILABLE",
            Self::PlacementInterrupted => "PLACEMENT_INTERRUPTED",
            Self::InProgress => "IDEMPOTENCY_IN_PROGRESS",
            Self::Repository(_) | Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }
}
