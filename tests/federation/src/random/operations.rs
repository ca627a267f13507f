//! Random operations on an API schema: aliases, arguments, variables, fragments of both kinds, conditions, deep nesting.

use std::fmt::Write;

use apollo_compiler::{
    Name,
    ast::{FieldDefinition, OperationType},
    collections::HashMap,
    schema::{ExtendedType, Implementers, Schema},
};
use serde_json::{Map, Value, json};

use super::choices::Choices;

/// Fields of one operation; a bound on the work, not on the depth.
const MAX_FIELDS: usize = 45;

/// An operation with its variables; `None` when the schema has no such root.
pub(super) fn operation(
    schema: &Schema,
    mutation: bool,
    choices: &mut Choices<'_>,
) -> Option<(String, Map<String, Value>)> {
    let kind = if mutation {
        OperationType::Mutation
    } else {
        OperationType::Query
    };
    let root = schema.root_operation(kind)?;
    let mut writer = Writer {
        schema,
        implementers: schema.implementers_map(),
        choices,
        out: String::new(),
        fragments: Vec::new(),
        fields: 0,
    };
    let depth = 2 + writer.choices.below(5);
    writer.selection(root, depth);
    let mut text = format!("{kind} Op");
    let fragments = writer.fragments.join("\n");
    let mut variables = Map::new();
    let mut definitions = Vec::new();
    for (name, definition, value) in [
        ("t", "$t: Boolean!", json!(writer.choices.chance(50))),
        ("u", "$u: Boolean! = false", json!(writer.choices.chance(50))),
        ("n", "$n: Int", json!(7)),
        ("d", "$d: Int = 3", Value::Null),
        ("in", "$in: In = {a: 9}", json!({ "c": { "b": [1, 2] } })),
    ] {
        if uses(&writer.out, name) || uses(&fragments, name) {
            definitions.push(definition);
            if !value.is_null() {
                variables.insert(name.to_owned(), value);
            }
        }
    }
    if !definitions.is_empty() {
        write!(text, "({})", definitions.join(", ")).expect("writing to a string cannot fail");
    }
    writeln!(text, " {}\n{fragments}", writer.out).expect("as above");
    Some((text, variables))
}

struct Writer<'a, 'b, 'c> {
    schema: &'a Schema,
    implementers: HashMap<Name, Implementers>,
    choices: &'b mut Choices<'c>,
    out: String,
    fragments: Vec<String>,
    fields: usize,
}

