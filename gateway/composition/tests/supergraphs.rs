//! Supergraphs of other composers as folders: `tests/supergraphs/<name>/supergraph.graphql`, an `operation.graphql`
//! where there is something to plan, and `expected.txt`: what clients see and the plan, or why the text is refused.
//!
//! A new case needs no Rust: make the folder, run with `CAUSEWAY_BLESS=1`, read what it wrote.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use apollo_compiler::ExecutableDocument;
use causeway_composition::{read::read_supergraph, satisfiability};
use causeway_graph::QueryGraph;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[path = "support/caching.rs"]
mod caching;

#[test]
fn every_supergraph_is_read_as_expected() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/supergraphs");
    let cases = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = cases.filter(|path| path.is_dir()).collect();
    cases.sort();
    let mut wrong = Vec::new();
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

fn run(case: &Path) -> String {
    let sdl = fs::read_to_string(case.join("supergraph.graphql")).unwrap();
    let supergraph = match read_supergraph(&sdl) {
        Ok(supergraph) => Arc::new(supergraph),
        Err(error) => return format!("{}: {error}\n", error.code()),
    };
    let graph = QueryGraph::new(Arc::clone(&supergraph));
    let unsound: String = satisfiability::check(&graph)
        .iter()
        .map(|error| format!("{error}\n"))
        .collect();
    let api = &supergraph.api_schema;
    let plan = fs::read_to_string(case.join("operation.graphql")).map_or_else(
        |_| String::new(),
        |text| {
            let document = ExecutableDocument::parse_and_validate(api, &text, "operation.graphql").unwrap();
            let operation = document.operations.iter().next().unwrap();
            let plan =
                causeway_planner::plan(&graph, &document, operation, &causeway_model::LabelSet::default())
                    .unwrap();
            format!("\n# plan\n\n{}", causeway_planner::explain(&plan, &supergraph))
        },
    );
    let caching = caching::print(&supergraph);
    format!("{unsound}# API schema\n\n{api}{caching}{plan}")
}
