use std::path::Path;

use super::*;
use crate::{Config, SharingConfig, parse};

fn read(text: &str) -> Result<Config, ConfigError> {
    parse(
        &format!("supergraph: s.graphql\n{text}"),
        Path::new("causeway.yaml"),
    )
}

/// Of the subgraph `a`.
fn of_a(text: &str) -> Batching {
    let config = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    config.subgraphs["a"].batching.clone()
}

#[test]
fn a_subgraph_overrides_key_by_key() {
    let defaults = Batching::default();
    assert_eq!(of_a("subgraphs: { a: {} }"), defaults);
    let text = "batching: { slots: 4, across_requests: false }\nsubgraphs: { a: { batching: { slots: 1, max_batch_size: 7 } } }";
    let expected = Batching {
        slots: 1,
        across_requests: false,
        max_batch_size: 7,
        ..defaults.clone()
    };
    assert_eq!(of_a(text), expected);
    let others = read(text).unwrap().other_subgraphs.batching;
    assert_eq!((others.slots, others.max_batch_size), (4, 1000));
    let most = of_a("subgraphs: { a: { batching: { max_batch_size: 10000, slots: 1024 } } }");
    assert_eq!((most.max_batch_size, most.slots), (10_000, 1024));
}

#[test]
fn merging_is_a_matter_of_its_own() {
    let merging = |text: &str| of_a(text).merging;
    let of_a_is = |keys: &str| format!("subgraphs: {{ a: {{ batching: {{ merging: {keys} }} }} }}");
    assert_eq!(merging("subgraphs: { a: {} }"), Merging::default());
    assert!(Merging::default().enabled);
    let text = format!(
        "batching: {{ merging: {{ max_wait: 1s }} }}\n{}",
        of_a_is("{ max_operations: 7 }")
    );
    let expected = Merging {
        enabled: true,
        max_operations: 7,
        max_wait: Duration::from_secs(1),
    };
    assert_eq!(merging(&text), expected);
    assert!(!merging(&of_a_is("off")).enabled);
    assert!(merging(&format!("batching: {{ merging: off }}\n{}", of_a_is("on"))).enabled);
    assert!(
        merging(&format!(
            "batching: {{ merging: off }}\n{}",
            of_a_is("{ max_wait: 5ms }")
        ))
        .enabled
    );
    assert!(!merging("batching: { merging: off }\nsubgraphs: { a: { batching: { slots: 3 } } }").enabled);
}

#[test]
fn it_can_be_switched_off_and_on() {
    for off in ["off", "\"off\"", "Off", "OFF", "false"] {
        assert!(
            !of_a(&format!("subgraphs: {{ a: {{ batching: {off} }} }}")).enabled,
            "{off}"
        );
        assert!(
            !of_a(&format!("batching: {off}\nsubgraphs: {{ a: {{}} }}")).enabled,
            "{off}"
        );
    }
    for on in ["on", "\"on\"", "true", "{ slots: 3 }"] {
        let text = format!("batching: off\nsubgraphs: {{ a: {{ batching: {on} }} }}");
        assert!(of_a(&text).enabled, "{on}");
        assert!(!read(&text).unwrap().other_subgraphs.batching.enabled, "{on}");
    }
    let kept = of_a("batching: { slots: 5 }\nsubgraphs: { a: { batching: on } }");
    assert_eq!(kept.slots, 5);
}

#[test]
fn what_is_shared_in_flight_is_two_switches() {
    assert_eq!(
        read("").unwrap().sharing,
        SharingConfig {
            requests: true,
            calls: true
        }
    );
    let config = read("sharing: { calls: false }").unwrap();
    assert_eq!(
        config.sharing,
        SharingConfig {
            requests: true,
            calls: false
        }
    );
    let config = read("sharing: { requests: false }").unwrap();
    assert_eq!(
        config.sharing,
        SharingConfig {
            requests: false,
            calls: true
        }
    );
}

#[test]
fn public_subgraphs_learn_nothing_of_clients() {
    for fine in [
        "subgraphs: { a: { batching: { public: true }, headers: { forward: [] } } }",
        "subgraphs: { a: { batching: { public: true }, headers: { forward: [], set: { authorization: x } } } }",
        "subgraphs: { a: { batching: { public: true }, headers: { remove: [authorization, accept-language] } } }",
        "headers: { forward: [] }\nbatching: { public: true }\nsubgraphs: { a: {} }",
        "headers: { forward: [traceparent] }\nbatching: { public: true }\nsubgraphs: { a: {} }",
    ] {
        assert!(of_a(fine).public, "{fine}");
    }
    for (wrong, key) in [
        (
            "subgraphs: { a: { batching: { public: true } } }",
            "`subgraphs.a.batching.public`: is true",
        ),
        (
            "subgraphs: { a: { batching: { public: true }, headers: { forward: [], rename: { x-a: x-b } } } }",
            "would get `x-a` of the client",
        ),
        (
            "subgraphs: { a: { batching: { public: true }, headers: { remove: [authorization] } } }",
            "write `subgraphs.a.headers: { forward: [] }`",
        ),
        ("batching: { public: true }", "`batching.public`: is true"),
        (
            "batching: { public: true }\nsubgraphs: { a: { headers: { forward: [] } } }",
            "would get `authorization` and `accept-language`",
        ),
    ] {
        let message = read(wrong).unwrap_err().to_string();
        assert!(message.contains(key), "{wrong}: {message}");
    }
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    for (wrong, expected) in [
        (
            "batching: { slots: 0 }",
            "`batching.slots`: 0 is not between 1 and 1024; to load entities one by one",
        ),
        ("batching: { slots: 1025 }", "1025 is not between 1 and 1024"),
        ("batching: { max_batch_size: 10001 }", "not between 1 and 10000"),
        (
            "subgraphs: { a: { batching: { max_batch_size: 0 } } }",
            "`subgraphs.a.batching.max_batch_size`: 0 is not between",
        ),
        ("batching: { slot: 1 }", "did you mean `slots`?"),
        ("batching: { slots: many }", "is not a valid configuration"),
        ("batching: maybe", "expected `on`, `off`, or keys like `slots`"),
        ("batching: 3", "`on`, `off`, or keys like `slots`"),
        (
            "batching: { merging: { max_operations: 0 } }",
            "`batching.merging.max_operations`: 0 is not between 1 and 1000; to send each question by itself, write `merging: off`",
        ),
        (
            "subgraphs: { a: { batching: { merging: { max_wait: 3 } } } }",
            "`subgraphs.a.batching.merging.max_wait`: `3` is not a time",
        ),
        (
            "batching: { merging: { max_wai: 3s } }",
            "did you mean `max_wait`?",
        ),
        (
            "batching: { merging: maybe }",
            "expected `on`, `off`, or keys like `max_wait`",
        ),
        ("batching: [on]", "`on`, `off`, or keys like `slots`"),
        ("sharing: { request: true }", "did you mean `requests`?"),
        ("sharing: off", "is not a valid configuration"),
    ] {
        let message = read(wrong).unwrap_err().to_string();
        assert!(message.contains(expected), "{wrong}: {message}");
    }
}
