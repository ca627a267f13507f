//! A shareable field must mean the same everywhere: its possible object types in two subgraphs must overlap.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, enumerate, name_subgraphs};
use crate::subgraph::{FieldDef, Kind, Subgraph};
use crate::supergraph::Supergraph;
use apollo_compiler::Name;
use std::collections::BTreeSet;

pub(super) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    for ty in supergraph.types.values().filter(|ty| ty.kind == Kind::Object) {
        for field in ty.fields.values() {
            let result = supergraph.types.get(field.ty.inner_named_type());
            if result.is_some_and(|result| matches!(result.kind, Kind::Interface | Kind::Union)) {
                check_field(subgraphs, &ty.name, &field.name, diagnostics);
            }
        }
    }
}

type Resolver<'a> = (&'a Subgraph, &'a FieldDef, BTreeSet<Name>);

fn check_field(subgraphs: &[Subgraph], ty: &Name, field: &Name, diagnostics: &mut Diagnostics) {
    let resolver = |subgraph| -> Option<Resolver<'_>> {
        let subgraph: &Subgraph = subgraph;
        let def = subgraph
            .types
            .get(ty)?
            .fields
            .get(field)
            .filter(|field| !field.is_external() && field.shareable)?;
        // An interface object can be of any type: it does not know.
        let name = def.ty.inner_named_type();
        // Nor is a concrete type here in question: that subgraph is merely more precise.
        let vague = subgraph
            .types
            .get(name)
            .is_some_and(|def| def.kind == Kind::Object);
        let types = subgraph.runtime_types(name).into_iter().cloned().collect();
        (!vague).then_some((subgraph, def, types))
    };
    let resolvers: Vec<Resolver<'_>> = subgraphs.iter().filter_map(resolver).collect();
    let Some((_, _, first)) = resolvers.first() else {
        return;
    };
    if resolvers.iter().all(|(_, _, types)| types == first) {
        return;
    }
    let common = resolvers
        .iter()
        .fold(first.clone(), |common, (_, _, types)| &common & types);
    let said: Vec<String> = resolvers
        .iter()
        .map(|(subgraph, _, types)| {
            let types: Vec<String> = types.iter().map(Name::to_string).collect();
            format!(
                "{} in {}",
                enumerate(&types),
                name_subgraphs([subgraph.name.as_str()])
            )
        })
        .collect();
    let coordinate = format!("{ty}.{field}");
    let (code, help) = if common.is_empty() {
        (
            Code::ShareableHasMismatchedRuntimeTypes,
            "a shareable field must resolve the same way everywhere",
        )
    } else {
        (
            Code::InconsistentRuntimeTypesForShareableReturn,
            "make sure that all subgraphs resolve it to the same types",
        )
    };
    let message = format!(
        "the shareable field \"{coordinate}\" can be of different types: {}",
        enumerate(&said)
    );
    let mut diagnostic = Diagnostic::new(code, message).at(coordinate).help(help);
    for (subgraph, def, _) in &resolvers {
        diagnostic = diagnostic
            .in_subgraph(&subgraph.name)
            .span(subgraph.span(def.location));
    }
    diagnostics.push(diagnostic);
}
