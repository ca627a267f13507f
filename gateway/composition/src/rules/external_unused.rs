//! An `@external` field must be of use: in a field set, or because an interface demands it.

use super::usage::used_fields;
use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::{Kind, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    let used = used_fields(subgraph);
    for def in subgraph.types.values().filter(|def| def.kind == Kind::Object) {
        for field in def.fields.values().filter(|field| field.is_external()) {
            if used.contains(&(def.name.clone(), field.name.clone())) {
                continue;
            }
            let message = format!(
                "the field \"{}.{}\" is @external, but no @key, @requires or @provides selects it and no interface demands it",
                def.name, field.name
            );
            diagnostics.push(
                subgraph
                    .diagnostic(Code::ExternalUnused, field.location, message)
                    .at(format!("{}.{}", def.name, field.name))
                    .help("remove the field, or remove @external when this subgraph resolves it"),
            );
        }
    }
}
