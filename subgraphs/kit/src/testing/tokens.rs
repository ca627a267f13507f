//! A stand-in for the accounts service: issues tokens that its own verifier accepts.

use std::time::Duration;

use crate::Timestamp;
use crate::auth::{Signer, Verifier};

/// Issues tokens with a fixed key of its own.
pub struct TestIssuer(Signer);

impl TestIssuer {
    pub fn new() -> Self {
        Self(Signer::from_secret(&[7; 32]).expect("any 32 bytes are an Ed25519 secret"))
    }

    /// Accepts exactly this issuer's tokens.
    pub fn verifier(&self) -> Verifier {
        Verifier::from_jwks(&self.0.jwks())
    }

    /// The key set as served at `/.well-known/jwks.json`.
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::to_value(self.0.jwks()).expect("a key set serialises")
    }

    /// A token for the user, valid for an hour.
    pub fn token(&self, subject: &str, scopes: &[&str]) -> String {
        let life = Duration::from_secs(3600);
        self.0
            .sign(subject, scopes, Timestamp::now(), life)
            .expect("the key signs")
            .token
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}
