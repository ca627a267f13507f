//! Plans, case by case: `cases/<name>/` has the subgraphs' SDL, `operation.graphql` and the expected plan in `plan.txt`: one for each way
//! in which the labels of progressive overrides that matter to the operation can be on and off. A case with `naive.txt` is also asked
//! what it would cost without batching, its lists of ten.
//! `UPDATE_EXPECTED=1` writes the plans anew; read the difference before you commit it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use apollo_compiler::ExecutableDocument;
use causeway_composition::{SubgraphInput, compose};
use causeway_graph::QueryGraph;
use causeway_model::{LabelId, LabelSet};

#[test]
fn plans_are_as_expected() {
    let mut cases: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"))
        .expect("the cases are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 13, "cases are missing");
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let name = case.file_name().expect("a name").to_string_lossy();
    let graph = QueryGraph::new(supergraph(case));
    let operation = fs::read_to_string(case.join("operation.graphql")).expect("an operation");
    let document = ExecutableDocument::parse_and_validate(
        &graph.supergraph().api_schema,
        operation,
        "operation.graphql",
    )
    .unwrap_or_else(|invalid| panic!("{name}: {}", invalid.errors));
    let operation = document.operations.get(None).expect("one operation");
    let plan = |on: &LabelSet| {
        causeway_planner::plan(&graph, &document, operation, on)
            .map(|plan| {
                let naive = causeway_planner::naive(&plan, graph.supergraph(), 10);
                (causeway_planner::explain(&plan, graph.supergraph()), naive.text())
            })
            .map_err(|error| format!("{name}: {error}"))
    };
    let labels =
        causeway_planner::labels(&graph, &document, operation).map_err(|error| format!("{name}: {error}"))?;
    let (mut text, mut naive) = (String::new(), String::new());
    for on in combinations(labels.iter().collect()) {
        let names: Vec<&str> = on.iter().map(|label| graph.supergraph().label(label)).collect();
        if !labels.is_empty() {
            text.push_str(&format!("labels on: [{}]\n", names.join(", ")));
        }
        let planned = plan(&on)?;
        if planned != plan(&on)? {
            return Err(format!("{name}: the same operation got two plans"));
        }
        text.push_str(&planned.0);
        naive.push_str(&planned.1);
    }
    expect(&name, &case.join("plan.txt"), &text)?;
    match case.join("naive.txt") {
        file if file.exists() => expect(&name, &file, &naive),
        _ => Ok(()),
    }
}

fn expect(name: &str, file: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(file, text).expect("it can be written");
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    if text == expected {
        Ok(())
    } else {
        Err(format!("{name}:\n{text}\nexpected:\n{expected}"))
    }
}

/// Every way in which the labels can be on and off.
fn combinations(labels: Vec<LabelId>) -> Vec<LabelSet> {
    (0..1_usize << labels.len())
        .map(|bits| {
            let on = labels.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            on.map(|(_, label)| *label).collect()
        })
        .collect()
}

fn supergraph(case: &Path) -> Arc<causeway_model::Supergraph> {
    let inputs: Vec<SubgraphInput> = fs::read_dir(case)
        .expect("a case is a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "graphql"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "operation"))
        .map(|path| SubgraphInput {
            name: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            url: None,
            sdl: fs::read_to_string(&path).expect("SDL can be read"),
            source: path.display().to_string(),
        })
        .collect();
    match compose(&inputs) {
        Ok(composed) => composed.supergraph,
        Err(failed) => panic!(
            "{}: {}",
            case.display(),
            causeway_composition::render(&failed.errors)
        ),
    }
}
