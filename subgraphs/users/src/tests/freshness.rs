//! How long the service's answers may be kept, field by field: a field without an entry fails the test.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Service;

const MINUTE: &str = "public, max-age=60";
const OWN: &str = "private, max-age=60";
const NEVER: &str = "no-store";

/// As anybody and as the user `u-1`.
const FIELDS: &[(&str, &str, [&str; 2])] = &[
    ("Query.me", "me { id handle }", [OWN, OWN]),
    ("Query.user", "user(id: \"u-1\") { handle }", [MINUTE, MINUTE]),
    (
        "Query.userByHandle",
        "userByHandle(handle: \"ada\") { id }",
        [MINUTE, MINUTE],
    ),
    ("User.id", "id", [MINUTE, MINUTE]),
    ("User.handle", "handle", [MINUTE, MINUTE]),
    ("User.displayName", "displayName", [MINUTE, MINUTE]),
    ("User.tier", "tier", [MINUTE, MINUTE]),
    // Forbidden to anybody else, which is an error.
    ("User.email", "email", [NEVER, OWN]),
    ("User.address", "address { city country }", [OWN, OWN]),
    ("User.joinedAt", "joinedAt", [MINUTE, MINUTE]),
];

const OTHERS: &[(&str, [&str; 2])] = &[
    ("{ user(id: \"u-1\") { handle address { city } } }", [OWN, OWN]),
    ("{ me { email } }", [OWN, OWN]),
    ("{ user(id: \"u-1\") { handle } me { id } }", [OWN, OWN]),
    ("{ user(id: \"u-2\") { handle email } }", [NEVER, NEVER]),
    ("{ user(id: \"nobody\") { handle } }", [MINUTE, MINUTE]),
    ("{ _service { sdl } }", [NEVER, NEVER]),
    (
        "mutation { signIn(input: { handle: \"ada\", password: \"causeway-demo\" }) { user { id } } }",
        [NEVER, NEVER],
    ),
];

async fn cache_control(service: &Service, token: Option<&str>, body: &Value) -> String {
    let mut request = service.client.post(service.url("/graphql")).json(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    answer.headers()["cache-control"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_field_says_how_long_it_may_be_kept_and_by_whom() {
    let service = Service::start().await;
    let token = service.sign_in("ada").await;
    let listed: BTreeSet<String> = FIELDS.iter().map(|(field, ..)| (*field).to_owned()).collect();
    assert_eq!(listed, kit::testing::coordinates(&crate::sdl()));
    for (field, selection, expected) in FIELDS {
        let query = match field.split_once('.').unwrap().0 {
            "Query" => format!("{{ {selection} }}"),
            _ => format!(
                "query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on User {{ {selection} }} }} }}"
            ),
        };
        let body = json!({"query": query, "variables": {"r": [{"__typename": "User", "id": "u-1"}]}});
        for (token, expected) in [None, Some(token.as_str())].into_iter().zip(expected) {
            let signed_in = token.is_some();
            assert_eq!(
                cache_control(&service, token, &body).await,
                *expected,
                "{field}, signed in: {signed_in}"
            );
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn the_most_private_part_counts_and_errors_are_not_kept() {
    let service = Service::start().await;
    let token = service.sign_in("ada").await;
    for (query, expected) in OTHERS {
        let body = json!({ "query": query });
        for (token, expected) in [None, Some(token.as_str())].into_iter().zip(expected) {
            let signed_in = token.is_some();
            assert_eq!(
                cache_control(&service, token, &body).await,
                *expected,
                "{query}, signed in: {signed_in}"
            );
        }
    }
    let refused = cache_control(&service, Some("nonsense"), &json!({"query": "{ me { id } }"})).await;
    assert_eq!(refused, NEVER);
    service.stop().await;
}
