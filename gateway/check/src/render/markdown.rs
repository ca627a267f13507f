//! GitHub-flavoured Markdown, for comments on a pull request and job summaries.

use std::fmt::Write as _;

use super::{used_by, verdict};
use crate::{BrokenOperation, Change, Criticality, Problem, Report};

/// Operations named beside one change; more are counted.
const NAMED_OPERATIONS: usize = 5;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let mark = if report.is_ok() { "✅" } else { "❌" };
    line(
        &mut out,
        &format!("## {mark} Schema check\n\n{}", escape(&verdict(report))),
    );
    if !report.composition_errors.is_empty() {
        line(&mut out, "\n### Composition errors\n");
        report
            .composition_errors
            .iter()
            .for_each(|problem| push_problem(&mut out, problem));
    }
    push_changes(&mut out, report, Criticality::Breaking, "Breaking changes");
    push_operations(&mut out, "Broken operations", &report.broken_operations);
    push_changes(&mut out, report, Criticality::Dangerous, "Dangerous changes");
    push_changes(&mut out, report, Criticality::Safe, "Safe changes");
    push_operations(
        &mut out,
        "Operations that were invalid before too",
        &report.invalid_before,
    );
    out
}

fn push_changes(out: &mut String, report: &Report, criticality: Criticality, title: &str) {
    let changes: Vec<&Change> = report.of(criticality).collect();
    if changes.is_empty() {
        return;
    }
    // Safe changes are for the curious: folded.
    let folded = criticality == Criticality::Safe;
    line(out, "");
    match folded {
        true => line(
            out,
            &format!("<details><summary>{title} ({})</summary>\n", changes.len()),
        ),
        false => line(out, &format!("### {title} ({})\n", changes.len())),
    }
    line(out, "| Change | Where | Subgraphs | Used by |");
    line(out, "| --- | --- | --- | --- |");
    for change in changes {
        let place = change
            .place()
            .map(|span| format!("`{}:{}`", cell(&span.file), span.line))
            .unwrap_or_default();
        let let_through = if change.is_breaking() && !report.counts(change) {
            " (let through)"
        } else {
            ""
        };
        line(
            out,
            &format!(
                "| **{}** {}{let_through} | {place} | {} | {} |",
                change.kind,
                cell(&change.message),
                cell(&change.subgraphs.join(", ")),
                users(report, change)
            ),
        );
    }
    if folded {
        line(out, "\n</details>");
    }
}

fn users(report: &Report, change: &Change) -> String {
    if report.operations.is_none() {
        return "not known".to_owned();
    }
    let mut names: Vec<String> = change
        .used_by
        .iter()
        .take(NAMED_OPERATIONS)
        .map(|usage| cell(&used_by(usage)))
        .collect();
    let more = change.used_by.len().saturating_sub(NAMED_OPERATIONS);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

fn push_operations(out: &mut String, title: &str, operations: &[BrokenOperation]) {
    if operations.is_empty() {
        return;
    }
    line(out, &format!("\n### {title} ({})\n", operations.len()));
    for operation in operations {
        let requests = operation
            .count
            .map(|count| format!(", {count} requests"))
            .unwrap_or_default();
        let place = format!("`{}:{}`", operation.file, operation.line);
        line(
            out,
            &format!("- **{}** ({place}{requests})", escape(&operation.name)),
        );
        for error in &operation.errors {
            line(out, &format!("  - {}", escape(&error.message)));
        }
    }
}

fn push_problem(out: &mut String, problem: &Problem) {
    let place = problem
        .spans
        .first()
        .map(|span| format!(" (`{}:{}`)", span.file, span.line))
        .unwrap_or_default();
    line(
        out,
        &format!("- **{}** {}{place}", problem.code, escape(&problem.message)),
    );
    if let Some(help) = &problem.help {
        line(out, &format!("  {}", escape(help)));
    }
}

/// Text in a table: one line, and no end of the cell. A backslash does that inside of code spans too.
fn cell(text: &str) -> String {
    escape(text).replace('|', "\\|")
}

/// Text as text, save `code`: schemas' authors write descriptions and reasons, and HTML in them stays visible.
fn escape(text: &str) -> String {
    let mut out = String::new();
    // Backticks come in pairs in our messages; an odd one of an author's would swallow the rest.
    let pairs = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' if pairs => {
                in_code = !in_code;
                out.push('`');
            }
            '`' => out.push_str("\\`"),
            '<' if !in_code => out.push_str("&lt;"),
            '&' if !in_code => out.push_str("&amp;"),
            '*' | '_' | '[' | ']' | '@' | '#' if !in_code => {
                out.push('\\');
                out.push(character);
            }
            '\r' | '\n' => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_authors_write_cannot_leave_its_cell() {
        assert_eq!(cell("a | b\n<img> `x|y`"), "a \\| b &lt;img> `x\\|y`");
        assert_eq!(cell("odd ` one, @team"), "odd \\` one, \\@team");
    }
}
