//! Fields of objects and interfaces: there or not, and what they give.

use apollo_compiler::{Name, Node, ast::FieldDefinition, collections::IndexMap, schema::ExtendedType};

use super::nullability::{Drift, drift, where_it_changed};
use crate::{
    Kind,
    diff::{Finding, Pair},
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (ty, old, new) in pair.shared_types() {
        let (Some(old), Some(new)) = (of(old), of(new)) else {
            continue;
        };
        for (name, old) in old {
            let coordinate = format!("{ty}.{name}");
            match new.get(name) {
                None => findings.push(removed(coordinate, old)),
                Some(new) => findings.extend(output(coordinate, old, new)),
            }
        }
        for (name, field) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let message = format!("`{ty}.{name}` is new: `{}`", field.ty);
            findings.push(Finding::new(Kind::FieldAdded, format!("{ty}.{name}"), message));
        }
    }
}

/// The fields of an object or interface.
pub(crate) fn of(ty: &ExtendedType) -> Option<&IndexMap<Name, Node<FieldDefinition>>> {
    match ty {
        ExtendedType::Object(object) => Some(&object.fields),
        ExtendedType::Interface(interface) => Some(&interface.fields),
        _ => None,
    }
}

impl<'a> Pair<'a> {
    /// Fields that stand on both sides, by coordinate.
    pub(super) fn shared_fields(
        self,
    ) -> impl Iterator<Item = (String, &'a FieldDefinition, &'a FieldDefinition)> {
        self.shared_types().flat_map(|(ty, old, new)| {
            let new = of(new);
            of(old)
                .into_iter()
                .flatten()
                .filter_map(move |(name, old)| Some((format!("{ty}.{name}"), &**old, &**new?.get(name)?)))
        })
    }
}

fn removed(coordinate: String, old: &FieldDefinition) -> Finding {
    let deprecated = if old.directives.has("deprecated") {
        "; it was deprecated"
    } else {
        ""
    };
    let message = format!("`{coordinate}` was removed{deprecated}");
    Finding::new(Kind::FieldRemoved, coordinate, message).need_it()
}

/// A field's type is a promise: to give more than was promised is safe.
fn output(coordinate: String, old: &FieldDefinition, new: &FieldDefinition) -> Option<Finding> {
    let (old, new) = (&old.ty, &new.ty);
    let changed = format!("`{coordinate}` was `{old}` and is `{new}` now");
    let finding = match drift(old, new) {
        Drift::Same => return None,
        Drift::Other => Finding::new(Kind::FieldTypeChanged, coordinate, changed),
        Drift::Tighter => {
            let message = format!("{changed}: {} can no longer be null", where_it_changed(old, new));
            return Some(Finding::new(Kind::FieldBecameNonNull, coordinate, message));
        }
        Drift::Looser | Drift::Both => {
            let message = format!("{changed}: {} can be null", where_it_changed(new, old));
            Finding::new(Kind::FieldBecameNullable, coordinate, message)
        }
    };
    Some(finding.need_it())
}
