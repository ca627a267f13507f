//! The whole answer: what changed, what it breaks, and whether that counts.

use apollo_compiler::{
    Schema,
    diagnostic::{Diagnostic, ToCliReport as _},
    validation::{DiagnosticData, Valid},
};
use serde::Serialize;

use crate::{Change, Criticality, Operation, Operations, Span};

/// How the two sides are called, e.g. by their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titles {
    pub old: String,
    pub new: String,
}

/// Which breaking changes make the answer no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// All of them.
    Any,
    /// Those that a known operation needs.
    Used,
}

/// An error of composition: why there is no new schema to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field's standard code.
    pub code: String,
    pub message: String,
    pub subgraphs: Vec<String>,
    pub coordinate: Option<String>,
    pub spans: Vec<Span>,
    pub help: Option<String>,
    /// The whole finding in words, with its source underlined, as composition shows it.
    #[serde(skip)]
    pub explained: String,
}

/// An operation that the new schema refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenOperation {
    pub name: String,
    pub file: String,
    pub line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What the validator says, in the order of the text. Never empty.
    pub errors: Vec<Complaint>,
}

/// One thing that the validator says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    pub message: String,
    /// `None` for operations of a manifest, whose text stands in no file of its own.
    pub at: Option<Span>,
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub titles: Titles,
    pub policy: Policy,
    /// Not empty: nothing was compared.
    pub composition_errors: Vec<Problem>,
    /// Worst first, then by coordinate.
    pub changes: Vec<Change>,
    /// How many operations were looked at; `None` when none were given.
    pub operations: Option<usize>,
    /// Valid before, refused now. They always count.
    pub broken_operations: Vec<BrokenOperation>,
    /// Refused by both schemas, or no GraphQL at all. They never count: this change did not break them.
    pub invalid_before: Vec<BrokenOperation>,
}

impl Report {
    pub(crate) fn new(titles: Titles, policy: Policy) -> Self {
        Self {
            titles,
            policy,
            composition_errors: Vec::new(),
            changes: Vec::new(),
            operations: None,
            broken_operations: Vec::new(),
            invalid_before: Vec::new(),
        }
    }

    /// There is no new schema, and why.
    pub fn not_composed(titles: Titles, policy: Policy, errors: Vec<Problem>) -> Self {
        Self {
            composition_errors: errors,
            ..Self::new(titles, policy)
        }
    }

    /// Whether the change may go out.
    pub fn is_ok(&self) -> bool {
        self.composition_errors.is_empty() && self.broken_operations.is_empty() && self.counted() == 0
    }

    /// Whether the change alone makes the answer no.
    pub fn counts(&self, change: &Change) -> bool {
        change.is_breaking() && (self.policy == Policy::Any || !change.used_by.is_empty())
    }

    pub(crate) fn counted(&self) -> usize {
        self.changes.iter().filter(|change| self.counts(change)).count()
    }

    pub(crate) fn of(&self, criticality: Criticality) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.criticality == criticality)
    }

    /// Breaking changes that a known operation needs.
    pub(crate) fn used(&self) -> usize {
        self.of(Criticality::Breaking)
            .filter(|change| !change.used_by.is_empty())
            .count()
    }

    pub(crate) fn judge_operations(
        &mut self,
        operations: &Operations,
        old: &Valid<Schema>,
        new: &Valid<Schema>,
    ) {
        self.operations = Some(operations.readable.len() + operations.unreadable.len());
        for operation in &operations.readable {
            let errors = complaints(operation, new);
            if errors.is_empty() {
                continue;
            }
            let was_valid = complaints(operation, old).is_empty();
            let list = if was_valid {
                &mut self.broken_operations
            } else {
                &mut self.invalid_before
            };
            list.push(BrokenOperation {
                name: operation.name.clone(),
                file: operation.file.clone(),
                line: operation.line,
                count: operation.count,
                errors,
            });
        }
        let unreadable = operations.unreadable.iter().map(|text| BrokenOperation {
            name: text.name.clone(),
            file: text.file.clone(),
            line: text.line,
            count: None,
            errors: vec![Complaint {
                message: text.message.clone(),
                at: None,
            }],
        });
        self.invalid_before.extend(unreadable);
        for list in [&mut self.broken_operations, &mut self.invalid_before] {
            list.sort_by(|a, b| (&a.file, a.line, &a.name).cmp(&(&b.file, b.line, &b.name)));
        }
    }
}

fn complaints(operation: &Operation, schema: &Valid<Schema>) -> Vec<Complaint> {
    let Err(refused) = operation.document.to_executable_validate(schema) else {
        return Vec::new();
    };
    let complaint = |error: Diagnostic<'_, DiagnosticData>| {
        let file = error
            .error
            .location()
            .and_then(|location| error.sources.get(&location.file_id()));
        let at = error.line_column_range().zip(file).map(|(range, file)| Span {
            file: file.path().display().to_string(),
            subgraph: None,
            line: range.start.line,
            column: range.start.column,
            end_column: if range.end.line == range.start.line {
                range.end.column
            } else {
                range.start.column
            },
        });
        Complaint {
            message: error.error.to_string(),
            at: at.filter(|_| operation.positions),
        }
    };
    refused.errors.iter().map(complaint).collect()
}
