//! Web pages of other origins.

use axum::http::{Method, StatusCode};
use futures::FutureExt;

use crate::gateway::{Gateway, gateway, me, options, scripted};

fn allowing(origins: &[&str]) -> Gateway {
    let mut options = options();
    options.allow_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    scripted(options, |_, _| async { me() }.boxed())
}

/// What a browser asks before it sends a page's request, and then the request.
async fn allowed(gateway: &Gateway, origin: &str) -> (String, String) {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    let preflight = gateway.request(Method::OPTIONS, "/graphql", &headers, "").await;
    let headers = [("origin", origin), ("content-type", "application/json")];
    let request = gateway
        .request(Method::POST, "/graphql", &headers, r#"{"query":"{me{id}}"}"#)
        .await;
    let name = "access-control-allow-origin";
    if preflight.status == StatusCode::OK && !preflight.header(name).is_empty() {
        let headers = preflight.header("access-control-allow-headers").to_owned();
        assert!(
            headers.contains("content-type") && headers.contains("authorization"),
            "{headers}"
        );
        assert!(preflight.header("access-control-allow-methods").contains("POST"));
    }
    (preflight.header(name).to_owned(), request.header(name).to_owned())
}

#[tokio::test]
async fn no_page_of_another_origin_is_allowed_by_default() {
    assert_eq!(
        allowed(&gateway(), "https://shop.example").await,
        (String::new(), String::new())
    );
}

#[tokio::test]
async fn listed_origins_are_allowed_and_no_others() {
    let gateway = allowing(&["https://shop.example", "http://localhost:3000"]);
    for origin in ["https://shop.example", "http://localhost:3000"] {
        assert_eq!(
            allowed(&gateway, origin).await,
            (origin.to_owned(), origin.to_owned())
        );
    }
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil.example",
        "null",
    ] {
        assert_eq!(
            allowed(&gateway, origin).await,
            (String::new(), String::new()),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_star_allows_all_but_no_cookies() {
    let gateway = allowing(&["*"]);
    assert_eq!(
        allowed(&gateway, "https://any.example").await,
        ("*".to_owned(), "*".to_owned())
    );
    let answer = gateway
        .request(
            Method::GET,
            "/health/live",
            &[("origin", "https://any.example")],
            "",
        )
        .await;
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}
