//! `@interfaceObject` stands for an interface that other subgraphs define; it must be an entity.

use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::Subgraph;

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph
        .types
        .values()
        .filter(|def| def.interface_object && def.keys.is_empty())
    {
        let message = format!(
            "the @interfaceObject type \"{}\" has no @key in this subgraph",
            def.name
        );
        diagnostics.push(
            subgraph
                .diagnostic(Code::InterfaceObjectUsageError, def.location, message)
                .at(def.name.as_str())
                .help("give it a key that the interface has in the other subgraphs"),
        );
    }
}
