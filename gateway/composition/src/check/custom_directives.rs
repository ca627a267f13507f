//! Composed directives stand only where the definition that the supergraph has allows them.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::subgraph::{Kind, Meaning, Subgraph};
use crate::supergraph::{MergedDirective, Supergraph};
use apollo_compiler::ast::DirectiveLocation;

pub(super) fn check(_: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    let mut report = |applied: &[MergedDirective], location: DirectiveLocation, coordinate: &str| {
        for directive in applied
            .iter()
            .filter(|directive| matches!(directive.meaning, Meaning::Custom(_)))
        {
            let Some(definition) = supergraph.directives.get(&directive.name) else {
                continue;
            };
            if !definition.locations.contains(&location) {
                let message = format!(
                    "the composed directive \"@{}\" is on \"{coordinate}\", but the supergraph's definition of it is not for {location}",
                    directive.name
                );
                diagnostics.push(
                    Diagnostic::new(Code::DirectiveCompositionError, message)
                        .at(coordinate)
                        .help("define the directive with the same locations in all subgraphs"),
                );
            }
        }
    };
    report(&supergraph.schema_directives, DirectiveLocation::Schema, "schema");
    for ty in supergraph.types.values() {
        report(&ty.applied, location_of(ty.kind), &ty.name);
        for (name, value) in &ty.values {
            report(
                &value.applied,
                DirectiveLocation::EnumValue,
                &format!("{}.{name}", ty.name),
            );
        }
        for (name, input) in &ty.inputs {
            report(
                &input.applied,
                DirectiveLocation::InputFieldDefinition,
                &format!("{}.{name}", ty.name),
            );
        }
        for (name, field) in &ty.fields {
            report(
                &field.applied,
                DirectiveLocation::FieldDefinition,
                &format!("{}.{name}", ty.name),
            );
            for (argument, input) in &field.arguments {
                let coordinate = format!("{}.{name}({argument}:)", ty.name);
                report(&input.applied, DirectiveLocation::ArgumentDefinition, &coordinate);
            }
        }
    }
}

fn location_of(kind: Kind) -> DirectiveLocation {
    match kind {
        Kind::Scalar => DirectiveLocation::Scalar,
        Kind::Object => DirectiveLocation::Object,
        Kind::Interface => DirectiveLocation::Interface,
        Kind::Union => DirectiveLocation::Union,
        Kind::Enum => DirectiveLocation::Enum,
        Kind::Input => DirectiveLocation::InputObject,
    }
}
