//! Where events can go. An adapter publishes a batch as a whole or fails; it neither retries nor remembers.

mod http;
mod redis;

use std::fmt;
use std::time::Duration;

use ::http::{HeaderValue, StatusCode};
use futures::future::BoxFuture;

/// For one batch, connecting included.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

/// A checked place for events to go to. `Display` and `Debug` hide passwords and keys.
#[derive(Clone)]
pub struct Target(Kind);

#[derive(Clone)]
enum Kind {
    Redis { client: ::redis::Client, stream: String },
    Http { url: reqwest::Url, key: HeaderValue },
}

/// The settings name no place that events can go to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("EVENTS_REDIS_URL and EVENTS_HTTP_URL are both set; events go to one place")]
    Two,
    #[error(
        "EVENTS_REDIS_URL is unusable; write redis://HOST:PORT or redis://USER:PASSWORD@HOST:PORT (no TLS)"
    )]
    Redis,
    #[error("EVENTS_HTTP_URL is unusable; it must be an http:// or https:// URL")]
    Http,
    #[error(
        "EVENTS_HTTP_URL needs EVENTS_HTTP_KEY, the key that the gateway asks for: visible ASCII characters"
    )]
    NoKey,
    #[error("cannot make an HTTP client for events: {0}")]
    Client(#[from] reqwest::Error),
}

/// Takes batches of events, one at a time and in order.
pub(super) trait Publisher: Send {
    /// Resolves once all of them have been taken. An error says nothing about which of them were.
    fn publish<'a>(&'a mut self, events: &'a [String]) -> BoxFuture<'a, Result<(), PublishError>>;
}

/// The target is away, or does not take what it is sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("Redis: {0}")]
    Redis(#[from] ::redis::RedisError),
    #[error("{0}")]
    Http(String),
    #[error("it answered {status}, not 202: {reason}")]
    Refused {
        status: StatusCode,
        /// The beginning of the answer's body.
        reason: String,
    },
    #[error("no answer within {} seconds", PUBLISH_TIMEOUT.as_secs())]
    Timeout,
}

impl PublishError {
    /// Whether it is the events that are not understood: then no repetition and no mended configuration gets them taken. At
    /// least one of them is to blame, or there are too many of them.
    pub(super) fn is_for_good(&self) -> bool {
        let Self::Refused { status, .. } = self else {
            return false;
        };
        matches!(
            *status,
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
        )
    }
}

impl Target {
    /// The stream `{prefix}:events` of a Redis server. It need not run yet.
    pub fn redis(url: &str, prefix: &str) -> Result<Self, TargetError> {
        // Whether the crate knows others, such as TLS, depends on who else is built with it.
        if !url.starts_with("redis://") {
            return Err(TargetError::Redis);
        }
        let client = ::redis::Client::open(url).map_err(|_| TargetError::Redis)?;
        let stream = format!("{prefix}:events");
        Ok(Self(Kind::Redis { client, stream }))
    }

    /// An HTTP endpoint that takes a JSON array of events by POST, with the key as `Authorization`, and answers 202.
    pub fn http(url: &str, key: &str) -> Result<Self, TargetError> {
        let mut url = reqwest::Url::parse(url).map_err(|_| TargetError::Http)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(TargetError::Http);
        }
        // The key is the only credential; what stands in the URL would end up in logs.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let mut key = HeaderValue::from_str(key).map_err(|_| TargetError::NoKey)?;
        key.set_sensitive(true);
        Ok(Self(Kind::Http { url, key }))
    }

    pub(super) fn publisher(&self) -> Result<Box<dyn Publisher>, TargetError> {
        Ok(match &self.0 {
            Kind::Redis { client, stream } => Box::new(redis::Stream::new(client.clone(), stream.clone())),
            Kind::Http { url, key } => Box::new(http::Endpoint::new(url.clone(), key.clone())?),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Redis { client, stream } => {
                let address = client.get_connection_info().addr();
                write!(f, "the Redis stream {stream} at {address}")
            }
            Kind::Http { url, .. } => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
