//! For how long, and for whom, an answer may be kept: RFC 9111, as far as it fits.

use std::time::Duration;

use causeway_executor::CachingHeaders;
use http::{HeaderMap, HeaderName, header};

/// What a subgraph's answer says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// How long it is fresh from now on. `None`: it does not say.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) age: Duration,
    /// `None`: it does not say.
    pub(crate) audience: Option<Audience>,
    /// By headers that are not in the keys of values.
    pub(crate) varies: bool,
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
}

/// Who may be given an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Everybody.
    Public,
    /// Whoever the subgraph cannot tell from the one who asked.
    AsSeen,
    /// Whoever asked.
    Private,
}

/// `Err`: it is not kept, and why. `vary`: the headers that are in the keys of public values.
pub(crate) fn said(headers: Option<&CachingHeaders>, vary: &[HeaderName]) -> Result<Said, &'static str> {
    let mut said = Said {
        lifetime: None,
        age: Duration::ZERO,
        audience: None,
        varies: false,
        stale_while_revalidate: None,
        stale_if_error: None,
    };
    let Some(headers) = headers else {
        return Ok(said);
    };
    let (mut max_age, mut shared) = (None, None);
    for (name, value) in directives(headers.cache_control.as_deref().unwrap_or_default()) {
        // What cannot be read is as good as over.
        let seconds = || Some(value.and_then(seconds).unwrap_or_default());
        match name.as_str() {
            "no-store" => return Err("the subgraph says no-store"),
            "no-cache" => return Err("the subgraph says no-cache"),
            "private" => said.audience = Some(Audience::Private),
            "public" if said.audience.is_none() => said.audience = Some(Audience::Public),
            "max-age" => max_age = seconds(),
            "s-maxage" => shared = seconds(),
            "stale-while-revalidate" => said.stale_while_revalidate = seconds(),
            "stale-if-error" => said.stale_if_error = seconds(),
            "must-revalidate" | "proxy-revalidate" => {
                said.stale_while_revalidate = Some(Duration::ZERO);
                said.stale_if_error = Some(Duration::ZERO);
            }
            _ => {}
        }
    }
    if shared.is_some() && said.audience.is_none() {
        said.audience = Some(Audience::Public);
    }
    said.age = headers.age.as_deref().and_then(seconds).unwrap_or_default();
    let lifetime = match said.audience {
        Some(Audience::Private) => max_age,
        _ => shared.or(max_age),
    };
    said.lifetime = lifetime.map(|lifetime| lifetime.saturating_sub(said.age));
    let mut names = headers
        .vary
        .as_deref()
        .unwrap_or_default()
        .split(',')
        .map(str::trim);
    if names.clone().any(|name| name == "*") {
        return Err("the subgraph says that it varies by everything");
    }
    // Encodings are undone before anything is kept.
    said.varies = !names.all(|name| {
        name.is_empty()
            || name.eq_ignore_ascii_case("accept-encoding")
            || vary.iter().any(|known| known.as_str().eq_ignore_ascii_case(name))
    });
    if said.lifetime == Some(Duration::ZERO) {
        return Err("it is over already");
    }
    Ok(said)
}

impl Said {
    /// Who may be given it, with what is said elsewhere of an answer that does not say. `Err`: it is not kept, and why.
    pub(crate) fn audience(&self, hint: Option<Audience>) -> Result<Audience, &'static str> {
        match self.audience.or(hint).unwrap_or(Audience::AsSeen) {
            Audience::Private if self.varies => {
                Err("it is private, and varies by a header that is not under `vary`")
            }
            Audience::Public if self.varies => Ok(Audience::AsSeen),
            other => Ok(other),
        }
    }
}

fn directives(text: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    text.split(',').map(|directive| {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name, Some(value.trim().trim_matches('"'))),
            None => (directive, None),
        };
        (name.trim().to_ascii_lowercase(), value)
    })
}

/// What is too large to be read is a long time.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| {
        Duration::from_secs(
            text.parse()
                .unwrap_or(u64::from(u32::MAX))
                .min(u64::from(u32::MAX)),
        )
    })
}

/// What a client wants of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Use,
    /// `no-cache`: what is kept is not good enough, what comes may be kept.
    Refresh,
    /// `no-store`: as if there were none.
    Avoid,
}

pub(crate) fn wish(headers: &HeaderMap) -> Wish {
    let mut wish = Wish::Use;
    for value in headers.get_all(header::CACHE_CONTROL) {
        for (name, value) in directives(value.to_str().unwrap_or_default()) {
            match name.as_str() {
                "no-store" => return Wish::Avoid,
                "no-cache" => wish = Wish::Refresh,
                "max-age" if value == Some("0") => wish = Wish::Refresh,
                _ => {}
            }
        }
    }
    wish
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cache_control: &str, vary: Option<&str>) -> Result<(Option<u64>, Audience), &'static str> {
        let headers = CachingHeaders {
            cache_control: Some(cache_control.to_owned()),
            age: Some("10".to_owned()),
            vary: vary.map(str::to_owned),
        };
        let known = [HeaderName::from_static("accept-language")];
        let said = said(Some(&headers), &known)?;
        Ok((
            said.lifetime.map(|lifetime| lifetime.as_secs()),
            said.audience(None)?,
        ))
    }

    #[test]
    fn lifetimes_and_audiences() {
        use Audience::*;
        assert_eq!(of("max-age=60", None), Ok((Some(50), AsSeen)));
        assert_eq!(of("Max-Age=\"60\", public", None), Ok((Some(50), Public)));
        assert_eq!(of("s-maxage=70, max-age=60", None), Ok((Some(60), Public)));
        assert_eq!(
            of("private, s-maxage=70, max-age=60", None),
            Ok((Some(50), Private))
        );
        assert_eq!(of("public, private, max-age=60", None), Ok((Some(50), Private)));
        assert_eq!(of("public", None), Ok((None, Public)));
        assert!(of("max-age=10", None).is_err());
        assert!(of("max-age=x", None).is_err());
        assert!(of("no-store, max-age=60", None).is_err());
        assert!(of("no-cache", None).is_err());
        assert_eq!(
            of("max-age=99999999999999999999", None),
            Ok((Some(u64::from(u32::MAX) - 10), AsSeen))
        );
    }

    #[test]
    fn what_varies_by_something_unknown_is_for_those_who_look_alike() {
        use Audience::*;
        assert_eq!(
            of("public,max-age=60", Some("Accept-Language, accept-encoding")),
            Ok((Some(50), Public))
        );
        assert_eq!(of("public,max-age=60", Some("x-plan")), Ok((Some(50), AsSeen)));
        assert_eq!(
            of("private,max-age=60", Some("Accept-Language")),
            Ok((Some(50), Private))
        );
        // Whose it is does not tell which of theirs it is.
        assert!(of("private,max-age=60", Some("x-plan")).is_err());
        assert!(of("public,max-age=60", Some("*")).is_err());
    }

    #[test]
    fn clients_may_ask_for_what_is_new() {
        let wish_of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
            wish(&headers)
        };
        assert_eq!(wish_of("max-age=100"), Wish::Use);
        assert_eq!(wish_of("no-cache"), Wish::Refresh);
        assert_eq!(wish_of("max-age=0"), Wish::Refresh);
        assert_eq!(wish_of("no-cache, no-store"), Wish::Avoid);
    }
}
