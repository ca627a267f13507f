//! `@provides`: on object fields only, of fields that are external here and take no arguments.

use super::field_set_walk::Applied;
use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Fed;
use crate::subgraph::{FieldDef, Kind, Subgraph, TypeDef};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values().filter(|field| field.provides.is_some()) {
            check_field(subgraph, def, field, diagnostics);
        }
    }
}

fn check_field(subgraph: &Subgraph, def: &TypeDef, field: &FieldDef, diagnostics: &mut Diagnostics) {
    let Some(fields) = &field.provides else { return };
    let coordinate = format!("{}.{}", def.name, field.name);
    let applied = Applied {
        subgraph,
        directive: Fed::Provides,
        subject: format!("the field \"{coordinate}\""),
        coordinate,
        on: field.ty.inner_named_type(),
        fields,
    };
    if def.kind == Kind::Interface {
        let message = "@provides cannot be used on fields of interfaces";
        diagnostics.push(
            applied
                .problem(Code::ProvidesUnsupportedOnInterface, message)
                .help("put it on the implementing types' fields"),
        );
    }
    if !subgraph
        .types
        .get(applied.on)
        .is_some_and(|def| def.kind.is_composite())
    {
        let message = format!("a field of type {} has no fields to provide", field.ty);
        diagnostics.push(applied.problem(Code::ProvidesOnNonObjectField, message));
        return;
    }
    applied.walk(diagnostics, &mut |selected, diagnostics| {
        let coordinate = format!("{}.{}", selected.parent, selected.def.name);
        if !selected.def.arguments.is_empty() {
            let message = format!("the field \"{coordinate}\" has arguments, which @provides cannot give");
            diagnostics.push(applied.problem(Code::ProvidesFieldsHasArgs, message));
        } else if selected.is_leaf && !selected.external_above && !selected.def.is_external() {
            let message = format!("the field \"{coordinate}\" is always resolved by this subgraph (it is not @external)");
            diagnostics.push(
                applied
                    .problem(Code::ProvidesFieldsMissingExternal, message)
                    .help("remove it from @provides, or mark it @external when it is resolved on this path only"),
            );
        }
    });
}
