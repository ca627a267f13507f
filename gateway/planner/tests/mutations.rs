//! Operations with parts removed, repeated, exchanged and put in: each is refused by validation, or gets a plan, or an error
//! that says why it has none. Never a panic.
//!
//! `CAUSEWAY_PROPTEST_CASES` sets how many, `CAUSEWAY_PROPTEST_SEED` which.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{cell::Cell, fs, ops::Range, path::Path};

use apollo_compiler::ExecutableDocument;
use causeway_composition::{SubgraphInput, compose, read::read_supergraph};
use causeway_graph::QueryGraph;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A graph, an operation on it, and words that may be put into it.
struct Ground {
    graph: QueryGraph,
    operation: String,
    words: Vec<String>,
}

/// What else may stand in an operation.
const PARTS: [&str; 16] = [
    "__typename",
    "{ __typename }",
    "@skip(if: true)",
    "@include(if: $on)",
    "... on",
    "...F",
    "fragment F on Query { __typename }",
    "query Q($on: Boolean!) {",
    "mutation M {",
    "subscription S {",
    "a: ",
    "(id: 1)",
    "}",
    "{",
    "__schema { types { name } }",
    "__type(name: \"Query\") { kind }",
];

#[derive(Debug, Clone)]
enum Mutation {
    // Those that mostly leave an operation valid.
    Typename(Index),
    Condition(Index, bool),
    Again(Index, Index),
    // Those that mostly do not.
    Remove(Index),
    Repeat(Index, Index, Index),
    Exchange(Index, Index),
    Word(Index, Index),
    Rename(Index, Index),
    Part(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        6 => index().prop_map(Mutation::Typename),
        6 => (index(), any::<bool>()).prop_map(|(at, holds)| Mutation::Condition(at, holds)),
        12 => (index(), index()).prop_map(|(from, into)| Mutation::Again(from, into)),
        1 => index().prop_map(Mutation::Remove),
        1 => (index(), index(), index()).prop_map(|(from, to, at)| Mutation::Repeat(from, to, at)),
        1 => (index(), index()).prop_map(|(a, b)| Mutation::Exchange(a, b)),
        1 => (index(), index()).prop_map(|(at, word)| Mutation::Word(at, word)),
        1 => (index(), index()).prop_map(|(at, word)| Mutation::Rename(at, word)),
        1 => (index(), index()).prop_map(|(at, part)| Mutation::Part(at, part)),
    ]
}

#[test]
fn a_mutated_operation_is_refused_or_planned() {
    let number = |variable: &str, default: u32| {
        std::env::var(variable).map_or(default, |value| value.parse().expect("a number"))
    };
    let cases = number("CAUSEWAY_PROPTEST_CASES", 2_000);
    let seed = number("CAUSEWAY_PROPTEST_SEED", 20_261_121);
    println!("CAUSEWAY_PROPTEST_CASES={cases} CAUSEWAY_PROPTEST_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        },
        TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
    );
    let grounds = grounds();
    let (planned, refused) = (Cell::new(0), Cell::new(0));
    let strategy = (any::<Index>(), prop::collection::vec(mutation(), 1..8));
    let outcome = runner.run(&strategy, |(ground, mutations)| {
        let ground = ground.get(&grounds);
        let text = mutated(ground, &mutations);
        let schema = &ground.graph.supergraph().api_schema;
        match ExecutableDocument::parse_and_validate(schema, &text, "operation.graphql") {
            Err(_) => refused.set(refused.get() + 1),
            Ok(document) => {
                for operation in document.operations.iter() {
                    match causeway_planner::plan(
                        &ground.graph,
                        &document,
                        operation,
                        &causeway_model::LabelSet::default(),
                    ) {
                        Ok(_) => planned.set(planned.get() + 1),
                        Err(error) => prop_assert!(!error.to_string().is_empty()),
                    }
                }
            }
        }
        Ok(())
    });
    println!("{} planned, {} refused", planned.get(), refused.get());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(planned.get() * 20 > cases, "too few operations are valid");
}

