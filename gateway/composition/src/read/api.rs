//! The API schema: a supergraph without its machinery and without what is `@inaccessible`.

use apollo_compiler::{
    Schema,
    ast::DirectiveList,
    collections::HashSet,
    schema::{ExtendedType, Name},
    validation::Valid,
};

use super::{Features, ReadError, defer, first_lines};

/// Directives that mean something to clients and stay on the elements of the API schema.
const KEPT_APPLICATIONS: [&str; 3] = ["deprecated", "specifiedBy", "oneOf"];

/// What clients see of a supergraph.
pub fn api_schema(supergraph: &Valid<Schema>) -> Result<Valid<Schema>, ReadError> {
    let mut schema = (**supergraph).clone();
    reduce(&mut schema);
    validated(schema)
}

/// The same as the gateway serves it: with `@defer`.
pub(super) fn served(supergraph: &Valid<Schema>) -> Result<Valid<Schema>, ReadError> {
    let mut schema = (**supergraph).clone();
    reduce(&mut schema);
    defer::accept(&mut schema);
    validated(schema)
}

fn validated(schema: Schema) -> Result<Valid<Schema>, ReadError> {
    schema
        .validate()
        .map_err(|invalid| ReadError::InvalidApiSchema(first_lines(&invalid.errors.to_string())))
}

/// Takes out what clients do not see. What was valid stays valid.
pub(crate) fn reduce(schema: &mut Schema) {
    let features = Features::names(schema);
    remove_inaccessible(schema, &features.directive("inaccessible"));
    strip_machinery(schema, &features);
    schema.directive_definitions.retain(|_, definition| {
        definition.is_built_in()
            // Older federation versions bring their own definition of @oneOf.
            || KEPT_APPLICATIONS.contains(&definition.name.as_str())
            || definition.locations.iter().any(|location| is_executable(location.name()))
    });
}

/// Removes the specs' types and directive definitions, and all their applications.
pub(super) fn strip_machinery(schema: &mut Schema, features: &Features) {
    schema.types.retain(|name, _| !features.is_spec_type(name));
    schema
        .directive_definitions
        .retain(|name, definition| definition.is_built_in() || !features.is_spec_directive(name));
    schema.schema_definition.make_mut().directives.0.clear();
    for ty in schema.types.values_mut() {
        strip_applications(ty);
    }
}

fn is_executable(location: &str) -> bool {
    matches!(
        location,
        "QUERY"
            | "MUTATION"
            | "SUBSCRIPTION"
            | "FIELD"
            | "FRAGMENT_DEFINITION"
            | "FRAGMENT_SPREAD"
            | "INLINE_FRAGMENT"
            | "VARIABLE_DEFINITION"
    )
}

fn strip_applications(ty: &mut ExtendedType) {
    fn keep(directives: &mut DirectiveList) {
        directives
            .0
            .retain(|directive| KEPT_APPLICATIONS.contains(&directive.name.as_str()));
    }
    match ty {
        ExtendedType::Scalar(scalar) => keep(&mut scalar.make_mut().directives),
        ExtendedType::Object(object) => {
            let object = object.make_mut();
            keep(&mut object.directives);
            for field in object.fields.values_mut() {
                let field = field.make_mut();
                keep(&mut field.directives);
                field
                    .arguments
                    .iter_mut()
                    .for_each(|argument| keep(&mut argument.make_mut().directives));
            }
        }
        ExtendedType::Interface(interface) => {
            let interface = interface.make_mut();
            keep(&mut interface.directives);
            for field in interface.fields.values_mut() {
                let field = field.make_mut();
                keep(&mut field.directives);
                field
                    .arguments
                    .iter_mut()
                    .for_each(|argument| keep(&mut argument.make_mut().directives));
            }
        }
        ExtendedType::Union(union) => keep(&mut union.make_mut().directives),
        ExtendedType::Enum(enum_type) => {
            let enum_type = enum_type.make_mut();
            keep(&mut enum_type.directives);
            enum_type
                .values
                .values_mut()
                .for_each(|value| keep(&mut value.make_mut().directives));
        }
        ExtendedType::InputObject(input) => {
            let input = input.make_mut();
            keep(&mut input.directives);
            input
                .fields
                .values_mut()
                .for_each(|field| keep(&mut field.make_mut().directives));
        }
    }
}

fn remove_inaccessible(schema: &mut Schema, directive: &str) {
    let is_inaccessible = |directives: &DirectiveList| directives.has(directive);
    let hidden: HashSet<Name> = schema
        .types
        .iter()
        .filter(|(_, ty)| is_inaccessible(ty.directives()))
        .map(|(name, _)| name.clone())
        .collect();
    schema.types.retain(|name, _| !hidden.contains(name));
    for ty in schema.types.values_mut() {
        match ty {
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                object
                    .implements_interfaces
                    .retain(|name| !hidden.contains(&***name));
                retain_fields(&mut object.fields, &is_inaccessible);
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                interface
                    .implements_interfaces
                    .retain(|name| !hidden.contains(&***name));
                retain_fields(&mut interface.fields, &is_inaccessible);
            }
            ExtendedType::Union(union) => {
                union.make_mut().members.retain(|name| !hidden.contains(&***name));
            }
            ExtendedType::Enum(enum_type) => {
                enum_type
                    .make_mut()
                    .values
                    .retain(|_, value| !is_inaccessible(&value.directives));
            }
            ExtendedType::InputObject(input) => {
                input
                    .make_mut()
                    .fields
                    .retain(|_, field| !is_inaccessible(&field.directives));
            }
            ExtendedType::Scalar(_) => {}
        }
    }
}

fn retain_fields(
    fields: &mut apollo_compiler::collections::IndexMap<
        Name,
        apollo_compiler::Node<apollo_compiler::ast::FieldDefinition>,
    >,
    is_inaccessible: &impl Fn(&DirectiveList) -> bool,
) {
    fields.retain(|_, field| !is_inaccessible(&field.directives));
    for field in fields.values_mut() {
        if field
            .arguments
            .iter()
            .any(|argument| is_inaccessible(&argument.directives))
        {
            field
                .make_mut()
                .arguments
                .retain(|argument| !is_inaccessible(&argument.directives));
        }
    }
}
