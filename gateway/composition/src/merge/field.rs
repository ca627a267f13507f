//! A field of an object type or interface: its type and arguments from those that resolve it, and a
//! `@join__field` for each subgraph where the supergraph's definition does not say everything.

use super::{
    AUTH, Context, Source, arguments, cache_control, description, directives, interface, interface_object,
    overrides, sharing, ty,
};
use crate::diagnostic::Code;
use crate::spec::Fed;
use crate::subgraph::{Applied, FieldDef, Kind, Meaning, has};
use crate::supergraph::{ContextArgument, JoinField, MergedField, MergedType};
use apollo_compiler::Name;
use apollo_compiler::ast::Type;

/// The field in one subgraph, with what `@override` makes of it.
struct Part<'a> {
    graph: usize,
    def: &'a FieldDef,
    taken: Option<overrides::Taken>,
}

impl Part<'_> {
    /// Taken over for good and needed by nobody: as if it were not there.
    fn is_gone(&self) -> bool {
        self.taken
            .as_ref()
            .is_some_and(|taken| taken.label.is_none() && !taken.used)
    }

    /// Resolved here for everybody, or at least on the paths that a `@provides` names.
    fn resolves(&self, provided: bool) -> bool {
        (provided || !self.def.is_external()) && self.taken.is_none()
    }
}

/// Merges every field of an object type or interface.
pub(super) fn merge_all(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    let mut names: Vec<&Name> = Vec::new();
    for source in sources {
        names.extend(
            source
                .def
                .fields
                .keys()
                .filter(|name| !names.contains(name))
                .collect::<Vec<_>>(),
        );
    }
    for name in names {
        if let Some(field) = merge_one(cx, sources, merged, name) {
            merged.fields.insert(name.clone(), field);
        }
    }
}

fn merge_one(
    cx: &mut Context<'_, '_>,
    sources: &[Source<'_>],
    parent: &MergedType,
    name: &Name,
) -> Option<MergedField> {
    let coordinate = format!("{}.{name}", parent.name);
    let part = |source: &Source<'_>| {
        let def = cx.subgraphs[source.graph]
            .types
            .get(&parent.name)?
            .fields
            .get(name)?;
        let taken = cx.overrides.taken(source.graph, &parent.name, name).cloned();
        Some(Part {
            graph: source.graph,
            def,
            taken,
        })
    };
    let parts: Vec<Part<'_>> = sources.iter().filter_map(part).collect();
    let (external, own): (Vec<&Part<'_>>, Vec<&Part<'_>>) = parts
        .iter()
        .filter(|part| !part.is_gone())
        .partition(|part| part.def.is_external());
    if own.is_empty() && !interface_object::resolves(cx, &parent.implements, name) {
        report_all_external(cx, &coordinate, &external);
        return None;
    }
    // Only interface objects resolve it: the external declarations are all there is.
    let own = if own.is_empty() { external.clone() } else { own };
    if parent.kind == Kind::Object {
        let pair = (parent.name.clone(), name.clone());
        let provided = |part: &Part<'_>| cx.facts[part.graph].provided.contains(&pair);
        let resolvers = parts.iter().filter(|part| part.resolves(provided(part)));
        let resolvers = resolvers.map(|part| (part.graph, part.def)).collect();
        sharing::check(cx, parent, name, resolvers);
    }
    let types: Vec<ty::Typed<'_>> = own
        .iter()
        .map(|part| ty::Typed {
            graph: part.graph,
            ty: &part.def.ty,
            location: part.def.location,
        })
        .collect();
    let merged_type = ty::merge(cx, ty::FIELD, &coordinate, &types)?;
    let resolving: Vec<(usize, &FieldDef)> = own.iter().map(|part| (part.graph, part.def)).collect();
    let merged_arguments = arguments::merge(cx, &coordinate, &resolving);
    for part in &external {
        check_external(cx, &coordinate, (part.graph, part.def), &merged_type, &resolving);
    }
    let descriptions = parts
        .iter()
        .map(|part| (part.graph, part.def.description.as_deref()))
        .collect();
    let here: Vec<&Part<'_>> = parts.iter().filter(|part| !part.is_gone()).collect();
    let mut applied = applied(cx, &coordinate, parent, name, &here);
    applied.extend(cache_control::of_field(cx, resolving.into_iter()));
    Some(MergedField {
        name: name.clone(),
        description: description::merge(cx, &coordinate, descriptions),
        joins: joins(cx, sources.len(), &here, &merged_type),
        ty: merged_type,
        arguments: merged_arguments,
        applied,
    })
}

