//! A field that another subgraph resolves has nothing to require and nothing to provide here.
//!
//! About fields that are marked themselves. Where the whole type is, the field is found to be of no use instead.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{FieldDef, Kind, Subgraph, has};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    if subgraph.is_federation_1() {
        return;
    }
    for def in subgraph.types.values().filter(|def| def.kind == Kind::Object) {
        let marked = |field: &&FieldDef| field.is_external() && has(&field.applied, Fed::External);
        for field in def.fields.values().filter(marked) {
            for fed in [Fed::Requires, Fed::Provides] {
                let Some(other) = field.applied.iter().find(|directive| directive.is(fed)) else {
                    continue;
                };
                let coordinate = format!("{}.{}", def.name, field.name);
                let name = subgraph.local(fed);
                let message = format!("the field \"{coordinate}\" has both @external and {name}");
                let code = Code::ExternalCollisionWithAnotherDirective;
                diagnostics.push(
                    subgraph
                        .diagnostic(code, other.location, message)
                        .at(coordinate)
                        .help(format!(
                            "remove {name}, or @external where this subgraph resolves the field"
                        )),
                );
            }
        }
    }
}
