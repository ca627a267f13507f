//! A type named `Query`, `Mutation` or `Subscription` must be that root, since the graph gives roots these names.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::parse::Parsed;
use crate::subgraph::span_in;
use apollo_compiler::ast::OperationType;

pub(crate) fn check(parsed: &Parsed<'_>, diagnostics: &mut Diagnostics) {
    let roots = [
        (OperationType::Query, "Query", Code::RootQueryUsed),
        (OperationType::Mutation, "Mutation", Code::RootMutationUsed),
        (
            OperationType::Subscription,
            "Subscription",
            Code::RootSubscriptionUsed,
        ),
    ];
    for (operation, default, code) in roots {
        let Some(definition) = parsed.schema.types.get(default) else {
            continue;
        };
        let Some(actual) = parsed
            .schema
            .root_operation(operation)
            .filter(|actual| *actual != default)
        else {
            continue;
        };
        let input = parsed.input;
        let message = format!(
            "[{}] the type \"{default}\" is not the {operation} root (\"{actual}\" is), but the graph needs that name for it",
            input.name
        );
        let span = definition
            .name()
            .location()
            .map(|location| span_in(&input.name, &input.source, &input.sdl, location));
        diagnostics.push(
            Diagnostic::new(code, message)
                .in_subgraph(&input.name)
                .at(default)
                .span(span)
                .help(format!(
                    "rename the type \"{default}\", or make it the {operation} root"
                )),
        );
    }
}
