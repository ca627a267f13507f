//! Subgraphs to one supergraph, type by type. One file for each kind of thing that is merged.
//!
//! Pushes a finding wherever subgraphs disagree. Looks only at what several subgraphs say about the *same*
//! element; whether the whole holds together is for [`crate::check`].

mod arguments;
mod cache_control;
mod compose_directive;
mod default_value;
pub(crate) use default_value::print as print_value;
mod description;
mod directive_definition;
mod directives;
mod enum_;
mod features;
mod field;
mod graphs;
mod input;
mod interface;
mod interface_object;
mod object;
mod overrides;
pub(crate) mod requirement;
mod sharing;
mod ty;
mod union;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, enumerate, name_subgraphs};
use crate::rules::usage;
use crate::spec::Fed;
use crate::subgraph::{Kind, Location, Subgraph, TypeDef};
use crate::supergraph::{JoinType, MergedType, Supergraph};
use apollo_compiler::Name;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn merge(subgraphs: &[Subgraph], diagnostics: &mut Diagnostics) -> Supergraph {
    let mut cx = Context::new(subgraphs, diagnostics);
    let mut out = Supergraph {
        graphs: graphs::name(subgraphs),
        ..Supergraph::default()
    };
    compose_directive::collect(&mut cx);
    features::check_imports(&mut cx);
    cx.overrides = overrides::collect(&mut cx);
    let names: Vec<Name> = type_names(subgraphs);
    for name in names {
        if let Some(merged) = merge_type(&mut cx, &name) {
            out.types.insert(name, merged);
        }
    }
    interface_object::complete(&mut cx, &mut out);
    out.schema_directives = directives::of_schema(&mut cx);
    directive_definition::merge(&mut cx, &mut out);
    out.features = features::collect(&cx, &out);
    no_queries(&mut cx, &out);
    out
}

/// Everything the merge of one element needs to see.
pub(crate) struct Context<'a, 'd> {
    pub(crate) subgraphs: &'a [Subgraph],
    pub(crate) diagnostics: &'d mut Diagnostics,
    /// Custom directives that `@composeDirective` carries into the supergraph.
    composed: compose_directive::Composed,
    overrides: overrides::Overrides,
    facts: Vec<Facts>,
    positions: enum_::Positions,
}

/// What one subgraph's field sets say of its fields, as (type, field).
struct Facts {
    keys: BTreeSet<(Name, Name)>,
    provided: BTreeSet<(Name, Name)>,
}

impl Facts {
    fn of(subgraph: &Subgraph) -> Self {
        Self {
            keys: usage::key_fields(subgraph),
            provided: usage::provided_fields(subgraph),
        }
    }
}

/// A type in one subgraph.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) graph: usize,
    pub(crate) def: &'a TypeDef,
}

impl<'a, 'd> Context<'a, 'd> {
    fn new(subgraphs: &'a [Subgraph], diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            subgraphs,
            diagnostics,
            composed: compose_directive::Composed::default(),
            overrides: overrides::Overrides::default(),
            facts: subgraphs.iter().map(Facts::of).collect(),
            positions: enum_::Positions::of(subgraphs),
        }
    }

    fn sources(&self, name: &Name) -> Vec<Source<'a>> {
        self.subgraphs
            .iter()
            .enumerate()
            .filter_map(|(graph, subgraph)| {
                Some(Source {
                    graph,
                    def: subgraph.types.get(name)?,
                })
            })
            .collect()
    }

    fn name_of(&self, graph: usize) -> &'a str {
        &self.subgraphs[graph].name
    }

    fn names(&self, graphs: impl IntoIterator<Item = usize>) -> String {
        name_subgraphs(graphs.into_iter().map(|graph| self.name_of(graph)))
    }

    /// A finding about one element in several subgraphs, with the places where it is written.
    fn finding(
        &self,
        code: Code,
        coordinate: impl Into<String>,
        message: impl Into<String>,
        places: impl IntoIterator<Item = (usize, Location)>,
    ) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(code, message).at(coordinate);
        for (graph, location) in places {
            let subgraph = &self.subgraphs[graph];
            diagnostic = diagnostic
                .in_subgraph(&subgraph.name)
                .span(subgraph.span(location));
        }
        diagnostic
    }

    /// Whether some subgraph says that `ty` is a kind of `of`.
    fn is_subtype(&self, ty: &Name, of: &Name) -> bool {
        self.subgraphs.iter().any(|subgraph| subgraph.is_subtype(ty, of))
    }
}

/// `X in subgraph "a" and Y in subgraphs "b" and "c"`, grouped by what is said; the groups in order of appearance.
fn group_by_statement(cx: &Context<'_, '_>, statements: impl IntoIterator<Item = (usize, String)>) -> String {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (graph, statement) in statements {
        match groups.iter_mut().find(|(known, _)| *known == statement) {
            Some((_, graphs)) => graphs.push(graph),
            None => groups.push((statement, vec![graph])),
        }
    }
    let parts: Vec<String> = groups
        .into_iter()
        .map(|(said, graphs)| format!("{said} in {}", cx.names(graphs)))
        .collect();
    enumerate(&parts)
}

