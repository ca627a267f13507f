//! How far this composition agrees with the reference's verdicts on a corpus of cases, when the corpus is there.
//!
//! The corpus is `shared/corpus/composition.jsonl` beside the repository, or the file that `CAUSEWAY_CORPUS` names.
//! Every group that differs must have its row with a reason in DIFFERENCES.md.
//! `CAUSEWAY_CORPUS_SHOW=<figure>` (verdict, codes, hints, api, supergraph) lists the cases that disagree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "corpus/content.rs"]
mod content;

use causeway_composition::{Diagnostic, SubgraphInput, compose};
use content::{difference, normalised, normalised_supergraph};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Agreement in percent that was reached once and must not be lost.
const FLOORS: [(&str, f64); 5] = [
    ("verdict", 100.0),
    ("codes", 99.6),
    ("hints", 100.0),
    ("api", 100.0),
    ("supergraph", 100.0),
];

#[test]
fn agrees_with_the_reference_on_the_corpus() {
    let Some(text) = corpus() else {
        println!("skipped: no corpus (set CAUSEWAY_CORPUS)");
        return;
    };
    let mut tally = Tally::default();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        compare(&case, &mut tally);
    }
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
    println!("accepted though the reference refuses: {:?}", tally.accepted);
    tally.show();
    let explained = explained();
    let unexplained: Vec<_> = tally.differing().difference(&explained).cloned().collect();
    lost.extend(
        unexplained.iter().map(|(group, figure)| {
            format!("{group} differs in {figure} and DIFFERENCES.md does not say why")
        }),
    );
    let accepted: BTreeSet<String> = explained
        .iter()
        .filter(|(_, figure)| figure == "accepted")
        .map(|(group, _)| group.clone())
        .collect();
    lost.extend(
        tally
            .accepted
            .difference(&accepted)
            .map(|group| format!("{group} composes here, and DIFFERENCES.md does not say that it may")),
    );
    if std::env::var_os("CAUSEWAY_CORPUS").is_none() {
        let stale = explained.iter().filter(|(group, figure)| match figure.as_str() {
            "accepted" => !tally.accepted.contains(group),
            _ => !tally.differing().contains(&(group.clone(), figure.clone())),
        });
        lost.extend(
            stale.map(|(group, figure)| format!("DIFFERENCES.md: {group} does not differ in {figure}")),
        );
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// The rows of DIFFERENCES.md as (group, figure): `` | `group` | figure, figure | why | ``.
fn explained() -> BTreeSet<(String, String)> {
    let table = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("DIFFERENCES.md");
    let text = std::fs::read_to_string(table).unwrap();
    let mut rows = BTreeSet::new();
    let rows_end = text.find("\n## ").unwrap_or(text.len());
    for line in text[..rows_end].lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(
            cells.len() >= 5 && cells[3].len() > 20,
            "a row needs a reason: {line}"
        );
        for figure in cells[2].split(',') {
            rows.insert((cells[1].trim_matches('`').to_owned(), figure.trim().to_owned()));
        }
    }
    rows
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
    /// Groups that the reference refuses and that compose here.
    accepted: BTreeSet<String>,
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

    /// (group, figure) of every case that disagrees.
    fn differing(&self) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        for (figure, results) in &self.results {
            for (case, _, _) in results.iter().filter(|(_, agreed, _)| !agreed) {
                found.insert((group(case).to_owned(), (*figure).to_owned()));
            }
        }
        found
    }

    /// Groups that agree in all their versions.
    fn groups(&self, figure: &str) -> (usize, usize) {
        let mut groups: BTreeMap<&str, bool> = BTreeMap::new();
        for (case, agreed, _) in self.results.get(figure).map(Vec::as_slice).unwrap_or_default() {
            *groups.entry(group(case)).or_insert(true) &= agreed;
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

fn group(case: &str) -> &str {
    case.split('@').next().unwrap()
}

fn compare(case: &Value, tally: &mut Tally) {
    let id = case["id"].as_str().unwrap();
    let theirs = &case["apollo"];
    let ours = compose(&inputs(case));
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
    tally.add("verdict", id, ours.is_ok() == ok, said);
    if ours.is_ok() && !ok {
        tally.accepted.insert(group(id).to_owned());
    }
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