fn applied(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    parent: &MergedType,
    name: &Name,
    parts: &[&Part<'_>],
) -> Vec<crate::supergraph::MergedDirective> {
    let mut all: Vec<(usize, &[Applied])> = parts
        .iter()
        .map(|part| (part.graph, part.def.applied.as_slice()))
        .collect();
    // What an interface object demands of a field, it demands of every implementation's field.
    let mut demanded = interface::demanded_of(cx, parent.kind, &parent.name, Some(name));
    if parent.kind == Kind::Object {
        for (graph, subgraph) in cx.subgraphs.iter().enumerate() {
            for interface in &parent.implements {
                let object = subgraph.types.get(interface).filter(|def| def.interface_object);
                let Some(field) = object.and_then(|def| def.fields.get(name)) else {
                    continue;
                };
                let auth = |applied: &&Applied| AUTH.iter().any(|fed| applied.meaning == Meaning::Fed(*fed));
                demanded.push((graph, field.applied.iter().filter(auth).cloned().collect()));
            }
        }
    }
    all.extend(
        demanded
            .iter()
            .map(|(graph, applied)| (*graph, applied.as_slice())),
    );
    directives::merge(cx, coordinate, &all)
}

fn report_all_external(cx: &mut Context<'_, '_>, coordinate: &str, external: &[&Part<'_>]) {
    if external.is_empty() {
        return;
    }
    let message = format!(
        "the field \"{coordinate}\" is @external in {}: no subgraph resolves it",
        cx.names(external.iter().map(|part| part.graph))
    );
    let places = external.iter().map(|part| (part.graph, part.def.location));
    let diagnostic = cx.finding(Code::ExternalMissingOnBase, coordinate, message, places);
    cx.diagnostics
        .push(diagnostic.help("define the field without @external in the subgraph that resolves it"));
}

/// What an `@external` field says must agree with what the resolving subgraphs say.
fn check_external(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    (graph, external): (usize, &FieldDef),
    merged: &Type,
    resolving: &[(usize, &FieldDef)],
) {
    let place = [(graph, external.location)];
    let name = cx.name_of(graph);
    if !ty::is_subtype(cx, &external.ty, merged) && !ty::is_subtype(cx, merged, &external.ty) {
        let message = format!(
            "the external field \"{coordinate}\" has the type {} in subgraph \"{name}\", but {merged} where it is resolved",
            external.ty
        );
        let diagnostic = cx.finding(Code::ExternalTypeMismatch, coordinate, message, place);
        cx.diagnostics
            .push(diagnostic.help(format!("give it the type {merged}")));
    }
    for (_, field) in resolving {
        for argument in field.arguments.values() {
            let coordinate = format!("{coordinate}({}:)", argument.name);
            match external.arguments.get(&argument.name) {
                None => {
                    let message = format!(
                        "the argument \"{coordinate}\" is missing in subgraph \"{name}\", where the field is @external"
                    );
                    let diagnostic = cx.finding(Code::ExternalArgumentMissing, coordinate, message, place);
                    cx.diagnostics
                        .push(diagnostic.help("repeat the field's arguments where it is @external"));
                }
                Some(here)
                    if !ty::is_subtype(cx, &argument.ty, &here.ty)
                        && !ty::is_subtype(cx, &here.ty, &argument.ty) =>
                {
                    let message = format!(
                        "the argument \"{coordinate}\" has the type {} in subgraph \"{name}\", but {} where the field is resolved",
                        here.ty, argument.ty
                    );
                    let diagnostic =
                        cx.finding(Code::ExternalArgumentTypeMismatch, coordinate, message, place);
                    cx.diagnostics
                        .push(diagnostic.help(format!("give it the type {}", argument.ty)));
                }
                Some(here) if here.default.as_deref() != argument.default.as_deref() => {
                    let message = format!(
                        "the argument \"{coordinate}\" has another default value in subgraph \"{name}\", where the field is @external"
                    );
                    let diagnostic =
                        cx.finding(Code::ExternalArgumentDefaultMismatch, coordinate, message, place);
                    cx.diagnostics.push(
                        diagnostic.help("repeat the default value as it is where the field is resolved"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}

/// None when every subgraph that has the type resolves the field just as the supergraph defines it.
fn joins(cx: &Context<'_, '_>, graphs: usize, parts: &[&Part<'_>], merged: &Type) -> Vec<JoinField> {
    let types_differ = parts.iter().any(|part| part.def.ty != *merged);
    let all: Vec<JoinField> = parts
        .iter()
        .map(|part| JoinField {
            ty: types_differ.then(|| part.def.ty.clone()),
            ..join(cx, part)
        })
        .collect();
    let plain = |join: &JoinField| {
        join.requires.is_none()
            && join.provides.is_none()
            && join.ty.is_none()
            && !join.external
            && join.overrides.is_none()
            && !join.used_overridden
            && join.override_label.is_none()
            && join.context_arguments.is_empty()
    };
    if parts.len() == graphs && all.iter().all(plain) {
        Vec::new()
    } else {
        all
    }
}

fn join(cx: &Context<'_, '_>, part: &Part<'_>) -> JoinField {
    let Part { graph, def, taken } = part;
    let source = |from: &str| cx.subgraphs.iter().any(|subgraph| subgraph.name == from);
    let wanted = def.overrides.as_ref().filter(|_| !def.is_external());
    let known = wanted.filter(|wanted| source(&wanted.from));
    JoinField {
        graph: Some(*graph),
        requires: def.requires.as_ref().map(|fields| fields.text.clone()),
        provides: def.provides.as_ref().map(|fields| fields.text.clone()),
        ty: None,
        external: def.is_external(),
        overrides: known.map(|wanted| wanted.from.clone()),
        used_overridden: taken
            .as_ref()
            .is_some_and(|taken| taken.label.is_none() && taken.used),
        override_label: known
            .and_then(|wanted| wanted.label.clone())
            .or_else(|| taken.as_ref().and_then(|taken| taken.label.clone())),
        context_arguments: context_arguments(cx, *graph, def),
    }
}

fn context_arguments(cx: &Context<'_, '_>, graph: usize, def: &FieldDef) -> Vec<ContextArgument> {
    let read = |argument: &crate::subgraph::InputDef| {
        let applied = argument
            .applied
            .iter()
            .find(|applied| applied.is(Fed::FromContext))?;
        let text = applied.argument("field")?.as_str()?.trim().strip_prefix('$')?;
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(text.len());
        Some(ContextArgument {
            name: argument.name.clone(),
            ty: argument.ty.clone(),
            context: format!("{}__{}", cx.name_of(graph), &text[..end]),
            selection: text[end..].to_owned(),
        })
    };
    def.arguments
        .values()
        .filter(|argument| has(&argument.applied, Fed::FromContext))
        .filter_map(read)
        .collect()
}
