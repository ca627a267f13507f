//! Cases as folders of text: `tests/cases/<name>/<subgraph>.graphql` and `expected.txt`, what composing them says.
//!
//! A new case needs no Rust: make the folder, run with `CAUSEWAY_BLESS=1`, read what it wrote.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use apollo_compiler::Schema;
use causeway_composition::{SubgraphInput, compose, merge};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "support/caching.rs"]
mod caching;

#[test]
fn every_case_says_what_is_expected() {
    let mut wrong = Vec::new();
    let mut cases = subfolders(&crate_folder().join("tests/cases"));
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let found = run(&case);
        let expected = case.join("expected.txt");
        if std::env::var_os("CAUSEWAY_BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shop_composes() {
    let inputs = read(
        &crate_folder().join("../../schema"),
        &["users", "catalog", "orders"],
    );
    let composed = merge(&inputs).unwrap_or_else(|failed| panic!("{}", lines(&failed.errors)));
    // Each service words its descriptions for itself; nothing else may be inconsistent.
    let serious = composed
        .hints
        .iter()
        .filter(|hint| hint.level.as_str() == "warning" && hint.code.as_str() != "INCONSISTENT_DESCRIPTION");
    assert_eq!(serious.count(), 0, "{}", lines(&composed.hints));
    for field in [
        "shipTo: ShipTo @join__field(graph: ORDERS, requires: \"buyer { address { country } }\")",
        "@requiresScopes(scopes: [[\"profile\"]])",
    ] {
        assert!(
            composed.supergraph_sdl.contains(field),
            "{field} is not in\n{}",
            composed.supergraph_sdl
        );
    }
    // Product.version is @inaccessible; Order.version is not.
    let api = Schema::parse_and_validate(&composed.api_schema_sdl, "api.graphql").unwrap();
    assert!(api.type_field("Product", "version").is_err());
    assert!(api.type_field("Order", "version").is_ok());
}

/// Composes in both orders and prints findings and results.
fn run(case: &Path) -> String {
    let mut inputs = read(case, &[]);
    let found = print(&inputs);
    inputs.reverse();
    assert_eq!(
        print(&inputs),
        found,
        "{}: the order of the inputs shows",
        case.display()
    );
    found
}

fn print(inputs: &[SubgraphInput]) -> String {
    match compose(inputs) {
        Ok(composed) => {
            if let Err(invalid) = Schema::parse_and_validate(&composed.api_schema_sdl, "api.graphql") {
                panic!("the API schema is invalid: {invalid}");
            }
            if let Err(invalid) = Schema::parse_and_validate(&composed.supergraph_sdl, "supergraph.graphql") {
                panic!("the supergraph is invalid: {invalid}");
            }
            let types = composed.supergraph_sdl.split("link__Purpose {").nth(1).unwrap();
            let types = types.split_once("\n}\n\n").map_or("", |(_, types)| types);
            format!(
                "{}# supergraph\n\n{types}\n# API schema\n\n{}{}",
                lines(&composed.hints),
                composed.api_schema_sdl,
                caching::print(&composed.supergraph)
            )
        }
        Err(failed) => format!("{}{}", lines(&failed.errors), lines(&failed.hints)),
    }
}

fn lines(diagnostics: &[causeway_composition::Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n\n"))
        .collect()
}

/// The named subgraphs of a folder; all of them when no names are given.
fn read(folder: &Path, names: &[&str]) -> Vec<SubgraphInput> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        file.extension().is_some_and(|end| end == "graphql")
            && (names.is_empty() || names.contains(&stem.as_str()))
    });
    files.sort();
    let input = |file: &PathBuf| {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        SubgraphInput {
            url: Some(format!("http://{name}/graphql")),
            sdl: fs::read_to_string(file).unwrap(),
            source: file.file_name().unwrap().to_string_lossy().into_owned(),
            name,
        }
    };
    files.iter().map(input).collect()
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
