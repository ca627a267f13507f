//! `admin`: where operators and services speak to the gateway itself.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::{ConfigError, Environment, Secret, listen, validate::At};

const SHORTEST_KEY: usize = 16;

/// A listener of its own, and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    pub listen: SocketAddr,
    /// What callers send as `Authorization`; visible ASCII.
    pub shared_key: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAdmin {
    listen: String,
    shared_key: Option<String>,
}

/// `taken`: the other addresses of the gateway, with what they are for.
pub(crate) fn validate(
    at: &At<'_>,
    raw: Option<RawAdmin>,
    environment: &Environment,
    taken: &[(SocketAddr, &str)],
) -> Result<Option<AdminConfig>, ConfigError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    let listen = listen::address(at, "admin.listen", &raw.listen, "127.0.0.1:9001")?;
    // Each port 0 is a port of its own.
    if let Some((_, whose)) = taken
        .iter()
        .find(|(addr, _)| *addr == listen && listen.port() != 0)
    {
        let reason = format!("{listen} is where {whose}; administration needs another address");
        return Err(at.invalid("admin.listen", reason));
    }
    let shared_key = environment.admin_key.clone().or(raw.shared_key);
    if shared_key.is_none() && !environment.is_whole {
        return Ok(None);
    }
    Ok(Some(AdminConfig {
        listen,
        shared_key: key(at, shared_key)?,
    }))
}

/// The messages do not repeat the key.
fn key(at: &At<'_>, key: Option<String>) -> Result<Secret, ConfigError> {
    let make = "`openssl rand -hex 32` makes one";
    let wrong = |reason: String| Err(at.invalid("admin.shared_key", reason));
    match key {
        None => wrong(format!(
            "is missing: whoever reaches the listener could empty the cache. Write a key here or set CAUSEWAY_ADMIN_KEY; {make}"
        )),
        Some(key) if key.len() < SHORTEST_KEY => wrong(format!(
            "has {} characters, which can be guessed; {SHORTEST_KEY} are the least, and {make}",
            key.len()
        )),
        Some(key) if !key.bytes().all(|byte| byte.is_ascii_graphic()) => wrong(format!(
            "has characters other than visible ASCII, which a header cannot carry; {make}"
        )),
        Some(key) => Ok(Secret::new(key)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Config, parse_with};

    fn read(text: &str, admin_key: Option<&str>) -> Result<Config, ConfigError> {
        let environment = Environment {
            admin_key: admin_key.map(str::to_owned),
            is_whole: true,
            ..Environment::default()
        };
        parse_with(
            &format!("supergraph: s.graphql\n{text}"),
            Path::new("causeway.yaml"),
            &environment,
        )
    }

    #[test]
    fn the_key_stands_in_the_file_or_in_the_environment() {
        let (key, other) = ("0123456789abcdef", "fedcba9876543210");
        assert_eq!(read("", Some(key)).unwrap().admin, None);
        let file = format!("admin: {{ listen: '127.0.0.1:9001', shared_key: '{key}' }}");
        let bare = "admin: { listen: '127.0.0.1:9001' }";
        for (text, environment, expected) in [
            (file.as_str(), None, key),
            (&file, Some(other), other),
            (bare, Some(other), other),
        ] {
            let config = read(text, environment).unwrap();
            assert!(
                !format!("{config:?}").contains(expected),
                "the key is for nobody's log"
            );
            let admin = config.admin.unwrap();
            assert_eq!(admin.listen.to_string(), "127.0.0.1:9001");
            assert_eq!(admin.shared_key.expose(), expected);
        }
    }

    #[test]
    fn who_does_not_serve_needs_no_key() {
        let text = "supergraph: s.graphql\nadmin: { listen: '127.0.0.1:9001' }";
        assert_eq!(
            crate::parse(text, Path::new("causeway.yaml")).unwrap().admin,
            None
        );
    }

    #[test]
    fn what_protects_nothing_is_refused() {
        for (text, key, expected) in [
            ("admin: {}", None, "missing field `listen`"),
            (
                "admin: { listen: 9001 }",
                None,
                "`admin.listen`: `9001` is not an address",
            ),
            (
                "admin: { listen: '127.0.0.1:4000', shared_key: 0123456789abcdef }",
                None,
                "is where clients are served",
            ),
            (
                "metrics: { listen: '127.0.0.1:9464' }\nadmin: { listen: '127.0.0.1:9464', shared_key: 0123456789abcdef }",
                None,
                "is where metrics are told",
            ),
            (
                "admin: { listen: '127.0.0.1:9001' }",
                None,
                "set CAUSEWAY_ADMIN_KEY",
            ),
            (
                "admin: { listen: '127.0.0.1:9001', shared_key: '' }",
                None,
                "has 0 characters",
            ),
            (
                "admin: { listen: '127.0.0.1:9001', shared_key: fifteen-letters }",
                None,
                "has 15 characters",
            ),
            (
                "admin: { listen: '127.0.0.1:9001', shared_key: 0123456789abcdef }",
                Some(""),
                "has 0 characters",
            ),
            (
                "admin: { listen: '127.0.0.1:9001', shared_key: 'sixteen letters and blanks' }",
                None,
                "other than visible ASCII",
            ),
        ] {
            let message = read(text, key).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
            assert!(!message.contains("fifteen-letters"), "{message}");
        }
    }
}
