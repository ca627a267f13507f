//! `@defer`: clients may use it whether or not the subgraphs know it.

use apollo_compiler::{Schema, validation::Valid};

use super::{ReadError, first_lines};

/// As the incremental delivery RFC has it.
const DEFINITION: &str = "directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT type Query { a: Int }";

/// The schema, with the directive unless it has one of that name.
pub(crate) fn accepting(schema: Valid<Schema>) -> Result<Valid<Schema>, ReadError> {
    let mut schema = schema.into_inner();
    let known = Schema::parse(DEFINITION, "defer.graphql").expect("the definition is GraphQL");
    for (name, definition) in known.directive_definitions {
        schema.directive_definitions.entry(name).or_insert(definition);
    }
    schema
        .validate()
        .map_err(|invalid| ReadError::InvalidApiSchema(first_lines(&invalid.errors.to_string())))
}
