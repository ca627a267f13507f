//! Default values: all subgraphs that have the argument or input field must give the same one.

use super::{Context, group_by_statement};
use crate::diagnostic::Code;
use crate::subgraph::InputDef;
use apollo_compiler::Node;
use apollo_compiler::ast::Value;

/// The common default. None, with a finding, when some subgraphs have none or they differ.
pub(super) fn merge(
    cx: &mut Context<'_, '_>,
    mismatch: Code,
    coordinate: &str,
    sources: &[(usize, &InputDef)],
) -> Option<Node<Value>> {
    let mut given = sources.iter().filter_map(|(_, def)| def.default.as_ref());
    let first = given.next()?;
    let places = || sources.iter().map(|(graph, def)| (*graph, def.location));
    if given.any(|other| !same_value(other, first)) {
        let said = sources.iter().filter_map(|(graph, def)| {
            let default = def.default.as_ref()?;
            Some((*graph, print(default)))
        });
        let message = format!(
            "\"{coordinate}\" has different default values: {}",
            group_by_statement(cx, said)
        );
        let diagnostic = cx.finding(mismatch, coordinate, message, places());
        cx.diagnostics
            .push(diagnostic.help("give it the same default value in all subgraphs"));
        return None;
    }
    let without: Vec<usize> = sources
        .iter()
        .filter(|(_, def)| def.default.is_none())
        .map(|(graph, _)| *graph)
        .collect();
    if !without.is_empty() {
        let message = format!(
            "\"{coordinate}\" has the default value {} in some subgraphs, but none in {}: the supergraph has none",
            print(first),
            cx.names(without)
        );
        let diagnostic = cx.finding(
            Code::InconsistentDefaultValuePresence,
            coordinate,
            message,
            places(),
        );
        cx.diagnostics.push(diagnostic);
        return None;
    }
    Some(first.clone())
}

pub(crate) fn print(value: &Value) -> String {
    value.serialize().no_indent().to_string()
}

/// Equal but for the order of object fields.
pub(super) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter()
                        .any(|(other, found)| other == name && same_value(value, found))
                })
        }
        _ => a == b,
    }
}
