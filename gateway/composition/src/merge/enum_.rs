//! Enums: as results every value, as inputs only common values, as both exactly the same values.

use super::{Context, Source, description, directives};
use crate::diagnostic::Code;
use crate::spec::Fed;
use crate::subgraph::{Subgraph, ValueDef, has};
use crate::supergraph::{MergedType, MergedValue};
use apollo_compiler::Name;
use std::collections::BTreeSet;

/// Which types are used for results and which for inputs, in any subgraph.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    output: BTreeSet<Name>,
    input: BTreeSet<Name>,
}

impl Positions {
    pub(super) fn of(subgraphs: &[Subgraph]) -> Self {
        let mut positions = Self::default();
        for def in subgraphs.iter().flat_map(|subgraph| subgraph.types.values()) {
            for field in def.fields.values() {
                positions.output.insert(field.ty.inner_named_type().clone());
                for argument in field.arguments.values() {
                    positions.input.insert(argument.ty.inner_named_type().clone());
                }
            }
            for input in def.inputs.values() {
                positions.input.insert(input.ty.inner_named_type().clone());
            }
        }
        for definition in subgraphs.iter().flat_map(|subgraph| subgraph.directives.values()) {
            for argument in &definition.arguments {
                positions.input.insert(argument.ty.inner_named_type().clone());
            }
        }
        positions
    }
}

pub(super) fn merge(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    let name = merged.name.clone();
    let output = cx.positions.output.contains(&name);
    let input = cx.positions.input.contains(&name);
    if !output && !input {
        let message = format!("the enum \"{name}\" is used nowhere; the supergraph has all its values");
        let places = sources.iter().map(|source| (source.graph, source.def.location));
        let diagnostic = cx.finding(Code::UnusedEnumType, name.as_str(), message, places);
        cx.diagnostics.push(diagnostic);
    }
    let mut names: Vec<&Name> = Vec::new();
    for source in sources {
        names.extend(
            source
                .def
                .values
                .keys()
                .filter(|value| !names.contains(value))
                .collect::<Vec<_>>(),
        );
    }
    for value in names {
        let given: Vec<(usize, &ValueDef)> = sources
            .iter()
            .filter_map(|source| Some((source.graph, source.def.values.get(value)?)))
            .collect();
        let hidden = given.iter().any(|(_, def)| has(&def.applied, Fed::Inaccessible));
        if given.len() == sources.len()
            || hidden
            || keep_partial(cx, sources, (&name, value), &given, (output, input))
        {
            let entry = merge_value(cx, &format!("{name}.{value}"), &given);
            merged.values.insert(value.clone(), entry);
        }
    }
    if merged.values.is_empty() {
        let message = format!(
            "no value of the enum \"{name}\" is in all its subgraphs, and inputs need that: nothing is left"
        );
        let places = sources.iter().map(|source| (source.graph, source.def.location));
        let diagnostic = cx.finding(Code::EmptyMergedEnumType, name.as_str(), message, places);
        cx.diagnostics
            .push(diagnostic.help("define at least one value in all subgraphs"));
    }
}

/// Whether a value that some subgraphs lack stays; says so either way.
fn keep_partial(
    cx: &mut Context<'_, '_>,
    sources: &[Source<'_>],
    (name, value): (&Name, &Name),
    given: &[(usize, &ValueDef)],
    (output, input): (bool, bool),
) -> bool {
    let lacking = sources
        .iter()
        .filter(|source| !source.def.values.contains_key(value))
        .map(|source| source.graph);
    let (with, without) = (cx.names(given.iter().map(|(graph, _)| *graph)), cx.names(lacking));
    let (code, consequence) = match (output, input) {
        (true, true) => (
            Code::EnumValueMismatch,
            "the enum is used for results and inputs, so its values must be the same everywhere",
        ),
        (false, true) => (
            Code::InconsistentEnumValueForInputEnum,
            "the supergraph does not have it",
        ),
        _ => (Code::InconsistentEnumValueForOutputEnum, "the supergraph has it"),
    };
    let coordinate = format!("{name}.{value}");
    let message =
        format!("the enum value \"{coordinate}\" is in {with}, but not in {without}: {consequence}");
    let places = given.iter().map(|(graph, def)| (*graph, def.location));
    let diagnostic = cx.finding(code, coordinate, message, places);
    cx.diagnostics
        .push(diagnostic.help("define the value in every subgraph that has the enum"));
    // With an error the value stays, so that the same trouble is not reported again as an empty enum.
    !input || output
}

fn merge_value(cx: &mut Context<'_, '_>, coordinate: &str, given: &[(usize, &ValueDef)]) -> MergedValue {
    let applied: Vec<_> = given
        .iter()
        .map(|(graph, def)| (*graph, def.applied.as_slice()))
        .collect();
    let descriptions = given
        .iter()
        .map(|(graph, def)| (*graph, def.description.as_deref()))
        .collect();
    MergedValue {
        description: description::merge(cx, coordinate, descriptions),
        graphs: given.iter().map(|(graph, _)| *graph).collect(),
        applied: directives::merge(cx, coordinate, &applied),
    }
}
