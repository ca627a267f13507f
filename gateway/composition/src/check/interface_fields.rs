//! Every implementation has every field of its interfaces, also those that only other subgraphs' versions have.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, name_subgraphs};
use crate::subgraph::Subgraph;
use crate::supergraph::Supergraph;

pub(super) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    for ty in supergraph.types.values() {
        for interface in ty.implements.iter().filter_map(|name| supergraph.types.get(name)) {
            for field in interface
                .fields
                .values()
                .filter(|field| !ty.fields.contains_key(&field.name))
            {
                let with: Vec<&Subgraph> = subgraphs
                    .iter()
                    .filter(|subgraph| {
                        subgraph
                            .types
                            .get(&interface.name)
                            .is_some_and(|def| def.fields.contains_key(&field.name))
                    })
                    .collect();
                let message = format!(
                    "the interface field \"{}.{}\" is in {}, but the implementation \"{}\" has no such field",
                    interface.name,
                    field.name,
                    name_subgraphs(with.iter().map(|subgraph| subgraph.name.as_str())),
                    ty.name
                );
                let mut diagnostic = Diagnostic::new(Code::InterfaceFieldNoImplem, message)
                    .at(format!("{}.{}", ty.name, field.name))
                    .help(format!("add the field to \"{}\" in some subgraph", ty.name));
                for subgraph in subgraphs {
                    if let Some(def) = subgraph.types.get(&ty.name) {
                        diagnostic = diagnostic
                            .in_subgraph(&subgraph.name)
                            .span(subgraph.span(def.location));
                    }
                }
                diagnostics.push(diagnostic);
            }
        }
    }
}
