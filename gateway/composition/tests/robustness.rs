//! Any text gives an answer: no panic, no overflow of the stack, no endless work.

use causeway_composition::{SubgraphInput, merge};

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
