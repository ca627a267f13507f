//! The plans of the frontends' documents over the shop's supergraph, as they are printed. `cargo insta review` shows what changed, and
//! `INSTA_UPDATE=always` takes it over; neither is needed to run this.

use std::{fs, path::Path, sync::Arc};

use apollo_compiler::ExecutableDocument;
use causeway_graph::QueryGraph;
use causeway_model::LabelSet;

#[test]
fn the_shops_operations_are_planned_as_before() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let read = |path: &Path| fs::read_to_string(path).expect("it can be read");
    let supergraph = causeway_composition::read::read_supergraph(&read(&schema.join("supergraph.graphql")))
        .expect("a supergraph");
    let graph = QueryGraph::new(Arc::new(supergraph));
    let entries = fs::read_dir(schema.join("operations")).expect("the operations are there");
    let mut documents: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    documents.sort();
    assert!(documents.len() >= 15, "documents are missing");
    for path in documents {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let api = &graph.supergraph().api_schema;
        let document = ExecutableDocument::parse_and_validate(api, read(&path), &name)
            .unwrap_or_else(|invalid| panic!("{}", invalid.errors));
        let operation = document.operations.iter().next().expect("an operation");
        let plan = causeway_planner::plan(&graph, &document, operation, &LabelSet::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = causeway_planner::explain(&plan, graph.supergraph());
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}
