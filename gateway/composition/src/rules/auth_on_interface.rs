//! Authorisation is checked on concrete types and their fields; on interfaces it would promise what is not kept.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Applied, Kind, Meaning, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        if def.kind == Kind::Interface || def.interface_object {
            let what = if def.interface_object {
                "interface object"
            } else {
                "interface"
            };
            report(subgraph, &def.applied, what, def.name.as_str(), diagnostics);
        }
        if def.kind == Kind::Interface {
            for field in def.fields.values() {
                let coordinate = format!("{}.{}", def.name, field.name);
                report(
                    subgraph,
                    &field.applied,
                    "interface field",
                    &coordinate,
                    diagnostics,
                );
            }
        }
    }
}

fn report(
    subgraph: &Subgraph,
    applied: &[Applied],
    what: &str,
    coordinate: &str,
    diagnostics: &mut Diagnostics,
) {
    for directive in applied {
        let Meaning::Fed(fed @ (Fed::Authenticated | Fed::RequiresScopes | Fed::Policy)) = directive.meaning
        else {
            continue;
        };
        let message = format!(
            "{} cannot be applied to the {what} \"{coordinate}\"",
            subgraph.local(fed)
        );
        diagnostics.push(
            subgraph
                .diagnostic(
                    Code::AuthRequirementsAppliedOnInterface,
                    directive.location,
                    message,
                )
                .at(coordinate)
                .help("apply it to the implementing types or their fields"),
        );
    }
}
