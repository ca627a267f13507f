//! For tools. `version` grows when a key goes away or changes its meaning; new keys may come at any time.

use serde::Serialize;

use crate::{BrokenOperation, Change, Criticality, Policy, Problem, Report};

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    /// What the exit code says.
    ok: bool,
    /// Which breaking changes count.
    breaking: Policy,
    base: &'a str,
    new: &'a str,
    summary: Summary,
    composition_errors: &'a [Problem],
    changes: Vec<Counted<'a>>,
    broken_operations: &'a [BrokenOperation],
    invalid_before: &'a [BrokenOperation],
}

#[derive(Serialize)]
struct Summary {
    breaking: usize,
    dangerous: usize,
    safe: usize,
    /// Breaking changes that a known operation needs.
    used: usize,
    /// Breaking changes that make the answer no.
    counted: usize,
    /// `null`: none were given.
    operations: Option<usize>,
    broken_operations: usize,
}

#[derive(Serialize)]
struct Counted<'a> {
    counts: bool,
    #[serde(flatten)]
    change: &'a Change,
}

pub(super) fn render(report: &Report) -> String {
    let number = |criticality| report.of(criticality).count();
    let document = Document {
        version: VERSION,
        ok: report.is_ok(),
        breaking: report.policy,
        base: &report.titles.old,
        new: &report.titles.new,
        summary: Summary {
            breaking: number(Criticality::Breaking),
            dangerous: number(Criticality::Dangerous),
            safe: number(Criticality::Safe),
            used: report.used(),
            counted: report.counted(),
            operations: report.operations,
            broken_operations: report.broken_operations.len(),
        },
        composition_errors: &report.composition_errors,
        changes: report
            .changes
            .iter()
            .map(|change| Counted {
                counts: report.counts(change),
                change,
            })
            .collect(),
        broken_operations: &report.broken_operations,
        invalid_before: &report.invalid_before,
    };
    let mut text = serde_json::to_string_pretty(&document).expect("no key here is anything but a string");
    text.push('\n');
    text
}
