//! `@defer`: clients may use it whether or not the subgraphs know it.

use apollo_compiler::Schema;

/// As the incremental delivery RFC has it.
const DEFINITION: &str = "directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT type Query { a: Int }";

/// Adds the directive, unless the schema has one of that name.
pub(crate) fn accept(schema: &mut Schema) {
    let known = Schema::parse(DEFINITION, "defer.graphql").expect("the definition is GraphQL");
    for (name, definition) in known.directive_definitions {
        schema.directive_definitions.entry(name).or_insert(definition);
    }
}
