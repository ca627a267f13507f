//! What arguments, input fields and directives' arguments have in common: values that clients give.

use apollo_compiler::{
    Node,
    ast::{InputValueDefinition, Value},
};

use super::nullability::{Drift, drift, where_it_changed};
use crate::{
    Kind,
    diff::{Finding, Need},
};

/// The kinds of one family.
pub(super) struct Family {
    /// "argument", "input field"
    pub(super) noun: &'static str,
    pub(super) removed: Kind,
    pub(super) required_added: Kind,
    pub(super) optional_added: Kind,
    pub(super) type_changed: Kind,
    pub(super) became_required: Kind,
    pub(super) became_optional: Kind,
    pub(super) became_non_null: Kind,
    pub(super) became_nullable: Kind,
    pub(super) default_changed: Kind,
}

/// All values that one field, input type or directive takes.
pub(super) struct Values<'a> {
    pub(super) family: &'a Family,
    /// The coordinate of whatever takes them.
    pub(super) parent: &'a str,
    /// From the parent's coordinate and a name to a value's coordinate.
    pub(super) coordinate: fn(&str, &str) -> String,
}

impl Values<'_> {
    pub(super) fn compare<'a>(
        &self,
        old: impl Iterator<Item = &'a Node<InputValueDefinition>> + Clone,
        new: impl Iterator<Item = &'a Node<InputValueDefinition>> + Clone,
        findings: &mut Vec<Finding>,
    ) {
        for old in old.clone() {
            let coordinate = (self.coordinate)(self.parent, &old.name);
            match new.clone().find(|new| new.name == old.name) {
                None => {
                    let message = format!("the {} `{coordinate}` was removed", self.family.noun);
                    findings.push(Finding::new(self.family.removed, coordinate, message).need_it());
                }
                Some(new) => findings.extend(self.changed(&coordinate, old, new)),
            }
        }
        for new in new.filter(|new| !old.clone().any(|old| old.name == new.name)) {
            findings.push(self.added(new));
        }
    }

    fn added(&self, new: &InputValueDefinition) -> Finding {
        let coordinate = (self.coordinate)(self.parent, &new.name);
        let (kind, adjective) = match new.is_required() {
            true => (self.family.required_added, "required"),
            false => (self.family.optional_added, "optional"),
        };
        let message = format!(
            "the {adjective} {} `{coordinate}` is new: `{}`",
            self.family.noun,
            typed(new)
        );
        Finding::new(kind, coordinate, message).need(Need::Element(self.parent.to_owned()))
    }

    /// A value's type is a demand: to demand less is safe.
    fn changed(
        &self,
        coordinate: &str,
        old: &InputValueDefinition,
        new: &InputValueDefinition,
    ) -> Vec<Finding> {
        let noun = self.family.noun;
        let changed = format!(
            "the {noun} `{coordinate}` was `{}` and is `{}` now",
            typed(old),
            typed(new)
        );
        let drift = drift(&old.ty, &new.ty);
        let mut findings = Vec::new();
        match (old.is_required(), new.is_required()) {
            _ if drift == Drift::Other => {
                findings.push(Finding::new(self.family.type_changed, coordinate, changed.as_str()).need_it());
            }
            (false, true) => findings.push(self.became_required(coordinate, drift, &changed)),
            _ if matches!(drift, Drift::Tighter | Drift::Both) => {
                let levels = where_it_changed(&old.ty, &new.ty);
                let message = format!("{changed}: {levels} may no longer be null");
                let finding = Finding::new(self.family.became_non_null, coordinate, message);
                findings.push(finding.need(Need::Null(coordinate.to_owned())));
            }
            (true, false) => {
                let message = format!("{changed}: it may be left out");
                findings.push(Finding::new(self.family.became_optional, coordinate, message));
            }
            _ if drift == Drift::Looser => {
                let message = format!("{changed}: {} may be null", where_it_changed(&new.ty, &old.ty));
                findings.push(Finding::new(self.family.became_nullable, coordinate, message));
            }
            _ => {}
        }
        // A default that came or went with the demand to give a value is said with that.
        if !old.is_required() && !new.is_required() && !same_default(old, new) {
            let finding = Finding::new(self.family.default_changed, coordinate, changed);
            findings.push(finding.need(Need::Omitted(coordinate.to_owned())));
        }
        findings
    }

    fn became_required(&self, coordinate: &str, drift: Drift, changed: &str) -> Finding {
        let message = format!("{changed}: it has to be given");
        let finding = Finding::new(self.family.became_required, coordinate, message);
        let finding = finding.need(Need::Omitted(coordinate.to_owned()));
        match drift {
            Drift::Tighter | Drift::Both => finding.need(Need::Null(coordinate.to_owned())),
            _ => finding,
        }
    }
}

/// The type with its default, as SDL has it.
fn typed(value: &InputValueDefinition) -> String {
    match &value.default_value {
        None => value.ty.to_string(),
        Some(default) => format!("{} = {}", value.ty, default.serialize().no_indent()),
    }
}

fn same_default(old: &InputValueDefinition, new: &InputValueDefinition) -> bool {
    match (&old.default_value, &new.default_value) {
        (Some(old), Some(new)) => same_value(old, new),
        (None, None) => true,
        _ => false,
    }
}

/// The order of an input object's fields means nothing.
fn same_value(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let given = |name| new.iter().find(|(known, _)| known == name);
            old.len() == new.len()
                && old
                    .iter()
                    .all(|(name, value)| given(name).is_some_and(|(_, other)| same_value(value, other)))
        }
        (Value::List(old), Value::List(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_value(old, new))
        }
        _ => old == new,
    }
}
