//! The secret that tokens are signed with: given by configuration, or made once and kept in the database.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::auth::{Signer, SignerError};

use crate::repository::{RepositoryError, UserRepository};

/// 32 secret bytes of an Ed25519 key, written in base64. `Debug` hides them.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

/// The text is no signing key. The message never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key is 32 bytes in base64; make one with: openssl rand -base64 32")]
pub struct SigningKeyError;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error("the signing key in the database is damaged: {0}")]
    Stored(SigningKeyError),
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// The signer of the given key, or else of the database's, which is made if this is the first start.
pub(crate) async fn signer(
    given: Option<SigningKey>,
    repository: &impl UserRepository,
) -> Result<Signer, KeyError> {
    let key = match given {
        Some(key) => key,
        None => {
            let fresh = STANDARD.encode(rand::random::<[u8; 32]>());
            repository
                .signing_secret(&fresh)
                .await?
                .parse()
                .map_err(KeyError::Stored)?
        }
    };
    Ok(Signer::from_secret(&key.0)?)
}

impl FromStr for SigningKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SigningKeyError)?;
        bytes.try_into().map(Self).map_err(|_| SigningKeyError)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_of_base64_and_is_not_shown() {
        let key: SigningKey = format!(" {}\n", STANDARD.encode([7; 32])).parse().unwrap();
        assert_eq!(key.0, [7; 32]);
        assert!(!format!("{key:?}").contains('7'));
        for text in [
            "",
            "secret",
            &STANDARD.encode([7; 31]),
            &STANDARD.encode([7; 33]),
            &"7".repeat(32),
        ] {
            assert_eq!(text.parse::<SigningKey>().unwrap_err(), SigningKeyError, "{text}");
        }
    }
}
