//! A key of an interface must be a key of each of its implementations.

use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::{Key, Kind, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for interface in subgraph.types.values().filter(|def| def.kind == Kind::Interface) {
        for key in interface.keys.iter().filter(|key| key.fields.parsed.is_ok()) {
            for implementer in subgraph.implementers(&interface.name) {
                if implementer.keys.iter().any(|candidate| same(key, candidate)) {
                    continue;
                }
                let message = format!(
                    "the key @key(fields: \"{}\") of the interface \"{}\" is missing on its implementation \"{}\"",
                    key.fields.text, interface.name, implementer.name
                );
                diagnostics.push(
                    subgraph
                        .diagnostic(
                            Code::InterfaceKeyNotOnImplementation,
                            implementer.location,
                            message,
                        )
                        .at(implementer.name.as_str())
                        .help(format!(
                            "add @key(fields: \"{}\") to \"{}\"",
                            key.fields.text, implementer.name
                        )),
                );
            }
        }
    }
}

/// The same selection and the same resolvability; the order of fields does not matter.
fn same(a: &Key, b: &Key) -> bool {
    let (a_fields, b_fields) = (a.fields.selections(), b.fields.selections());
    a.resolvable == b.resolvable
        && a_fields.len() == b_fields.len()
        && a_fields.iter().all(|selection| b_fields.contains(selection))
}
