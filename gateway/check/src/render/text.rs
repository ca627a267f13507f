//! For people at a terminal, without colours.

use std::fmt::Write as _;

use super::{count, used_by, verdict};
use crate::{BrokenOperation, Change, Report, Span};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for problem in &report.composition_errors {
        out.push_str(&problem.explained);
    }
    report
        .changes
        .iter()
        .for_each(|change| push_change(&mut out, report, change));
    for operation in &report.broken_operations {
        push_operation(&mut out, "is refused by the new schema", operation);
    }
    for operation in &report.invalid_before {
        push_operation(
            &mut out,
            "was refused before too, which does not count",
            operation,
        );
    }
    if !out.is_empty() {
        out.push('\n');
    }
    line(&mut out, &verdict(report));
    out
}

fn push_change(out: &mut String, report: &Report, change: &Change) {
    let let_through = if change.is_breaking() && !report.counts(change) {
        ", let through: nobody uses it"
    } else {
        ""
    };
    line(
        out,
        &format!(
            "{} {} {}{let_through}",
            change.criticality.as_str(),
            change.kind,
            change.coordinate
        ),
    );
    line(out, &format!("  {}", change.message));
    if change.criticality != crate::Criticality::Safe {
        line(out, &format!("  why: {}", change.why));
    }
    if !change.subgraphs.is_empty() {
        line(out, &format!("  subgraphs: {}", change.subgraphs.join(", ")));
    }
    let places = [("old", &change.old), ("new", &change.new), ("near", &change.near)];
    for (name, span) in places
        .into_iter()
        .filter_map(|(name, span)| Some((name, span.as_ref()?)))
    {
        line(out, &format!("  {name}: {}", place(span)));
    }
    if !change.used_by.is_empty() {
        line(
            out,
            &format!("  used by {}:", count(change.used_by.len(), "operation")),
        );
        for usage in &change.used_by {
            line(
                out,
                &format!("    {} at {}:{}", used_by(usage), usage.file, usage.line),
            );
        }
    }
}

fn push_operation(out: &mut String, what: &str, operation: &BrokenOperation) {
    line(out, &format!("operation {} {what}", operation.name));
    line(out, &format!("  at {}:{}", operation.file, operation.line));
    for error in &operation.errors {
        let at = error
            .at
            .as_ref()
            .map(|span| format!("{}: ", place(span)))
            .unwrap_or_default();
        line(out, &format!("  {at}{}", error.message));
    }
}

fn place(span: &Span) -> String {
    format!("{}:{}:{}", span.file, span.line, span.column)
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes everything");
}
