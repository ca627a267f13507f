//! `@key`: its fields exist, take no arguments and are not abstract; keys on interfaces since v2.3.

use super::field_set_walk::{Applied, unkeyable};
use crate::diagnostic::{Code, Diagnostics};
use crate::link::Version;
use crate::spec::Fed;
use crate::subgraph::{Kind, Subgraph, TypeDef};

const KEYS_ON_INTERFACES: Version = Version::new(2, 3);

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        if def.kind == Kind::Interface && !def.keys.is_empty() && subgraph.version < KEYS_ON_INTERFACES {
            let message = format!(
                "@key cannot be used on the interface \"{}\" in federation {}",
                def.name, subgraph.version
            );
            diagnostics.push(
                subgraph
                    .diagnostic(Code::KeyUnsupportedOnInterface, def.location, message)
                    .at(def.name.as_str())
                    .help("link federation v2.3 or later"),
            );
        }
        check_keys(subgraph, def, diagnostics);
    }
}

fn check_keys(subgraph: &Subgraph, def: &TypeDef, diagnostics: &mut Diagnostics) {
    for key in &def.keys {
        let applied = Applied {
            subgraph,
            directive: Fed::Key,
            subject: format!("the type \"{}\"", def.name),
            coordinate: def.name.to_string(),
            on: &def.name,
            fields: &key.fields,
        };
        applied.walk(diagnostics, &mut |selected, diagnostics| {
            let coordinate = format!("{}.{}", selected.parent, selected.def.name);
            if !selected.def.arguments.is_empty() {
                let message = format!("the field \"{coordinate}\" has arguments, which a key cannot give");
                diagnostics.push(applied.problem(Code::KeyFieldsHasArgs, message));
            } else if let Some(what) = unkeyable(subgraph, selected.def) {
                let message = format!("the field \"{coordinate}\" is {what}, which cannot be part of a key");
                diagnostics.push(applied.problem(Code::KeyFieldsSelectInvalidType, message));
            }
        });
    }
}
