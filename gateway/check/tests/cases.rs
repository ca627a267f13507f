//! Cases as folders of text.
//!
//! A side is one file (`old.graphql`, `new.graphql`: an API schema or a supergraph), or the little shop in `tests/shop` with
//! the subgraphs of the folder `new/` in place of its own. Operations are in `operations/`, in `operations.json`, or the
//! shop's. `breaking.txt` says `used` where only used breakage counts. `expected.txt` and `expected.json` are what the check
//! says; a case that has `expected.sarif` is held to all five formats.
//!
//! A new case needs no Rust: make the folder, run with `CAUSEWAY_BLESS=1`, read what it wrote.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use apollo_compiler::Schema;
use causeway_check::{
    Format, Kind, Operations, Policy, Problem, Report, Revision, Source, Span, Titles, check, documents,
    manifest, render,
};
use causeway_composition::{Diagnostic, SubgraphInput, compose, read::api_schema};

const FORMATS: [(Format, &str); 5] = [
    (Format::Text, "expected.txt"),
    (Format::Json, "expected.json"),
    (Format::Markdown, "expected.md"),
    (Format::Github, "expected.github"),
    (Format::Sarif, "expected.sarif"),
];

#[test]
fn every_case_says_what_is_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let report = run(&case);
        let every_format = case.join("expected.sarif").exists();
        for (format, name) in FORMATS {
            if !every_format && !matches!(format, Format::Text | Format::Json) {
                continue;
            }
            let found = render(&report, format);
            if std::env::var_os("CAUSEWAY_BLESS").is_some() {
                fs::write(case.join(name), &found).unwrap();
            }
            if fs::read_to_string(case.join(name)).unwrap_or_default() != found {
                wrong.push(format!("{}/{name}:\n{found}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn at_least_ten_prepared_changes_are_held_to_all_formats() {
    let all = cases();
    assert!(all.len() >= 25, "only {} cases", all.len());
    let prepared = all
        .iter()
        .filter(|case| FORMATS.iter().all(|(_, name)| case.join(name).exists()));
    assert!(prepared.count() >= 10);
}

#[test]
fn every_kind_of_change_has_a_case() {
    let reports: Vec<Report> = cases().iter().map(|case| run(case)).collect();
    let met: BTreeSet<Kind> = reports
        .iter()
        .flat_map(|report| &report.changes)
        .map(|change| change.kind)
        .collect();
    let missing: Vec<&Kind> = Kind::ALL.iter().filter(|kind| !met.contains(kind)).collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn sarif_is_valid_by_the_standards_schema() {
    let text = fs::read_to_string(tests().join("sarif-2.1.0.schema.json")).unwrap();
    let mut schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    // The pattern of languages, which we never write, has a `]` too many for a strict reader.
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut results = 0;
    for case in cases() {
        let log: serde_json::Value = serde_json::from_str(&render(&run(&case), Format::Sarif)).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {}", case.display(), errors.join("\n"));
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            results += 1;
            let rule = &run["tool"]["driver"]["rules"]
                [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            // Code scanning refuses results without a place.
            assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].is_u64());
        }
    }
    assert!(results > 50, "only {results} results were looked at");
    // The schema itself is not asleep.
    let broken = serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] });
    assert!(!validator.is_valid(&broken));
}

#[test]
fn the_same_schema_twice_is_no_change_and_the_way_back_mirrors_the_way() {
    for case in cases().iter().filter(|case| case.join("old.graphql").exists()) {
        let old = || from_file(case, "old.graphql");
        let new = from_file(case, "new.graphql");
        let nothing = check(titles(), &old(), &old(), None, Policy::Any);
        assert!(nothing.changes.is_empty(), "{}", case.display());
        let there = check(titles(), &old(), &new, None, Policy::Any).changes.len();
        let back = check(titles(), &new, &old(), None, Policy::Any).changes.len();
        assert_eq!(there, back, "{}", case.display());
    }
}

fn run(case: &Path) -> Report {
    let used = fs::read_to_string(case.join("breaking.txt")).is_ok_and(|text| text.trim() == "used");
    let policy = if used { Policy::Used } else { Policy::Any };
    let operations = operations(case);
    let old = side(case, "old").unwrap_or_else(|problems| panic!("{}: {problems:#?}", case.display()));
    match side(case, "new") {
        Ok(new) => check(titles(), &old, &new, operations.as_ref(), policy),
        Err(problems) => Report::not_composed(titles(), policy, problems),
    }
}

fn titles() -> Titles {
    Titles {
        old: "old.graphql".into(),
        new: "new.graphql".into(),
    }
}

fn side(case: &Path, name: &str) -> Result<Revision, Vec<Problem>> {
    let file = format!("{name}.graphql");
    if case.join(&file).exists() {
        return Ok(from_file(case, &file));
    }
    let subgraph = |subgraph: &str| {
        let source = format!("{subgraph}.graphql");
        let own = fs::read_to_string(case.join(name).join(&source));
        let sdl = own.unwrap_or_else(|_| fs::read_to_string(tests().join("shop").join(&source)).unwrap());
        SubgraphInput {
            name: subgraph.into(),
            url: None,
            sdl,
            source: format!("{name}/{source}"),
        }
    };
    let inputs = ["users", "catalog", "orders"].map(subgraph);
    let composed =
        compose(&inputs).map_err(|failed| failed.errors.iter().map(problem).collect::<Vec<_>>())?;
    let sources = inputs.map(|input| Source {
        subgraph: Some(input.name),
        file: input.source,
        sdl: input.sdl,
    });
    Ok(revision(&composed.supergraph_sdl, &sources))
}

fn from_file(case: &Path, file: &str) -> Revision {
    let sdl = fs::read_to_string(case.join(file)).unwrap();
    revision(
        &sdl,
        &[Source {
            subgraph: None,
            file: file.into(),
            sdl: sdl.clone(),
        }],
    )
}

fn revision(sdl: &str, sources: &[Source]) -> Revision {
    let schema = Schema::parse_and_validate(sdl, "schema.graphql").unwrap();
    Revision::new(
        api_schema(&schema).unwrap(),
        schema.get_enum("join__Graph").map(|_| &*schema),
        sources,
    )
}

fn problem(error: &Diagnostic) -> Problem {
    let spans = error.spans.iter().map(|span| Span {
        file: span.file.clone(),
        subgraph: Some(span.subgraph.clone()),
        line: span.line as usize,
        column: span.column as usize,
        end_column: (span.column + span.length) as usize,
    });
    Problem {
        code: error.code.as_str().into(),
        message: error.message.clone(),
        subgraphs: error.subgraphs.clone(),
        coordinate: error.coordinate.clone(),
        spans: spans.collect(),
        help: error.help.clone(),
        explained: causeway_composition::render(std::slice::from_ref(error)),
    }
}

fn operations(case: &Path) -> Option<Operations> {
    if let Ok(text) = fs::read_to_string(case.join("operations.json")) {
        return Some(manifest("operations.json", &text).unwrap());
    }
    let of_the_shop = !case.join("old.graphql").exists();
    let folder = if of_the_shop {
        tests().join("shop/operations")
    } else {
        case.join("operations")
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let name = |path: &Path| format!("operations/{}", path.file_name().unwrap().display());
    Some(documents(
        files
            .iter()
            .map(|path| (name(path), fs::read_to_string(path).unwrap())),
    ))
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(tests().join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    cases
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
