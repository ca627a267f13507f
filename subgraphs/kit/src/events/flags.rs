//! The command line's and environment's word on where events go. Every service has these flags.

use clap::Args;

use super::{Target, TargetError};

/// Where to tell what changed: to one place or to none.
#[derive(Args, Clone)]
pub struct EventFlags {
    /// Redis server that is told what changed, redis://HOST:PORT
    #[arg(long, env = "EVENTS_REDIS_URL", hide_env_values = true)]
    events_redis_url: Option<String>,
    /// Events go to the stream PREFIX:events
    #[arg(
        long,
        env = "EVENTS_REDIS_PREFIX",
        default_value = "causeway",
        value_name = "PREFIX"
    )]
    events_redis_prefix: String,
    /// URL that is told what changed, by POST of a JSON array
    #[arg(long, env = "EVENTS_HTTP_URL", hide_env_values = true)]
    events_http_url: Option<String>,
    /// Authorization header for --events-http-url
    #[arg(long, env = "EVENTS_HTTP_KEY", hide_env_values = true)]
    events_http_key: Option<String>,
}

impl EventFlags {
    /// The target, if one is set. Empty values count as not set: compose files pass such on.
    pub fn target(self) -> Result<Option<Target>, TargetError> {
        let given = |value: Option<String>| value.filter(|value| !value.is_empty());
        match (given(self.events_redis_url), given(self.events_http_url)) {
            (None, None) => Ok(None),
            (Some(url), None) => Target::redis(&url, &self.events_redis_prefix).map(Some),
            (None, Some(url)) => {
                let key = given(self.events_http_key).ok_or(TargetError::NoKey)?;
                Target::http(&url, &key).map(Some)
            }
            (Some(_), Some(_)) => Err(TargetError::Two),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(redis: &str, http: &str, key: &str) -> EventFlags {
        let some = |text: &str| Some(text.to_owned());
        EventFlags {
            events_redis_url: some(redis),
            events_redis_prefix: "causeway".to_owned(),
            events_http_url: some(http),
            events_http_key: some(key),
        }
    }

    #[test]
    fn one_target_or_none() {
        assert!(flags("", "", "key").target().unwrap().is_none());
        let redis = flags("redis://:s3cret@cache:6379/1", "", "")
            .target()
            .unwrap()
            .unwrap();
        assert_eq!(
            redis.to_string(),
            "the Redis stream causeway:events at cache:6379"
        );
        let http = flags("", "https://u:s3cret@gateway/invalidate", "s3cret")
            .target()
            .unwrap()
            .unwrap();
        assert_eq!(http.to_string(), "https://gateway/invalidate");
        assert!(!format!("{redis:?} {http:?}").contains("s3cret"));
    }

    #[test]
    fn what_cannot_work_is_refused_without_telling_secrets() {
        for (flags, named) in [
            (flags("redis://a", "http://b", "key"), "EVENTS_HTTP_URL"),
            (flags("", "http://b", ""), "EVENTS_HTTP_KEY"),
            (flags("", "http://b", "s3cret\n"), "EVENTS_HTTP_KEY"),
            (flags("", "ftp://b", "s3cret"), "EVENTS_HTTP_URL"),
            (flags("", "s3cret", "key"), "EVENTS_HTTP_URL"),
            (flags("http://:s3cret@b", "", ""), "EVENTS_REDIS_URL"),
            (flags("rediss://:s3cret@b", "", ""), "EVENTS_REDIS_URL"),
        ] {
            let message = flags.target().unwrap_err().to_string();
            assert!(
                message.contains(named) && !message.contains("s3cret"),
                "{message}"
            );
        }
    }
}
