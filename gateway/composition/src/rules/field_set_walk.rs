//! What all field sets have in common: syntax, existing fields, no directives, no aliases.
//! The three rules about field sets add what is particular to each directive.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{FieldDef, FieldSet, FieldSetProblem, Kind, Subgraph};
use apollo_compiler::Name;
use apollo_compiler::ast::{Field, Selection};

/// One field set where it is applied.
pub(super) struct Applied<'a> {
    pub(super) subgraph: &'a Subgraph,
    pub(super) directive: Fed,
    /// `the type "User"` or `the field "User.email"`.
    pub(super) subject: String,
    pub(super) coordinate: String,
    /// The type that the field set selects on.
    pub(super) on: &'a Name,
    pub(super) fields: &'a FieldSet,
}

struct Codes {
    directive: Code,
    invalid: Code,
    not_a_string: Code,
}

/// What a rule learns of each selected field that exists.
pub(super) struct Selected<'a> {
    pub(super) parent: &'a Name,
    pub(super) def: &'a FieldDef,
    pub(super) field: &'a Field,
    pub(super) is_leaf: bool,
    /// Some field above this one is external, so everything below is.
    pub(super) external_above: bool,
}

impl Applied<'_> {
    fn codes(&self) -> Codes {
        match self.directive {
            Fed::Provides => Codes {
                directive: Code::ProvidesDirectiveInFieldsArg,
                invalid: Code::ProvidesInvalidFields,
                not_a_string: Code::ProvidesInvalidFieldsType,
            },
            Fed::Requires => Codes {
                directive: Code::RequiresDirectiveInFieldsArg,
                invalid: Code::RequiresInvalidFields,
                not_a_string: Code::RequiresInvalidFieldsType,
            },
            _ => Codes {
                directive: Code::KeyDirectiveInFieldsArg,
                invalid: Code::KeyInvalidFields,
                not_a_string: Code::KeyInvalidFieldsType,
            },
        }
    }

    pub(super) fn problem(&self, code: Code, message: impl AsRef<str>) -> Diagnostic {
        let Self {
            subject,
            directive,
            fields,
            ..
        } = self;
        let message = format!(
            "on {subject}, @{}(fields: \"{}\"): {}",
            directive.name(),
            fields.text,
            message.as_ref()
        );
        self.subgraph
            .diagnostic(code, fields.location, message)
            .at(self.coordinate.clone())
    }

    /// Walks the field set, reports what is wrong with any field set, and shows `visit` the rest.
    pub(super) fn walk(
        &self,
        diagnostics: &mut Diagnostics,
        visit: &mut dyn FnMut(Selected<'_>, &mut Diagnostics),
    ) {
        match &self.fields.parsed {
            Ok(selections) => self.walk_in(self.on, selections, false, diagnostics, visit),
            Err(problem @ FieldSetProblem::NotAString) => {
                let help = format!("write @{}(fields: \"…\")", self.directive.name());
                diagnostics.push(
                    self.problem(self.codes().not_a_string, problem.to_string())
                        .help(help),
                );
            }
            Err(problem) => diagnostics.push(self.problem(self.codes().invalid, problem.to_string())),
        }
    }

    fn walk_in(
        &self,
        parent: &Name,
        selections: &[Selection],
        external_above: bool,
        diagnostics: &mut Diagnostics,
        visit: &mut dyn FnMut(Selected<'_>, &mut Diagnostics),
    ) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.walk_field(parent, field, external_above, diagnostics, visit),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().unwrap_or(parent);
                    if !self
                        .subgraph
                        .types
                        .get(on)
                        .is_some_and(|def| def.kind.is_composite())
                    {
                        let message = format!("there is no type \"{on}\" to select on");
                        diagnostics.push(self.problem(self.codes().invalid, message));
                    } else {
                        self.check_directives(&fragment.directives, diagnostics);
                        self.walk_in(on, &fragment.selection_set, external_above, diagnostics, visit);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let message = format!(
                        "named fragments such as \"{}\" cannot be used here",
                        spread.fragment_name
                    );
                    diagnostics.push(self.problem(self.codes().invalid, message));
                }
            }
        }
    }

    fn walk_field(
        &self,
        parent: &Name,
        field: &Field,
        external_above: bool,
        diagnostics: &mut Diagnostics,
        visit: &mut dyn FnMut(Selected<'_>, &mut Diagnostics),
    ) {
        if field.name == "__typename" {
            return;
        }
        self.check_directives(&field.directives, diagnostics);
        if let Some(alias) = &field.alias {
            let message = format!("the alias \"{alias}\" cannot be used here");
            diagnostics.push(self.problem(self.codes().invalid, message));
        }
        let Some(def) = self
            .subgraph
            .types
            .get(parent)
            .and_then(|def| def.fields.get(&field.name))
        else {
            let message = format!("there is no field \"{}\" on the type \"{parent}\"", field.name);
            let help = "add the field to this subgraph; when another subgraph resolves it, with @external";
            diagnostics.push(self.problem(self.codes().invalid, message).help(help));
            return;
        };
        let ty = def.ty.inner_named_type();
        let composite = self
            .subgraph
            .types
            .get(ty)
            .is_some_and(|def| def.kind.is_composite());
        let nested = field.selection_set.as_deref().unwrap_or_default();
        let is_leaf = !composite && nested.is_empty();
        if composite == nested.is_empty() {
            let what = if composite {
                "needs a selection of its fields"
            } else {
                "has no fields to select"
            };
            let message = format!("the field \"{parent}.{}\" of type {} {what}", def.name, def.ty);
            diagnostics.push(self.problem(self.codes().invalid, message));
        }
        visit(
            Selected {
                parent,
                def,
                field,
                is_leaf,
                external_above,
            },
            diagnostics,
        );
        if composite {
            self.walk_in(
                ty,
                nested,
                external_above || def.is_external(),
                diagnostics,
                visit,
            );
        }
    }

    fn check_directives(
        &self,
        directives: &apollo_compiler::ast::DirectiveList,
        diagnostics: &mut Diagnostics,
    ) {
        for directive in directives.iter() {
            let message = format!("directives such as @{} cannot be used here", directive.name);
            diagnostics.push(self.problem(self.codes().directive, message));
        }
    }
}

/// A word for abstract types, which keys cannot hold.
pub(super) fn unkeyable(subgraph: &Subgraph, def: &FieldDef) -> Option<&'static str> {
    match subgraph.types.get(def.ty.inner_named_type()).map(|def| def.kind) {
        Some(Kind::Interface) => Some("an interface"),
        Some(Kind::Union) => Some("a union"),
        _ => None,
    }
}
