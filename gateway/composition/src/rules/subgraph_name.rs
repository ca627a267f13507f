//! Subgraphs have names, each its own, that do not collide with the gateway's marks.

use crate::SubgraphInput;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// `sorted`: by name.
pub(crate) fn check(sorted: &[&SubgraphInput], diagnostics: &mut Diagnostics) {
    let mut report = |name: &str, message: String, help: &str| {
        diagnostics.push(
            Diagnostic::new(Code::InvalidSubgraphName, message)
                .in_subgraph(name)
                .help(help),
        );
    };
    for input in sorted {
        if matches!(input.name.as_str(), "" | "_") {
            report(
                &input.name,
                format!("\"{}\" cannot be the name of a subgraph", input.name),
                "give it a telling name",
            );
        }
    }
    for pair in sorted.windows(2) {
        if let [a, b] = pair
            && a.name == b.name
        {
            let message = format!("there are several subgraphs named \"{}\"", a.name);
            report(&a.name, message, "give each subgraph its own name");
        }
    }
}
