//! GitHub's workflow commands: each becomes an annotation beside the line of a pull request that it is about.
//!
//! GitHub shows ten errors, ten warnings and ten notices of a step; the worst come first.

use super::{used_by, verdict};
use crate::{BrokenOperation, Change, Criticality, Problem, Report, Span};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for problem in &report.composition_errors {
        out.push_str(&problem_command(problem));
    }
    for operation in &report.broken_operations {
        out.push_str(&operation_command(
            "error",
            "is refused by the new schema",
            operation,
        ));
    }
    for change in &report.changes {
        out.push_str(&change_command(report, change));
    }
    for operation in &report.invalid_before {
        out.push_str(&operation_command("warning", "was refused before too", operation));
    }
    out.push_str(&verdict(report));
    out.push('\n');
    out
}

fn change_command(report: &Report, change: &Change) -> String {
    let level = match change.criticality {
        Criticality::Breaking if report.counts(change) => "error",
        Criticality::Breaking | Criticality::Dangerous => "warning",
        Criticality::Safe => "notice",
    };
    let mut message = change.message.clone();
    if change.criticality != Criticality::Safe {
        message.push_str(&format!("\n{}", change.why));
    }
    if !change.used_by.is_empty() {
        let names: Vec<String> = change.used_by.iter().map(used_by).collect();
        message.push_str(&format!("\nused by: {}", names.join(", ")));
    }
    command(
        level,
        change.place(),
        &format!("{} {}", change.kind, change.coordinate),
        &message,
    )
}

fn operation_command(level: &str, what: &str, operation: &BrokenOperation) -> String {
    let start = Span {
        file: operation.file.clone(),
        subgraph: None,
        line: operation.line,
        column: 1,
        end_column: 1,
    };
    let place = operation
        .errors
        .first()
        .and_then(|error| error.at.as_ref())
        .unwrap_or(&start);
    let messages: Vec<&str> = operation
        .errors
        .iter()
        .map(|error| error.message.as_str())
        .collect();
    command(
        level,
        Some(place),
        &format!("operation {} {what}", operation.name),
        &messages.join("\n"),
    )
}

fn problem_command(problem: &Problem) -> String {
    let mut message = problem.message.clone();
    if let Some(help) = &problem.help {
        message.push_str(&format!("\n{help}"));
    }
    command("error", problem.spans.first(), &problem.code, &message)
}

fn command(level: &str, place: Option<&Span>, title: &str, message: &str) -> String {
    let mut properties = Vec::new();
    if let Some(span) = place {
        properties.push(format!("file={}", property(&span.file)));
        properties.push(format!("line={}", span.line));
        properties.push(format!("col={}", span.column));
        // The last column, unlike ours, is inside.
        properties.push(format!(
            "endColumn={}",
            span.end_column.saturating_sub(1).max(span.column)
        ));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{level} {}::{}\n", properties.join(","), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_can_start_another_command() {
        let forged = command("notice", None, "a,b: c", "100%\n::error::forged");
        assert_eq!(forged, "::notice title=a%2Cb%3A c::100%25%0A::error::forged\n");
    }
}
