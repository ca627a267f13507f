//! Nesting below abstract types must not multiply the work. Without its guards each of these would run for longer than
//! anyone waits.

use std::fmt::Write as _;

use apollo_compiler::ExecutableDocument;
use causeway_composition::{SubgraphInput, compose};
use causeway_graph::QueryGraph;
use causeway_model::{LabelSet, QueryPlan};
use causeway_planner::PlanError;

const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.5\", import: [\"@key\", \"@shareable\"])\n";

fn plan(subgraphs: &[(&str, String)], operation: &str) -> Result<QueryPlan, PlanError> {
    let inputs: Vec<SubgraphInput> = subgraphs
        .iter()
        .map(|(name, sdl)| SubgraphInput {
            name: (*name).to_owned(),
            url: None,
            sdl: format!("{LINK}{sdl}"),
            source: (*name).to_owned(),
        })
        .collect();
    let composed =
        compose(&inputs).unwrap_or_else(|failed| panic!("{}", causeway_composition::render(&failed.errors)));
    let graph = QueryGraph::new(composed.supergraph);
    let document = ExecutableDocument::parse_and_validate(
        &graph.supergraph().api_schema,
        operation,
        "operation.graphql",
    )
    .unwrap_or_else(|invalid| panic!("{}", invalid.errors));
    causeway_planner::plan(
        &graph,
        &document,
        document.operations.get(None).expect("one operation"),
        &LabelSet::default(),
    )
}

/// `{ thing { next { next { … } } } }`
fn nested(levels: usize, leaf: &str) -> String {
    format!(
        "{{ thing {}{leaf}{} }}",
        "{ next ".repeat(levels) + "{ ",
        " }".repeat(levels + 1)
    )
}

#[test]
fn an_interface_below_itself_costs_one_selection_a_level() {
    let mut sdl = "type Query { thing: Thing } interface Thing { id: ID next: Thing }".to_owned();
    for number in 0..10 {
        write!(sdl, " type T{number} implements Thing {{ id: ID next: Thing }}").expect("a String takes all");
    }
    let plan = plan(&[("a", sdl)], &nested(60, "id")).expect("a plan");
    assert_eq!(plan.fetches.len(), 1);
    assert!(
        plan.fetches[0].document.len() < 2_000,
        "{}",
        plan.fetches[0].document
    );
}

#[test]
fn a_plan_that_would_not_end_is_refused() {
    let sdl = "type Query { thing: Thing } interface Thing { id: ID }
        type A implements Thing { id: ID next: Thing }
        type B implements Thing { id: ID next: Thing }";
    let operation = |levels: usize| {
        let mut text = format!("{{ thing {{ ...F0 }} }} fragment F{levels} on Thing {{ id }}");
        for level in 0..levels {
            let next = level + 1;
            write!(
                text,
                " fragment F{level} on Thing {{ ... on A {{ next {{ ...F{next} }} }} ... on B {{ next {{ ...F{next} }} }} }}"
            )
            .expect("a String takes all");
        }
        text
    };
    let subgraphs = [("a", sdl.to_owned())];
    assert!(plan(&subgraphs, &operation(5)).is_ok());
    let error = plan(&subgraphs, &operation(60)).expect_err("2^60 selection sets");
    assert_eq!(error.code(), "OPERATION_TOO_COMPLEX");
}

#[test]
fn a_mutation_whose_fields_alternate_between_subgraphs_grows_with_them() {
    const FIELDS: usize = 1_000;
    let subgraph = |name: &str| {
        let sdl = format!("type Query {{ {name}: ID }} type Mutation {{ {name}Set: ID }}");
        (name.to_owned(), sdl)
    };
    let subgraphs = ["a", "b"].map(subgraph);
    let subgraphs: Vec<(&str, String)> = subgraphs
        .iter()
        .map(|(name, sdl)| (name.as_str(), sdl.clone()))
        .collect();
    let mut operation = "mutation {".to_owned();
    for field in 0..FIELDS {
        let name = subgraphs[field % 2].0;
        write!(operation, " f{field}: {name}Set").expect("a String takes all");
    }
    let plan = plan(&subgraphs, &(operation + " }")).expect("a plan");
    assert_eq!(plan.fetches.len(), FIELDS);
}
