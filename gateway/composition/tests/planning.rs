//! Whatever composes can be planned: random graphs, random operations, and every document of every plan is one that
//! the subgraph's own server accepts.
//!
//! `CAUSEWAY_PROPTEST_CASES` sets the number of graphs; a failure prints the graph, shrunk, and its tape.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "planning/audit.rs"]
mod audit;
#[path = "planning/choices.rs"]
mod choices;
#[path = "planning/graphs.rs"]
mod graphs;
#[path = "planning/operations.rs"]
mod operations;
#[path = "planning/services.rs"]
mod services;
#[path = "planning/universe.rs"]
mod universe;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::OperationType;
use apollo_compiler::validation::Valid;
use audit::Audit;
use causeway_composition::{Diagnostic, SubgraphInput, compose, merge, read::read_supergraph};
use causeway_graph::QueryGraph;
use causeway_model::{LabelId, LabelSet};
use choices::Choices;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const OPERATIONS: usize = 8;

#[test]
fn whatever_composes_can_be_planned() {
    let cases = std::env::var("CAUSEWAY_PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(200);
    let seed = std::env::var("CAUSEWAY_PROPTEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0x00CA_05E3_u64);
    println!("{cases} graphs, CAUSEWAY_PROPTEST_SEED={seed}");
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        max_shrink_iters: 4_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let tally = Tally::default();
    let tapes = (
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(any::<u8>(), 0..2_000),
    );
    let result = runner.run(&tapes, |(graph, operations)| {
        check(&graph, &operations, &tally).map_err(TestCaseError::fail)
    });
    let (composed, operations) = (tally.composed.get(), tally.operations.get());
    println!(
        "{composed} graphs composed; {operations} operations planned with {} fetches, {} clashed with themselves",
        tally.fetches.get(),
        tally.clashing.get()
    );
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, (graph, operations))) => {
            panic!("{why}\ngraph tape {graph:?}\noperation tape {operations:?}")
        }
        Err(other) => panic!("{other}"),
    }
    assert!(
        composed * 4 > cases && operations > composed,
        "too little composes to prove anything"
    );
}

