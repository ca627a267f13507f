//! The keys that tokens are checked with: a parsed set, and a set fetched from a URL. No tokens here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{AuthError, JwksUrlError, http_client};

/// After a successful fetch, an unknown `kid` does not cause another one for this long.
const REFETCH_AFTER: Duration = Duration::from_secs(10);
/// After a failed fetch: short, so that services which start before the issuer recover soon.
const RETRY_AFTER: Duration = Duration::from_secs(1);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
const ED25519_KEY_LENGTH: usize = 32;

/// Ed25519 public keys by `kid`.
#[derive(Default)]
pub(super) struct KeySet(HashMap<String, Arc<DecodingKey>>);

impl KeySet {
    pub(super) fn new(keys: &JwkSet) -> Self {
        Self(keys.keys.iter().filter_map(usable).collect())
    }

    pub(super) fn get(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.0.get(kid).cloned()
    }
}

/// A key set behind a URL, fetched when first needed and kept.
pub(super) struct RemoteKeys {
    url: String,
    client: reqwest::Client,
    keys: RwLock<KeySet>,
    /// Held while fetching, so that concurrent requests share one fetch.
    last_fetch: Mutex<Option<Fetch>>,
}

#[derive(Clone, Copy)]
struct Fetch {
    at: Instant,
    succeeded: bool,
}

impl RemoteKeys {
    pub(super) fn new(url: &str) -> Result<Self, JwksUrlError> {
        let wrong = |problem: String| JwksUrlError {
            url: url.to_owned(),
            problem,
        };
        let parsed = reqwest::Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("it must begin with http:// or https://".to_owned()));
        }
        let client = http_client(url, FETCH_TIMEOUT).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            url: url.to_owned(),
            client,
            keys: RwLock::default(),
            last_fetch: Mutex::new(None),
        })
    }

    pub(super) async fn get(&self, kid: &str) -> Result<Arc<DecodingKey>, AuthError> {
        if let Some(key) = self.cached(kid) {
            return Ok(key);
        }
        let mut last = self.last_fetch.lock().await;
        // Another request may have fetched while this one waited for the lock.
        if let Some(key) = self.cached(kid) {
            return Ok(key);
        }
        let may_fetch = last.is_none_or(|fetch| {
            fetch.at.elapsed()
                >= if fetch.succeeded {
                    REFETCH_AFTER
                } else {
                    RETRY_AFTER
                }
        });
        if may_fetch {
            let fetched = self.fetch().await;
            *last = Some(Fetch {
                at: Instant::now(),
                succeeded: fetched.is_ok(),
            });
            match fetched {
                Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = KeySet::new(&keys),
                Err(error) => tracing::warn!(url = self.url, %error, "cannot fetch the token issuer's keys"),
            }
        }
        match (self.cached(kid), *last) {
            (Some(key), _) => Ok(key),
            (None, Some(fetch)) if fetch.succeeded => Err(AuthError::UnknownKey),
            (None, _) => Err(AuthError::KeysUnavailable),
        }
    }

    fn cached(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(kid)
    }

    async fn fetch(&self) -> Result<JwkSet, reqwest::Error> {
        self.client
            .get(&self.url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}

/// The length is checked here: jsonwebtoken panics on a shorter key.
fn usable(key: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    let kid = key.common.key_id.clone()?;
    let AlgorithmParameters::OctetKeyPair(pair) = &key.algorithm else {
        return None;
    };
    let bytes = URL_SAFE_NO_PAD.decode(&pair.x).ok()?;
    if pair.curve != EllipticCurve::Ed25519 || bytes.len() != ED25519_KEY_LENGTH {
        return None;
    }
    Some((kid, Arc::new(DecodingKey::from_ed_der(&bytes))))
}
