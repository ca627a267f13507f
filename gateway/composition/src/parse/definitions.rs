//! Federation's own definitions: what a subgraph wrote for them is checked, then the standard ones take
//! their place, so that validation sees every directive with the arguments that the specification gives it.

use super::Report;
use crate::diagnostic::Code;
use crate::link::{Links, Version};
use crate::spec::{FEDERATION_1, Fed, TYPES, expand_type};
use apollo_compiler::ast::{Definition, DirectiveDefinition, Document, Type};
use std::collections::{BTreeMap, BTreeSet};

/// Names under which a field set's type is known; whichever a subgraph writes is fine.
const FIELD_SET_NAMES: [&str; 4] = ["FieldSet", "_FieldSet", "federation__FieldSet", "String"];

pub(super) fn replace(report: &mut Report<'_, '_>, document: &mut Document, links: &Links, version: Version) {
    let directives = local_directives(links);
    let types = local_types(links, version);
    check_types(report, document, &types);
    for definition in &document.definitions {
        if let Definition::DirectiveDefinition(written) = definition
            && let Some(fed) = directives.get(written.name.as_str())
        {
            check_definition(report, written, *fed, links, version);
            check_undefined_types(report, document, written, version, &types);
        }
    }
    document
        .definitions
        .retain(|definition| !is_federations(definition, links, &directives, &types));
    add_standard(document, links, version, &directives, &types);
}

fn local_directives(links: &Links) -> BTreeMap<String, Fed> {
    Fed::ALL
        .into_iter()
        .filter_map(|fed| Some((links.local_name(fed)?, fed)))
        .collect()
}

/// The local name of a federation scalar.
fn type_name(links: &Links, version: Version, name: &str) -> String {
    let spec = match name {
        "Scope" => "requiresScopes",
        "Policy" => "policy",
        "ContextFieldValue" => "context",
        _ => "",
    };
    if let Some(link) = links
        .all
        .iter()
        .find(|link| !spec.is_empty() && link.url.is_apollo(spec))
    {
        return link.local_type(name);
    }
    match links.federation() {
        Some(link) => link.local_type(name),
        None if version == FEDERATION_1 => format!("_{name}"),
        None => name.to_owned(),
    }
}

/// Scalars (true) and other types (false) that belong to federation or link, by local name.
fn local_types(links: &Links, version: Version) -> BTreeMap<String, bool> {
    let mut types: BTreeMap<String, bool> = TYPES
        .iter()
        .map(|(name, _)| (type_name(links, version, name), true))
        .collect();
    types.insert("_Any".to_owned(), true);
    types.insert("_FieldSet".to_owned(), true);
    types.insert("_Entity".to_owned(), false);
    types.insert("_Service".to_owned(), false);
    if let Some(link) = &links.directive {
        types.insert(format!("{link}__Import"), true);
        types.insert(format!("{link}__Purpose"), false);
    }
    types
}

fn is_federations(
    definition: &Definition,
    links: &Links,
    directives: &BTreeMap<String, Fed>,
    types: &BTreeMap<String, bool>,
) -> bool {
    let Some(name) = definition.name() else {
        return false;
    };
    match definition {
        Definition::DirectiveDefinition(_) => {
            directives.contains_key(name.as_str()) || links.directive.as_deref() == Some(name.as_str())
        }
        Definition::ScalarTypeDefinition(_)
        | Definition::EnumTypeDefinition(_)
        | Definition::UnionTypeDefinition(_)
        | Definition::InputObjectTypeDefinition(_)
        | Definition::ObjectTypeDefinition(_) => types.contains_key(name.as_str()),
        _ => false,
    }
}

fn add_standard(
    document: &mut Document,
    links: &Links,
    version: Version,
    directives: &BTreeMap<String, Fed>,
    types: &BTreeMap<String, bool>,
) {
    let mut sdl = String::new();
    for (local, fed) in directives {
        sdl.push_str(&fed.definition(local, version, |name| type_name(links, version, name)));
        sdl.push('\n');
    }
    for (name, _) in types.iter().filter(|(_, scalar)| **scalar) {
        sdl.push_str(&format!("scalar {name}\n"));
    }
    if let Some(link) = &links.directive {
        sdl.push_str(&format!(
            "enum {link}__Purpose {{ SECURITY EXECUTION }}\ndirective @{link}(url: String, as: String, for: {link}__Purpose, import: [{link}__Import]) repeatable on SCHEMA\n"
        ));
    }
    sdl.push_str("type _Service { sdl: String }\nunion _Entity = _Service\n");
    if !has_query(document) {
        // Every subgraph has a query root: the one that federation itself adds.
        sdl.push_str("type Query { _service: _Service! }\n");
    }
    let standard = Document::parse(sdl, "federation.graphql");
    document
        .definitions
        .extend(standard.unwrap_or_else(|failed| failed.partial).definitions);
}

fn has_query(document: &Document) -> bool {
    let explicit = document.definitions.iter().any(|definition| {
        let roots = match definition {
            Definition::SchemaDefinition(schema) => &schema.root_operations,
            Definition::SchemaExtension(schema) => &schema.root_operations,
            _ => return false,
        };
        roots
            .iter()
            .any(|root| root.0 == apollo_compiler::ast::OperationType::Query)
    });
    explicit
        || document
            .definitions
            .iter()
            .any(|definition| is_object_named(definition, "Query"))
}

