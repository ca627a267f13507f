//! What the planner says of a document's own names is all of them: with a prefix before each, nothing in it can meet a name of another
//! document. Over every fetch of every case and of the frontends' documents.

use std::{fs, path::Path, sync::Arc};

use apollo_compiler::{
    ExecutableDocument,
    ast::{self, Definition, Directive, Selection, Value},
};
use causeway_composition::{SubgraphInput, compose};
use causeway_graph::QueryGraph;
use causeway_model::{Fetch, LabelSet, MergeTemplate, OperationType, QueryPlan};

const PREFIX: &str = "q7_";

#[test]
fn every_own_name_of_a_document_is_known() {
    let mut seen = (0, 0);
    for (name, graph, operation) in operations() {
        let document = ExecutableDocument::parse_and_validate(
            &graph.supergraph().api_schema,
            operation,
            "operation.graphql",
        )
        .unwrap_or_else(|invalid| panic!("{name}: {}", invalid.errors));
        let operation = document.operations.get(None).expect("one operation");
        let plan: QueryPlan = causeway_planner::plan(&graph, &document, operation, &LabelSet::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for fetch in &plan.fetches {
            match &fetch.merging {
                Some(template) => {
                    check(&name, fetch, template);
                    seen.0 += 1;
                }
                None => seen.1 += 1,
            }
            let is_root_of_a_query =
                fetch.depends_on.is_empty() && plan.operation_type == OperationType::Query;
            assert!(
                fetch.merging.is_some() || !is_root_of_a_query || fetch.template.is_some(),
                "{name}"
            );
        }
    }
    println!("{} with templates, {} without", seen.0, seen.1);
    assert!(seen.0 > 50 && seen.1 > 0, "{seen:?}");
}

fn check(name: &str, fetch: &Fetch, template: &MergeTemplate) {
    let text = format!(
        "query({}){{{}}}",
        prefixed(fetch, template, &template.definitions),
        prefixed(fetch, template, &template.selection)
    )
    .replace("query(){", "{");
    let parsed = ast::Document::parse(text.clone(), "merged.graphql")
        .unwrap_or_else(|wrong| panic!("{name}: {text}\n{}", wrong.errors));
    let [Definition::OperationDefinition(operation)] = &parsed.definitions[..] else {
        panic!("{name}: {text}");
    };
    let own = |found: &str| assert!(found.starts_with(PREFIX), "{name}: {found} in {text}");
    operation
        .variables
        .iter()
        .for_each(|variable| own(&variable.name));
    keys(&operation.selection_set, &own);
    variables(&operation.selection_set, &own);
    assert!(
        !template.fields.is_empty() || text.contains("__typename"),
        "{name}: {text}"
    );
    assert_eq!(
        text.replace(PREFIX, "").matches('$').count(),
        fetch.document.matches('$').count()
    );
}

fn prefixed(fetch: &Fetch, template: &MergeTemplate, part: &std::ops::Range<usize>) -> String {
    let mut text = String::new();
    let mut written = part.start;
    for own in template.names.iter().filter(|own| part.contains(&own.at)) {
        text.push_str(&fetch.document[written..own.at]);
        text.push_str(PREFIX);
        if own.field > 0 {
            text.push_str(&fetch.document[own.at..own.at + own.field]);
            text.push(':');
        }
        written = own.at;
    }
    text + &fetch.document[written..part.end]
}

/// Response keys at the root.
fn keys(selections: &[Selection], own: &dyn Fn(&str)) {
    for selection in selections {
        match selection {
            Selection::Field(field) => own(field.response_name()),
            Selection::InlineFragment(fragment) => keys(&fragment.selection_set, own),
            Selection::FragmentSpread(spread) => panic!("{} is shared", spread.fragment_name),
        }
    }
}

fn variables(selections: &[Selection], own: &dyn Fn(&str)) {
    let of_directives = |directives: &[apollo_compiler::Node<Directive>]| {
        let arguments = directives.iter().flat_map(|directive| &directive.arguments);
        arguments.for_each(|argument| value(&argument.value, own));
    };
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                field
                    .arguments
                    .iter()
                    .for_each(|argument| value(&argument.value, own));
                of_directives(&field.directives);
                field.selection_set.iter().for_each(|below| variables(below, own));
            }
            Selection::InlineFragment(fragment) => {
                of_directives(&fragment.directives);
                variables(&fragment.selection_set, own);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn value(found: &Value, own: &dyn Fn(&str)) {
    match found {
        Value::Variable(name) => own(name),
        Value::List(items) => items.iter().for_each(|item| value(item, own)),
        Value::Object(fields) => fields.iter().for_each(|(_, field)| value(field, own)),
        _ => {}
    }
}

/// The planner's cases, and what the frontends ask of the shop.
fn operations() -> Vec<(String, QueryGraph, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("it is there");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        files
    };
    let read = |path: &Path| fs::read_to_string(path).expect("it can be read");
    let mut all = Vec::new();
    for case in files(&here.join("tests/cases")) {
        let sdl = files(&case).into_iter().filter(|file| {
            let is_sdl = file.extension().is_some_and(|extension| extension == "graphql");
            is_sdl && file.file_stem().is_some_and(|stem| stem != "operation")
        });
        let inputs: Vec<SubgraphInput> = sdl
            .map(|file| SubgraphInput {
                name: file.file_stem().expect("a name").to_string_lossy().into_owned(),
                url: None,
                sdl: read(&file),
                source: file.display().to_string(),
            })
            .collect();
        let name = case.display().to_string();
        let Ok(composed) = compose(&inputs) else {
            panic!("{name} does not compose");
        };
        let operation = read(&case.join("operation.graphql"));
        all.push((name, QueryGraph::new(composed.supergraph), operation));
    }
    let shop = here.join("../../schema");
    for file in files(&shop.join("operations")) {
        let supergraph = causeway_composition::read::read_supergraph(&read(&shop.join("supergraph.graphql")));
        let graph = QueryGraph::new(Arc::new(supergraph.expect("a supergraph")));
        all.push((file.display().to_string(), graph, read(&file)));
    }
    all
}
