//! Names of tags: letters, digits and `_ - /`, starting with a letter or `_`, at most 128 characters.

use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Applied, Subgraph};

const LONGEST: usize = 128;

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    let mut report = |applied: &[Applied], coordinate: &str| {
        for directive in applied.iter().filter(|directive| directive.is(Fed::Tag)) {
            let Some(name) = directive.argument("name").and_then(|value| value.as_str()) else {
                continue;
            };
            if !is_tag_name(name) {
                let message = format!("the name of @tag(name: \"{name}\") on \"{coordinate}\" is malformed");
                let help =
                    "use letters, digits and _ - /, starting with a letter or _, at most 128 characters";
                let diagnostic = subgraph.diagnostic(Code::InvalidTagName, directive.location, message);
                diagnostics.push(diagnostic.at(coordinate).help(help));
            }
        }
    };
    for def in subgraph.types.values() {
        report(&def.applied, def.name.as_str());
        for (name, value) in &def.values {
            report(&value.applied, &format!("{}.{name}", def.name));
        }
        for (name, input) in &def.inputs {
            report(&input.applied, &format!("{}.{name}", def.name));
        }
        for (name, field) in &def.fields {
            report(&field.applied, &format!("{}.{name}", def.name));
            for (argument, input) in &field.arguments {
                report(&input.applied, &format!("{}.{name}({argument}:)", def.name));
            }
        }
    }
}

fn is_tag_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(allowed)
}
