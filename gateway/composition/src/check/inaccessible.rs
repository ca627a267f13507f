//! `@inaccessible`: what clients see must hold together without the hidden parts.

mod defaults;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::Subgraph;
use crate::supergraph::{MergedField, MergedInput, MergedType, Supergraph, is_inaccessible};
use apollo_compiler::Name;

pub(super) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    let mut rule = Rule {
        subgraphs,
        supergraph,
        diagnostics,
    };
    rule.directive_arguments();
    for ty in supergraph.types.values() {
        if is_inaccessible(&ty.applied) {
            if ty.name == "Query" {
                let message =
                    "the type \"Query\" is @inaccessible, but clients need the query root".to_owned();
                rule.report(
                    Code::QueryRootTypeInaccessible,
                    "Query",
                    message,
                    "hide its fields instead",
                );
            }
            continue;
        }
        rule.only_hidden_children(ty);
        for field in ty.fields.values() {
            rule.field(ty, field);
        }
        for input in ty.inputs.values() {
            let coordinate = format!("{}.{}", ty.name, input.name);
            rule.input(input, "the input field", &coordinate);
        }
    }
}

pub(super) struct Rule<'a> {
    subgraphs: &'a [Subgraph],
    supergraph: &'a Supergraph,
    diagnostics: &'a mut Diagnostics,
}

impl Rule<'_> {
    fn report(&mut self, code: Code, coordinate: &str, message: String, help: &str) {
        let mut diagnostic = Diagnostic::new(code, message).at(coordinate).help(help);
        let mut parts = coordinate.split(['.', '(']);
        let (ty, member) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        for subgraph in self.subgraphs {
            let Some(def) = subgraph.types.get(ty) else {
                continue;
            };
            let location = def
                .fields
                .get(member)
                .map(|field| field.location)
                .or_else(|| def.inputs.get(member).map(|input| input.location))
                .or_else(|| def.values.get(member).map(|value| value.location))
                .or(member.is_empty().then_some(def.location));
            if let Some(location) = location {
                diagnostic = diagnostic
                    .in_subgraph(&subgraph.name)
                    .span(subgraph.span(location));
            }
        }
        self.diagnostics.push(diagnostic);
    }

    fn directive_arguments(&mut self) {
        for subgraph in self.subgraphs {
            let Some(local) = subgraph.links.local_name(Fed::Inaccessible) else {
                continue;
            };
            for definition in subgraph.directives.values() {
                for argument in definition
                    .arguments
                    .iter()
                    .filter(|argument| argument.directives.has(&local))
                {
                    let coordinate = format!("@{}({}:)", definition.name, argument.name);
                    let message = format!("the directive argument \"{coordinate}\" cannot be @inaccessible");
                    let code = Code::DisallowedInaccessible;
                    let diagnostic = subgraph.diagnostic(code, argument.name.location(), message);
                    self.diagnostics
                        .push(diagnostic.at(coordinate).help("remove @inaccessible"));
                }
            }
        }
    }

    fn only_hidden_children(&mut self, ty: &MergedType) {
        let hidden_member = |name: &Name| {
            self.supergraph
                .types
                .get(name)
                .is_some_and(|member| is_inaccessible(&member.applied))
        };
        let (what, count, hidden) = if !ty.fields.is_empty() {
            (
                "fields",
                ty.fields.len(),
                ty.fields
                    .values()
                    .filter(|field| is_inaccessible(&field.applied))
                    .count(),
            )
        } else if !ty.inputs.is_empty() {
            (
                "fields",
                ty.inputs.len(),
                ty.inputs
                    .values()
                    .filter(|input| is_inaccessible(&input.applied))
                    .count(),
            )
        } else if !ty.values.is_empty() {
            (
                "values",
                ty.values.len(),
                ty.values
                    .values()
                    .filter(|value| is_inaccessible(&value.applied))
                    .count(),
            )
        } else {
            (
                "members",
                ty.members.len(),
                ty.members.iter().filter(|name| hidden_member(name)).count(),
            )
        };
        if count > 0 && count == hidden {
            let message = format!(
                "all {what} of the type \"{}\" are @inaccessible, but the type itself is not",
                ty.name
            );
            self.report(
                Code::OnlyInaccessibleChildren,
                &ty.name,
                message,
                "make the type @inaccessible too",
            );
        }
    }

    fn field(&mut self, ty: &MergedType, field: &MergedField) {
        let coordinate = format!("{}.{}", ty.name, field.name);
        let demanded_by = self.interfaces_with(ty, &field.name);
        if is_inaccessible(&field.applied) {
            for interface in demanded_by
                .iter()
                .filter(|(_, field)| !is_inaccessible(&field.applied))
            {
                let message = format!(
                    "the field \"{coordinate}\" is @inaccessible, but the interface field \"{}.{}\" that it implements is not",
                    interface.0, field.name
                );
                self.report(
                    Code::ImplementedByInaccessible,
                    &coordinate,
                    message,
                    "hide both or neither",
                );
            }
            return;
        }
        self.reference(field.ty.inner_named_type(), "the field", &coordinate);
        for argument in field.arguments.values() {
            let at = format!("{coordinate}({}:)", argument.name);
            self.input(argument, "the argument", &at);
            let demands = |(_, field): &&(Name, MergedField)| {
                let found = field.arguments.get(&argument.name);
                !is_inaccessible(&field.applied)
                    && found.is_some_and(|found| !is_inaccessible(&found.applied))
            };
            if is_inaccessible(&argument.applied)
                && let Some((interface, _)) = demanded_by.iter().find(demands)
            {
                let message = format!(
                    "the argument \"{at}\" is @inaccessible, but the interface \"{interface}\" demands it"
                );
                self.report(
                    Code::ImplementedByInaccessible,
                    &at,
                    message,
                    "hide both or neither",
                );
            }
        }
    }

    /// Visible interfaces of the type that have the field.
    fn interfaces_with(&self, ty: &MergedType, field: &Name) -> Vec<(Name, MergedField)> {
        ty.implements
            .iter()
            .filter_map(|name| self.supergraph.types.get(name))
            .filter(|interface| !is_inaccessible(&interface.applied))
            .filter_map(|interface| Some((interface.name.clone(), interface.fields.get(field)?.clone())))
            .collect()
    }

    fn input(&mut self, input: &MergedInput, what: &str, coordinate: &str) {
        if is_inaccessible(&input.applied) {
            if input.ty.is_non_null() && input.default.is_none() {
                let message = format!("{what} \"{coordinate}\" is @inaccessible but required");
                self.report(
                    Code::RequiredInaccessible,
                    coordinate,
                    message,
                    "make it nullable or give it a default",
                );
            }
            return;
        }
        self.reference(input.ty.inner_named_type(), what, coordinate);
        if let Some(default) = &input.default {
            self.default_value(default, &input.ty, coordinate);
        }
    }

    fn reference(&mut self, name: &Name, what: &str, coordinate: &str) {
        if self
            .supergraph
            .types
            .get(name)
            .is_some_and(|ty| is_inaccessible(&ty.applied))
        {
            let message = format!(
                "the type \"{name}\" is @inaccessible, but {what} \"{coordinate}\" of that type is not"
            );
            self.report(
                Code::ReferencedInaccessible,
                coordinate,
                message,
                "hide both or neither",
            );
        }
    }
}
