//! Arguments of a field: only those that every resolving subgraph has go into the supergraph.

use super::{Context, default_value, description, directives, ty};
use crate::diagnostic::Code;
use crate::subgraph::{FieldDef, InputDef};
use crate::supergraph::MergedInput;
use apollo_compiler::Name;
use indexmap::IndexMap;

/// `sources`: the subgraphs that resolve the field.
pub(super) fn merge(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    sources: &[(usize, &FieldDef)],
) -> IndexMap<Name, MergedInput> {
    let mut names: Vec<&Name> = Vec::new();
    for (_, field) in sources {
        names.extend(
            field
                .arguments
                .keys()
                .filter(|name| !names.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    let mut merged = IndexMap::new();
    for name in names {
        let coordinate = format!("{coordinate}({name}:)");
        let (with, without): (Vec<_>, Vec<_>) = sources
            .iter()
            .partition(|(_, field)| field.arguments.contains_key(name));
        let given: Vec<(usize, &InputDef)> = with
            .iter()
            .filter_map(|(graph, field)| Some((*graph, field.arguments.get(name)?)))
            .collect();
        let lacking: Vec<usize> = without.iter().map(|(graph, _)| *graph).collect();
        // An argument that reads a context is filled by the gateway, not by clients.
        let contextual = |def: &InputDef| crate::subgraph::has(&def.applied, crate::spec::Fed::FromContext);
        if given.iter().all(|(_, def)| contextual(def)) {
            continue;
        }
        if lacking.is_empty() {
            merged.insert(name.clone(), merge_argument(cx, &coordinate, &given));
        } else {
            report_missing(cx, &coordinate, &given, &lacking);
        }
    }
    merged
}

pub(super) fn merge_argument(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    given: &[(usize, &InputDef)],
) -> MergedInput {
    let types: Vec<ty::Typed<'_>> = given
        .iter()
        .map(|(graph, def)| ty::Typed {
            graph: *graph,
            ty: &def.ty,
            location: def.location,
        })
        .collect();
    let first = given[0].1;
    let merged = ty::merge(cx, ty::ARGUMENT, coordinate, &types).unwrap_or_else(|| first.ty.clone());
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
        default: default_value::merge(cx, Code::FieldArgumentDefaultMismatch, coordinate, given),
        joins: Vec::new(),
        applied: directives::merge(cx, coordinate, &applied),
    }
}

fn report_missing(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    given: &[(usize, &InputDef)],
    lacking: &[usize],
) {
    let places = || given.iter().map(|(graph, def)| (*graph, def.location));
    let required: Vec<usize> = given
        .iter()
        .filter(|(_, def)| def.is_required())
        .map(|(graph, _)| *graph)
        .collect();
    let lacking = cx.names(lacking.iter().copied());
    let diagnostic = if required.is_empty() {
        let message = format!(
            "the optional argument \"{coordinate}\" is in {}, but not in {lacking}: the supergraph does not have it",
            cx.names(given.iter().map(|(graph, _)| *graph))
        );
        cx.finding(Code::InconsistentArgumentPresence, coordinate, message, places())
    } else {
        let message = format!(
            "the argument \"{coordinate}\" is required in {}, but not there in {lacking}",
            cx.names(required)
        );
        cx.finding(
            Code::RequiredArgumentMissingInSomeSubgraph,
            coordinate,
            message,
            places(),
        )
    };
    cx.diagnostics
        .push(diagnostic.help("add the argument to every subgraph that resolves the field"));
}
