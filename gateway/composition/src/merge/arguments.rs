//! Arguments of a field: only those that every resolving subgraph has go into the supergraph.

use super::{Context, default_value, description, directives, ty};
use crate::diagnostic::{Code, Level};
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
        if given.iter().any(|(_, def)| contextual(def)) {
            let (filled, plain): (Vec<_>, Vec<_>) = given.into_iter().partition(|(_, def)| contextual(def));
            report_contextual(cx, &coordinate, &filled, &plain);
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

/// The gateway fills the argument in some subgraphs; clients cannot give it where it does not.
fn report_contextual(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    filled: &[(usize, &InputDef)],
    plain: &[(usize, &InputDef)],
) {
    if plain.is_empty() {
        return;
    }
    let message = format!(
        "the argument \"{coordinate}\" is read from a context in {}, but not in {}: the supergraph does not have it",
        cx.names(filled.iter().map(|(graph, _)| *graph)),
        cx.names(plain.iter().map(|(graph, _)| *graph))
    );
    let places = filled
        .iter()
        .chain(plain)
        .map(|(graph, def)| (*graph, def.location));
    let code = Code::ContextualArgumentNotContextualInAllSubgraphs;
    let mut diagnostic = cx.finding(code, coordinate, message, places);
    if plain.iter().any(|(_, def)| def.is_required()) {
        diagnostic.level = Level::Error;
    }
    cx.diagnostics.push(
        diagnostic.help("use @fromContext in all subgraphs, or make the argument optional where it is not"),
    );
}
