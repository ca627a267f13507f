//! `@cost` is paid by concrete fields, not by interface fields.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Kind, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values().filter(|def| def.kind == Kind::Interface) {
        for field in def.fields.values() {
            for applied in field.applied.iter().filter(|applied| applied.is(Fed::Cost)) {
                let coordinate = format!("{}.{}", def.name, field.name);
                let message = format!("@cost cannot be applied to the interface field \"{coordinate}\"");
                diagnostics.push(
                    subgraph
                        .diagnostic(Code::CostAppliedToInterfaceField, applied.location, message)
                        .at(coordinate)
                        .help("apply it to the fields of the implementing types"),
                );
            }
        }
    }
}
