//! Any text gives an answer: no panic, no overflow of the stack, no endless work.

use causeway_composition::{Contract, SubgraphInput, compose, contract_schema, merge, read::read_supergraph};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const SDL: &str = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@provides", "@override", "@shareable", "@interfaceObject", { name: "@tag", as: "@mark" }])
type Query { users(first: Int = 1): [User!]! é: Int }
interface Node @key(fields: "id") { id: ID! }
type User implements Node @key(fields: "id") @key(fields: "org { id }", resolvable: false) { id: ID! org: Org @shareable name: String @mark(name: "x") n: String @override(from: "b", label: "percent(5)") }
type Org @shareable { id: ID! owner: User @provides(fields: "id") }
union U = User | Org
enum E { A B }
input I { a: E = A b: [I!] }
"#;

fn input(name: &str, sdl: &str) -> SubgraphInput {
    SubgraphInput {
        name: name.to_owned(),
        url: None,
        sdl: sdl.to_owned(),
        source: format!("{name}.graphql"),
    }
}

#[test]
fn a_text_cut_anywhere_is_answered() {
    for end in 0..SDL.len() {
        let text = String::from_utf8_lossy(&SDL.as_bytes()[..end]).into_owned();
        let _ = merge(&[input("a", &text), input("b", SDL)]);
    }
}

