//! Random operations that are valid against an API schema.

use super::choices::Choices;
use apollo_compiler::Name;
use apollo_compiler::ast::{FieldDefinition, OperationType, Type};
use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::{ExtendedType, Implementers, Schema};
use std::fmt::Write;

/// An operation, if the schema has that root. It may use the variable `$if: Boolean!`.
pub(crate) fn operation(
    schema: &Schema,
    operation: OperationType,
    choices: &mut Choices<'_>,
) -> Option<String> {
    let root = schema.root_operation(operation)?;
    let mut writer = Writer {
        schema,
        implementers: schema.implementers_map(),
        choices,
        out: String::new(),
        fields: 0,
    };
    writer.selection(root, 4, "");
    let body = writer.out;
    let variables = if body.contains("$if") {
        "($if: Boolean!)"
    } else {
        ""
    };
    Some(format!("{operation} Op{variables} {body}"))
}

/// Fields of one operation; a bound on the planner's work, not on its depth.
const MAX_FIELDS: usize = 60;

struct Writer<'a, 'b, 'c> {
    schema: &'a Schema,
    implementers: HashMap<Name, Implementers>,
    choices: &'b mut Choices<'c>,
    out: String,
    fields: usize,
}

impl Writer<'_, '_, '_> {
    /// `prefix` is put before response keys, so that equal names of different types do not clash.
    fn selection(&mut self, ty: &Name, depth: usize, prefix: &str) {
        self.out.push('{');
        let start = self.out.len();
        for field in fields_of(self.schema, ty) {
            let take = self.choices.chance(75);
            if take && self.fields < MAX_FIELDS {
                self.field(&field, depth, prefix);
            }
        }
        if depth > 0 {
            for concrete in self.possible(ty) {
                if self.choices.chance(60) {
                    write!(self.out, " ... on {concrete} ").unwrap();
                    self.directive();
                    let own = format!("{concrete}_");
                    let prefix = if self.choices.chance(70) { own.as_str() } else { "" };
                    self.selection(&concrete, depth - 1, prefix);
                }
            }
        }
        if self.out.len() == start || self.choices.chance(20) {
            self.out.push_str(" __typename");
        }
        self.out.push('}');
    }

    fn field(&mut self, field: &FieldDefinition, depth: usize, prefix: &str) {
        let named = field.ty.inner_named_type();
        let composite = self
            .schema
            .types
            .get(named)
            .is_some_and(|ty| !ty.is_leaf() && !ty.is_input_object());
        if composite && depth == 0 {
            return;
        }
        self.fields += 1;
        let twice = if self.choices.chance(8) { 2 } else { 1 };
        for time in 0..twice {
            self.out.push(' ');
            if time > 0 || !prefix.is_empty() || self.choices.chance(5) {
                write!(self.out, "{prefix}{}_{time}: ", field.name).unwrap();
            }
            self.out.push_str(&field.name);
            let given: Vec<String> = field
                .arguments
                .iter()
                .filter(|argument| argument.is_required() || self.choices.chance(50))
                .map(|argument| format!("{}: {}", argument.name, literal(&argument.ty, time)))
                .collect();
            if !given.is_empty() {
                write!(self.out, "({})", given.join(", ")).unwrap();
            }
            self.directive();
            if composite {
                self.selection(named, depth - 1, "");
            }
        }
    }

    fn directive(&mut self) {
        if self.choices.chance(5) {
            self.out.push_str(if self.choices.chance(50) {
                " @skip(if: $if)"
            } else {
                " @include(if: $if)"
            });
        }
    }

    fn possible(&self, ty: &Name) -> Vec<Name> {
        match self.schema.types.get(ty) {
            Some(ExtendedType::Interface(_)) => self
                .implementers
                .get(ty)
                .map(|found| found.objects.iter().cloned().collect())
                .unwrap_or_default(),
            Some(ExtendedType::Union(union)) => {
                union.members.iter().map(|member| (**member).clone()).collect()
            }
            _ => Vec::new(),
        }
    }
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

/// The generated graphs have only `Int` arguments.
fn literal(ty: &Type, time: usize) -> String {
    if ty.is_list() {
        "[]".to_owned()
    } else {
        (time + 1).to_string()
    }
}
