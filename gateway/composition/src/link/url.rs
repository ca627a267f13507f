//! URLs of specifications: `https://host/path/name/v1.2`.

use crate::spec::SPECS_HOST;
use std::fmt;

/// A specification's version; ordered by major, then minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl Version {
    pub(crate) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// A specification at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureUrl {
    /// Everything before the version: what makes two URLs speak of the same specification.
    pub(crate) identity: String,
    pub(crate) name: String,
    pub(crate) version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("missing path in the URL \"{0}\"")]
    NoPath(String),
    #[error("expected a version of the form v1.2 at the end of the URL \"{url}\", found \"{found}\"")]
    NoVersion { url: String, found: String },
}

impl FeatureUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
        let host = segments.next().unwrap_or_default();
        let path: Vec<&str> = segments.collect();
        let Some((last, before)) = path.split_last() else {
            return Err(UrlError::NoPath(url.to_owned()));
        };
        let version = Version::parse(last).ok_or_else(|| UrlError::NoVersion {
            url: url.to_owned(),
            found: (*last).to_owned(),
        })?;
        let Some(name) = before.last() else {
            return Err(UrlError::NoPath(url.to_owned()));
        };
        let identity = format!("{scheme}://{host}/{}", before.join("/"));
        Ok(Self {
            identity,
            name: (*name).to_owned(),
            version,
        })
    }

    /// Whether this is the named specification of those that federation defines.
    pub(crate) fn is_apollo(&self, name: &str) -> bool {
        self.identity
            .strip_prefix(SPECS_HOST)
            .and_then(|rest| rest.strip_prefix('/'))
            == Some(name)
    }
}

impl fmt::Display for FeatureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.identity, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_specification_and_a_version() {
        let url = FeatureUrl::parse("https://specs.apollo.dev/federation/v2.5").unwrap();
        assert!(url.is_apollo("federation"));
        assert_eq!(
            (url.name.as_str(), url.version),
            ("federation", Version::new(2, 5))
        );
        assert_eq!(url.to_string(), "https://specs.apollo.dev/federation/v2.5");
    }

    #[test]
    fn a_url_needs_a_name_and_a_version() {
        assert!(matches!(
            FeatureUrl::parse("https://specs.apollo.dev/"),
            Err(UrlError::NoPath(_))
        ));
        assert!(matches!(
            FeatureUrl::parse("https://specs.apollo.dev/v1.0"),
            Err(UrlError::NoPath(_))
        ));
        for url in [
            "https://foo.bar/spec/latest",
            "https://foo.bar",
            "https://foo/bar/v1",
            "v1.x",
        ] {
            assert!(FeatureUrl::parse(url).is_err(), "{url}");
        }
    }
}
