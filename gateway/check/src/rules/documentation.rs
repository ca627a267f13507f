//! What people read: descriptions and deprecations. Nothing here can break an operation.

use apollo_compiler::{
    Name, Node,
    ast::{DirectiveList, InputValueDefinition},
    schema::{EnumType, ExtendedType},
};

use crate::{
    Kind,
    diff::{Finding, Need, Pair, argument},
};

/// What an element says about itself.
struct Note<'a> {
    coordinate: String,
    description: Option<&'a Node<str>>,
    directives: &'a DirectiveList,
}

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (name, old, new) in pair.shared_types() {
        compare(
            Note::new(name.to_string(), old.description(), old.directives()),
            Note::new(name.to_string(), new.description(), new.directives()),
            findings,
        );
        match (old, new) {
            (ExtendedType::InputObject(old), ExtendedType::InputObject(new)) => {
                for (field, old) in &old.fields {
                    value(&format!("{name}.{field}"), old, new.fields.get(field), findings);
                }
            }
            (ExtendedType::Enum(old), ExtendedType::Enum(new)) => enum_values(name, old, new, findings),
            _ => {}
        }
    }
    for (coordinate, old, new) in pair.shared_fields() {
        for old in &old.arguments {
            value(
                &argument(&coordinate, &old.name),
                old,
                new.argument_by_name(&old.name),
                findings,
            );
        }
        compare(
            Note::new(coordinate.clone(), old.description.as_ref(), &old.directives),
            Note::new(coordinate, new.description.as_ref(), &new.directives),
            findings,
        );
    }
}

fn value(
    coordinate: &str,
    old: &Node<InputValueDefinition>,
    new: Option<&Node<InputValueDefinition>>,
    findings: &mut Vec<Finding>,
) {
    if let Some(new) = new {
        compare(
            Note::new(coordinate.to_owned(), old.description.as_ref(), &old.directives),
            Note::new(coordinate.to_owned(), new.description.as_ref(), &new.directives),
            findings,
        );
    }
}

fn enum_values(name: &Name, old: &EnumType, new: &EnumType, findings: &mut Vec<Finding>) {
    for (value, old) in &old.values {
        if let Some(new) = new.values.get(value) {
            compare(
                Note::new(
                    format!("{name}.{value}"),
                    old.description.as_ref(),
                    &old.directives,
                ),
                Note::new(
                    format!("{name}.{value}"),
                    new.description.as_ref(),
                    &new.directives,
                ),
                findings,
            );
        }
    }
}

fn compare(old: Note<'_>, new: Note<'_>, findings: &mut Vec<Finding>) {
    description(&old, &new, findings);
    deprecation(&old, &new, findings);
}

impl<'a> Note<'a> {
    fn new(coordinate: String, description: Option<&'a Node<str>>, directives: &'a DirectiveList) -> Self {
        Self {
            coordinate,
            description,
            directives,
        }
    }

    /// Why it is deprecated; `None` when it is not.
    fn deprecated(&self) -> Option<&'a str> {
        let directive = self.directives.get("deprecated")?;
        let reason = directive
            .specified_argument_by_name("reason")
            .and_then(|reason| reason.as_str());
        Some(reason.unwrap_or("No longer supported"))
    }
}

fn description(old: &Note<'_>, new: &Note<'_>, findings: &mut Vec<Finding>) {
    let text = |note: &Note<'_>| {
        note.description
            .map(|text| text.as_str().to_owned())
            .filter(|text| !text.is_empty())
    };
    let what = match (text(old), text(new)) {
        (old, new) if old == new => return,
        (None, _) => "got a description",
        (_, None) => "lost its description",
        _ => "has another description",
    };
    let message = format!("`{}` {what}", new.coordinate);
    findings.push(Finding::new(
        Kind::DescriptionChanged,
        new.coordinate.as_str(),
        message,
    ));
}

fn deprecation(old: &Note<'_>, new: &Note<'_>, findings: &mut Vec<Finding>) {
    let coordinate = new.coordinate.as_str();
    let finding = match (old.deprecated(), new.deprecated()) {
        (None, Some(reason)) => {
            let message = format!("`{coordinate}` is deprecated now: {reason}");
            let need = Need::Element(coordinate.to_owned());
            Finding::new(Kind::DeprecationAdded, coordinate, message).need(need)
        }
        (Some(_), None) => Finding::new(
            Kind::DeprecationRemoved,
            coordinate,
            format!("`{coordinate}` is no longer deprecated"),
        ),
        (Some(old), Some(new)) if old != new => {
            let message = format!("`{coordinate}` is deprecated for another reason: {new}");
            Finding::new(Kind::DeprecationReasonChanged, coordinate, message)
        }
        _ => return,
    };
    findings.push(finding);
}
