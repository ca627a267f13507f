//! How long planning takes, and how much memory: `cargo bench -p causeway-planner --bench plan`.
//!
//! Each case is planned from a document that was parsed and validated. First come Criterion's statistics; then a table with the
//! median, the 99th percentile and the most memory that planning held at once. `-- table` prints the table only.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod graphs;

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Instant};

use apollo_compiler::{ExecutableDocument, validation::Valid};
use causeway_composition::{SubgraphInput, compose, read::read_supergraph};
use causeway_graph::QueryGraph;
use causeway_model::{LabelSet, QueryPlan};
use criterion::Criterion;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

struct Case {
    name: String,
    graph: QueryGraph,
    document: Valid<ExecutableDocument>,
}

impl Case {
    fn new(name: String, graph: &QueryGraph, operation: &str) -> Self {
        let schema = &graph.supergraph().api_schema;
        let document = ExecutableDocument::parse_and_validate(schema, operation, "operation.graphql")
            .unwrap_or_else(|invalid| panic!("{name}: {}", invalid.errors));
        Self {
            name,
            graph: graph.clone(),
            document,
        }
    }

    fn plan(&self) -> QueryPlan {
        let operation = self.document.operations.iter().next().unwrap();
        causeway_planner::plan(&self.graph, &self.document, operation, &LabelSet::default())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

fn main() {
    let cases: Vec<Case> = shop().into_iter().chain(made()).collect();
    if !std::env::args().any(|argument| argument == "table") {
        let mut criterion = Criterion::default().configure_from_args().sample_size(50);
        for case in &cases {
            criterion.bench_function(&case.name, |bencher| bencher.iter(|| case.plan()));
        }
        criterion.final_summary();
    }
    table(&cases);
}

fn table(cases: &[Case]) {
    println!(
        "| operation | fields | requests | deep | median | p99 | peak memory |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for case in cases {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let plan = case.plan();
        let peak = MEMORY.peak_usage() - before;
        let mut times: Vec<u128> = (0..1_000)
            .map(|_| {
                let start = Instant::now();
                black_box(case.plan());
                start.elapsed().as_nanos()
            })
            .collect();
        times.sort_unstable();
        let explained = causeway_planner::explain_json(&plan, case.graph.supergraph());
        println!(
            "| {} | {} | {} | {} | {:.0} us | {:.0} us | {} kB |",
            case.name,
            fields(&case.document),
            explained.calls,
            explained.depth,
            times[500] as f64 / 1e3,
            times[990] as f64 / 1e3,
            peak / 1024
        );
    }
}

/// Fields of the document, those of fragments once.
fn fields(document: &Valid<ExecutableDocument>) -> usize {
    fn count(set: &apollo_compiler::executable::SelectionSet) -> usize {
        use apollo_compiler::executable::Selection;
        set.selections
            .iter()
            .map(|selection| match selection {
                Selection::Field(field) => 1 + field.selection_set.as_ref().map_or(0, count),
                Selection::InlineFragment(fragment) => count(&fragment.selection_set),
                Selection::FragmentSpread(_) => 0,
            })
            .sum()
    }
    let operations = document.operations.iter().map(|one| count(&one.selection_set));
    let fragments = document.fragments.values().map(|one| count(&one.selection_set));
    operations.chain(fragments).sum()
}

/// The operations of `schema/operations`.
fn shop() -> Vec<Case> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let sdl = fs::read_to_string(schema.join("supergraph.graphql")).unwrap();
    let supergraph = read_supergraph(&sdl).unwrap();
    let graph = QueryGraph::new(Arc::new(supergraph));
    let mut files: Vec<_> = fs::read_dir(schema.join("operations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "graphql"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = format!("shop/{}", file.file_stem().unwrap().to_string_lossy());
            Case::new(name, &graph, &fs::read_to_string(file).unwrap())
        })
        .collect()
}

fn made() -> Vec<Case> {
    graphs::all()
        .into_iter()
        .map(|made| {
            let inputs: Vec<SubgraphInput> = made
                .subgraphs
                .iter()
                .enumerate()
                .map(|(number, sdl)| SubgraphInput {
                    name: format!("s{number:02}"),
                    url: None,
                    sdl: format!("{}{sdl}", graphs::LINK),
                    source: format!("s{number:02}.graphql"),
                })
                .collect();
            let composed = compose(&inputs)
                .unwrap_or_else(|failed| panic!("{}", causeway_composition::render(&failed.errors)));
            Case::new(made.name, &QueryGraph::new(composed.supergraph), &made.operation)
        })
        .collect()
}
