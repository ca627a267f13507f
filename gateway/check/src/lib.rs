//! Schema checks: what changed between two revisions of a graph, whom it hurts, and whether it may go out.
//!
//! [`check`] compares the API schemas of two [`Revision`]s (one file a rule family under `rules`), then asks
//! which of the known [`Operation`]s need what changed (`usage`) and which of them the new schema refuses. The
//! [`Report`] has no opinion on how it is shown: `render` has one file a format.
//!
//! Pure: text and values in, values out. No I/O, no clock. Composition is not done here: whoever composes hands over the
//! result, or its errors with [`Report::not_composed`].

mod change;
mod diff;
mod kind;
mod operations;
mod origins;
mod places;
mod render;
mod report;
mod revision;
mod rules;
mod usage;

pub use change::{Change, OperationUse, Span};
pub use kind::{Criticality, Kind};
pub use operations::{ManifestError, Operation, Operations, Unreadable, documents, manifest};
pub use render::{Format, render};
pub use report::{BrokenOperation, Complaint, Policy, Problem, Report, Titles};
pub use revision::{Revision, Source};

/// Compares two revisions and weighs the changes by the operations that use them.
///
/// `operations` is `None` when nothing is known about who uses the graph; every change then has an empty `used_by`.
/// Cost: linear in the schemas, plus one validation against each schema for every operation.
pub fn check(
    titles: Titles,
    old: &Revision,
    new: &Revision,
    operations: Option<&Operations>,
    policy: Policy,
) -> Report {
    let findings = diff::diff(&old.api, &new.api);
    let mut used_by = vec![Vec::new(); findings.len()];
    let mut report = Report::new(titles, policy);
    if let Some(operations) = operations {
        used_by = usage::attribute(&findings, &old.api, &operations.readable);
        report.judge_operations(operations, &old.api, &new.api);
    }
    report.changes = findings
        .into_iter()
        .zip(used_by)
        .map(|(finding, used_by)| finding.into_change(old, new, used_by))
        .collect();
    report.changes.sort_by(|a, b| a.rank().cmp(&b.rank()));
    report
}
