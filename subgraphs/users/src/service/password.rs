//! Hashing and checking passwords with argon2id, away from the runtime's threads. It knows no accounts.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, password_hash};
use tokio::sync::Semaphore;

/// Hashes and checks passwords, at most as many at once as there are processors: each takes 19 MiB for its time.
#[derive(Clone)]
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    /// Checked in the place of a hash that does not exist.
    decoy: Arc<str>,
    #[cfg(test)]
    checks: Arc<std::sync::atomic::AtomicU32>,
}

/// Hashing failed; not a wrong password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("cannot hash a password: {0}")]
    Hash(password_hash::Error),
    #[error("a stored password hash is unusable: {0}")]
    Unusable(String),
    #[error("the hashing task did not finish: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Passwords {
    /// Costs one hash.
    pub(crate) async fn new() -> Result<Self, PasswordError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let decoy =
            tokio::task::spawn_blocking(|| hash_with_salt("no account has this", b"decoy salt 00001"))
                .await??;
        Ok(Self {
            slots: Arc::new(Semaphore::new(processors)),
            decoy: decoy.into(),
            #[cfg(test)]
            checks: Arc::default(),
        })
    }

    /// A PHC string with a random salt.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.in_slot(move || hash_with_salt(&password, &rand::random::<[u8; 16]>()))
            .await
    }

    /// Whether the password is the one of the hash. Without a hash the answer is no, after the same work.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        #[cfg(test)]
        self.checks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let decoy = Arc::clone(&self.decoy);
        self.in_slot(move || {
            let stored = hash.as_deref().unwrap_or(&decoy);
            let parsed =
                PasswordHash::new(stored).map_err(|error| PasswordError::Unusable(error.to_string()))?;
            let right = match Argon2::default().verify_password(password.as_bytes(), &parsed) {
                Ok(()) => true,
                Err(password_hash::Error::PasswordInvalid) => false,
                Err(error) => return Err(PasswordError::Unusable(error.to_string())),
            };
            Ok(right && hash.is_some())
        })
        .await
    }

    /// How many passwords were checked so far.
    #[cfg(test)]
    pub(crate) fn checks(&self) -> u32 {
        self.checks.load(std::sync::atomic::Ordering::SeqCst)
    }

    async fn in_slot<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        // Moved into the task: a caller who goes away must not free the slot while the work goes on.
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(slot);
            outcome
        })
        .await?
    }
}

/// A PHC string with this salt of at least 8 bytes. Takes tens of milliseconds: call it off the runtime.
pub(crate) fn hash_with_salt(password: &str, salt: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::new().await.unwrap();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verify =
            |password: &str, hash: Option<&String>| passwords.verify(password.to_owned(), hash.cloned());
        assert!(verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!verify("correct horsf", Some(&hash)).await.unwrap());
        assert!(!verify("", Some(&hash)).await.unwrap());
        assert_ne!(
            passwords.hash("correct horse".to_owned()).await.unwrap(),
            hash,
            "each hash has its own salt"
        );
    }

    #[tokio::test]
    async fn without_a_hash_no_password_is_right_not_even_the_decoys() {
        let passwords = Passwords::new().await.unwrap();
        assert!(
            !passwords
                .verify("no account has this".to_owned(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_broken_hash_is_an_error_and_not_a_wrong_password() {
        let passwords = Passwords::new().await.unwrap();
        let broken = passwords
            .verify("x".to_owned(), Some("plain text".to_owned()))
            .await;
        assert!(matches!(broken, Err(PasswordError::Unusable(_))), "{broken:?}");
    }
}
