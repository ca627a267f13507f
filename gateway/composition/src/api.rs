//! The API schema: the supergraph as clients see it.
//!
//! Expects a supergraph that passed every check, so that removing hidden parts leaves a valid schema.

use crate::subgraph::Meaning;
use crate::supergraph::{MergedDirective, MergedField, MergedInput, Supergraph, is_inaccessible};
use apollo_compiler::Name;
use apollo_compiler::ast::DirectiveLocation;
use std::collections::BTreeSet;

/// Removes what is `@inaccessible` and every directive that is not GraphQL's own.
pub(crate) fn derive(supergraph: &Supergraph) -> Supergraph {
    let mut api = supergraph.clone();
    let hidden: BTreeSet<Name> = api
        .types
        .values()
        .filter(|ty| is_inaccessible(&ty.applied))
        .map(|ty| ty.name.clone())
        .collect();
    api.types.retain(|name, _| !hidden.contains(name));
    for ty in api.types.values_mut() {
        ty.implements.retain(|name| !hidden.contains(name));
        ty.members.retain(|name| !hidden.contains(name));
        ty.fields.retain(|_, field| !is_inaccessible(&field.applied));
        ty.values.retain(|_, value| !is_inaccessible(&value.applied));
        ty.inputs.retain(|_, input| !is_inaccessible(&input.applied));
        ty.fields.values_mut().for_each(derive_field);
        ty.inputs.values_mut().for_each(derive_input);
        ty.values
            .values_mut()
            .for_each(|value| keep_built_in(&mut value.applied));
        keep_built_in(&mut ty.applied);
    }
    api.schema_directives.clear();
    api.features.clear();
    api.directives.retain(|_, definition| {
        definition
            .locations
            .iter()
            .all(|location| is_for_operations(*location))
    });
    api
}

fn derive_field(field: &mut MergedField) {
    field
        .arguments
        .retain(|_, argument| !is_inaccessible(&argument.applied));
    field.arguments.values_mut().for_each(derive_input);
    keep_built_in(&mut field.applied);
}

fn derive_input(input: &mut MergedInput) {
    keep_built_in(&mut input.applied);
}

fn keep_built_in(applied: &mut Vec<MergedDirective>) {
    applied.retain(|directive| matches!(directive.meaning, Meaning::BuiltIn(_)));
}

fn is_for_operations(location: DirectiveLocation) -> bool {
    use DirectiveLocation as L;
    matches!(
        location,
        L::Query
            | L::Mutation
            | L::Subscription
            | L::Field
            | L::FragmentDefinition
            | L::FragmentSpread
            | L::InlineFragment
            | L::VariableDefinition
    )
}
