//! The rules of accounts: who may sign up and in, and who sees what. No SQL, no GraphQL.

mod country;
mod password;
mod validation;

use std::time::Duration;

use kit::Timestamp;
use kit::auth::{Identity, SignedToken, Signer};

use crate::error::UsersError;
use crate::model::{Account, Tier, User};
use crate::repository::{Added, RepositoryError, UserRepository};

pub(crate) use password::{PasswordError, Passwords, hash_with_salt};
pub(crate) use validation::SignUp;

/// The scope that lets a user see its own private fields.
const PROFILE_SCOPE: &str = "profile";
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// The accounts service.
pub(crate) struct Users<R> {
    repository: R,
    passwords: Passwords,
    signer: Signer,
}

/// A user who has just proved who it is.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) token: SignedToken,
}

impl<R: UserRepository> Users<R> {
    pub(crate) fn new(repository: R, passwords: Passwords, signer: Signer) -> Self {
        Self {
            repository,
            passwords,
            signer,
        }
    }

    /// Creates an account. The input is checked before the password is hashed, and nothing is written on any error.
    pub(crate) async fn sign_up(&self, input: SignUp) -> Result<SignedIn, UsersError> {
        let input = input.validated()?;
        let user = User {
            id: format!("u_{}", uuid::Uuid::now_v7().simple()),
            handle: input.handle,
            display_name: input.display_name,
            email: input.email,
            tier: Tier::Standard,
            address: input.address,
            joined_at: Timestamp::now(),
        };
        // Signed first: an account whose token could not be signed must not exist.
        let token = self.token(&user.id)?;
        let account = Account {
            user,
            password_hash: self.passwords.hash(input.password).await?,
        };
        match self.repository.add(&account).await? {
            Added::Yes => Ok(SignedIn {
                user: account.user,
                token,
            }),
            Added::HandleTaken => Err(UsersError::HandleTaken(account.user.handle)),
            Added::EmailTaken => Err(UsersError::EmailTaken),
        }
    }

    /// Checks a password. An unknown handle costs one verification as well, so that time does not tell it apart.
    pub(crate) async fn sign_in(&self, handle: &str, password: String) -> Result<SignedIn, UsersError> {
        let (user, hash) = match self.repository.account(handle).await? {
            Some(account) => (Some(account.user), Some(account.password_hash)),
            None => (None, None),
        };
        let right = self.passwords.verify(password, hash).await?;
        let user = user.filter(|_| right).ok_or(UsersError::InvalidCredentials)?;
        let token = self.token(&user.id)?;
        Ok(SignedIn { user, token })
    }

    /// See [`UserRepository::by_ids`].
    pub(crate) async fn by_ids(&self, ids: &[String]) -> Result<Vec<User>, RepositoryError> {
        self.repository.by_ids(ids).await
    }

    /// See [`UserRepository::by_handles`].
    pub(crate) async fn by_handles(&self, handles: &[String]) -> Result<Vec<User>, RepositoryError> {
        self.repository.by_handles(handles).await
    }

    fn token(&self, id: &str) -> Result<SignedToken, UsersError> {
        Ok(self
            .signer
            .sign(id, &[PROFILE_SCOPE], Timestamp::now(), TOKEN_LIFE)?)
    }
}

/// The user's e-mail address, for the user itself with the scope "profile".
pub(crate) fn email_for(viewer: Option<&Identity>, user: &User) -> Result<String, UsersError> {
    match viewer {
        Some(viewer) if viewer.subject == user.id && viewer.has_scope(PROFILE_SCOPE) => {
            Ok(user.email.clone())
        }
        _ => Err(UsersError::EmailForbidden),
    }
}

/// The identity that a token of [`SignedIn`] stands for.
pub(crate) fn identity_of(user: &User) -> Identity {
    Identity {
        subject: user.id.clone(),
        scopes: vec![PROFILE_SCOPE.to_owned()],
    }
}

#[cfg(test)]
mod tests;