fn type_names(subgraphs: &[Subgraph]) -> Vec<Name> {
    let names: BTreeMap<&Name, ()> = subgraphs
        .iter()
        .flat_map(|subgraph| subgraph.types.keys())
        .map(|name| (name, ()))
        .collect();
    names.into_keys().cloned().collect()
}

fn merge_type(cx: &mut Context<'_, '_>, name: &Name) -> Option<MergedType> {
    let sources = cx.sources(name);
    let kind = agreed_kind(cx, name, &sources)?;
    check_base(cx, name, &sources);
    let mut merged = MergedType::new(name.clone(), kind);
    let descriptions = sources
        .iter()
        .map(|source| (source.graph, source.def.description.as_deref()));
    merged.description = description::merge(cx, name, descriptions.collect());
    merged.joins = sources.iter().flat_map(join_types).collect();
    let demanded = interface::demanded_of(cx, kind, name, None);
    let own = sources
        .iter()
        .map(|source| (source.graph, source.def.applied.as_slice()));
    let applied: Vec<_> = own
        .chain(
            demanded
                .iter()
                .map(|(graph, applied)| (*graph, applied.as_slice())),
        )
        .collect();
    merged.applied = directives::merge(cx, name, &applied);
    merged.applied.extend(cache_control::of_type(cx, kind, &sources));
    match kind {
        Kind::Scalar => {}
        Kind::Object => object::merge(cx, &sources, &mut merged),
        Kind::Interface => interface::merge(cx, &sources, &mut merged),
        Kind::Union => union::merge(cx, &sources, &mut merged),
        Kind::Enum => enum_::merge(cx, &sources, &mut merged),
        Kind::Input => input::merge(cx, &sources, &mut merged),
    }
    Some(merged)
}

fn agreed_kind(cx: &mut Context<'_, '_>, name: &Name, sources: &[Source<'_>]) -> Option<Kind> {
    let first = sources.first()?.def.graph_kind();
    if sources.iter().any(|source| source.def.graph_kind() != first) {
        let said = sources
            .iter()
            .map(|source| (source.graph, source.def.graph_kind().describe().to_owned()));
        let message = format!("the type \"{name}\" is {}", group_by_statement(cx, said));
        let places = sources.iter().map(|source| (source.graph, source.def.location));
        let diagnostic = cx.finding(Code::TypeKindMismatch, name.as_str(), message, places);
        cx.diagnostics
            .push(diagnostic.help("make them the same kind of type, or rename one"));
        return None;
    }
    if first == Kind::Interface && sources.iter().all(|source| source.def.interface_object) {
        let message = format!(
            "the type \"{name}\" is an @interfaceObject in {}, but an interface nowhere",
            cx.names(sources.iter().map(|source| source.graph))
        );
        let places = sources.iter().map(|source| (source.graph, source.def.location));
        let diagnostic = cx.finding(Code::InterfaceObjectUsageError, name.as_str(), message, places);
        cx.diagnostics
            .push(diagnostic.help("define it as an interface in at least one subgraph"));
        return None;
    }
    Some(first)
}

fn check_base(cx: &mut Context<'_, '_>, name: &Name, sources: &[Source<'_>]) {
    if !sources.is_empty()
        && sources
            .iter()
            .all(|source| !source.def.has_definition && !source.def.is_root())
    {
        for source in sources {
            let message = format!(
                "[{}] the type \"{name}\" is only extended: no subgraph defines it",
                cx.name_of(source.graph)
            );
            let place = [(source.graph, source.def.location)];
            let diagnostic = cx.finding(Code::ExtensionWithNoBase, name.as_str(), message, place);
            let help = format!("write `type {name}` without `extend` in the subgraph that owns it");
            cx.diagnostics.push(diagnostic.help(help));
        }
    }
}

/// One entry for each key, or one for the type when it has none.
fn join_types(source: &Source<'_>) -> Vec<JoinType> {
    let def = source.def;
    let plain = JoinType {
        graph: source.graph,
        key: None,
        extension: false,
        resolvable: true,
        interface_object: def.interface_object,
    };
    if def.keys.is_empty() {
        return vec![plain];
    }
    let with_key = |key: &crate::subgraph::Key| JoinType {
        key: Some(key.fields.text.clone()),
        extension: def.extension,
        resolvable: key.resolvable,
        ..plain.clone()
    };
    def.keys.iter().map(with_key).collect()
}

fn no_queries(cx: &mut Context<'_, '_>, out: &Supergraph) {
    if out.types.get("Query").is_none_or(|query| query.fields.is_empty()) {
        let mut diagnostic = Diagnostic::new(
            Code::NoQueries,
            "no subgraph has a query field: there is nothing to ask",
        );
        diagnostic.subgraphs = cx
            .subgraphs
            .iter()
            .map(|subgraph| subgraph.name.clone())
            .collect();
        cx.diagnostics
            .push(diagnostic.help("define `type Query` with at least one field in some subgraph"));
    }
}

/// Directives whose arguments are merged by rule rather than by choice.
const AUTH: [Fed; 3] = [Fed::Authenticated, Fed::RequiresScopes, Fed::Policy];
