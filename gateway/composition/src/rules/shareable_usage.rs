//! `@shareable` belongs on object fields, once for each declaration of a type.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Kind, Subgraph, has};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            if !has(&field.applied, Fed::Shareable) {
                continue;
            }
            let coordinate = format!("{}.{}", def.name, field.name);
            if def.kind == Kind::Interface {
                let message = format!(
                    "the interface field \"{coordinate}\" cannot be @shareable: interfaces are not resolved"
                );
                diagnostics.push(
                    subgraph
                        .diagnostic(Code::InvalidShareableUsage, field.location, message)
                        .at(coordinate)
                        .help("put @shareable on the fields of the implementing types"),
                );
            } else if field
                .applied
                .iter()
                .filter(|applied| applied.is(Fed::Shareable))
                .count()
                > 1
            {
                let message = format!("@shareable is applied more than once to \"{coordinate}\"");
                diagnostics.push(
                    subgraph
                        .diagnostic(Code::InvalidShareableUsage, field.location, message)
                        .at(coordinate),
                );
            }
        }
        if def.shareable_repeated {
            let message = format!(
                "@shareable is applied more than once to the same declaration of \"{}\"",
                def.name
            );
            let help = "repeat it only on extensions, whose fields are others";
            let diagnostic = subgraph.diagnostic(Code::InvalidShareableUsage, def.location, message);
            diagnostics.push(diagnostic.at(def.name.as_str()).help(help));
        }
        if def.name == "Subscription" {
            check_subscription(subgraph, def, diagnostics);
        }
    }
}

fn check_subscription(subgraph: &Subgraph, def: &crate::subgraph::TypeDef, diagnostics: &mut Diagnostics) {
    for field in def.fields.values().filter(|field| field.shareable) {
        let coordinate = format!("{}.{}", def.name, field.name);
        let message =
            format!("the subscription \"{coordinate}\" cannot be @shareable: it is served by one subgraph");
        diagnostics.push(
            subgraph
                .diagnostic(Code::InvalidFieldSharing, field.location, message)
                .at(coordinate),
        );
    }
}