/// What the run has seen, to know that it proves something.
#[derive(Default)]
struct Tally {
    composed: Cell<u32>,
    operations: Cell<u32>,
    clashing: Cell<u32>,
    fetches: Cell<usize>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

fn check(graph_tape: &[u8], operation_tape: &[u8], tally: &Tally) -> Result<(), String> {
    let subgraphs = graphs::subgraphs(&mut Choices::new(graph_tape));
    let inputs: Vec<SubgraphInput> = subgraphs.iter().map(|(name, sdl)| input(name, sdl)).collect();
    let composition = match compose(&inputs) {
        Ok(composition) => composition,
        Err(failed) => {
            note(&failed.errors, &subgraphs);
            return check_refusal(&inputs, &failed.errors)
                .map_err(|why| format!("{why}\n{}", show(&subgraphs)));
        }
    };
    count(&tally.composed);
    let graph = QueryGraph::new(composition.supergraph);
    let servers: BTreeMap<&str, _> = subgraphs
        .iter()
        .map(|(name, sdl)| (name.as_str(), services::schema(sdl)))
        .collect();
    let audit = Audit::new(&subgraphs);
    let api = &graph.supergraph().api_schema;
    let mut choices = Choices::new(operation_tape);
    for number in 0..OPERATIONS {
        let kind = if number == OPERATIONS - 1 {
            OperationType::Mutation
        } else {
            OperationType::Query
        };
        let Some(text) = operations::operation(api, kind, &mut choices) else {
            continue;
        };
        // Aliases and fragments may clash in one operation; such an operation says nothing.
        let Ok(document) = ExecutableDocument::parse_and_validate(api, &text, "operation.graphql") else {
            count(&tally.clashing);
            continue;
        };
        for on in label_sets(graph.supergraph().label_ids().collect()) {
            let fetches = check_plan(&graph, (&servers, &audit), &document, &on).map_err(|why| {
                format!(
                    "{why}\n\nlabels {on:?}\noperation\n{document}\n{}",
                    show(&subgraphs)
                )
            })?;
            tally.fetches.set(tally.fetches.get() + fetches);
        }
        count(&tally.operations);
    }
    Ok(())
}

fn check_plan(
    graph: &QueryGraph,
    (servers, audit): (&BTreeMap<&str, Valid<apollo_compiler::Schema>>, &Audit),
    document: &Valid<ExecutableDocument>,
    on: &LabelSet,
) -> Result<usize, String> {
    let operation = document.operations.iter().next().expect("one operation");
    let plan = causeway_planner::plan(graph, document, operation, on).map_err(|error| error.to_string())?;
    for (index, fetch) in plan.fetches.iter().enumerate() {
        let name = graph.supergraph().subgraph(fetch.subgraph).name.as_str();
        if fetch.depends_on.iter().any(|id| id.index() >= index) {
            return Err(format!("fetch {index} depends on a later one"));
        }
        let document =
            ExecutableDocument::parse_and_validate(&servers[name], &*fetch.document, "fetch.graphql")
                .map_err(|invalid| {
                    format!("subgraph {name} refuses\n{}\n{}", fetch.document, invalid.errors)
                })?;
        let on: BTreeSet<&str> = on.iter().map(|label| graph.supergraph().label(label)).collect();
        audit.check(name, fetch, &document, &on).map_err(|why| {
            format!(
                "{why}\n{}\n{}",
                fetch.document,
                causeway_planner::explain(&plan, graph.supergraph())
            )
        })?;
    }
    Ok(plan.fetches.len())
}

/// What composition shows as an operation that cannot be answered has no plan indeed.
fn check_refusal(inputs: &[SubgraphInput], errors: &[Diagnostic]) -> Result<(), String> {
    for error in errors
        .iter()
        .filter(|error| error.code.as_str() == "SATISFIABILITY_ERROR")
    {
        let merged = merge(inputs).expect("satisfiability comes after the merge");
        let graph = QueryGraph::new(Arc::new(read_supergraph(&merged.supergraph_sdl).unwrap()));
        let start = error.message.find(":\n").expect("an operation follows") + 2;
        let end = start + error.message[start..].find("\n}").expect("the operation ends") + 2;
        let text = error.message[start..end]
            .replace("(…)", "")
            .replace("{ … }", "{ __typename }");
        let document =
            ExecutableDocument::parse_and_validate(&graph.supergraph().api_schema, &text, "shown.graphql")
                .map_err(|invalid| format!("the shown operation is invalid: {invalid}\n{text}"))?;
        let operation = document.operations.iter().next().expect("one operation");
        let on = graph.supergraph().label_set(labels_on(&error.message[..start]));
        if let Ok(plan) = causeway_planner::plan(&graph, &document, operation, &on) {
            let plan = causeway_planner::explain(&plan, graph.supergraph());
            return Err(format!("{error}\nand yet there is a plan:\n{plan}"));
        }
    }
    Ok(())
}

/// Of `… while the override label "a" is on and "b" is off`, the `a`.
fn labels_on(head: &str) -> impl Iterator<Item = &str> {
    let parts = head.split("\" is on");
    let count = parts.clone().count();
    parts.take(count - 1).filter_map(|part| part.rsplit('"').next())
}

/// Every way in which labels can be on and off.
fn label_sets(labels: Vec<LabelId>) -> Vec<LabelSet> {
    (0..1_usize << labels.len())
        .map(|bits| {
            let on = labels.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            on.map(|(_, label)| *label).collect()
        })
        .collect()
}

/// With `CAUSEWAY_PROPTEST_NOTE`, why graphs do not compose: the generator should not waste its time.
fn note(errors: &[Diagnostic], subgraphs: &[(String, String)]) {
    let wanted = std::env::var("CAUSEWAY_PROPTEST_NOTE").unwrap_or_default();
    if wanted == errors[0].code.as_str() {
        println!("{}\n{}", errors[0], show(subgraphs));
    } else if !wanted.is_empty() {
        println!(
            "{} {}",
            errors[0].code.as_str(),
            errors[0].message.lines().next().unwrap()
        );
    }
}

fn show(subgraphs: &[(String, String)]) -> String {
    subgraphs
        .iter()
        .map(|(name, sdl)| format!("# {name}\n{sdl}\n"))
        .collect()
}

fn input(name: &str, sdl: &str) -> SubgraphInput {
    SubgraphInput {
        name: name.to_owned(),
        url: None,
        sdl: sdl.to_owned(),
        source: format!("{name}.graphql"),
    }
}