impl Writer<'_, '_, '_> {
    fn selection(&mut self, ty: &Name, depth: usize) {
        self.out.push('{');
        let start = self.out.len();
        for field in fields_of(self.schema, ty) {
            if self.choices.chance(60) && self.fields < MAX_FIELDS {
                self.field(&field, depth);
                if self.choices.chance(8) {
                    self.field(&field, depth);
                }
            }
        }
        if depth > 0 && self.fields < MAX_FIELDS {
            for concrete in self.conditions(ty) {
                if self.choices.chance(50) {
                    self.fragment(&concrete, depth);
                }
            }
        }
        if self.out.len() > start && ty == "Query" && self.choices.chance(8) {
            let chosen: &str = self.choices.pick::<&str>(&[
                " __schema { queryType { name } }",
                " kind: __type(name: \"E0\") { kind fields { name } }",
            ]);
            self.out.push_str(chosen);
        }
        if self.out.len() == start || self.choices.chance(20) {
            let alias = if self.choices.chance(30) { "kind: " } else { "" };
            write!(self.out, " {alias}__typename").expect("writing to a string cannot fail");
        }
        self.out.push('}');
    }

    fn fragment(&mut self, on: &Name, depth: usize) {
        if !self.choices.chance(30) {
            write!(self.out, " ... on {on}").expect("writing to a string cannot fail");
            self.condition();
            self.selection(on, depth - 1);
            return;
        }
        let outer = std::mem::take(&mut self.out);
        self.selection(on, depth - 1);
        let body = std::mem::replace(&mut self.out, outer);
        let name = format!("F{}", self.fragments.len());
        self.fragments.push(format!("fragment {name} on {on} {body}"));
        for _ in 0..1 + usize::from(self.choices.chance(15)) {
            write!(self.out, " ...{name}").expect("as above");
            self.condition();
        }
    }

    fn field(&mut self, field: &FieldDefinition, depth: usize) {
        let named = field.ty.inner_named_type();
        let ty = self.schema.types.get(named);
        let is_composite = ty.is_some_and(|ty| !ty.is_leaf() && !ty.is_input_object());
        if is_composite && depth == 0 {
            return;
        }
        self.fields += 1;
        self.out.push(' ');
        let arguments = self.arguments(field);
        if self.choices.chance(8) {
            // A name that means something else elsewhere.
            let taken = *self.choices.pick(&["id", "f0", "f1", "name", "x", "sku"]);
            write!(self.out, "{taken}: ").expect("writing to a string cannot fail");
        } else if (!arguments.is_empty() && self.choices.chance(70)) || self.choices.chance(6) {
            let number = self.choices.below(3);
            write!(self.out, "a{number}{}: ", field.name).expect("as above");
        }
        write!(self.out, "{}{arguments}", field.name).expect("as above");
        self.condition();
        if is_composite {
            self.selection(named, depth - 1);
        }
    }

    fn arguments(&mut self, field: &FieldDefinition) -> String {
        let mut given = Vec::new();
        for argument in &field.arguments {
            if argument.is_required() || self.choices.chance(60) {
                let value = match argument.ty.inner_named_type().as_str() {
                    "Int" => *self.choices.pick(&["2", "5", "$n", "$d", "null"]),
                    "In" => *self
                        .choices
                        .pick(&["{a: 4}", "{c: {a: $n}}", "{b: [1, $d]}", "$in", "null"]),
                    _ => "\"s\"",
                };
                given.push(format!("{}: {value}", argument.name));
            }
        }
        if given.is_empty() {
            String::new()
        } else {
            format!("({})", given.join(", "))
        }
    }

    fn condition(&mut self) {
        if self.choices.chance(9) {
            let chosen: &str = self.choices.pick::<&str>(&[
                " @skip(if: $t)",
                " @include(if: $t)",
                " @include(if: $u)",
                " @skip(if: $u)",
                " @include(if: $t) @skip(if: $u)",
                " @include(if: true)",
                " @skip(if: true)",
            ]);
            self.out.push_str(chosen);
        }
    }

    /// Types that a fragment on `ty` may name.
    fn conditions(&self, ty: &Name) -> Vec<Name> {
        let mut found = match self.schema.types.get(ty) {
            Some(ExtendedType::Interface(_)) => self
                .implementers
                .get(ty)
                .map(|found| found.objects.iter().cloned().collect())
                .unwrap_or_default(),
            Some(ExtendedType::Union(union)) => {
                union.members.iter().map(|member| (**member).clone()).collect()
            }
            Some(ExtendedType::Object(object)) => object
                .implements_interfaces
                .iter()
                .map(|name| (**name).clone())
                .collect(),
            _ => Vec::new(),
        };
        // Interfaces that share an object type with this one.
        let mut others: Vec<Name> = Vec::new();
        for (interface, implementers) in &self.implementers {
            if interface != ty && found.iter().any(|name| implementers.objects.contains(name)) {
                others.push(interface.clone());
            }
        }
        others.sort();
        found.extend(others);
        found
    }
}

/// Whether a variable of that name stands in the text.
fn uses(text: &str, name: &str) -> bool {
    text.match_indices(&format!("${name}")).any(|(at, found)| {
        let rest = &text[at + found.len()..];
        !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
    })
}

fn fields_of(schema: &Schema, ty: &Name) -> Vec<FieldDefinition> {
    match schema.types.get(ty) {
        Some(ExtendedType::Object(object)) => object.fields.values().map(|field| (**field).clone()).collect(),
        Some(ExtendedType::Interface(interface)) => {
            interface.fields.values().map(|field| (**field).clone()).collect()
        }
        _ => Vec::new(),
    }
}
