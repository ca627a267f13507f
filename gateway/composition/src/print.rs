//! The supergraph and the API schema as SDL text.
//!
//! Writes what it is given, in the given order; sorting is the merge's business.

mod machinery;

use crate::merge::print_value as value;
use crate::subgraph::{Kind, ROOTS};
use crate::supergraph::{
    ContextArgument, JoinField, JoinType, MergedDirective, MergedField, MergedInput, MergedType, Supergraph,
};
use apollo_compiler::Name;
use apollo_compiler::ast::Value;
use indexmap::IndexMap;
use std::fmt::Write;

/// The supergraph with the standard `@link` and `@join__` definitions.
pub(crate) fn supergraph(graph: &Supergraph) -> String {
    let mut out = Printer {
        graph,
        joins: true,
        text: String::new(),
    };
    machinery::schema(&mut out);
    out.directive_definitions();
    machinery::definitions(&mut out);
    out.types();
    out.finish()
}

/// The given (API) schema without any machinery.
pub(crate) fn api_schema(graph: &Supergraph) -> String {
    let mut out = Printer {
        graph,
        joins: false,
        text: String::new(),
    };
    out.directive_definitions();
    out.types();
    out.finish()
}

struct Printer<'a> {
    graph: &'a Supergraph,
    joins: bool,
    text: String,
}

