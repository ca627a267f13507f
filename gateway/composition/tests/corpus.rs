//! How far this composition agrees with the reference's verdicts on a corpus of cases, when the corpus is there.
//!
//! The corpus is `shared/corpus/composition.jsonl` beside the repository, or the file that `CAUSEWAY_CORPUS` names.
//! `CAUSEWAY_CORPUS_SHOW=<figure>` (ok, codes, api, supergraph, hints) lists the cases that disagree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use apollo_compiler::ast::{Definition, Document};
use causeway_composition::{Diagnostic, SubgraphInput, merge};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Agreement in percent that was reached once and must not be lost.
const FLOORS: [(&str, f64); 5] = [
    ("ok", 99.7),
    ("codes", 99.0),
    ("api", 100.0),
    ("supergraph", 100.0),
    ("hints", 100.0),
];

#[test]
fn agrees_with_the_reference_on_the_corpus() {
    let Some(text) = corpus() else {
        println!("skipped: no corpus (set CAUSEWAY_CORPUS)");
        return;
    };
    let mut tally = Tally::default();
    let mut satisfiability_only = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        if only_unsatisfiable(&case) {
            satisfiability_only += 1;
        } else {
            compare(&case, &mut tally);
        }
    }
    println!("{satisfiability_only} cases fail for satisfiability alone and are not counted");
    let mut lost = Vec::new();
    for (figure, floor) in FLOORS {
        let (agreed, total) = tally.count(figure);
        let (groups, all_groups) = tally.groups(figure);
        let percent = 100.0 * agreed as f64 / total.max(1) as f64;
        println!("{figure:<11} {agreed:>5}/{total:<5} {percent:6.2} %   groups {groups}/{all_groups}");
        if percent < floor {
            lost.push(format!("{figure}: {percent:.2} % is below {floor} %"));
        }
    }
    tally.show();
    assert!(lost.is_empty(), "{}", lost.join("; "));
}

fn corpus() -> Option<String> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/composition.jsonl");
    let path = std::env::var_os("CAUSEWAY_CORPUS")
        .map(PathBuf::from)
        .unwrap_or(beside);
    std::fs::read_to_string(path).ok()
}

#[derive(Default)]
struct Tally {
    /// figure -> (case, agreed, what we said)
    results: BTreeMap<&'static str, Vec<(String, bool, String)>>,
}

impl Tally {
    fn add(&mut self, figure: &'static str, case: &str, agreed: bool, said: impl FnOnce() -> String) {
        let said = if agreed { String::new() } else { said() };
        self.results
            .entry(figure)
            .or_default()
            .push((case.to_owned(), agreed, said));
    }

    fn count(&self, figure: &str) -> (usize, usize) {
        let results = self.results.get(figure).map(Vec::as_slice).unwrap_or_default();
        (
            results.iter().filter(|(_, agreed, _)| *agreed).count(),
            results.len(),
        )
    }

    /// Groups that agree in all their versions.
    fn groups(&self, figure: &str) -> (usize, usize) {
        let mut groups: BTreeMap<&str, bool> = BTreeMap::new();
        for (case, agreed, _) in self.results.get(figure).map(Vec::as_slice).unwrap_or_default() {
            *groups.entry(case.split('@').next().unwrap()).or_insert(true) &= agreed;
        }
        (groups.values().filter(|agreed| **agreed).count(), groups.len())
    }

    fn show(&self) {
        let Ok(figure) = std::env::var("CAUSEWAY_CORPUS_SHOW") else {
            return;
        };
        for (case, agreed, said) in self
            .results
            .get(figure.as_str())
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            if !agreed {
                println!("{case}: {said}");
            }
        }
    }
}

fn only_unsatisfiable(case: &Value) -> bool {
    let errors = case["apollo"]["errors"].as_array();
    errors.is_some_and(|errors| {
        !errors.is_empty() && errors.iter().all(|error| error["code"] == "SATISFIABILITY_ERROR")
    })
}

fn compare(case: &Value, tally: &mut Tally) {
    let id = case["id"].as_str().unwrap();
    let theirs = &case["apollo"];
    let ours = merge(&inputs(case));
    let ok = theirs["ok"].as_bool().unwrap();
    let print = |errors: &[Diagnostic]| {
        errors
            .iter()
            .map(|error| format!("{} {}", error.code.as_str(), error.message))
            .collect::<Vec<_>>()
            .join(" | ")
    };
    let said = || match &ours {
        Ok(_) => "composed".to_owned(),
        Err(failed) => print(&failed.errors),
    };
    tally.add("ok", id, ours.is_ok() == ok, said);
    if !ok {
        let expected = codes(&theirs["errors"]);
        // Where the reference crashed there are no codes to compare.
        if !expected.is_empty() {
            let found: BTreeSet<String> = ours
                .as_ref()
                .err()
                .map(|failed| failed.errors.as_slice())
                .unwrap_or_default()
                .iter()
                .map(|error| error.code.as_str().to_owned())
                .collect();
            tally.add("codes", id, found == expected, || {
                format!("expected {expected:?}, {}", said())
            });
        }
        return;
    }
    let Ok(composed) = &ours else { return };
    let api = |sdl: &str| normalised(sdl);
    let expected = api(theirs["api_schema"].as_str().unwrap());
    let found = api(&composed.api_schema_sdl);
    tally.add("api", id, found == expected, || difference(&expected, &found));
    let expected = normalised_supergraph(theirs["supergraph"].as_str().unwrap());
    let found = normalised_supergraph(&composed.supergraph_sdl);
    tally.add("supergraph", id, found == expected, || {
        difference(&expected, &found)
    });
    let expected = hints(&theirs["hints"]);
    let found: BTreeSet<(String, String)> = composed
        .hints
        .iter()
        .map(|hint| {
            (
                hint.code.as_str().to_owned(),
                hint.coordinate.clone().unwrap_or_default(),
            )
        })
        .map(without_coordinate)
        .collect();
    tally.add("hints", id, found == expected, || {
        format!(
            "missing {:?}, too many {:?}",
            expected.difference(&found).collect::<Vec<_>>(),
            found.difference(&expected).collect::<Vec<_>>()
        )
    });
}

