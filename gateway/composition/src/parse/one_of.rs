//! `@oneOf` belongs to GraphQL since September 2025: older schemas define it themselves.
//!
//! Federation before v2.12 stands on the edition before that one, and its composers and servers know no `@oneOf` that the
//! subgraph does not define. What composes here must compose there, too.

use super::Report;
use crate::diagnostic::Code;
use crate::link::Version;
use apollo_compiler::ast::{Definition, DirectiveDefinition, Document};

/// The first federation version that is younger than GraphQL's `@oneOf`.
const BUILT_IN_SINCE: Version = Version::new(2, 12);

/// Whether the subgraph only repeats what GraphQL itself says of `@oneOf`.
pub(crate) fn is_standard(definition: &DirectiveDefinition, version: Version) -> bool {
    version >= BUILT_IN_SINCE
        && definition.name == "oneOf"
        && definition.arguments.is_empty()
        && definition.locations.iter().all(|at| at.name() == "INPUT_OBJECT")
}

pub(super) fn check(report: &mut Report<'_, '_>, document: &Document, version: Version) {
    let defines = |definition: &Definition| match definition {
        Definition::DirectiveDefinition(directive) => directive.name == "oneOf",
        _ => false,
    };
    if version >= BUILT_IN_SINCE || document.definitions.iter().any(defines) {
        return;
    }
    for definition in &document.definitions {
        let directives = match definition {
            Definition::InputObjectTypeDefinition(input) => &input.directives,
            Definition::InputObjectTypeExtension(input) => &input.directives,
            _ => continue,
        };
        let Some(used) = directives.get("oneOf") else {
            continue;
        };
        let message =
            format!("unknown directive \"@oneOf\": federation before {BUILT_IN_SINCE} does not bring it");
        let help =
            format!("add `directive @oneOf on INPUT_OBJECT`, or link federation {BUILT_IN_SINCE} or later");
        report.error(Code::InvalidGraphql, used.location(), &message, Some(help));
    }
}
