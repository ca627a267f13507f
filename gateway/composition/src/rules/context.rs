//! `@context` and `@fromContext`: contexts have names that can be told from selections, and arguments read from
//! contexts that are set.

use super::context_selection;
use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{Applied, FieldDef, InputDef, Subgraph, TypeDef};
use std::collections::BTreeMap;

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    let mut contexts: BTreeMap<&str, Vec<&TypeDef>> = BTreeMap::new();
    for def in subgraph.types.values() {
        for name in names(&def.applied) {
            if !is_context_name(name) {
                let message = format!("the context name \"{name}\" on \"{}\" is malformed", def.name);
                let diagnostic = subgraph.diagnostic(Code::ContextNameInvalid, def.location, message);
                diagnostics.push(
                    diagnostic
                        .at(def.name.as_str())
                        .help("use letters and digits, starting with a letter"),
                );
            }
            contexts.entry(name).or_default().push(def);
        }
    }
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            for argument in field.arguments.values() {
                check_argument(subgraph, &contexts, (def, field, argument), diagnostics);
            }
        }
    }
}

fn names(applied: &[Applied]) -> impl Iterator<Item = &str> {
    applied
        .iter()
        .filter(|directive| directive.is(Fed::Context))
        .filter_map(|directive| directive.argument("name")?.as_str())
}

fn is_context_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

fn check_argument(
    subgraph: &Subgraph,
    contexts: &BTreeMap<&str, Vec<&TypeDef>>,
    (def, field, argument): (&TypeDef, &FieldDef, &InputDef),
    diagnostics: &mut Diagnostics,
) {
    let Some(applied) = argument
        .applied
        .iter()
        .find(|directive| directive.is(Fed::FromContext))
    else {
        return;
    };
    let coordinate = format!("{}.{}({}:)", def.name, field.name, argument.name);
    let mut report = |code, message: String, help: &str| {
        diagnostics.push(
            subgraph
                .diagnostic(code, applied.location, message)
                .at(coordinate.clone())
                .help(help),
        );
    };
    let value = applied
        .argument("field")
        .and_then(|value| value.as_str())
        .unwrap_or_default();
    let Some((name, selection)) = split(value) else {
        let message = format!("\"{value}\" on \"{coordinate}\" does not name a context");
        report(
            Code::NoContextInSelection,
            message,
            "write @fromContext(field: \"$context { field }\")",
        );
        return;
    };
    if !contexts.contains_key(name) {
        let message =
            format!("no type of this subgraph sets the context \"{name}\" that \"{coordinate}\" reads");
        report(
            Code::ContextNotSet,
            message,
            "put @context(name: …) on the type that holds the value",
        );
    }
    if selection.is_empty() {
        let message = format!("\"{value}\" on \"{coordinate}\" selects nothing from the context");
        report(
            Code::ContextInvalidSelection,
            message,
            "write @fromContext(field: \"$context { field }\")",
        );
    }
    for setter in contexts
        .get(name)
        .into_iter()
        .flatten()
        .filter(|_| !selection.is_empty())
    {
        if let Some(problem) = context_selection::problem(subgraph, setter, selection, &argument.ty) {
            let message = format!(
                "\"{value}\" on \"{coordinate}\" cannot be read from \"{}\": {problem}",
                setter.name
            );
            report(
                Code::ContextInvalidSelection,
                message,
                "select one scalar or enum field of the argument's type from every type that sets the context",
            );
        }
    }
    if !def.keys.iter().any(|key| key.resolvable) {
        let message = format!(
            "\"{coordinate}\" reads a context, but \"{}\" has no resolvable key",
            def.name
        );
        report(
            Code::ContextNoResolvableKey,
            message,
            "give the type a @key, so that the gateway can come back to it",
        );
    }
}

/// `$name selection` to its two parts.
fn split(value: &str) -> Option<(&str, &str)> {
    let rest = value.trim().strip_prefix('$')?;
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (name, selection) = rest.split_at(end);
    (!name.is_empty()).then(|| (name, selection.trim()))
}
