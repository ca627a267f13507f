//! `@override`: which fields are taken from which subgraph, found once for the whole graph before merging.

use super::Context;
use crate::diagnostic::Code;
use crate::rules::usage::used_fields;
use crate::subgraph::{FieldDef, Kind, Override, TypeDef};
use apollo_compiler::Name;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that another subgraph takes over, by (subgraph, type, field).
#[derive(Debug, Default)]
pub(super) struct Overrides {
    taken: BTreeMap<(usize, Name, Name), Taken>,
}

#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// With a label, only some requests take the field from the new subgraph.
    pub(super) label: Option<String>,
    /// The old subgraph still needs the field for its own field sets or interfaces.
    pub(super) used: bool,
}

impl Overrides {
    pub(super) fn taken(&self, graph: usize, ty: &Name, field: &Name) -> Option<&Taken> {
        self.taken.get(&(graph, ty.clone(), field.clone()))
    }
}

pub(super) fn collect(cx: &mut Context<'_, '_>) -> Overrides {
    let used: Vec<BTreeSet<(Name, Name)>> = cx.subgraphs.iter().map(used_fields).collect();
    let mut overrides = Overrides::default();
    for (graph, subgraph) in cx.subgraphs.iter().enumerate() {
        for def in subgraph.types.values().filter(|def| def.kind == Kind::Object) {
            for field in def.fields.values() {
                let Some(wanted) = &field.overrides else { continue };
                let claim = Claim {
                    graph,
                    def,
                    field,
                    wanted,
                };
                if let Some(from) = claim.source(cx) {
                    let name = (def.name.clone(), field.name.clone());
                    let taken = Taken {
                        label: wanted.label.clone(),
                        used: used[from].contains(&name),
                    };
                    claim.hint(cx, from, &taken);
                    overrides.taken.insert((from, name.0, name.1), taken);
                }
            }
        }
    }
    overrides
}

/// One `@override`.
struct Claim<'a> {
    graph: usize,
    def: &'a TypeDef,
    field: &'a FieldDef,
    wanted: &'a Override,
}

impl Claim<'_> {
    fn coordinate(&self) -> String {
        format!("{}.{}", self.def.name, self.field.name)
    }

    fn report(&self, cx: &mut Context<'_, '_>, code: Code, message: String, help: &str) {
        let place = [(self.graph, self.wanted.location)];
        let diagnostic = cx.finding(code, self.coordinate(), message, place);
        cx.diagnostics.push(diagnostic.help(help));
    }

    /// The subgraph whose field is taken over, if there is such a field and it can be.
    fn source(&self, cx: &mut Context<'_, '_>) -> Option<usize> {
        let (own, coordinate, from) = (cx.name_of(self.graph), self.coordinate(), &self.wanted.from);
        if own == from {
            let message = format!("\"{coordinate}\" in subgraph \"{own}\" overrides itself");
            self.report(
                cx,
                Code::OverrideFromSelfError,
                message,
                "name the subgraph that the field comes from",
            );
            return None;
        }
        if let Some(with) = self.collision(self.field, true) {
            let message =
                format!("\"{coordinate}\" in subgraph \"{own}\" is {with} and cannot have @override too");
            self.report(
                cx,
                Code::OverrideCollisionWithAnotherDirective,
                message,
                "remove one of the directives",
            );
            return None;
        }
        let Some(source) = cx.subgraphs.iter().position(|subgraph| subgraph.name == *from) else {
            let message = format!(
                "\"{coordinate}\" in subgraph \"{own}\" overrides subgraph \"{from}\", which does not exist"
            );
            let known: Vec<String> = cx
                .subgraphs
                .iter()
                .map(|subgraph| subgraph.name.clone())
                .collect();
            let help = format!("the subgraphs are {}", known.join(", "));
            self.report(cx, Code::FromSubgraphDoesNotExist, message, &help);
            return None;
        };
        let old = cx.subgraphs[source]
            .types
            .get(&self.def.name)
            .and_then(|def| def.fields.get(&self.field.name));
        let Some(old) = old else {
            let message = format!(
                "\"{coordinate}\" in subgraph \"{own}\" overrides a field that \"{from}\" no longer has"
            );
            self.report(
                cx,
                Code::OverrideDirectiveCanBeRemoved,
                message,
                "remove @override",
            );
            return None;
        };
        if old.overrides.is_some() {
            let message = format!(
                "\"{coordinate}\" in subgraph \"{own}\" overrides \"{from}\", where it has @override too"
            );
            self.report(
                cx,
                Code::OverrideSourceHasOverride,
                message,
                "keep @override in one subgraph only",
            );
            return None;
        }
        if old.is_external() {
            let message = format!(
                "\"{coordinate}\" in subgraph \"{own}\" overrides \"{from}\", which does not resolve it (it is @external)"
            );
            self.report(
                cx,
                Code::OverrideDirectiveCanBeRemoved,
                message,
                "remove @override",
            );
            return None;
        }
        if let Some(with) = self.collision(old, false) {
            let message =
                format!("\"{coordinate}\" cannot be taken over from subgraph \"{from}\": it is {with} there");
            self.report(
                cx,
                Code::OverrideCollisionWithAnotherDirective,
                message,
                "move what the field needs first",
            );
            return None;
        }
        Some(source)
    }

    fn collision(&self, field: &FieldDef, own: bool) -> Option<&'static str> {
        if own && field.is_external() {
            Some("marked @external")
        } else if field.provides.is_some() && !own {
            Some("marked @provides")
        } else if field.requires.is_some() && !own {
            Some("marked @requires")
        } else {
            None
        }
    }

    fn hint(&self, cx: &mut Context<'_, '_>, from: usize, taken: &Taken) {
        let (coordinate, from) = (self.coordinate(), cx.name_of(from));
        if taken.label.is_some() {
            let message = format!(
                "\"{coordinate}\" is being moved from subgraph \"{from}\" to \"{}\"",
                cx.name_of(self.graph)
            );
            let help = format!("when all requests go to the new subgraph, remove the field from \"{from}\"");
            self.report(cx, Code::OverrideMigrationInProgress, message, &help);
        } else if taken.used {
            let message = format!(
                "\"{coordinate}\" of subgraph \"{from}\" is overridden, but \"{from}\" still needs it for a field set or an interface"
            );
            self.report(
                cx,
                Code::OverriddenFieldCanBeRemoved,
                message,
                "mark it @external there, or remove what needs it",
            );
        } else {
            let message =
                format!("\"{coordinate}\" of subgraph \"{from}\" is overridden and never asked for");
            self.report(
                cx,
                Code::OverriddenFieldCanBeRemoved,
                message,
                "remove the field from the old subgraph",
            );
        }
    }
}
