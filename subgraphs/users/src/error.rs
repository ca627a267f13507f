//! What can go wrong with accounts, in words for people and with stable codes.

use kit::auth::SignerError;
use kit::error::ErrorCode;

use crate::repository::RepositoryError;
use crate::service::PasswordError;

/// Why a request about accounts was not carried out. Nothing was written when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("{problem}")]
    Invalid { field: &'static str, problem: String },
    #[error("the handle {0:?} is taken; choose another one")]
    HandleTaken(String),
    #[error("an account with this e-mail address exists; sign in, or use another address")]
    EmailTaken,
    /// The same for an unknown handle and a wrong password: an answer must not tell which handles exist.
    #[error("the handle or the password is wrong")]
    InvalidCredentials,
    #[error("only the user itself may see the e-mail address, with a token that has the scope \"profile\"")]
    EmailForbidden,
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Signer(#[from] SignerError),
}

impl UsersError {
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            problem: problem.into(),
        }
    }

    /// The error as a client sees it; causes inside the service are logged and hidden.
    pub(crate) fn into_graphql(self) -> async_graphql::Error {
        match self {
            Self::Repository(_) | Self::Password(_) | Self::Signer(_) => kit::error::internal(self),
            _ => kit::error::from_coded(self),
        }
    }
}

impl ErrorCode for UsersError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "BAD_USER_INPUT",
            Self::HandleTaken(_) => "HANDLE_TAKEN",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::EmailForbidden => "FORBIDDEN",
            Self::Repository(_) | Self::Password(_) | Self::Signer(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::HandleTaken(_) => Some("handle"),
            Self::EmailTaken => Some("email"),
            _ => None,
        }
    }
}
