//! Input objects: only fields that every subgraph has, each with the narrowest type.

use super::{Context, Source, default_value, description, directives, ty};
use crate::diagnostic::Code;
use crate::subgraph::InputDef;
use crate::supergraph::{JoinField, MergedInput, MergedType};
use apollo_compiler::Name;

pub(super) fn merge(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    let mut names: Vec<&Name> = Vec::new();
    for source in sources {
        names.extend(
            source
                .def
                .inputs
                .keys()
                .filter(|name| !names.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    for name in names {
        let coordinate = format!("{}.{name}", merged.name);
        let given: Vec<(usize, &InputDef)> = sources
            .iter()
            .filter_map(|source| Some((source.graph, source.def.inputs.get(name)?)))
            .collect();
        if given.len() == sources.len() {
            merged
                .inputs
                .insert(name.clone(), merge_field(cx, &coordinate, &given));
        } else {
            report_missing(cx, sources, &coordinate, &given);
        }
    }
    if merged.inputs.is_empty() {
        let message = format!(
            "no field of the input object \"{}\" is in all its subgraphs: nothing is left",
            merged.name
        );
        let places = sources.iter().map(|source| (source.graph, source.def.location));
        let diagnostic = cx.finding(Code::EmptyMergedInputType, merged.name.as_str(), message, places);
        cx.diagnostics
            .push(diagnostic.help("define at least one field in all subgraphs"));
    }
}

fn merge_field(cx: &mut Context<'_, '_>, coordinate: &str, given: &[(usize, &InputDef)]) -> MergedInput {
    let types: Vec<ty::Typed<'_>> = given
        .iter()
        .map(|(graph, def)| ty::Typed {
            graph: *graph,
            ty: &def.ty,
            location: def.location,
        })
        .collect();
    let first = given[0].1;
    let merged = ty::merge(cx, ty::INPUT_FIELD, coordinate, &types).unwrap_or_else(|| first.ty.clone());
    let differ = given.iter().any(|(_, def)| def.ty != first.ty);
    let join = |(graph, def): &(usize, &InputDef)| JoinField {
        graph: Some(*graph),
        ty: Some(def.ty.clone()),
        ..JoinField::default()
    };
    let applied: Vec<_> = given
        .iter()
        .map(|(graph, def)| (*graph, def.applied.as_slice()))
        .collect();
    let descriptions = given
        .iter()
        .map(|(graph, def)| (*graph, def.description.as_deref()))
        .collect();
    MergedInput {
        name: first.name.clone(),
        description: description::merge(cx, coordinate, descriptions),
        ty: merged,
        default: default_value::merge(cx, Code::InputFieldDefaultMismatch, coordinate, given),
        joins: if differ {
            given.iter().map(join).collect()
        } else {
            Vec::new()
        },
        applied: directives::merge(cx, coordinate, &applied),
    }
}

fn report_missing(
    cx: &mut Context<'_, '_>,
    sources: &[Source<'_>],
    coordinate: &str,
    given: &[(usize, &InputDef)],
) {
    let has = |source: &&Source<'_>| given.iter().any(|(graph, _)| *graph == source.graph);
    let lacking = cx.names(
        sources
            .iter()
            .filter(|source| !has(source))
            .map(|source| source.graph),
    );
    let places = || given.iter().map(|(graph, def)| (*graph, def.location));
    let required: Vec<usize> = given
        .iter()
        .filter(|(_, def)| def.is_required())
        .map(|(graph, _)| *graph)
        .collect();
    let diagnostic = if required.is_empty() {
        let with = cx.names(given.iter().map(|(graph, _)| *graph));
        let message = format!(
            "the input field \"{coordinate}\" is in {with}, but not in {lacking}: the supergraph does not have it"
        );
        cx.finding(Code::InconsistentInputObjectField, coordinate, message, places())
    } else {
        let message = format!(
            "the input field \"{coordinate}\" is required in {}, but not there in {lacking}",
            cx.names(required)
        );
        cx.finding(
            Code::RequiredInputFieldMissingInSomeSubgraph,
            coordinate,
            message,
            places(),
        )
    };
    cx.diagnostics
        .push(diagnostic.help("add the field to every subgraph that has the input object"));
}