fn mutated(ground: &Ground, mutations: &[Mutation]) -> String {
    let mut tokens: Vec<String> = tokens(&ground.operation);
    for mutation in mutations {
        if tokens.is_empty() || tokens.len() > 2_000 {
            break;
        }
        match mutation {
            Mutation::Typename(at) => {
                if let Some(set) = set(&tokens, *at) {
                    tokens.insert(set.start, "__typename".to_owned());
                }
            }
            Mutation::Condition(at, holds) => {
                if let Some(set) = set(&tokens, *at) {
                    tokens.insert(set.end, "}".to_owned());
                    tokens.insert(set.start, format!("... @include(if: {holds}) {{"));
                }
            }
            Mutation::Again(from, into) => {
                if let (Some(from), Some(into)) = (set(&tokens, *from), set(&tokens, *into)) {
                    let mut field = field(&tokens[from]);
                    field.insert(0, format!("m{}:", tokens.len()));
                    tokens.splice(into.start..into.start, field);
                }
            }
            Mutation::Remove(at) => {
                tokens.remove(at.index(tokens.len()));
            }
            Mutation::Repeat(from, to, at) => {
                let (from, to) = (from.index(tokens.len()), to.index(tokens.len()));
                let part = tokens[from.min(to)..=from.max(to)].to_vec();
                let at = at.index(tokens.len());
                tokens.splice(at..at, part);
            }
            Mutation::Exchange(a, b) => {
                let (a, b) = (a.index(tokens.len()), b.index(tokens.len()));
                tokens.swap(a, b);
            }
            Mutation::Word(at, word) => {
                let at = at.index(tokens.len());
                tokens.insert(at, word.get(&ground.words).clone());
            }
            Mutation::Rename(at, word) => {
                let at = at.index(tokens.len());
                tokens[at] = word.get(&ground.words).clone();
            }
            Mutation::Part(at, part) => {
                let at = at.index(tokens.len());
                tokens.insert(at, (*part.get(&PARTS)).to_owned());
            }
        }
    }
    tokens.join(" ")
}

/// What is inside of one of the pairs of braces.
fn set(tokens: &[String], which: Index) -> Option<Range<usize>> {
    let opens: Vec<usize> = (0..tokens.len()).filter(|at| tokens[*at] == "{").collect();
    if opens.is_empty() {
        return None;
    }
    let start = *which.get(&opens) + 1;
    let mut depth = 1;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        depth += i32::from(token.ends_with('{')) - i32::from(token == "}");
        if depth == 0 {
            return Some(start..at);
        }
    }
    None
}

/// The first field of a selection set, without its alias.
fn field(tokens: &[String]) -> Vec<String> {
    let start = if tokens.get(1).is_some_and(|token| token == ":") {
        2
    } else {
        0
    };
    let mut field = Vec::new();
    let mut depth = 0;
    for token in &tokens[start.min(tokens.len())..] {
        let opens = token.ends_with(['{', '(']);
        if depth == 0 && !field.is_empty() && !opens {
            break;
        }
        depth += i32::from(opens) - i32::from(token == "}" || token == ")");
        field.push(token.clone());
    }
    field
}

/// Names and numbers whole, everything else by character.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut open = false;
    for character in text.chars() {
        let is_name = character.is_ascii_alphanumeric() || character == '_' || character == '.';
        match tokens.last_mut() {
            Some(last) if is_name && open => last.push(character),
            _ if character.is_whitespace() => {}
            _ => tokens.push(character.to_string()),
        }
        open = is_name;
    }
    tokens
}

/// The shop with its operations, and the planner's cases.
fn grounds() -> Vec<Ground> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = here.join("../../schema");
    let sdl = fs::read_to_string(schema.join("supergraph.graphql")).unwrap();
    let shop = QueryGraph::new(std::sync::Arc::new(read_supergraph(&sdl).unwrap()));
    let mut grounds: Vec<Ground> = files(&schema.join("operations"))
        .into_iter()
        .map(|(_, operation)| ground(shop.clone(), operation))
        .collect();
    let mut cases: Vec<_> = fs::read_dir(here.join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    for case in cases {
        let (operations, subgraphs): (Vec<_>, Vec<_>) = files(&case)
            .into_iter()
            .partition(|(name, _)| name == "operation");
        let inputs: Vec<SubgraphInput> = subgraphs
            .into_iter()
            .map(|(name, sdl)| SubgraphInput {
                source: name.clone(),
                name,
                url: None,
                sdl,
            })
            .collect();
        let composed = compose(&inputs).unwrap_or_else(|failed| panic!("{:?}", failed.errors));
        let graph = QueryGraph::new(composed.supergraph);
        grounds.extend(
            operations
                .into_iter()
                .map(|(_, text)| ground(graph.clone(), text)),
        );
    }
    grounds
}

fn ground(graph: QueryGraph, operation: String) -> Ground {
    let schema = graph.supergraph().api_schema.to_string();
    let mut words: Vec<String> = tokens(&schema);
    words.retain(|word| word.len() > 1);
    words.sort();
    words.dedup();
    Ground {
        graph,
        operation,
        words,
    }
}

/// (name, text) of the GraphQL files in a folder, by name.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "graphql"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}
