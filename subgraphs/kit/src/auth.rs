//! Who is asking: EdDSA tokens checked against a JSON Web Key Set. It proves identities; what they may do is the
//! service's business.

mod keys;
mod signer;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use crate::error::ErrorCode;

pub use signer::{SignedToken, Signer, SignerError};

use keys::{KeySet, RemoteKeys};

/// The `iss` of the shop's tokens.
pub const ISSUER: &str = "causeway-shop-users";
/// The `aud` of the shop's tokens.
pub const AUDIENCE: &str = "causeway-shop";
/// By how much two machines' clocks may differ, in seconds.
const LEEWAY: u64 = 5;

/// Who a valid token was issued to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's id.
    pub subject: String,
    pub scopes: Vec<String>,
}

/// Checks tokens. Cloning is shallow: clones share the fetched keys.
#[derive(Clone)]
pub struct Verifier(Arc<Keys>);

enum Keys {
    Fixed(KeySet),
    Remote(RemoteKeys),
}

/// Why a request's identity was not established. The message is for the client; it never quotes the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    #[error("the Authorization header must be `Bearer` and a token")]
    NotBearer,
    #[error("the token is malformed or not signed with EdDSA")]
    Malformed,
    #[error("the token is signed with a key that is not known here; sign in again")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    BadSignature,
    #[error("the token has expired; sign in again")]
    Expired,
    #[error("the token was not issued for this shop")]
    WrongClaims,
    #[error("the token cannot be checked now, because the issuer's keys could not be fetched; try again")]
    KeysUnavailable,
}

/// The address of a key set is no http(s) URL, or no HTTP client could be made for it.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {url:?} as the address of a JSON Web Key Set: {problem}")]
pub struct JwksUrlError {
    url: String,
    problem: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Space-separated, as in OAuth 2.0 (RFC 8693 section 4.2).
    #[serde(default)]
    scope: String,
}

impl Identity {
    /// The identity of the request, if it carried a token.
    pub fn of<'c>(context: &Context<'c>) -> Option<&'c Identity> {
        context.data_opt::<Option<Identity>>().and_then(Option::as_ref)
    }

    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}

impl Verifier {
    /// Trusts the keys found at `url`. Nothing is fetched before the first token; an unknown `kid` makes it fetch
    /// again, at most every 10 s.
    pub fn from_jwks_url(url: &str) -> Result<Self, JwksUrlError> {
        Ok(Self(Arc::new(Keys::Remote(RemoteKeys::new(url)?))))
    }

    /// Trusts exactly these keys. Keys other than Ed25519, or without a `kid`, are left out.
    pub fn from_jwks(keys: &JwkSet) -> Self {
        Self(Arc::new(Keys::Fixed(KeySet::new(keys))))
    }

    /// Checks signature, issuer, audience and expiry.
    pub async fn verify(&self, token: &str) -> Result<Identity, AuthError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| AuthError::Malformed)?;
        if header.alg != Algorithm::EdDSA {
            return Err(AuthError::Malformed);
        }
        let kid = header.kid.ok_or(AuthError::UnknownKey)?;
        let key = match self.0.as_ref() {
            Keys::Fixed(keys) => keys.get(&kid).ok_or(AuthError::UnknownKey)?,
            Keys::Remote(keys) => keys.get(&kid).await?,
        };
        let decoded =
            jsonwebtoken::decode::<Claims>(token, &key, &validation()).map_err(|error| refusal(&error))?;
        let scopes = decoded
            .claims
            .scope
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        Ok(Identity {
            subject: decoded.claims.sub,
            scopes,
        })
    }

    /// Checks an `Authorization` header's value: `Bearer TOKEN`.
    pub async fn verify_header(&self, value: &http::HeaderValue) -> Result<Identity, AuthError> {
        let text = value.to_str().map_err(|_| AuthError::NotBearer)?;
        match text.trim().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.verify(token.trim()).await,
            _ => Err(AuthError::NotBearer),
        }
    }
}

impl ErrorCode for AuthError {
    fn code(&self) -> &'static str {
        match self {
            AuthError::KeysUnavailable => "AUTH_UNAVAILABLE",
            _ => "UNAUTHENTICATED",
        }
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = LEEWAY;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

fn refusal(error: &jsonwebtoken::errors::Error) -> AuthError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => AuthError::BadSignature,
        ErrorKind::ExpiredSignature => AuthError::Expired,
        ErrorKind::InvalidAudience | ErrorKind::InvalidIssuer | ErrorKind::MissingRequiredClaim(_) => {
            AuthError::WrongClaims
        }
        _ => AuthError::Malformed,
    }
}

/// A client for one URL. For plain http no certificate store is opened: containers may have none.
pub(crate) fn http_client(url: &str, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // Only the first call in a process installs it; a provider that is already there is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none());
    if url.starts_with("http://") {
        builder.tls_certs_only([]).build()
    } else {
        builder.build()
    }
}

#[cfg(test)]
mod tests;
