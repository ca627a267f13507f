//! Input types and their fields.

use super::input_values::{Family, Values};
use crate::{
    Kind,
    diff::{Finding, Pair},
};

const FAMILY: Family = Family {
    noun: "input field",
    removed: Kind::InputFieldRemoved,
    required_added: Kind::RequiredInputFieldAdded,
    optional_added: Kind::OptionalInputFieldAdded,
    type_changed: Kind::InputFieldTypeChanged,
    became_required: Kind::InputFieldBecameRequired,
    became_optional: Kind::InputFieldBecameOptional,
    became_non_null: Kind::InputFieldBecameNonNull,
    became_nullable: Kind::InputFieldBecameNullable,
    default_changed: Kind::InputFieldDefaultChanged,
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (ty, old, new) in pair.shared_types() {
        let (Some(old), Some(new)) = (old.as_input_object(), new.as_input_object()) else {
            continue;
        };
        let coordinate = |parent: &str, name: &str| format!("{parent}.{name}");
        let values = Values {
            family: &FAMILY,
            parent: ty,
            coordinate,
        };
        values.compare(old.fields.values(), new.fields.values(), findings);
        match (old.is_one_of(), new.is_one_of()) {
            (false, true) => {
                let message = format!("`{ty}` takes exactly one of its fields now");
                findings.push(Finding::new(Kind::InputBecameOneOf, ty.as_str(), message).need_it());
            }
            (true, false) => {
                let message = format!("`{ty}` takes any number of its fields now");
                findings.push(Finding::new(Kind::InputNoLongerOneOf, ty.as_str(), message));
            }
            _ => {}
        }
    }
}
