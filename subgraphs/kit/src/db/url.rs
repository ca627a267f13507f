//! Where a database is. Parsing happens once, at the command line; nothing here opens anything.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A checked database address. `Display` and `Debug` hide the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Location {
    SqliteFile(PathBuf),
    SqliteMemory,
    Postgres(String),
}

/// The text is no database address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{problem}; use sqlite://PATH (sqlite://data/shop.db, or sqlite:///var/lib/shop.db for an absolute path), \
     sqlite::memory: or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
)]
pub struct DatabaseUrlError {
    problem: String,
}

impl DatabaseUrl {
    /// A SQLite file, created when it does not exist.
    pub fn sqlite_file(path: impl AsRef<Path>) -> Self {
        Self(Location::SqliteFile(path.as_ref().to_owned()))
    }

    pub(super) fn location(&self) -> &Location {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem: &str| DatabaseUrlError {
            problem: problem.to_owned(),
        };
        if text == "sqlite::memory:" || text == "sqlite://:memory:" {
            return Ok(Self(Location::SqliteMemory));
        }
        if let Some(path) = text.strip_prefix("sqlite://") {
            return match path {
                "" => Err(wrong("the database address names no file")),
                _ if path.contains('?') => Err(wrong("a sqlite address takes no ? parameters")),
                _ => Ok(Self(Location::SqliteFile(path.into()))),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // sqlx's parser is the judge; its own message may quote the text and with it the password.
            return match sqlx::postgres::PgConnectOptions::from_str(text) {
                Ok(options) if options.get_database().is_none_or(str::is_empty) => {
                    Err(wrong("the postgres address names no database"))
                }
                Ok(_) => Ok(Self(Location::Postgres(text.to_owned()))),
                Err(_) => Err(wrong("the postgres address is malformed")),
            };
        }
        let scheme = text.split(':').next().unwrap_or_default();
        Err(wrong(&format!("{scheme:?} is no known kind of database")))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::SqliteFile(path) => write!(f, "sqlite://{}", path.display()),
            Location::SqliteMemory => f.write_str("sqlite::memory:"),
            Location::Postgres(address) => f.write_str(&without_password(address)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Replaces what stands between `user:` and the last `@` of the authority, and any `password=` parameter.
fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, p)| (a, Some(p)));
    let authority = match authority.rsplit_once('@') {
        Some((who, host)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("{who}@{host}"),
        },
        None => authority.to_owned(),
    };
    let mut text = format!("{scheme}://{authority}");
    if let Some(path) = path {
        text.push('/');
        text.push_str(path);
    }
    if let Some(query) = query {
        let shown: Vec<&str> = query
            .split('&')
            .map(|pair| {
                if pair.starts_with("password=") {
                    "password=***"
                } else {
                    pair
                }
            })
            .collect();
        text.push('?');
        text.push_str(&shown.join("&"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        text.parse()
    }

    #[test]
    fn reads_the_three_forms() {
        assert_eq!(
            parse("sqlite://data/users.db").unwrap(),
            DatabaseUrl::sqlite_file("data/users.db")
        );
        assert_eq!(
            parse("sqlite:///var/users.db").unwrap(),
            DatabaseUrl::sqlite_file("/var/users.db")
        );
        assert_eq!(parse("sqlite://:memory:").unwrap().to_string(), "sqlite::memory:");
        assert_eq!(
            parse("postgres://a@h/db").unwrap().to_string(),
            "postgres://a@h/db"
        );
    }

    #[test]
    fn an_unknown_form_names_the_accepted_ones() {
        for text in [
            "",
            "mysql://x",
            "users.db",
            "sqlite://",
            "sqlite://x?mode=ro",
            "postgres://a@h",
            "postgres://[",
        ] {
            let message = parse(text).expect_err(text).to_string();
            for form in ["sqlite://PATH", "sqlite::memory:", "postgres://USER"] {
                assert!(message.contains(form), "{text}: {message}");
            }
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        for text in [
            "postgres://ada:s3cret@db.local:5432/users",
            "postgres://ada:s3cr%40t@db.local/users?sslmode=disable",
            "postgresql://db.local/users?password=s3cret&user=ada",
        ] {
            let url = parse(text).unwrap();
            for shown in [url.to_string(), format!("{url:?}")] {
                assert!(!shown.contains("s3cr"), "{shown}");
                assert!(shown.contains("db.local") && shown.contains("***"), "{shown}");
            }
        }
        let message = parse("postgres://ada:s3cret@db.local:notaport/users")
            .unwrap_err()
            .to_string();
        assert!(!message.contains("s3cret"), "{message}");
    }
}
