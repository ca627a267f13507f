//! Which types implement which interfaces.

use apollo_compiler::{Name, schema::ExtendedType};

use crate::{
    Kind,
    diff::{Finding, Need, Pair, implementation},
};

pub(super) fn check(pair: Pair<'_>, findings: &mut Vec<Finding>) {
    for (ty, old, new) in pair.shared_types() {
        for interface in implemented(old).filter(|name| !implemented(new).any(|other| other == *name)) {
            let message = format!("`{ty}` no longer implements `{interface}`");
            let finding = Finding::new(Kind::ImplementationRemoved, ty.as_str(), message);
            let element = implementation(ty, interface);
            findings.push(
                finding
                    .element(element.clone())
                    .need(Need::Implementation(element)),
            );
        }
        for interface in implemented(new).filter(|name| !implemented(old).any(|other| other == *name)) {
            let message = format!("`{ty}` implements `{interface}` now");
            let finding = Finding::new(Kind::ImplementationAdded, ty.as_str(), message);
            findings.push(
                finding
                    .element(implementation(ty, interface))
                    .need(Need::Output(interface.to_string())),
            );
        }
    }
}

/// The interfaces that an object or interface says it implements.
pub(crate) fn implemented(ty: &ExtendedType) -> impl Iterator<Item = &Name> {
    let interfaces = match ty {
        ExtendedType::Object(object) => Some(&object.implements_interfaces),
        ExtendedType::Interface(interface) => Some(&interface.implements_interfaces),
        _ => None,
    };
    interfaces.into_iter().flatten().map(|name| &**name)
}
