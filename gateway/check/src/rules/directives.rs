//! Directives that operations may use.

use apollo_compiler::{Name, ast::DirectiveDefinition};

use super::input_values::{Family, Values};
use crate::{
    Kind,
    diff::{Finding, Need, Pair, argument},
};

/// GraphQL's own. Some schemas define them again, in their own words.
const BUILT_IN: [&str; 5] = ["skip", "include", "deprecated", "specifiedBy", "oneOf"];

const FAMILY: Family = Family {
    noun: "argument",
    removed: Kind::DirectiveArgumentRemoved,
    required_added: Kind::RequiredDirectiveArgumentAdded,
    optional_added: Kind::OptionalDirectiveArgumentAdded,
    type_changed: Kind::DirectiveArgumentTypeChanged,
    became_required: Kind::DirectiveArgumentBecameRequired,
    became_optional: Kind::DirectiveArgumentBecameOptional,
    became_non_null: Kind::DirectiveArgumentBecameNonNull,
    became_nullable: Kind::DirectiveArgumentBecameNullable,
    default_changed: Kind::DirectiveArgumentDefaultChanged,
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (name, old) in pair
        .old
        .directive_definitions
        .iter()
        .filter(|(name, _)| is_own(name))
    {
        let coordinate = format!("@{name}");
        match pair.new.directive_definitions.get(name) {
            None => {
                let message = format!("the directive `@{name}` was removed");
                findings.push(Finding::new(Kind::DirectiveRemoved, coordinate, message).need_it());
            }
            Some(new) => {
                let values = Values {
                    family: &FAMILY,
                    parent: &coordinate,
                    coordinate: argument,
                };
                values.compare(old.arguments.iter(), new.arguments.iter(), findings);
                locations(&coordinate, old, new, findings);
                repeatable(&coordinate, old, new, findings);
            }
        }
    }
    for name in pair.new.directive_definitions.keys().filter(|name| is_own(name)) {
        if !pair.old.directive_definitions.contains_key(name) {
            let message = format!("the directive `@{name}` is new");
            findings.push(Finding::new(Kind::DirectiveAdded, format!("@{name}"), message));
        }
    }
}

fn is_own(name: &Name) -> bool {
    !BUILT_IN.contains(&name.as_str())
}

/// How a use of a directive in one sort of place is called: `@live on QUERY`.
pub(crate) fn located(name: &str, location: &str) -> String {
    format!("@{name} on {location}")
}

fn locations(
    coordinate: &str,
    old: &DirectiveDefinition,
    new: &DirectiveDefinition,
    findings: &mut Vec<Finding>,
) {
    for location in old
        .locations
        .iter()
        .filter(|location| !new.locations.contains(*location))
    {
        let message = format!("`{coordinate}` may no longer stand on {location}");
        let need = Need::Location(located(&old.name, location.name()));
        findings.push(Finding::new(Kind::DirectiveLocationRemoved, coordinate, message).need(need));
    }
    for location in new
        .locations
        .iter()
        .filter(|location| !old.locations.contains(*location))
    {
        let message = format!("`{coordinate}` may stand on {location} now");
        findings.push(Finding::new(Kind::DirectiveLocationAdded, coordinate, message));
    }
}

fn repeatable(
    coordinate: &str,
    old: &DirectiveDefinition,
    new: &DirectiveDefinition,
    findings: &mut Vec<Finding>,
) {
    match (old.repeatable, new.repeatable) {
        (true, false) => {
            let message = format!("`{coordinate}` may no longer be repeated");
            let need = Need::Repeated(coordinate.to_owned());
            findings.push(Finding::new(Kind::DirectiveRepeatableRemoved, coordinate, message).need(need));
        }
        (false, true) => {
            let message = format!("`{coordinate}` may be repeated now");
            findings.push(Finding::new(Kind::DirectiveRepeatableAdded, coordinate, message));
        }
        _ => {}
    }
}
