//! Which fields a service answers, for tests that must have a word on each.

use std::collections::BTreeSet;

use async_graphql::Value;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeDefinition, TypeKind, TypeSystemDefinition};

/// `Type.field` for the fields of Query and of every entity that can be asked for by key.
pub fn coordinates(sdl: &str) -> BTreeSet<String> {
    let document = parse_schema(sdl).expect("an exported SDL can be read");
    let types = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        });
    types
        .filter(is_entry)
        .flat_map(|definition| {
            let TypeKind::Object(object) = definition.kind else {
                return Vec::new();
            };
            let name = definition.name.node;
            let fields = object.fields.into_iter();
            fields
                .map(|field| format!("{name}.{}", field.node.name.node))
                .collect()
        })
        .collect()
}

fn is_entry(definition: &TypeDefinition) -> bool {
    let is_resolvable_key = |directive: &async_graphql::parser::types::ConstDirective| {
        let resolvable = directive.get_argument("resolvable").map(|value| &value.node);
        directive.name.node == "key" && resolvable != Some(&Value::Boolean(false))
    };
    definition.name.node == "Query"
        || definition
            .directives
            .iter()
            .any(|directive| is_resolvable_key(&directive.node))
}
