//! Definitions of directives: composed ones as their newest subgraph has them; those for operations when every
//! subgraph has them, with the locations that all allow.

use super::{Context, arguments, compose_directive};
use crate::diagnostic::Code;
use crate::subgraph::InputDef;
use crate::supergraph::Supergraph;
use apollo_compiler::ast::DirectiveLocation;
use apollo_compiler::schema::{DirectiveDefinition, InputValueDefinition};
use apollo_compiler::{Name, Node};
use std::collections::BTreeSet;

pub(super) fn merge(cx: &mut Context<'_, '_>, out: &mut Supergraph) {
    for (name, directive) in cx.composed.iter() {
        out.directives.insert(
            compose_directive::supergraph_name(name),
            directive.definition.clone(),
        );
    }
    let names: BTreeSet<Name> = cx
        .subgraphs
        .iter()
        .flat_map(|subgraph| subgraph.directives.keys())
        .cloned()
        .collect();
    for name in names
        .into_iter()
        .filter(|name| !cx.composed.contains(name))
        .collect::<Vec<_>>()
    {
        if let Some(definition) = merge_executable(cx, &name) {
            out.directives.insert(name, Node::new(definition));
        }
    }
}

fn is_executable(location: DirectiveLocation) -> bool {
    use DirectiveLocation as L;
    matches!(
        location,
        L::Query
            | L::Mutation
            | L::Subscription
            | L::Field
            | L::FragmentDefinition
            | L::FragmentSpread
            | L::InlineFragment
            | L::VariableDefinition
    )
}

fn merge_executable(cx: &mut Context<'_, '_>, name: &Name) -> Option<DirectiveDefinition> {
    let definitions: Vec<(usize, &Node<DirectiveDefinition>)> = cx
        .subgraphs
        .iter()
        .enumerate()
        .filter_map(|(graph, subgraph)| Some((graph, subgraph.directives.get(name)?)))
        .filter(|(_, definition)| {
            definition
                .locations
                .iter()
                .any(|location| is_executable(*location))
        })
        .collect();
    let first = definitions.first()?.1;
    let coordinate = format!("@{name}");
    if definitions.len() < cx.subgraphs.len() {
        let with: Vec<usize> = definitions.iter().map(|(graph, _)| *graph).collect();
        let without = (0..cx.subgraphs.len()).filter(|graph| !with.contains(graph));
        let message = format!(
            "the directive \"{coordinate}\" is for operations and in {}, but not in {}: the supergraph does not have it",
            cx.names(with.iter().copied()),
            cx.names(without)
        );
        report(
            cx,
            Code::InconsistentExecutableDirectivePresence,
            &coordinate,
            message,
            &definitions,
        );
        return None;
    }
    let common: Vec<DirectiveLocation> = first
        .locations
        .iter()
        .copied()
        .filter(|location| is_executable(*location))
        .filter(|location| {
            definitions
                .iter()
                .all(|(_, definition)| definition.locations.contains(location))
        })
        .collect();
    if common.is_empty() {
        let message = format!(
            "the directive \"{coordinate}\" has no location that all subgraphs allow: the supergraph does not have it"
        );
        report(
            cx,
            Code::NoExecutableDirectiveIntersection,
            &coordinate,
            message,
            &definitions,
        );
        return None;
    }
    let count = |definition: &DirectiveDefinition| {
        definition
            .locations
            .iter()
            .filter(|at| is_executable(**at))
            .count()
    };
    if definitions
        .iter()
        .any(|(_, definition)| count(definition) != common.len())
    {
        let message = format!(
            "the directive \"{coordinate}\" has different locations across subgraphs: the supergraph takes those that all have"
        );
        report(
            cx,
            Code::InconsistentExecutableDirectiveLocations,
            &coordinate,
            message,
            &definitions,
        );
    }
    let repeatable = definitions.iter().all(|(_, definition)| definition.repeatable);
    if definitions
        .iter()
        .any(|(_, definition)| definition.repeatable != repeatable)
    {
        let message = format!(
            "the directive \"{coordinate}\" is repeatable in some subgraphs only: in the supergraph it is not"
        );
        report(
            cx,
            Code::InconsistentExecutableDirectiveRepeatable,
            &coordinate,
            message,
            &definitions,
        );
    }
    let mut merged = DirectiveDefinition {
        description: first.description.clone(),
        name: name.clone(),
        arguments: Vec::new(),
        repeatable,
        locations: common.into_iter().collect(),
        directives: Default::default(),
    };
    merged.arguments = merge_arguments(cx, &coordinate, &definitions);
    Some(merged)
}

fn report(
    cx: &mut Context<'_, '_>,
    code: Code,
    coordinate: &str,
    message: String,
    definitions: &[(usize, &Node<DirectiveDefinition>)],
) {
    let places = definitions
        .iter()
        .map(|(graph, definition)| (*graph, definition.name.location()));
    let diagnostic = cx.finding(code, coordinate, message, places);
    cx.diagnostics.push(diagnostic);
}

fn merge_arguments(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    definitions: &[(usize, &Node<DirectiveDefinition>)],
) -> Vec<Node<InputValueDefinition>> {
    let mut merged = Vec::new();
    for argument in &definitions[0].1.arguments {
        let sources: Vec<(usize, InputDef)> = definitions
            .iter()
            .filter_map(|(graph, definition)| {
                let found = definition
                    .arguments
                    .iter()
                    .find(|candidate| candidate.name == argument.name)?;
                Some((*graph, to_input(found)))
            })
            .collect();
        if sources.len() == definitions.len() {
            let given: Vec<(usize, &InputDef)> = sources.iter().map(|(graph, def)| (*graph, def)).collect();
            let input = arguments::merge_argument(cx, &format!("{coordinate}({}:)", argument.name), &given);
            merged.push(Node::new(InputValueDefinition {
                description: input.description.as_deref().map(Node::new_str),
                name: input.name,
                ty: Node::new(input.ty),
                default_value: input.default,
                directives: Default::default(),
            }));
        }
    }
    merged
}

fn to_input(argument: &Node<InputValueDefinition>) -> InputDef {
    InputDef {
        name: argument.name.clone(),
        description: argument.description.as_ref().map(|text| text.to_string()),
        ty: (*argument.ty).clone(),
        default: argument.default_value.clone(),
        applied: Vec::new(),
        location: argument.name.location(),
    }
}
