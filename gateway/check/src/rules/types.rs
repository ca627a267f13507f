//! Types as a whole, and the types at the roots.

use apollo_compiler::{Name, ast::OperationType, schema::ExtendedType};

use crate::{
    Kind,
    diff::{Finding, Need, Pair},
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (name, old) in pair.old_types() {
        match pair.new.types.get(name) {
            None => findings.push(removed(name, old)),
            Some(new) if kind(old) != kind(new) => {
                let message = format!("`{name}` was {} and is {} now", kind(old), kind(new));
                findings.push(Finding::new(Kind::TypeKindChanged, name.as_str(), message).need_it());
            }
            Some(new) => specification(name, old, new, findings),
        }
    }
    for (name, new) in pair
        .new_types()
        .filter(|(name, _)| !pair.old.types.contains_key(*name))
    {
        let message = format!("`{name}` is new: {}", kind(new));
        findings.push(Finding::new(Kind::TypeAdded, name.as_str(), message));
    }
    roots(pair, findings);
}

impl<'a> Pair<'a> {
    /// Without introspection's types and the scalars of GraphQL itself.
    fn old_types(self) -> impl Iterator<Item = (&'a Name, &'a ExtendedType)> {
        self.old.types.iter().filter(|(_, ty)| !ty.is_built_in())
    }

    fn new_types(self) -> impl Iterator<Item = (&'a Name, &'a ExtendedType)> {
        self.new.types.iter().filter(|(_, ty)| !ty.is_built_in())
    }

    /// Types that stand on both sides as the same kind of type; others are a matter of this file alone.
    pub(super) fn shared_types(self) -> impl Iterator<Item = (&'a Name, &'a ExtendedType, &'a ExtendedType)> {
        self.old_types().filter_map(move |(name, old)| {
            let new = self.new.types.get(name)?;
            (kind(old) == kind(new)).then_some((name, old, new))
        })
    }
}

fn removed(name: &Name, old: &ExtendedType) -> Finding {
    Finding::new(
        Kind::TypeRemoved,
        name.as_str(),
        format!("`{name}`, {}, was removed", kind(old)),
    )
    .need_it()
}

fn specification(name: &Name, old: &ExtendedType, new: &ExtendedType, findings: &mut Vec<Finding>) {
    let url = |ty: &ExtendedType| {
        let directive = ty.directives().get("specifiedBy")?;
        Some(directive.specified_argument_by_name("url")?.as_str()?.to_owned())
    };
    let (old, new) = (url(old), url(new));
    if old != new {
        let say = |url: Option<String>| url.map_or("none".to_owned(), |url| format!("`{url}`"));
        let message = format!(
            "the specification of `{name}` was {} and is {} now",
            say(old),
            say(new)
        );
        findings.push(Finding::new(Kind::ScalarSpecificationChanged, name.as_str(), message).need_it());
    }
}

fn roots(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for operation in [
        OperationType::Query,
        OperationType::Mutation,
        OperationType::Subscription,
    ] {
        let (old, new) = (
            pair.old.root_operation(operation),
            pair.new.root_operation(operation),
        );
        let root = operation.name();
        findings.extend(match (old, new) {
            (Some(old), None) => {
                let message = format!("there is no {root} type any more; it was `{old}`");
                Some(Finding::new(Kind::RootTypeRemoved, old.as_str(), message).need_it())
            }
            (None, Some(new)) => Some(Finding::new(
                Kind::RootTypeAdded,
                new.as_str(),
                format!("there is a {root} type now: `{new}`"),
            )),
            (Some(old), Some(new)) if old != new => {
                let message = format!("the {root} type was `{old}` and is `{new}` now");
                let finding = Finding::new(Kind::RootTypeChanged, new.as_str(), message);
                Some(finding.need(Need::Element(old.to_string())))
            }
            _ => None,
        });
    }
}

/// With its article, as messages need it.
fn kind(ty: &ExtendedType) -> &'static str {
    match ty {
        ExtendedType::Scalar(_) => "a scalar",
        ExtendedType::Object(_) => "an object type",
        ExtendedType::Interface(_) => "an interface",
        ExtendedType::Union(_) => "a union",
        ExtendedType::Enum(_) => "an enum",
        ExtendedType::InputObject(_) => "an input type",
    }
}