#[test]
fn a_text_with_a_part_missing_is_answered() {
    let words: Vec<&str> = SDL.split_inclusive([' ', '\n', '(', '"']).collect();
    for missing in 0..words.len() {
        let text: String = words
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != missing)
            .map(|(_, word)| *word)
            .collect();
        let answer = merge(&[input("a", &text)]);
        if let Err(failed) = answer {
            assert!(!failed.errors.is_empty(), "{text}");
            failed
                .errors
                .iter()
                .for_each(|error| assert!(!error.to_string().is_empty()));
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    let list = format!(
        "type Query {{ a: {}Int{} }}",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let value = format!(
        "type Query {{ a(b: Int = {}1{}): Int }}",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let fields = format!(
        "type Query {{ a: A }} type A @key(fields: \"{}a{}\") {{ a: A }}",
        "a { ".repeat(20_000),
        " }".repeat(20_000)
    );
    for sdl in [list, value, fields] {
        assert!(merge(&[input("a", &sdl)]).is_err());
    }
}

#[test]
fn no_subgraph_at_all_is_an_error() {
    assert!(merge(&[]).is_err());
}

#[test]
fn types_that_contain_themselves_end() {
    let sdl = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@requires", "@external"])
        type Query { a: A }
        type A @key(fields: "id b { id }") { id: ID! b: B }
        type B @key(fields: "id a { id }") { id: ID! a: A }
        input I { i: I }"#;
    assert!(merge(&[input("a", sdl)]).is_ok());
}

/// Bounded in CI; `CAUSEWAY_PROPTEST_CASES=200000` is an hour's worth.
fn property<S: Strategy>(name: &str, strategy: S, test: impl Fn(S::Value)) {
    let cases = number("CAUSEWAY_PROPTEST_CASES", 400);
    let seed = u64::from(number("CAUSEWAY_PROPTEST_SEED", 13_239_779));
    println!("{name}: {cases} cases, CAUSEWAY_PROPTEST_SEED={seed}");
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(&strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failed) = result {
        panic!("{name}: {failed}");
    }
}

fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Whatever it is, it is answered: with a graph, or with errors that say something.
fn answered(inputs: &[SubgraphInput]) {
    match compose(inputs) {
        Ok(composition) => {
            assert!(!composition.supergraph_sdl.is_empty());
            let contract = Contract {
                include: Vec::new(),
                exclude: vec!["x".to_owned()],
            };
            let _ = contract_schema(&composition.supergraph_sdl, &contract);
        }
        Err(failed) => {
            assert!(!failed.errors.is_empty());
            assert!(
                failed
                    .errors
                    .iter()
                    .all(|error| error.is_error() && !error.message.is_empty())
            );
        }
    }
}

#[test]
fn any_bytes_are_answered() {
    property("bytes", prop::collection::vec(any::<u8>(), 0..300), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        answered(&[input("a", &text)]);
        let _ = read_supergraph(&text);
    });
}

#[test]
fn mutated_schemas_are_answered() {
    let tokens: Vec<&'static str> = SDL
        .split_inclusive([' ', '\n', '(', ')', '"', '{', '}', ':'])
        .collect();
    let count = tokens.len();
    let change = (0..count, 0..count, 0..5_u8);
    property("mutations", prop::collection::vec(change, 1..8), |changes| {
        let mut text = tokens.clone();
        for (at, other, kind) in changes {
            let at = at.min(text.len().saturating_sub(1));
            match kind {
                0 => drop(text.remove(at)),
                1 => text.insert(at, tokens[other]),
                2 => text[at] = tokens[other],
                3 => text.insert(at, text[at]),
                _ => text.truncate(text.len().max(2) - 1),
            }
        }
        let text = text.concat();
        answered(&[input("a", &text), input("b", SDL)]);
        answered(&[input("a", &text), input("b", &text)]);
    });
}

#[test]
fn mutated_supergraphs_are_answered() {
    let sdl = r#"extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@inaccessible"])
        type Query { user: User } type User @key(fields: "id") { id: ID! name: String @tag(name: "x") hidden: E @inaccessible } enum E { A B }"#;
    let supergraph = compose(&[
        input("a", sdl),
        input(
            "b",
            &sdl.replace("user: User", "other: User")
                .replace("name: String", "more: String")
                .replace("hidden: E @in", "secret: E @in"),
        ),
    ])
    .map(|composition| composition.supergraph_sdl)
    .unwrap_or_else(|failed| panic!("{}", failed.errors[0]));
    let lines: Vec<&str> = supergraph.lines().collect();
    let change = (0..lines.len(), 0..lines.len(), any::<bool>());
    property("supergraphs", prop::collection::vec(change, 1..6), |changes| {
        let mut text = lines.clone();
        for (at, other, swap) in changes {
            if swap { text.swap(at, other) } else { text[at] = "" }
        }
        let text = text.join("\n");
        let _ = read_supergraph(&text);
        let _ = contract_schema(
            &text,
            &Contract {
                include: vec!["x".to_owned()],
                exclude: Vec::new(),
            },
        );
    });
}

/// What each bad text is told. The length of the first message is bounded too: it goes to a terminal.
#[test]
fn bad_input_gets_a_diagnostic_each() {
    let link = |url: &str| format!("extend schema @link(url: \"{url}\") type Query {{ a: Int }}");
    let big = format!(
        "type Query {{ a: Int }}\n{}",
        (0..200_000)
            .map(|n| format!("type T{n} {{ id: ID! name: String other: T{n} }}\n"))
            .collect::<String>()
    );
    assert!(big.len() > 10_000_000);
    let cases: Vec<(&str, String, &str)> = vec![
        ("empty", String::new(), "INVALID_GRAPHQL"),
        ("only spaces", " \n\t".to_owned(), "INVALID_GRAPHQL"),
        (
            "prose",
            "Dear sir, please find the schema attached.".to_owned(),
            "INVALID_GRAPHQL",
        ),
        (
            "json",
            "{\"data\": {\"__schema\": null}}".to_owned(),
            "INVALID_GRAPHQL",
        ),
        ("an operation", "query { a }".to_owned(), "INVALID_GRAPHQL"),
        (
            "unknown directive",
            "type Query { a: Int @nope }".to_owned(),
            "INVALID_GRAPHQL",
        ),
        (
            "unknown version",
            link("https://specs.apollo.dev/federation/v9.9"),
            "UNKNOWN_FEDERATION_LINK_VERSION",
        ),
        (
            "no version",
            link("https://specs.apollo.dev/federation"),
            "INVALID_LINK_IDENTIFIER",
        ),
        ("no path", link("federation"), "INVALID_LINK_IDENTIFIER"),
        (
            "nested",
            format!(
                "type Query {{ a: {}Int{} }}",
                "[".repeat(10_000),
                "]".repeat(10_000)
            ),
            "INVALID_GRAPHQL",
        ),
        ("deep selection", "{ a ".repeat(10_000), "INVALID_GRAPHQL"),
        ("big", format!("{big} type T1 {{ a: Int }}"), "INVALID_GRAPHQL"),
    ];
    for (name, sdl, code) in cases {
        let Err(failed) = compose(&[input("a", &sdl)]) else {
            panic!("{name} composes")
        };
        let error = &failed.errors[0];
        assert_eq!(error.code.as_str(), code, "{name}: {error}");
        assert!(
            error.message.len() < 2_000,
            "{name}: {} bytes",
            error.message.len()
        );
    }
    let twice = compose(&[
        input("a", "type Query { a: Int }"),
        input("a", "type Query { b: Int }"),
    ]);
    assert_eq!(
        twice.err().map(|failed| failed.errors[0].code.as_str()),
        Some("INVALID_SUBGRAPH_NAME")
    );
}

#[test]
fn interfaces_in_a_long_chain_and_deep_data_end() {
    let chain: String = (0..2_000)
        .map(|n| format!("type T{n} @shareable {{ next: T{} x: Int }}\n", n + 1))
        .collect();
    let sdl = format!(
        "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@shareable\"])\ntype Query {{ t: T0 @shareable }}\n{chain}type T2000 @shareable {{ x: Int }}"
    );
    assert!(compose(&[input("a", &sdl), input("b", &sdl)]).is_ok());
}
