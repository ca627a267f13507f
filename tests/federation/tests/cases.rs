//! Each folder under `cases/` is a graph with data and operations; see the README for what may stand in it.
//!
//! `CAUSEWAY_FEDERATION_UPDATE=1` adds what came out to `expected.json` for operations that have no `data` there, to be read
//! before it is committed; the number of `calls` is worked out by hand.

use std::{collections::BTreeMap, fs, path::Path};

use federation::{Answer, Gateway, World};
use serde_json::{Map, Value, json};

#[test]
fn every_case_gives_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut failures = Vec::new();
    let mut names: Vec<_> = fs::read_dir(&folder)
        .expect("the cases are there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    names.sort();
    for case in &names {
        failures.extend(
            check(case)
                .into_iter()
                .map(|why| format!("{}: {why}", case.file_name().expect("a name").display())),
        );
    }
    assert!(names.len() >= 60, "{} cases", names.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Path) -> Vec<String> {
    let mut subgraphs = Vec::new();
    let mut operations = BTreeMap::new();
    let mut paths: Vec<_> = fs::read_dir(case)
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "graphql"))
    {
        let name = path.file_stem().expect("a name").display().to_string();
        let text = fs::read_to_string(path).expect("readable");
        let trimmed = text.trim_start();
        if ["query", "mutation", "{", "fragment"]
            .iter()
            .any(|start| trimmed.starts_with(start))
        {
            operations.insert(name, text);
        } else {
            subgraphs.push((name, text));
        }
    }
    let expected_path = case.join("expected.json");
    let expected = json_file(&expected_path);
    let gateway = match (Gateway::new(&subgraphs), expected["$composition"].as_array()) {
        (Ok(gateway), None) => gateway,
        (Ok(_), Some(codes)) => return vec![format!("composes, but should not: {codes:?}")],
        (Err(why), None) => return vec![why],
        (Err(why), Some(codes)) => return refused(&why, codes),
    };
    let world = World::new(json_file(&case.join("data.json")));
    if std::env::var_os("CAUSEWAY_FEDERATION_UPDATE").is_some() {
        update(&gateway, &world, case, &operations);
    }
    let expected = json_file(&expected_path);
    let mut failures = Vec::new();
    for (name, text) in &operations {
        let why = run(&gateway, &world, text, &variables(case, name)).and_then(|answer| {
            compare(
                &gateway,
                &world,
                (text, &variables(case, name)),
                &answer,
                &expected[name],
            )
        });
        match why {
            Err(why)
                if expected[name]["unplanned"] == json!(true) && why.contains("UNSATISFIABLE_OPERATION") =>
            {
                println!("SHORTFALL: no plan for {text}\n{why}");
            }
            why => failures.extend(why.err().map(|why| format!("{name}: {why}"))),
        }
    }
    failures
}

/// Whether composition fails with exactly these codes.
fn refused(why: &str, codes: &[Value]) -> Vec<String> {
    let mut found: Vec<&str> = why
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(code, _)| code)
        .filter(|code| code.chars().all(|one| one == '_' || one.is_ascii_uppercase()))
        .collect();
    found.sort_unstable();
    found.dedup();
    if codes
        .iter()
        .map(Value::as_str)
        .eq(found.iter().map(|code| Some(*code)))
    {
        return Vec::new();
    }
    vec![format!(
        "should be refused for {codes:?}, but is for {found:?}\n{why}"
    )]
}

fn run(
    gateway: &Gateway,
    world: &World,
    text: &str,
    variables: &Map<String, Value>,
) -> Result<Answer, String> {
    let answer = gateway.answer(world, text, variables)?;
    let violations = answer.violations();
    if violations.is_empty() {
        Ok(answer)
    } else {
        Err(format!("{}\n{}", violations.join("\n"), answer.plan))
    }
}

fn compare(
    gateway: &Gateway,
    world: &World,
    operation: (&str, &Map<String, Value>),
    answer: &Answer,
    expected: &Value,
) -> Result<(), String> {
    let wrong = |what: &str, wanted: &Value, got: &Value| {
        Err(format!(
            "{what}\nexpected {wanted}\ngot      {got}\n{}",
            answer.plan
        ))
    };
    if expected["data"] != answer.data {
        return wrong("data", &expected["data"], &answer.data);
    }
    let errors = errors(answer);
    if expected.get("errors").unwrap_or(&json!([])) != &errors {
        return wrong("errors", &expected["errors"], &json!(answer.errors));
    }
    let calls = json!(answer.calls.len());
    let most = if expected["planned"].is_null() {
        &expected["calls"]
    } else {
        let (found, best) = (answer.calls.len() as u64, expected["calls"].as_u64());
        let what = if best < Some(found) {
            "SHORTFALL"
        } else {
            "`planned` can go"
        };
        println!(
            "{what}: {calls} requests, best {}, planned {}\n{}\n{}",
            expected["calls"], expected["planned"], operation.0, answer.plan
        );
        &expected["planned"]
    };
    if most.as_u64() < calls.as_u64() {
        return wrong("calls", most, &calls);
    }
    let order: Value = answer.calls.iter().map(|call| call.subgraph.clone()).collect();
    if expected.get("order").is_some_and(|wanted| *wanted != order) {
        return wrong("order", &expected["order"], &order);
    }
    // Where nothing fails, the monolith must agree.
    if errors == json!([]) && expected["monolith"] != json!(false) {
        let (data, _) = gateway.oracle(world, operation.0, operation.1)?;
        if data != answer.data {
            return wrong("the monolith", &data, &answer.data);
        }
    }
    Ok(())
}

fn errors(answer: &Answer) -> Value {
    let short = answer
        .errors
        .iter()
        .map(|error| json!({ "path": error["path"], "code": error["extensions"]["code"] }));
    short.collect()
}

fn update(gateway: &Gateway, world: &World, case: &Path, operations: &BTreeMap<String, String>) {
    let path = case.join("expected.json");
    // What is written already stays: the number of calls is worked out by hand.
    let mut expected = json_file(&path).as_object().cloned().unwrap_or_default();
    for (name, text) in operations {
        if expected
            .get(name)
            .is_some_and(|entry| entry.get("data").is_some())
        {
            continue;
        }
        match run(gateway, world, text, &variables(case, name)) {
            Ok(answer) => {
                let mut entry = json!({ "data": answer.data, "calls": answer.calls.len() });
                let errors = errors(&answer);
                if errors != json!([]) {
                    entry["errors"] = errors;
                }
                if text.trim_start().starts_with("mutation") {
                    entry["order"] = answer.calls.iter().map(|call| call.subgraph.clone()).collect();
                }
                println!("{} {name}\n{entry}\n{}", case.display(), answer.plan);
                if let Some(held) = expected.get(name).and_then(Value::as_object).cloned() {
                    for (key, value) in held {
                        entry[key] = value;
                    }
                }
                expected.insert(name.clone(), entry);
            }
            Err(why) => println!("{} {name} FAILS {why}", case.display()),
        }
    }
    let text = serde_json::to_string_pretty(&Value::from(expected)).expect("JSON");
    fs::write(path, text + "\n").expect("writable");
}

fn variables(case: &Path, operation: &str) -> Map<String, Value> {
    let path = case.join(format!("{operation}.variables.json"));
    match json_file(&path) {
        Value::Object(variables) => variables,
        _ => Map::new(),
    }
}

/// Null when there is no such file.
fn json_file(path: &Path) -> Value {
    let Ok(text) = fs::read_to_string(path) else {
        return Value::Null;
    };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
