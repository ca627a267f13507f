//! Where accounts are kept: the port, and its SQL adapter. No rule about what an account may be.

mod sql;

use std::future::Future;

use crate::model::{Account, User};

pub(crate) use sql::SqlUsers;

/// The storage of accounts. Implementations are safe to call from many tasks and processes at once.
pub(crate) trait UserRepository: Send + Sync + 'static {
    /// The users with these ids, in no order; unknown ids are left out. One statement.
    fn by_ids(&self, ids: &[String]) -> impl Future<Output = Result<Vec<User>, RepositoryError>> + Send;

    /// The users with these handles, in no order; unknown handles are left out. One statement.
    fn by_handles(
        &self,
        handles: &[String],
    ) -> impl Future<Output = Result<Vec<User>, RepositoryError>> + Send;

    /// The account with this handle, for signing in. One statement.
    fn account(&self, handle: &str) -> impl Future<Output = Result<Option<Account>, RepositoryError>> + Send;

    /// Adds an account, unless its handle or e-mail address is taken; of two at the same time one wins.
    fn add(&self, account: &Account) -> impl Future<Output = Result<Added, RepositoryError>> + Send;

    /// Adds all accounts in one transaction if there is none at all; tells whether it did.
    fn add_to_empty(
        &self,
        accounts: &[Account],
    ) -> impl Future<Output = Result<bool, RepositoryError>> + Send;

    /// The secret that tokens are signed with. The first call keeps `fresh`; every later one, of any process, gets
    /// what the first kept.
    fn signing_secret(&self, fresh: &str) -> impl Future<Output = Result<String, RepositoryError>> + Send;
}

/// What became of an account to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Yes,
    HandleTaken,
    EmailTaken,
}

/// The storage failed, or holds what it should not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RepositoryError {
    #[error("the accounts' database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the user {id} has the unknown tier {tier:?}")]
    UnknownTier { id: String, tier: String },
}

#[cfg(test)]
mod tests;
