//! A subgraph that stands an interface object for an interface cannot know single implementations beside it.

use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::{Kind, Subgraph};
use crate::supergraph::Supergraph;

pub(super) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    for subgraph in subgraphs {
        for interface in subgraph.types.values().filter(|def| def.interface_object) {
            let known = supergraph.types.values().filter(|ty| {
                ty.kind == Kind::Object
                    && ty.implements.contains(&interface.name)
                    && subgraph.types.contains_key(&ty.name)
            });
            for implementation in known {
                let message = format!(
                    "\"{}\" is an @interfaceObject here, so this subgraph cannot define its implementation \"{}\"",
                    interface.name, implementation.name
                );
                let location = subgraph.types[&implementation.name].location;
                diagnostics.push(
                    subgraph
                        .diagnostic(Code::InterfaceObjectUsageError, location, message)
                        .at(implementation.name.as_str())
                        .help(format!(
                            "move the fields of \"{}\" to another subgraph, or define \"{}\" as an interface here",
                            implementation.name, interface.name
                        )),
                );
            }
        }
    }
}
