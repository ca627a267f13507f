//! Arguments of fields.

use super::input_values::{Family, Values};
use crate::{
    Kind,
    diff::{Finding, Pair, argument},
};

const FAMILY: Family = Family {
    noun: "argument",
    removed: Kind::ArgumentRemoved,
    required_added: Kind::RequiredArgumentAdded,
    optional_added: Kind::OptionalArgumentAdded,
    type_changed: Kind::ArgumentTypeChanged,
    became_required: Kind::ArgumentBecameRequired,
    became_optional: Kind::ArgumentBecameOptional,
    became_non_null: Kind::ArgumentBecameNonNull,
    became_nullable: Kind::ArgumentBecameNullable,
    default_changed: Kind::ArgumentDefaultChanged,
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (coordinate, old, new) in pair.shared_fields() {
        let values = Values {
            family: &FAMILY,
            parent: &coordinate,
            coordinate: argument,
        };
        values.compare(old.arguments.iter(), new.arguments.iter(), findings);
    }
}
