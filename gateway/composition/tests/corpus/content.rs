//! SDL compared by content: definitions and their parts in any order.

use apollo_compiler::ast::{Definition, Document};
use std::collections::BTreeSet;

/// Definitions in any order, their parts too, so that only the content is compared.
pub(crate) fn normalised(sdl: &str) -> BTreeSet<String> {
    let mut document =
        Document::parse(sdl, "schema.graphql").unwrap_or_else(|failed| panic!("{failed}\n{sdl}"));
    document.definitions.iter_mut().map(sorted).collect()
}

/// The machinery's own definitions grow with the federation version; ours are always the newest.
pub(crate) fn normalised_supergraph(sdl: &str) -> BTreeSet<String> {
    let is_machinery = |text: &&String| {
        [
            "directive @join__",
            "scalar join__",
            "input join__",
            "directive @link",
        ]
        .iter()
        .any(|start| text.starts_with(start))
    };
    normalised(sdl)
        .iter()
        .filter(|text| !is_machinery(text))
        .map(|text| {
            text.replace("join/v0.3", "join/v0.5")
                .replace("join/v0.4", "join/v0.5")
                .replace(", resolvable: true", "")
        })
        .collect()
}

fn sorted(definition: &mut Definition) -> String {
    use Definition as D;
    fn by_text<T: std::fmt::Display>(items: &mut [T]) {
        items.sort_by_cached_key(|item| item.to_string());
    }
    match definition {
        D::SchemaDefinition(node) => by_text(&mut node.make_mut().directives.0),
        D::ScalarTypeDefinition(node) => by_text(&mut node.make_mut().directives.0),
        D::UnionTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.members.sort();
        }
        D::EnumTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.values
                .iter_mut()
                .for_each(|value| by_text(&mut value.make_mut().directives.0));
            by_text(&mut node.values);
        }
        D::InputObjectTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.fields
                .iter_mut()
                .for_each(|field| by_text(&mut field.make_mut().directives.0));
            by_text(&mut node.fields);
        }
        D::ObjectTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.implements_interfaces.sort();
            sort_fields(&mut node.fields);
        }
        D::InterfaceTypeDefinition(node) => {
            let node = node.make_mut();
            by_text(&mut node.directives.0);
            node.implements_interfaces.sort();
            sort_fields(&mut node.fields);
        }
        _ => {}
    }
    definition.to_string()
}

fn sort_fields(fields: &mut [apollo_compiler::Node<apollo_compiler::ast::FieldDefinition>]) {
    for field in fields.iter_mut() {
        let field = field.make_mut();
        field
            .directives
            .0
            .sort_by_cached_key(|directive| directive.to_string());
        field
            .arguments
            .sort_by_cached_key(|argument| argument.to_string());
        for argument in &mut field.arguments {
            argument
                .make_mut()
                .directives
                .0
                .sort_by_cached_key(|directive| directive.to_string());
        }
    }
    fields.sort_by_cached_key(|field| field.to_string());
}

pub(crate) fn difference(expected: &BTreeSet<String>, found: &BTreeSet<String>) -> String {
    let list = |mark: &str, items: Vec<&String>| {
        items
            .into_iter()
            .map(|item| format!("\n{mark} {}", item.replace('\n', &format!("\n{mark} "))))
            .collect::<String>()
    };
    format!(
        "{}{}",
        list("-", expected.difference(found).collect()),
        list("+", found.difference(expected).collect())
    )
}
