//! The rules: one family a file, each looks at one sort of element and adds findings.
//!
//! To add a kind: a line in `kind`, a rule here, a row in docs/schema-checks.md, a folder in tests/cases.

pub(crate) mod arguments;
pub(crate) mod directives;
mod documentation;
pub(crate) mod enums;
pub(crate) mod fields;
mod input_values;
pub(crate) mod inputs;
pub(crate) mod interfaces;
mod nullability;
mod types;
mod unions;

use crate::diff::{Finding, Pair};

pub(crate) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for rule in [
        types::check,
        fields::check,
        arguments::check,
        inputs::check,
        enums::check,
        unions::check,
        interfaces::check,
        directives::check,
        documentation::check,
    ] {
        rule(pair, findings);
    }
}
