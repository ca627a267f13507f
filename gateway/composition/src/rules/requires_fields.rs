//! `@requires`: on object fields only, of fields that are external here, with valid arguments.

use super::field_set_walk::{Applied, Selected};
use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{FieldDef, Kind, Subgraph, TypeDef};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values().filter(|field| field.requires.is_some()) {
            check_field(subgraph, def, field, diagnostics);
        }
    }
}

fn check_field(subgraph: &Subgraph, def: &TypeDef, field: &FieldDef, diagnostics: &mut Diagnostics) {
    let Some(fields) = &field.requires else { return };
    let coordinate = format!("{}.{}", def.name, field.name);
    let applied = Applied {
        subgraph,
        directive: Fed::Requires,
        subject: format!("the field \"{coordinate}\""),
        coordinate,
        on: &def.name,
        fields,
    };
    if def.kind == Kind::Interface {
        let message = "@requires cannot be used on fields of interfaces";
        diagnostics.push(
            applied
                .problem(Code::RequiresUnsupportedOnInterface, message)
                .help("put it on the implementing types' fields"),
        );
    }
    applied.walk(diagnostics, &mut |selected, diagnostics| {
        check_arguments(&applied, &selected, diagnostics);
        // Federation 1 took required key fields for granted.
        let already_here = selected.is_leaf && !selected.external_above && !selected.def.is_external();
        if already_here && !subgraph.is_federation_1() {
            let message = format!(
                "the field \"{}.{}\" is resolved by this subgraph (it is not @external)",
                selected.parent, selected.def.name
            );
            diagnostics.push(
                applied
                    .problem(Code::RequiresFieldsMissingExternal, message)
                    .help("remove it from @requires, or mark it @external when another subgraph resolves it"),
            );
        }
    });
}

fn check_arguments(applied: &Applied<'_>, selected: &Selected<'_>, diagnostics: &mut Diagnostics) {
    let Selected {
        parent, def, field, ..
    } = selected;
    for given in &field.arguments {
        if !def.arguments.contains_key(&given.name) {
            let message = format!("there is no argument \"{parent}.{}({}:)\"", def.name, given.name);
            diagnostics.push(applied.problem(Code::RequiresInvalidFields, message));
        }
    }
    for argument in def.arguments.values().filter(|argument| argument.is_required()) {
        if !field.arguments.iter().any(|given| given.name == argument.name) {
            let message = format!(
                "the argument \"{parent}.{}({}:)\" is required",
                def.name, argument.name
            );
            diagnostics.push(applied.problem(Code::RequiresInvalidFields, message));
        }
    }
}
