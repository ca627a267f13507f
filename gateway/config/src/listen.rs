//! The gateway's own addresses.

use std::net::SocketAddr;

use crate::{ConfigError, raw::RawMetrics, validate::At};

const DEFAULT: &str = "127.0.0.1:4000";

/// Of GraphQL, and of metrics.
pub(crate) fn validate(
    at: &At<'_>,
    listen: Option<&str>,
    metrics: Option<&RawMetrics>,
) -> Result<(SocketAddr, Option<SocketAddr>), ConfigError> {
    let listen = address(at, "listen", listen.unwrap_or(DEFAULT), "127.0.0.1:4000")?;
    let Some(metrics) = metrics else {
        return Ok((listen, None));
    };
    let metrics = address(at, "metrics.listen", &metrics.listen, "127.0.0.1:9464")?;
    // Each port 0 is a port of its own.
    if metrics == listen && metrics.port() != 0 {
        let reason = format!("{metrics} is where clients are served; metrics need another address");
        return Err(at.invalid("metrics.listen", reason));
    }
    Ok((listen, Some(metrics)))
}

pub(crate) fn address(at: &At<'_>, key: &str, text: &str, example: &str) -> Result<SocketAddr, ConfigError> {
    text.parse()
        .map_err(|_| at.invalid(key, format!("`{text}` is not an address like {example}")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Config, ConfigError, parse};

    fn read(text: &str) -> Result<Config, ConfigError> {
        parse(
            &format!("supergraph: s.graphql\n{text}"),
            Path::new("causeway.yaml"),
        )
    }

    #[test]
    fn metrics_are_told_at_an_address_of_their_own_or_nowhere() {
        assert_eq!(read("").unwrap().metrics, None);
        for (text, expected) in [
            ("metrics: { listen: '127.0.0.1:9464' }", "127.0.0.1:9464"),
            (
                "listen: '127.0.0.1:0'\nmetrics: { listen: '127.0.0.1:0' }",
                "127.0.0.1:0",
            ),
        ] {
            assert_eq!(read(text).unwrap().metrics.unwrap().to_string(), expected);
        }
        for (text, expected) in [
            ("metrics: {}", "missing field `listen`"),
            (
                "metrics: { listen: 9464 }",
                "`metrics.listen`: `9464` is not an address",
            ),
            ("metrics: { listen: '127.0.0.1:4000' }", "need another address"),
            ("metrics: { listn: '127.0.0.1:9464' }", "listn"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
