//! A progressive override must be sound while its label is on and while it is off, whatever the others are.

use causeway_composition::{SubgraphInput, compose};

const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@key\", \"@override\"])\n";

/// The satisfiability errors of `old` and `new`.
fn errors(old: &str, new: &str) -> Vec<String> {
    let input = |name: &str, sdl: &str| SubgraphInput {
        name: name.to_owned(),
        url: None,
        sdl: format!("{LINK}{sdl}"),
        source: format!("{name}.graphql"),
    };
    match compose(&[input("old", old), input("new", new)]) {
        Ok(_) => Vec::new(),
        Err(failed) => failed
            .errors
            .iter()
            .map(|error| format!("{}: {error}", error.code.as_str()))
            .collect(),
    }
}

#[test]
fn a_key_that_is_taken_away_by_a_label_is_missed() {
    let old = "type Query { user: User } type User @key(fields: \"id\") { id: ID! name: String }";
    let sound = "type User @key(fields: \"id\") { id: ID! score: Int name: String @override(from: \"old\", label: \"n\") }";
    assert_eq!(errors(old, sound), [""; 0]);
    let wrong = "type User @key(fields: \"id\") { id: ID! @override(from: \"old\", label: \"percent(5)\") score: Int }";
    let found = errors(old, wrong).join("\n");
    assert!(
        found.contains("SATISFIABILITY_ERROR")
            && found.contains("User.score")
            && found.contains("while the override label \"percent(5)\" is on")
            && found.contains("user {\n    score"),
        "{found}"
    );
}

#[test]
fn labels_that_break_only_together_are_found() {
    let old =
        "type Query { user: User } type User @key(fields: \"id\") @key(fields: \"sku\") { id: ID! sku: ID! }";
    let one = "type User @key(fields: \"id\") @key(fields: \"sku\") { id: ID! @override(from: \"old\", label: \"one\") sku: ID! @shareable score: Int }";
    let link = |sdl: &str| sdl.replace("@shareable", "@federation__shareable");
    assert_eq!(
        errors(
            &link(&old.replace("sku: ID! }", "sku: ID! @shareable }")),
            &link(one)
        ),
        [""; 0]
    );
    let both = "type User @key(fields: \"id\") @key(fields: \"sku\") {
        id: ID! @override(from: \"old\", label: \"one\") sku: ID! @override(from: \"old\", label: \"two\") score: Int }";
    let found = errors(old, both).join("\n");
    assert!(
        found.contains("while the override label \"one\" is on and \"two\" is on")
            && found.contains("User.score"),
        "{found}"
    );
    // With the same label on both, there is no state in between.
    let same = both.replace("two", "one");
    assert!(
        errors(old, &same)
            .join("\n")
            .contains("while the override label \"one\" is on:")
    );
}

#[test]
fn requirements_are_proved_in_both_states() {
    let old = "type Query { user: User } type User { name: String tag: String }";
    let new = "type Query { other: User } type User { name: String @override(from: \"old\", label: \"n\") tag: String @override(from: \"old\", label: \"n\") }";
    let found = errors(old, new).join("\n");
    // Keyless: from `user` only the label off can answer, from `other` only the label on.
    assert!(
        found.contains("\"n\" is on") || found.contains("\"n\" is off"),
        "{found}"
    );
}
