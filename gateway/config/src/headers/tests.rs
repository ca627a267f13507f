use std::path::Path;

use crate::{ConfigError, HeaderConfig, parse};

fn read(for_all: &str, of_users: &str) -> Result<HeaderConfig, ConfigError> {
    let text = format!(
        "supergraph: s.graphql\nheaders: {for_all}\nsubgraphs: {{ users: {{ headers: {of_users} }} }}"
    );
    let config = parse(&text, Path::new("causeway.yaml"))?;
    Ok(config.subgraphs["users"].headers.clone())
}

#[test]
fn a_subgraph_has_the_list_for_all_or_its_own() {
    for (for_all, of_users, expected) in [
        ("{}", "{}", &["authorization", "accept-language"][..]),
        ("{ forward: [X-A, x-a, traceparent] }", "{}", &["x-a"]),
        ("{ forward: [] }", "{}", &[]),
        ("{}", "{ forward: [x-a, x-b] }", &["x-a", "x-b"]),
        ("{}", "{ forward: [] }", &[]),
        ("{}", "{ remove: [Authorization] }", &["accept-language"]),
        (
            "{}",
            "{ remove: [x-unknown] }",
            &["authorization", "accept-language"],
        ),
        (
            "{}",
            "{ rename: { authorization: x-token } }",
            &["accept-language"],
        ),
        (
            "{}",
            "{ rename: { x-token: authorization } }",
            &["accept-language"],
        ),
        ("{}", "{ set: { authorization: Basic eA } }", &["accept-language"]),
    ] {
        let read = read(for_all, of_users).unwrap();
        assert_eq!(read.forward, expected, "{for_all} {of_users}");
    }
}

#[test]
fn names_are_in_lower_case_and_values_as_they_stand() {
    let headers = read(
        "{}",
        "{ rename: { X-User: X-User-ID }, set: { X-Key: \"A b:{C}\" } }",
    )
    .unwrap();
    assert_eq!(headers.rename["x-user"], "x-user-id");
    assert_eq!(headers.set["x-key"], "A b:{C}");
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    for (for_all, of_users, expected) in [
        (
            "{ forward: [Host] }",
            "{}",
            "`headers.forward`: `Host` describes one connection",
        ),
        ("{ forward: [keep-alive] }", "{}", "describes one connection"),
        ("{ forward: [\"a b\"] }", "{}", "`a b` is no header name"),
        ("{ forwad: [a] }", "{}", "forwad"),
        (
            "{}",
            "{ forward: [content-length] }",
            "`subgraphs.users.headers.forward`: `content-length` describes",
        ),
        (
            "{}",
            "{ set: { transfer-encoding: chunked } }",
            "`subgraphs.users.headers.set`: `transfer-encoding`",
        ),
        (
            "{}",
            "{ rename: { x-host: host } }",
            "`subgraphs.users.headers.rename`: `host` describes",
        ),
        ("{}", "{ rename: { te: x-te } }", "`te` describes"),
        (
            "{}",
            "{ remove: [accept] }",
            "`subgraphs.users.headers.remove`: `accept` describes",
        ),
        (
            "{}",
            "{ set: { x-a: \"a\\nb\" } }",
            "the value of `x-a` has characters",
        ),
        (
            "{}",
            "{ remove: [traceparent] }",
            "`traceparent` goes on to every subgraph",
        ),
        (
            "{}",
            "{ set: { tracestate: a=1 } }",
            "`tracestate` goes on to every subgraph",
        ),
        (
            "{}",
            "{ forward: [x-a], set: { x-a: b } }",
            "`x-a` stands under `forward` already",
        ),
        (
            "{}",
            "{ forward: [x-a], rename: { x-b: x-a } }",
            "`x-a` stands under `forward` already",
        ),
        (
            "{}",
            "{ rename: { x-a: x-c, x-b: x-c } }",
            "`x-c` stands under `rename` already",
        ),
        (
            "{}",
            "{ rename: { x-a: x-c }, set: { x-c: d } }",
            "`x-c` stands under `rename` already",
        ),
        (
            "{}",
            "{ remove: [x-a], set: { x-a: b } }",
            "`x-a` stands under `set` already",
        ),
        (
            "{}",
            "{ forward: [x-a], rename: { x-a: x-b } }",
            "`x-a` is renamed, and stands under `forward`",
        ),
        (
            "{}",
            "{ remove: [x-a], rename: { x-a: x-b } }",
            "`x-a` is renamed, and stands under",
        ),
    ] {
        let message = read(for_all, of_users).unwrap_err().to_string();
        assert!(message.contains(expected), "{for_all} {of_users}: {message}");
    }
}
