//! Issues tokens. Only the service that owns the accounts, and tests, hold a signer.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::{AUDIENCE, ISSUER};
use crate::Timestamp;

/// PKCS #8 version 1 for Ed25519 (RFC 8410): this prefix and the 32 secret bytes.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// An Ed25519 key that signs tokens. `Debug` shows its id only.
pub struct Signer {
    key: EncodingKey,
    kid: String,
    public: Jwk,
}

/// A token and the moment it stops being valid.
#[derive(Debug, Clone)]
pub struct SignedToken {
    pub token: String,
    pub expires_at: Timestamp,
}

/// The key could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the signing key: {0}")]
pub struct SignerError(#[from] jsonwebtoken::errors::Error);

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
}

impl Signer {
    /// Makes the signer of 32 secret bytes. Its `kid` is the public key's RFC 7638 thumbprint.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, SignerError> {
        let key = EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &secret[..]].concat());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { key, kid, public })
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, for `/.well-known/jwks.json`.
    pub fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: vec![self.public.clone()],
        }
    }

    /// Signs a token that is valid from `now` for `life` (whole seconds).
    pub fn sign(
        &self,
        subject: &str,
        scopes: &[&str],
        now: Timestamp,
        life: Duration,
    ) -> Result<SignedToken, SignerError> {
        let iat = now.millis().div_euclid(1000);
        let exp = iat.saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: subject,
            scope: scopes.join(" "),
            iat,
            exp,
        };
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.key)?;
        Ok(SignedToken {
            token,
            expires_at: Timestamp(exp.saturating_mul(1000)),
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
