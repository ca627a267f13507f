//! Interface fields are never resolved as such, so `@external` means nothing on them.

use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::{Kind, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values().filter(|def| def.kind == Kind::Interface) {
        for field in def.fields.values().filter(|field| field.external) {
            let message = format!(
                "the interface field \"{}.{}\" cannot be @external",
                def.name, field.name
            );
            diagnostics.push(
                subgraph
                    .diagnostic(Code::ExternalOnInterface, field.location, message)
                    .at(format!("{}.{}", def.name, field.name))
                    .help("put @external on the fields of the implementing types"),
            );
        }
    }
}
