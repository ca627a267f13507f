//! Directives that go into the supergraph must be applied where the field is resolved.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Meaning, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values().filter(|field| field.is_external()) {
            for applied in &field.applied {
                let Meaning::Fed(
                    fed @ (Fed::Tag
                    | Fed::Inaccessible
                    | Fed::Authenticated
                    | Fed::RequiresScopes
                    | Fed::Policy),
                ) = applied.meaning
                else {
                    continue;
                };
                let coordinate = format!("{}.{}", def.name, field.name);
                let message = format!(
                    "{} cannot be applied to the external field \"{coordinate}\"",
                    subgraph.local(fed)
                );
                diagnostics.push(
                    subgraph
                        .diagnostic(
                            Code::MergedDirectiveApplicationOnExternal,
                            applied.location,
                            message,
                        )
                        .at(coordinate)
                        .help("apply it in the subgraph that resolves the field"),
                );
            }
        }
    }
}