impl Printer<'_> {
    fn finish(self) -> String {
        let mut text = self.text.trim_end().to_owned();
        text.push('\n');
        text
    }

    fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    fn directive_definitions(&mut self) {
        for definition in self.graph.directives.values() {
            let text = definition.serialize().no_indent().to_string();
            self.line(text.trim());
            self.text.push('\n');
        }
    }

    fn types(&mut self) {
        for ty in self.graph.types.values() {
            if ROOTS.contains(&ty.name.as_str()) && ty.fields.is_empty() {
                continue;
            }
            self.ty(ty);
            self.text.push('\n');
        }
    }

    fn ty(&mut self, ty: &MergedType) {
        self.description(ty.description.as_deref(), 0);
        let mut head = format!("{} {}", keyword(ty.kind), ty.name);
        if !ty.implements.is_empty() {
            let names: Vec<&str> = ty.implements.iter().map(Name::as_str).collect();
            write!(head, " implements {}", names.join(" & ")).expect("writing to a string cannot fail");
        }
        let directives = self.type_directives(ty);
        if self.joins {
            self.line(head);
            for directive in directives {
                self.line(format!("  {directive}"));
            }
            self.body(ty, if ty.kind == Kind::Union { " = " } else { "{" });
        } else {
            let applied: String = directives
                .iter()
                .map(|directive| format!(" {directive}"))
                .collect();
            self.text.push_str(&head);
            self.text.push_str(&applied);
            self.body(ty, if ty.kind == Kind::Union { " = " } else { " {" });
        }
    }

    fn type_directives(&self, ty: &MergedType) -> Vec<String> {
        let mut directives = Vec::new();
        if self.joins {
            let id = |graph: &usize| &self.graph.graphs[*graph].id;
            directives.extend(ty.joins.iter().map(|join| self.join_type(join)));
            directives.extend(ty.join_implements.iter().map(|(graph, interface)| {
                format!(
                    "@join__implements(graph: {}, interface: \"{interface}\")",
                    id(graph)
                )
            }));
            directives.extend(ty.join_members.iter().map(|(graph, member)| {
                format!("@join__unionMember(graph: {}, member: \"{member}\")", id(graph))
            }));
        }
        directives.extend(ty.applied.iter().map(applied));
        directives
    }

    fn body(&mut self, ty: &MergedType, open: &str) {
        match ty.kind {
            Kind::Scalar => {
                if !self.joins {
                    self.text.push('\n');
                }
            }
            Kind::Union => {
                let members: Vec<&str> = ty.members.iter().map(Name::as_str).collect();
                self.line(format!("{open}{}", members.join(" | ")));
            }
            _ => {
                self.line(open);
                ty.fields.values().for_each(|field| self.field(field));
                ty.inputs.values().for_each(|input| self.input_field(input));
                for (name, found) in &ty.values {
                    self.description(found.description.as_deref(), 1);
                    let joins =
                        found.graphs.iter().filter(|_| self.joins).map(|graph| {
                            format!(" @join__enumValue(graph: {})", self.graph.graphs[*graph].id)
                        });
                    let all: String = joins.chain(spaced(&found.applied)).collect();
                    self.line(format!("  {name}{all}"));
                }
                self.line("}");
            }
        }
    }

    fn field(&mut self, field: &MergedField) {
        self.description(field.description.as_deref(), 1);
        self.text.push_str(&format!("  {}", field.name));
        self.arguments(&field.arguments);
        let directives = self.directives(&field.joins, &field.applied);
        self.line(format!(": {}{directives}", field.ty));
    }

    fn input_field(&mut self, input: &MergedInput) {
        self.description(input.description.as_deref(), 1);
        let text = self.input(input);
        self.line(format!("  {text}"));
    }

    fn arguments(&mut self, arguments: &IndexMap<Name, MergedInput>) {
        if arguments.is_empty() {
            return;
        }
        if arguments.values().all(|argument| argument.description.is_none()) {
            let all: Vec<String> = arguments.values().map(|argument| self.input(argument)).collect();
            self.text.push_str(&format!("({})", all.join(", ")));
            return;
        }
        self.line("(");
        for argument in arguments.values() {
            self.description(argument.description.as_deref(), 2);
            let text = self.input(argument);
            self.line(format!("    {text}"));
        }
        self.text.push_str("  )");
    }

    fn input(&self, input: &MergedInput) -> String {
        let default = input
            .default
            .as_ref()
            .map(|default| format!(" = {}", value(default)))
            .unwrap_or_default();
        format!(
            "{}: {}{default}{}",
            input.name,
            input.ty,
            self.directives(&input.joins, &input.applied)
        )
    }

    fn directives(&self, joins: &[JoinField], directives: &[MergedDirective]) -> String {
        let joins = joins
            .iter()
            .filter(|_| self.joins)
            .map(|join| format!(" {}", self.join_field(join)));
        joins.chain(spaced(directives)).collect()
    }

    fn join_type(&self, join: &JoinType) -> String {
        let mut arguments = vec![format!("graph: {}", self.graph.graphs[join.graph].id)];
        arguments.extend(join.key.as_deref().map(|key| format!("key: {}", string(key))));
        arguments.extend(join.extension.then(|| "extension: true".to_owned()));
        arguments.extend((!join.resolvable).then(|| "resolvable: false".to_owned()));
        arguments.extend(
            join.interface_object
                .then(|| "isInterfaceObject: true".to_owned()),
        );
        format!("@join__type({})", arguments.join(", "))
    }

    fn join_field(&self, join: &JoinField) -> String {
        let Some(graph) = join.graph else {
            return "@join__field".to_owned();
        };
        let text = |name: &str, text: &Option<String>| {
            text.as_deref().map(|text| format!("{name}: {}", string(text)))
        };
        let mut arguments = vec![format!("graph: {}", self.graph.graphs[graph].id)];
        arguments.extend(text("requires", &join.requires));
        arguments.extend(text("provides", &join.provides));
        arguments.extend(text("override", &join.overrides));
        arguments.extend(join.ty.as_ref().map(|ty| format!("type: \"{ty}\"")));
        arguments.extend(join.external.then(|| "external: true".to_owned()));
        arguments.extend(join.used_overridden.then(|| "usedOverridden: true".to_owned()));
        arguments.extend(text("overrideLabel", &join.override_label));
        if !join.context_arguments.is_empty() {
            let all: Vec<String> = join.context_arguments.iter().map(context_argument).collect();
            arguments.push(format!("contextArguments: [{}]", all.join(", ")));
        }
        format!("@join__field({})", arguments.join(", "))
    }

    fn description(&mut self, text: Option<&str>, depth: usize) {
        let Some(text) = text else { return };
        let indent = "  ".repeat(depth);
        let text = text.replace("\"\"\"", "\\\"\"\"");
        if text.contains('\n') || text.ends_with(['"', '\\']) {
            self.line(format!("{indent}\"\"\""));
            for line in text.lines() {
                self.line(if line.is_empty() {
                    String::new()
                } else {
                    format!("{indent}{line}")
                });
            }
            self.line(format!("{indent}\"\"\""));
        } else {
            self.line(format!("{indent}\"\"\"{text}\"\"\""));
        }
    }
}

fn keyword(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar => "scalar",
        Kind::Object => "type",
        Kind::Interface => "interface",
        Kind::Union => "union",
        Kind::Enum => "enum",
        Kind::Input => "input",
    }
}

fn spaced(directives: &[MergedDirective]) -> impl Iterator<Item = String> {
    directives
        .iter()
        .map(|directive| format!(" {}", applied(directive)))
}

fn applied(directive: &MergedDirective) -> String {
    let arguments: Vec<String> = directive
        .arguments
        .iter()
        .map(|(name, found)| format!("{name}: {}", value(found)))
        .collect();
    let arguments = if arguments.is_empty() {
        String::new()
    } else {
        format!("({})", arguments.join(", "))
    };
    format!("@{}{arguments}", directive.name)
}

fn context_argument(argument: &ContextArgument) -> String {
    let ContextArgument {
        name,
        ty,
        context,
        selection,
    } = argument;
    format!(
        "{{context: {}, name: \"{name}\", type: \"{ty}\", selection: {}}}",
        string(context),
        string(selection)
    )
}

/// A string as a GraphQL literal on one line.
fn string(text: &str) -> String {
    value(&Value::String(text.to_owned()))
}
