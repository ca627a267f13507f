use super::*;
use crate::{SubgraphInput, merge, read::read_supergraph};
use std::sync::Arc;

#[test]
fn a_graph_that_cannot_be_walked_whole_is_refused() {
    let sdl = "type Query { a: A } type A { b: B } type B { c: Int }";
    let input = SubgraphInput {
        name: "one".to_owned(),
        url: None,
        sdl: sdl.to_owned(),
        source: "one.graphql".to_owned(),
    };
    let merged = merge(&[input]).unwrap();
    let graph = QueryGraph::new(Arc::new(read_supergraph(&merged.supergraph_sdl).unwrap()));
    // Query, A and B.
    assert!(check_within(&graph, 3).is_empty());
    let refused = check_within(&graph, 2);
    let codes: Vec<&str> = refused.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED"]);
    assert!(
        refused[0].message.contains("more than 2"),
        "{}",
        refused[0].message
    );
}
