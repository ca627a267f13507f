//! The definitions that make a schema a supergraph: `@link`, `@join__…` and the specifications in use.

use super::Printer;
use crate::spec::{Fed, NEWEST, SPECS_HOST};

const JOIN: &str = r#"directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION

directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE

directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String, contextArguments: [join__ContextArgument!]) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION

directive @join__graph(name: String!, url: String!) on ENUM_VALUE

directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE

directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR

directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION

directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA

input join__ContextArgument {
  name: String!
  type: String!
  context: String!
  selection: join__FieldValue!
}

scalar join__DirectiveArguments

scalar join__FieldSet

scalar join__FieldValue
"#;

const LINK: &str = r#"scalar link__Import

enum link__Purpose {
  """`SECURITY` features provide metadata necessary to securely resolve fields."""
  SECURITY

  """`EXECUTION` features provide metadata necessary for operation execution."""
  EXECUTION
}
"#;

/// The `schema` definition with its links and root types.
pub(super) fn schema(out: &mut Printer<'_>) {
    out.line("schema");
    out.line(format!("  @link(url: \"{SPECS_HOST}/link/v1.0\")"));
    out.line(format!(
        "  @link(url: \"{SPECS_HOST}/join/v0.5\", for: EXECUTION)"
    ));
    for feature in &out.graph.features {
        let purpose = feature
            .purpose
            .map(|purpose| format!(", for: {purpose}"))
            .unwrap_or_default();
        let imports: Vec<String> = feature.imports.iter().map(import).collect();
        let imports = if imports.is_empty() {
            String::new()
        } else {
            format!(", import: [{}]", imports.join(", "))
        };
        out.text
            .push_str(&format!("  @link(url: \"{}\"{purpose}{imports})\n", feature.url));
    }
    for directive in &out.graph.schema_directives {
        out.text.push_str(&format!("  {}\n", super::applied(directive)));
    }
    out.line("{");
    for (operation, name) in [
        ("query", "Query"),
        ("mutation", "Mutation"),
        ("subscription", "Subscription"),
    ] {
        if out.graph.types.get(name).is_some_and(|ty| !ty.fields.is_empty()) {
            out.line(format!("  {operation}: {name}"));
        }
    }
    out.line("}\n");
}

fn import((element, alias): &(String, Option<String>)) -> String {
    match alias {
        Some(alias) => format!("{{name: \"{element}\", as: \"{alias}\"}}"),
        None => format!("\"{element}\""),
    }
}

/// Definitions of federation's own directives in use, of `@join__…` and `@link`, and the list of subgraphs.
pub(super) fn definitions(out: &mut Printer<'_>) {
    let mut scalars = Vec::new();
    for feature in &out.graph.features {
        for (fed, local) in &feature.directives {
            let type_name = |name: &str| format!("{}__{name}", fed.own_spec());
            out.text.push_str(&fed.definition(local, NEWEST, type_name));
            out.text.push_str("\n\n");
            match fed {
                Fed::RequiresScopes => scalars.push(type_name("Scope")),
                Fed::Policy => scalars.push(type_name("Policy")),
                Fed::FromContext => scalars.push(type_name("ContextFieldValue")),
                _ => {}
            }
        }
    }
    out.line(JOIN);
    out.line("enum join__Graph {");
    for graph in &out.graph.graphs {
        let (name, url) = (super::string(&graph.name), super::string(&graph.url));
        out.text.push_str(&format!(
            "  {} @join__graph(name: {name}, url: {url})\n",
            graph.id
        ));
    }
    out.line("}\n");
    out.line(LINK);
    for scalar in scalars {
        out.line(format!("scalar {scalar}\n"));
    }
}
