//! Content negotiation of GraphQL over HTTP (working draft, sections 5 and 6).

use axum::http::{HeaderMap, HeaderValue, header};

/// The form of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseType {
    /// `application/graphql-response+json`: the status code says whether the operation was accepted.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed request.
    Json,
}

impl ResponseType {
    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }
}

/// What the client likes best. `None`: neither of the two. No header and wildcards mean the older
/// `application/json`, as the draft asks for; among equals that are named the newer form wins.
pub(crate) fn response_type(headers: &HeaderMap) -> Option<ResponseType> {
    let ranges: Vec<MediaRange<'_>> = accepted(headers).collect();
    if ranges.is_empty() {
        return Some(ResponseType::Json);
    }
    let graphql = quality(&ranges, "application/graphql-response+json");
    let json = quality(&ranges, "application/json");
    let prefers_graphql = graphql.value > json.value || (graphql.value == json.value && graphql.is_named);
    match (graphql.value > 0.0, json.value > 0.0) {
        (true, _) if prefers_graphql => Some(ResponseType::GraphqlResponse),
        (_, true) => Some(ResponseType::Json),
        _ => None,
    }
}

struct Quality {
    value: f32,
    /// Named as such, rather than through a wildcard.
    is_named: bool,
}

/// What the most specific range says about a media type (RFC 9110, 12.5.1).
fn quality(ranges: &[MediaRange<'_>], media_type: &str) -> Quality {
    let of = |name: &str| {
        ranges
            .iter()
            .find(|range| range.essence.eq_ignore_ascii_case(name))
            .map(|range| range.quality)
    };
    let named = of(media_type);
    let value = named
        .or_else(|| of("application/*"))
        .or_else(|| of("*/*"))
        .unwrap_or(0.0);
    Quality {
        value,
        is_named: named.is_some(),
    }
}

/// A browser that navigates asks for HTML by name; API clients do not.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    accepted(headers).any(|range| range.essence.eq_ignore_ascii_case("text/html") && range.quality > 0.0)
}

/// Whether a request body is JSON (in UTF-8, its only form).
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            !parameter.starts_with("charset=")
                || parameter.trim_start_matches("charset=").trim_matches('"') == "utf-8"
        })
}

struct MediaRange<'a> {
    essence: &'a str,
    quality: f32,
}

fn accepted(headers: &HeaderMap) -> impl Iterator<Item = MediaRange<'_>> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default();
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .and_then(|q| q.parse().ok());
            MediaRange {
                essence,
                quality: quality.unwrap_or(1.0),
            }
        })
        .filter(|range| !range.essence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn the_best_common_form_is_chosen() {
        use ResponseType::{GraphqlResponse, Json};
        for (value, expected) in [
            ("application/json", Some(Json)),
            ("*/*", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            (
                "application/json, application/graphql-response+json",
                Some(GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json",
                Some(Json),
            ),
            ("text/html, */*;q=0.8", Some(Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("Application/GraphQL-Response+JSON", Some(GraphqlResponse)),
            ("application/*", Some(Json)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("*/*;q=0", None),
            ("application/graphql-response+json;q=0.1, */*;q=0.9", Some(Json)),
            ("application/graphql-response+json, */*", Some(GraphqlResponse)),
            (
                "application/json ; q=0.3 , application/graphql-response+json;q=0.4",
                Some(GraphqlResponse),
            ),
        ] {
            assert_eq!(response_type(&accept(value)), expected, "{value}");
        }
        assert_eq!(response_type(&HeaderMap::new()), Some(Json));
    }

    #[test]
    fn only_json_in_utf_8_is_a_body() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_json(&headers), expected, "{value}");
        }
    }
}
