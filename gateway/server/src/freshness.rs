//! What a response says to the caches between here and the client: `Cache-Control`, `Age`, `Vary`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use causeway_executor::Freshness;

/// What other caches can count with (RFC 9111, section 1.2.2).
const LONGEST: u64 = (1 << 31) - 1;

/// What of a response decides whether it may be kept at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// A query's, without errors.
    AsItSays,
    /// A mutation's, or one with errors: the next one may be another.
    Never,
}

/// Nothing for a response of which nothing was said. `vary`: clients' headers by which responses differ.
pub(crate) fn headers(freshness: Freshness, keeping: Keeping, vary: &[HeaderName]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let control = match (keeping, freshness.lifetime) {
        (Keeping::Never, _) => HeaderValue::from_static("no-store"),
        (Keeping::AsItSays, None) => return headers,
        (Keeping::AsItSays, Some(lifetime)) => match lifetime.as_secs().min(LONGEST) {
            // Less than a second is not worth keeping, and `max-age=0` would invite to ask whether it still holds.
            0 => HeaderValue::from_static("no-store"),
            left => {
                // Whoever counts starts at the age that is told.
                let age = freshness.age.as_secs().min(LONGEST - left);
                if age > 0 {
                    headers.insert(header::AGE, HeaderValue::from(age));
                }
                for name in vary {
                    headers.append(header::VARY, HeaderValue::from(name.clone()));
                }
                let scope = if freshness.private { "private" } else { "public" };
                let control = format!("{scope}, max-age={}", age + left);
                HeaderValue::try_from(control).expect("words and digits are valid in a header")
            }
        },
    };
    headers.insert(header::CACHE_CONTROL, control);
    headers
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn freshness(lifetime: u64, age: u64, private: bool) -> Freshness {
        Freshness {
            lifetime: Some(Duration::from_millis(lifetime)),
            age: Duration::from_millis(age),
            private,
        }
    }

    /// `(Cache-Control, Age)`.
    fn said(freshness: Freshness, keeping: Keeping) -> (Option<String>, Option<String>) {
        let headers = headers(freshness, keeping, &[]);
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (text(header::CACHE_CONTROL), text(header::AGE))
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nothing_is_said_of_what_nothing_is_known() {
        let unknown = Freshness {
            age: Duration::from_secs(7),
            private: true,
            ..Freshness::default()
        };
        assert_eq!(said(unknown, Keeping::AsItSays), (None, None));
        assert!(headers(unknown, Keeping::AsItSays, &[header::ACCEPT_LANGUAGE]).is_empty());
    }

    #[test]
    fn what_is_left_is_the_lifetime_and_never_more() {
        for (left, age, private, control, expected_age) in [
            (60_000, 0, false, "public, max-age=60", None),
            (60_999, 999, true, "private, max-age=60", None),
            (60_000, 10_000, false, "public, max-age=70", some("10")),
            (60_999, 10_999, true, "private, max-age=70", some("10")),
            (1000, 70_000, false, "public, max-age=71", some("70")),
        ] {
            let found = said(freshness(left, age, private), Keeping::AsItSays);
            assert_eq!(found, (some(control), expected_age), "{left} {age}");
        }
        let endless = Freshness {
            lifetime: Some(Duration::MAX),
            age: Duration::MAX,
            private: false,
        };
        let most = (some("public, max-age=2147483647"), None);
        assert_eq!(said(endless, Keeping::AsItSays), most);
    }

    #[test]
    fn what_is_gone_at_once_or_may_be_another_is_not_stored() {
        let no_store = (some("no-store"), None);
        for lifetime in [0, 999] {
            assert_eq!(
                said(freshness(lifetime, 5000, false), Keeping::AsItSays),
                no_store
            );
        }
        assert_eq!(said(freshness(60_000, 5000, false), Keeping::Never), no_store);
        assert_eq!(said(Freshness::default(), Keeping::Never), no_store);
    }

    #[test]
    fn what_is_kept_is_kept_apart_by_the_headers_that_count() {
        let vary = [header::ACCEPT_LANGUAGE, HeaderName::from_static("x-shop")];
        let kept = headers(freshness(1000, 0, false), Keeping::AsItSays, &vary);
        let names: Vec<&HeaderValue> = kept.get_all(header::VARY).iter().collect();
        assert_eq!(names, ["accept-language", "x-shop"]);
        let not_kept = headers(freshness(1000, 0, false), Keeping::Never, &vary);
        assert!(!not_kept.contains_key(header::VARY));
    }
}