fn is_object_named(definition: &Definition, name: &str) -> bool {
    let is_object = matches!(
        definition,
        Definition::ObjectTypeDefinition(_) | Definition::ObjectTypeExtension(_)
    );
    is_object && definition.name().is_some_and(|found| found == name)
}

fn check_types(report: &mut Report<'_, '_>, document: &Document, types: &BTreeMap<String, bool>) {
    for definition in &document.definitions {
        let Some(name) = definition
            .name()
            .filter(|name| types.get(name.as_str()) == Some(&true))
        else {
            continue;
        };
        let wrong = matches!(
            definition,
            Definition::ObjectTypeDefinition(_)
                | Definition::InterfaceTypeDefinition(_)
                | Definition::UnionTypeDefinition(_)
                | Definition::EnumTypeDefinition(_)
                | Definition::InputObjectTypeDefinition(_)
        );
        if wrong {
            let message = format!("the type \"{name}\" belongs to federation and is a scalar there");
            let help = "remove the definition, or give your own type another name".to_owned();
            report.error(Code::TypeDefinitionInvalid, name.location(), &message, Some(help));
        }
    }
}

fn check_definition(
    report: &mut Report<'_, '_>,
    written: &DirectiveDefinition,
    fed: Fed,
    links: &Links,
    version: Version,
) {
    let mut problems = Vec::new();
    let standard = fed.arguments(version);
    for argument in &written.arguments {
        let Some((_, ty, default)) = standard.iter().find(|(name, ..)| argument.name == *name) else {
            // Federation 1 servers defined newer arguments before the specification of their subgraph had them.
            if version != FEDERATION_1 {
                problems.push(format!("unknown argument \"{}\"", argument.name));
            }
            continue;
        };
        let expected = expand_type(ty, |name| type_name(links, version, name));
        if !same_type(&argument.ty, &expected) {
            problems.push(format!(
                "the argument \"{}\" should have the type {expected}, not {}",
                argument.name, argument.ty
            ));
        }
        let found = argument
            .default_value
            .as_ref()
            .map(|value| value.serialize().no_indent().to_string());
        if found.as_deref() != *default {
            let expected = default.unwrap_or("none");
            problems.push(format!(
                "the argument \"{}\" should have the default value {expected}, not {}",
                argument.name,
                found.as_deref().unwrap_or("none")
            ));
        }
    }
    for (name, ty, _) in standard
        .iter()
        .filter(|(_, ty, default)| ty.ends_with('!') && default.is_none())
    {
        if !written.arguments.iter().any(|argument| argument.name == *name) {
            let ty = expand_type(ty, |name| type_name(links, version, name));
            problems.push(format!("the required argument \"{name}: {ty}\" is missing"));
        }
    }
    let allowed: BTreeSet<&str> = fed.locations(version).into_iter().collect();
    let foreign: Vec<&str> = written
        .locations
        .iter()
        .map(|at| at.name())
        .filter(|at| !allowed.contains(at))
        .collect();
    if !foreign.is_empty() {
        problems.push(format!("it cannot be on {}", foreign.join(", ")));
    }
    if written.repeatable && !fed.repeatable(version) && fed != Fed::Shareable {
        problems.push("it is not repeatable".to_owned());
    }
    for problem in problems {
        let message = format!(
            "wrong definition of the directive \"@{}\": {problem}",
            written.name
        );
        let help = "remove the definition: federation's own is used without it".to_owned();
        report.error(
            Code::DirectiveDefinitionInvalid,
            written.name.location(),
            &message,
            Some(help),
        );
    }
}

/// Nullability of a required argument may be weaker in old definitions; the type itself must agree.
fn same_type(found: &Type, expected: &str) -> bool {
    let found = found.to_string();
    let bare = |ty: &str| ty.replace(['!', '[', ']'], "");
    if FIELD_SET_NAMES
        .iter()
        .any(|name| bare(expected).ends_with(name) && *name != "String")
    {
        return FIELD_SET_NAMES.contains(&bare(&found).as_str()) || bare(&found) == bare(expected);
    }
    bare(&found) == bare(expected) || (bare(expected).contains("__") && bare(&found) == "String")
}

/// In federation 1 a written definition counts, so the types it names must exist.
fn check_undefined_types(
    report: &mut Report<'_, '_>,
    document: &Document,
    written: &DirectiveDefinition,
    version: Version,
    types: &BTreeMap<String, bool>,
) {
    if version != FEDERATION_1 {
        return;
    }
    for argument in &written.arguments {
        let name = argument.ty.inner_named_type();
        let defined = document
            .definitions
            .iter()
            .any(|definition| definition.name() == Some(name));
        if types.contains_key(name.as_str()) && !defined {
            let message = format!("unknown type \"{name}\"");
            report.error(
                Code::InvalidGraphql,
                name.location(),
                &message,
                Some(format!("add `scalar {name}`")),
            );
        }
    }
}
