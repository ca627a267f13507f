//! A report in words: one file a format.

mod github;
mod json;
mod markdown;
mod sarif;
mod text;

use crate::{Criticality, Report};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// For tools; see `json` for the version's promise.
    Json,
    /// For comments on a pull request and for job summaries.
    Markdown,
    /// Workflow commands: annotations beside the lines of a pull request.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Ends with a line break.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text => text::render(report),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report),
        Format::Github => github::render(report),
        Format::Sarif => sarif::render(report),
    }
}

/// The last word in one sentence.
fn verdict(report: &Report) -> String {
    if !report.composition_errors.is_empty() {
        return format!(
            "no: the new schema does not compose ({})",
            count(report.composition_errors.len(), "error")
        );
    }
    let answer = if report.is_ok() { "ok" } else { "no" };
    if report.changes.is_empty() && report.broken_operations.is_empty() {
        return format!("{answer}: nothing changed");
    }
    let of =
        |criticality: Criticality| format!("{} {}", report.of(criticality).count(), criticality.as_str());
    let mut parts = vec![
        of(Criticality::Breaking),
        of(Criticality::Dangerous),
        of(Criticality::Safe),
    ];
    if let Some(operations) = report.operations {
        let used = report.used();
        if report.of(Criticality::Breaking).next().is_some() {
            parts[0].push_str(&format!(" ({used} used)"));
        }
        parts.push(count(operations, "operation"));
        parts.push(format!("{} broken", report.broken_operations.len()));
    }
    format!("{answer}: {}", parts.join(", "))
}

/// `1 error`, `2 errors`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `BrowseProducts`, `BrowseProducts ($filter, 1200 requests)`.
fn used_by(usage: &crate::OperationUse) -> String {
    let through = usage
        .through
        .as_ref()
        .map(|variable| format!("through {variable}"));
    let requests = usage.count.map(|count| format!("{count} requests"));
    let details: Vec<String> = through.into_iter().chain(requests).collect();
    if details.is_empty() {
        usage.name.clone()
    } else {
        format!("{} ({})", usage.name, details.join(", "))
    }
}
