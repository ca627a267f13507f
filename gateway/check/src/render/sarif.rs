//! SARIF 2.1.0, for code scanning (section numbers are those of the standard).

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::used_by;
use crate::{BrokenOperation, Change, Criticality, Kind, Problem, Report, Span};

const OPERATION_BROKEN: &str = "OPERATION_BROKEN";
const OPERATION_INVALID: &str = "OPERATION_INVALID_BEFORE";

pub(super) fn render(report: &Report) -> String {
    let mut rules = Rules::default();
    let mut results = Vec::new();
    for problem in &report.composition_errors {
        results.push(problem_result(report, problem, &mut rules));
    }
    for change in &report.changes {
        results.push(change_result(report, change, &mut rules));
    }
    for operation in &report.broken_operations {
        results.push(operation_result(OPERATION_BROKEN, "error", operation, &mut rules));
    }
    for operation in &report.invalid_before {
        results.push(operation_result(
            OPERATION_INVALID,
            "warning",
            operation,
            &mut rules,
        ));
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "causeway check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.described(),
            }},
            // Columns are characters, not UTF-16 units (3.14.17).
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// The rules that have results, in the order of their first one.
#[derive(Default)]
struct Rules {
    ids: IndexSet<String>,
}

impl Rules {
    fn index(&mut self, id: &str) -> usize {
        self.ids.insert_full(id.to_owned()).0
    }

    fn described(&self) -> Vec<Value> {
        self.ids.iter().map(|id| rule(id)).collect()
    }
}

fn rule(id: &str) -> Value {
    let kind = Kind::ALL.iter().find(|kind| kind.as_str() == id);
    let (title, why, level) = match (kind, id) {
        (Some(kind), _) => (kind.title(), kind.why(), level_of(kind.criticality())),
        (None, OPERATION_BROKEN) => (
            "The new schema refuses an operation",
            "Clients that send it get an error instead of data.",
            "error",
        ),
        (None, OPERATION_INVALID) => (
            "An operation was invalid before",
            "Neither schema accepts it, so this change did not break it.",
            "warning",
        ),
        (None, _) => (
            "The subgraphs do not compose",
            "There is no new schema to serve.",
            "error",
        ),
    };
    json!({
        "id": id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": why },
        "defaultConfiguration": { "level": level },
    })
}

fn level_of(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Breaking => "error",
        Criticality::Dangerous => "warning",
        Criticality::Safe => "note",
    }
}

fn change_result(report: &Report, change: &Change, rules: &mut Rules) -> Value {
    let level = match change.criticality {
        Criticality::Breaking if !report.counts(change) => "warning",
        criticality => level_of(criticality),
    };
    let mut message = format!("{}. {}", change.message, change.why);
    if !change.used_by.is_empty() {
        let names: Vec<String> = change.used_by.iter().map(used_by).collect();
        message.push_str(&format!(" Used by: {}.", names.join(", ")));
    }
    let old = change.old.as_ref().filter(|old| Some(*old) != change.place());
    let related: Vec<Value> = old
        .map(|old| json!({ "physicalLocation": physical(old), "message": { "text": "in the old schema" } }))
        .into_iter()
        .collect();
    let id = change.kind.as_str();
    let mut location = located(report, change.place());
    location["logicalLocations"] = json!([{ "fullyQualifiedName": change.coordinate }]);
    json!({
        "ruleId": id,
        "ruleIndex": rules.index(id),
        "level": level,
        "message": { "text": message },
        "locations": [location],
        "relatedLocations": related,
        "partialFingerprints": { "causewayChange/v1": fingerprint(&[id, &change.coordinate, &change.message]) },
        "properties": {
            "criticality": change.criticality,
            "subgraphs": change.subgraphs,
            "counts": report.counts(change),
            "usedBy": change.used_by,
        },
    })
}

fn problem_result(report: &Report, problem: &Problem, rules: &mut Rules) -> Value {
    let help = problem
        .help
        .as_ref()
        .map(|help| format!(" {help}"))
        .unwrap_or_default();
    let mut location = located(report, problem.spans.first());
    if let Some(coordinate) = &problem.coordinate {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": coordinate }]);
    }
    let others = problem.spans.iter().skip(1);
    json!({
        "ruleId": problem.code,
        "ruleIndex": rules.index(&problem.code),
        "level": "error",
        "message": { "text": format!("{}{help}", problem.message) },
        "locations": [location],
        "relatedLocations": others.map(|span| json!({ "physicalLocation": physical(span) })).collect::<Vec<_>>(),
        "properties": { "subgraphs": problem.subgraphs },
    })
}

fn operation_result(id: &str, level: &str, operation: &BrokenOperation, rules: &mut Rules) -> Value {
    let messages: Vec<&str> = operation
        .errors
        .iter()
        .map(|error| error.message.as_str())
        .collect();
    let start = json!({
        "artifactLocation": { "uri": uri(&operation.file) },
        "region": { "startLine": operation.line },
    });
    let place = operation.errors.first().and_then(|error| error.at.as_ref());
    json!({
        "ruleId": id,
        "ruleIndex": rules.index(id),
        "level": level,
        "message": { "text": format!("Operation {}: {}", operation.name, messages.join("; ")) },
        "locations": [{ "physicalLocation": place.map_or(start, physical) }],
        "partialFingerprints": { "causewayChange/v1": fingerprint(&[id, &operation.file, &operation.name]) },
    })
}

/// Code scanning shows no result without a place (3.27.12): then it is the new schema as a whole.
fn located(report: &Report, span: Option<&Span>) -> Value {
    let whole =
        || json!({ "artifactLocation": { "uri": uri(&report.titles.new) }, "region": { "startLine": 1 } });
    json!({ "physicalLocation": span.map_or_else(whole, physical) })
}

fn physical(span: &Span) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&span.file) },
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            // The first column behind, as in ours (3.30.8).
            "endColumn": span.end_column.max(span.column),
        },
    })
}

/// A result is the same one in the next run when kind, coordinate and message are (3.27.17).
fn fingerprint(parts: &[&str]) -> String {
    parts.join("|")
}

/// A path as a relative reference; what is a URL already stays one (3.4.3).
fn uri(path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("schema/my file.graphql"), "schema/my%20file.graphql");
        assert_eq!(uri("/tmp/a.graphql"), "file:///tmp/a.graphql");
        assert_eq!(
            uri("http://127.0.0.1:4001/graphql"),
            "http://127.0.0.1:4001/graphql"
        );
    }
}