fn inputs(case: &Value) -> Vec<SubgraphInput> {
    let read = |service: &Value| SubgraphInput {
        name: service["name"].as_str().unwrap().to_owned(),
        url: service["url"].as_str().map(str::to_owned),
        sdl: service["sdl"].as_str().unwrap().to_owned(),
        source: format!("{}.graphql", service["name"].as_str().unwrap()),
    };
    case["services"].as_array().unwrap().iter().map(read).collect()
}

fn codes(errors: &Value) -> BTreeSet<String> {
    errors
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["code"].as_str())
        .map(str::to_owned)
        .collect()
}

fn hints(hints: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    hints
        .as_array()
        .unwrap()
        .iter()
        .map(|hint| (text(&hint["code"]), text(&hint["coordinate"])))
        .map(without_coordinate)
        .collect()
}

/// The reference gives these hints no coordinate; ours have one.
fn without_coordinate((code, coordinate): (String, String)) -> (String, String) {
    let none = matches!(
        code.as_str(),
        "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS" | "DIRECTIVE_COMPOSITION_INFO"
    );
    (code, if none { String::new() } else { coordinate })
}

/// Definitions in any order, their parts too, so that only the content is compared.
fn normalised(sdl: &str) -> BTreeSet<String> {
    let mut document =
        Document::parse(sdl, "schema.graphql").unwrap_or_else(|failed| panic!("{failed}\n{sdl}"));
    document.definitions.iter_mut().map(sorted).collect()
}

/// The machinery's own definitions grow with the federation version; ours are always the newest.
fn normalised_supergraph(sdl: &str) -> BTreeSet<String> {
    let is_machinery = |text: &&String| {
        [
            "directive @join__",
            "scalar join__",
            "input join__",
            "directive @link",
        ]
        .iter()
        .any(|start| text.starts_with(start))
    };
    normalised(sdl)
        .iter()
        .filter(|text| !is_machinery(text))
        .map(|text| {
            text.replace("join/v0.3", "join/v0.5")
                .replace("join/v0.4", "join/v0.5")
                .replace(", resolvable: true", "")
        })
        .collect()
}

fn sorted(definition: &mut Definition) -> String {
    use Definition as D;
    fn by_text<T: std::fmt::Display>(items: &mut [T]) {
        items.sort_by_cached_key(|item| item.to_string());
    }
    match definition {
        D::SchemaDefinition(node) => by_text(&mut node.make_mut().directives.0),
        D::ScalarTypeDefinition(node) => by_text(&mut node.make_mut().directives.0),
        D::UnionTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.members.sort();
        }
        D::EnumTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.values
                .iter_mut()
                .for_each(|value| by_text(&mut value.make_mut().directives.0));
            by_text(&mut node.values);
        }
        D::InputObjectTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.fields
                .iter_mut()
                .for_each(|field| by_text(&mut field.make_mut().directives.0));
            by_text(&mut node.fields);
        }
        D::ObjectTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.implements_interfaces.sort();
            sort_fields(&mut node.fields);
        }
        D::InterfaceTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.implements_interfaces.sort();
            sort_fields(&mut node.fields);
        }
        _ => {}
    }
    definition.to_string()
}

fn sort_fields(fields: &mut [apollo_compiler::Node<apollo_compiler::ast::FieldDefinition>]) {
    for field in fields.iter_mut() {
        let field = field.make_mut();
        field
            .directives
            .0
            .sort_by_cached_key(|directive| directive.to_string());
        field
            .arguments
            .sort_by_cached_key(|argument| argument.to_string());
        for argument in &mut field.arguments {
            argument
                .make_mut()
                .directives
                .0
                .sort_by_cached_key(|directive| directive.to_string());
        }
    }
    fields.sort_by_cached_key(|field| field.to_string());
}

fn difference(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> String {
    let list = |mark: &str, items: Vec<&String>| {
        items
            .into_iter()
            .map(|item| format!("\n{mark} {}", item.replace('\n', &format!("\n{mark} "))))
            .collect::<String>()
    };
    format!(
        "{}{}",
        list("-", expected.difference(found).collect()),
        list("+", found.difference(expected).collect())
    )
}
