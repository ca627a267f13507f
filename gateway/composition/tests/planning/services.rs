//! What a subgraph's own server accepts: its schema as written, with the `_entities` field that federation adds.

use apollo_compiler::ast::{Definition, Document};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Node, Schema};

/// The schema that a server of this SDL serves.
pub(crate) fn schema(sdl: &str) -> Valid<Schema> {
    let mut document = Document::parse(sdl, "subgraph.graphql").unwrap();
    let entities = entities(&document);
    let mut has_query = false;
    document
        .definitions
        .retain(|definition| !matches!(definition, Definition::SchemaExtension(_)));
    for definition in &mut document.definitions {
        has_query |= definition.name().is_some_and(|name| name == "Query");
        strip(definition);
    }
    let extend = if has_query { "extend " } else { "" };
    let union = if entities.is_empty() {
        String::new()
    } else {
        format!(
            "scalar _Any union _Entity = {} {extend}type Query {{ _entities(representations: [_Any!]!): [_Entity]! }}",
            entities.join(" | ")
        )
    };
    let fallback = if has_query || !entities.is_empty() {
        ""
    } else {
        "type Query { _service: Int }"
    };
    Schema::parse_and_validate(format!("{document} {union} {fallback}"), "server.graphql")
        .unwrap_or_else(|invalid| panic!("{invalid}\n{sdl}"))
}

/// Object types that this server can load by a key.
fn entities(document: &Document) -> Vec<String> {
    let resolvable = |definition: &&Definition| {
        definition.directives().get_all("key").any(|key| {
            key.specified_argument_by_name("resolvable")
                .is_none_or(|value| value.to_bool() != Some(false))
        })
    };
    document
        .definitions
        .iter()
        .filter(|definition| matches!(definition, Definition::ObjectTypeDefinition(_)))
        .filter(resolvable)
        .filter_map(|definition| definition.name().map(ToString::to_string))
        .collect()
}

/// Federation's directives mean nothing to the server's schema.
fn strip(definition: &mut Definition) {
    let fields = match definition {
        Definition::ObjectTypeDefinition(object) => {
            let object = object.make_mut();
            object.directives.0.clear();
            &mut object.fields
        }
        Definition::InterfaceTypeDefinition(interface) => {
            let interface = interface.make_mut();
            interface.directives.0.clear();
            &mut interface.fields
        }
        _ => return,
    };
    fields
        .iter_mut()
        .map(Node::make_mut)
        .for_each(|field| field.directives.0.clear());
}
