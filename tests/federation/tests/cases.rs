//! Each folder under `cases/` is a graph with data and operations; see the README for what may stand in it.
//!
//! `CAUSEWAY_FEDERATION_UPDATE=1` adds what came out to `expected.json` for operations that have no `data` there, to be read
//! before it is committed; the number of `calls` is worked out by hand.

use std::fs;

use federation::{
    Answer, Gateway,
    case::{Case, CaseOperation, short},
};
use serde_json::{Map, Value, json};

#[test]
fn every_case_gives_what_it_should() {
    let cases = Case::all();
    let mut failures = Vec::new();
    for case in &cases {
        let wrong = check(case).into_iter().map(|why| format!("{}: {why}", case.name));
        failures.extend(wrong);
    }
    assert!(cases.len() >= 60, "{} cases", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case) -> Vec<String> {
    let gateway = match (Gateway::new(&case.subgraphs), &case.refused) {
        (Ok(gateway), None) => gateway,
        (Ok(_), Some(codes)) => return vec![format!("composes, but should not: {codes:?}")],
        (Err(why), None) => return vec![why],
        (Err(why), Some(codes)) => return refused(&why, codes),
    };
    if std::env::var_os("CAUSEWAY_FEDERATION_UPDATE").is_some() {
        update(&gateway, case);
        return Vec::new();
    }
    let mut failures = Vec::new();
    for operation in &case.operations {
        match run(&gateway, case, operation).and_then(|answer| compare(&gateway, case, operation, &answer)) {
            Err(why) if operation.expected.is_unplanned() && why.contains("UNSATISFIABLE_OPERATION") => {
                println!("SHORTFALL: {}: no plan for {}\n{why}", case.name, operation.text);
            }
            Err(why) => failures.push(format!("{}: {why}", operation.name)),
            Ok(()) => {}
        }
    }
    failures
}

/// Whether composition fails with exactly these codes.
fn refused(why: &str, codes: &[String]) -> Vec<String> {
    let mut found: Vec<&str> = why
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(code, _)| code)
        .filter(|code| code.chars().all(|one| one == '_' || one.is_ascii_uppercase()))
        .collect();
    found.sort_unstable();
    found.dedup();
    if *codes == found {
        return Vec::new();
    }
    vec![format!(
        "should be refused for {codes:?}, but is for {found:?}\n{why}"
    )]
}

fn run(gateway: &Gateway, case: &Case, operation: &CaseOperation) -> Result<Answer, String> {
    let answer = gateway.answer_under(
        &case.world,
        &operation.text,
        &operation.variables,
        &operation.labels,
    )?;
    let violations = answer.violations();
    if violations.is_empty() {
        Ok(answer)
    } else {
        Err(format!("{}\n{}", violations.join("\n"), answer.plan))
    }
}

fn compare(gateway: &Gateway, case: &Case, operation: &CaseOperation, answer: &Answer) -> Result<(), String> {
    let expected = &operation.expected;
    let called: Vec<String> = answer.calls.iter().map(|call| call.subgraph.clone()).collect();
    expected
        .compare(&answer.data, &answer.errors, &called)
        .map_err(|why| format!("{why}\n{}", answer.plan))?;
    if expected.is_planned_badly() {
        let what = if expected.best() < Some(called.len() as u64) {
            "SHORTFALL"
        } else {
            "`planned` can go"
        };
        println!(
            "{what}: {} {}: {} requests, best {:?}\n{}\n{}",
            case.name,
            operation.name,
            called.len(),
            expected.best(),
            operation.text,
            answer.plan
        );
    }
    if expected.is_the_monoliths() {
        let (data, _) = gateway.oracle(&case.world, &operation.text, &operation.variables)?;
        if data != answer.data {
            return Err(format!(
                "the monolith\nexpected {data}\ngot      {}\n{}",
                answer.data, answer.plan
            ));
        }
    }
    Ok(())
}

fn update(gateway: &Gateway, case: &Case) {
    let mut expected = Map::new();
    for operation in &case.operations {
        let mut entry = operation.expected.0.as_object().cloned().unwrap_or_default();
        if !entry.contains_key("data") {
            match run(gateway, case, operation) {
                Ok(answer) => add(&mut entry, &operation.text, &answer),
                Err(why) => println!("{} {} FAILS {why}", case.name, operation.name),
            }
            println!("{} {}\n{}", case.name, operation.name, json!(entry));
        }
        expected.insert(operation.name.clone(), entry.into());
    }
    let text = serde_json::to_string_pretty(&Value::from(expected)).expect("JSON");
    fs::write(&case.path, text + "\n").expect("writable");
}

fn add(entry: &mut Map<String, Value>, text: &str, answer: &Answer) {
    let called: Value = answer.calls.iter().map(|call| call.subgraph.clone()).collect();
    entry.insert("data".to_owned(), answer.data.clone());
    entry.entry("calls").or_insert_with(|| json!(answer.calls.len()));
    if !answer.errors.is_empty() {
        entry.entry("errors").or_insert_with(|| short(&answer.errors));
    }
    if text.trim_start().starts_with("mutation") {
        entry.entry("order").or_insert(called);
    }
}
