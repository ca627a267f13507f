//! What can go wrong in the catalog, with the stable code each failure has for clients.

use std::sync::Arc;

use kit::error::ErrorCode;
use kit::page::PageError;
use thiserror::Error;

/// A failure on the way to or inside the database. Its text is for the log, not for clients.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("the database refused or did not answer: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database holds what this version cannot read: {0}")]
    Unreadable(String),
}

/// Why a request to the catalog is not served. `Display` is safe to show to clients.
#[derive(Debug, Clone, Error)]
pub(crate) enum CatalogError {
    /// The caller's input breaks a rule that the message names.
    #[error("{message}")]
    BadInput { field: &'static str, message: String },
    #[error(transparent)]
    Page(#[from] PageError),
    /// Shared by all keys of a failed batch, hence the `Arc`. The cause was logged when it happened.
    #[error("the catalog's database did not answer; try again")]
    Store(Arc<StoreError>),
    /// The request was given up while this was being loaded.
    #[error("loading was given up; try again")]
    Abandoned,
}

impl CatalogError {
    pub(crate) fn bad_input(field: &'static str, message: impl Into<String>) -> Self {
        CatalogError::BadInput {
            field,
            message: message.into(),
        }
    }
}

impl ErrorCode for CatalogError {
    fn code(&self) -> &'static str {
        match self {
            CatalogError::BadInput { .. } => "BAD_USER_INPUT",
            CatalogError::Page(error) => error.code(),
            CatalogError::Store(_) | CatalogError::Abandoned => "INTERNAL_SERVER_ERROR",
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            CatalogError::BadInput { field, .. } => Some(field),
            CatalogError::Page(error) => error.field(),
            CatalogError::Store(_) | CatalogError::Abandoned => None,
        }
    }
}

impl From<StoreError> for CatalogError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the catalog's store failed");
        CatalogError::Store(Arc::new(error))
    }
}
