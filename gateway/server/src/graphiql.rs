//! GraphiQL, for browsers: one page and its assets, all of them in the binary.
//!
//! The files come out of the npm project in `gateway/server/graphiql`, whose built `dist` is checked in, so that
//! building the gateway needs no node. Nothing here may fetch, or let the page fetch, from anywhere but the
//! gateway itself: `CONTENT_SECURITY_POLICY` makes the browser hold that.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

/// What the page and its workers may load. `style-src` allows inline styles because Monaco positions with them.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; \
                      img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
                      object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const INDEX: &str = include_str!("../graphiql/dist/index.html");
/// Changes with every byte of the bundle. Part of the assets' addresses: an address never changes its content.
const VERSION: &str = include_str!("../graphiql/dist/version.txt");

struct Asset {
    name: &'static str,
    content_type: &'static str,
    gzip: &'static [u8],
}

const ASSETS: [Asset; 4] = [
    Asset {
        name: "graphiql.js",
        content_type: "text/javascript; charset=utf-8",
        gzip: include_bytes!("../graphiql/dist/graphiql.js.gz"),
    },
    Asset {
        name: "graphiql.css",
        content_type: "text/css; charset=utf-8",
        gzip: include_bytes!("../graphiql/dist/graphiql.css.gz"),
    },
    Asset {
        name: "worker.js",
        content_type: "text/javascript; charset=utf-8",
        gzip: include_bytes!("../graphiql/dist/worker.js.gz"),
    },
    Asset {
        name: "THIRD-PARTY-LICENSES.txt",
        content_type: "text/plain; charset=utf-8",
        gzip: include_bytes!("../graphiql/dist/THIRD-PARTY-LICENSES.txt.gz"),
    },
];

/// The page itself, under 1 KiB. It names the assets of its own version, so browsers must ask for it anew each time.
///
/// It expects GraphQL at `graphql` and [`assets`] at `graphiql/`, both beside its own address.
pub(crate) fn page() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        // The address may answer GraphQL clients too.
        (VARY, HeaderValue::from_static("accept")),
    ];
    secured((headers, INDEX).into_response())
}

/// The routes `/graphiql/{version}/{file}` of everything the page loads; merge them beside the page.
///
/// Bodies are always gzip, whatever the request accepts: it is the only form kept, and every browser reads it.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/graphiql/{version}/{file}", get(serve))
}

async fn serve(Path((version, file)): Path<(String, String)>, request: HeaderMap) -> Response {
    asset(&version, &file, &request)
}

fn asset(version: &str, file: &str, request: &HeaderMap) -> Response {
    let found = ASSETS
        .iter()
        .find(|asset| asset.name == file && version == VERSION);
    let Some(asset) = found else {
        // Not cached: behind a load balancer, the next gateway may be of that version.
        return (
            StatusCode::NOT_FOUND,
            [(CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        )
            .into_response();
    };
    let etag = format!("\"{VERSION}\"");
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| names(tags, &etag));
    let etag = HeaderValue::from_str(&etag).expect("a hexadecimal version is a valid header");
    let caching = [
        (ETAG, etag),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let content = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (CONTENT_ENCODING, HeaderValue::from_static("gzip")),
    ];
    // Workers obey the policy of their own script, not the page's.
    secured((caching, content, asset.gzip).into_response())
}

fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Whether an `If-None-Match` header lists this tag; weak tags (a proxy may weaken ours) count as equal.
fn names(tags: &HeaderValue, etag: &str) -> bool {
    let Ok(tags) = tags.to_str() else { return false };
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_assets_that_are_served_and_nothing_from_elsewhere() {
        let prefix = format!("\"graphiql/{VERSION}/");
        let named: Vec<&str> = INDEX
            .split(&prefix)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(named, ["graphiql.css", "graphiql.js", "worker.js"], "in {INDEX}");
        for file in named {
            assert_eq!(
                asset(VERSION, file, &HeaderMap::new()).status(),
                StatusCode::OK,
                "{file}"
            );
        }
        let without_icon = INDEX.replace("xmlns='http://www.w3.org/2000/svg'", "");
        assert!(
            !without_icon.contains("//"),
            "an address of another host in {without_icon}"
        );
    }

    #[test]
    fn assets_are_gzip_with_their_type_and_cached_for_a_year() {
        for expected in &ASSETS {
            let response = asset(VERSION, expected.name, &HeaderMap::new());
            assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
            assert_eq!(response.headers()[CONTENT_TYPE], expected.content_type);
            assert_eq!(
                response.headers()[CACHE_CONTROL],
                "public, max-age=31536000, immutable"
            );
            assert_eq!(
                expected.gzip[..2],
                [0x1f, 0x8b],
                "{} is no gzip file",
                expected.name
            );
        }
    }

    #[test]
    fn a_browser_that_has_the_version_gets_304_and_another_version_404() {
        for tags in [
            format!("\"{VERSION}\""),
            format!("\"old\", W/\"{VERSION}\""),
            "*".to_owned(),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_str(&tags).unwrap())]);
            assert_eq!(
                asset(VERSION, "graphiql.js", &headers).status(),
                StatusCode::NOT_MODIFIED,
                "{tags}"
            );
        }
        let other = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("\"old\""))]);
        assert_eq!(asset(VERSION, "graphiql.js", &other).status(), StatusCode::OK);
        assert_eq!(
            asset("old", "graphiql.js", &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            asset(VERSION, "index.html", &HeaderMap::new()).status(),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn the_page_and_the_worker_carry_the_policy() {
        for response in [page(), asset(VERSION, "worker.js", &HeaderMap::new())] {
            let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'self';"), "{policy}");
            assert!(
                !policy.contains("http") && !policy.contains('*'),
                "a foreign source in {policy}"
            );
        }
    }
}
