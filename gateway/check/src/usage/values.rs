//! What operations give: literals, and what their variables may hold.

use std::collections::HashSet;

use apollo_compiler::{
    Name,
    ast::{InputValueDefinition, Type, Value, VariableDefinition},
    schema::ExtendedType,
};

use super::Walker;
use crate::diff::Need;

/// Whether a value of the type can be null on some level of its lists.
pub(super) fn has_null(ty: &Type) -> bool {
    !ty.is_non_null() || (ty.is_list() && has_null(ty.item_type()))
}

impl Walker<'_> {
    /// An argument or input field, given or left out.
    pub(super) fn given(
        &mut self,
        coordinate: &str,
        definition: &InputValueDefinition,
        value: Option<&Value>,
    ) {
        let omitted = || Need::Omitted(coordinate.to_owned());
        match value {
            None => return self.need(omitted),
            Some(Value::Null) => self.need(omitted),
            Some(Value::Variable(name)) if self.omittable.contains(name) => {
                self.as_through(name, |walker| walker.need(omitted));
            }
            Some(_) => {}
        }
        self.element(coordinate.to_owned());
        if let Some(value) = value {
            self.nulls(coordinate, value);
            self.value(definition.ty.inner_named_type(), value);
        }
    }

    /// Null itself, and null in lists.
    fn nulls(&mut self, coordinate: &str, value: &Value) {
        let null = || Need::Null(coordinate.to_owned());
        match value {
            Value::Null => self.need(null),
            Value::Variable(name) if self.nullable.contains(name) => {
                self.as_through(name, |walker| walker.need(null));
            }
            Value::List(items) => items.iter().for_each(|item| self.nulls(coordinate, item)),
            _ => {}
        }
    }

    /// A literal. What stands for a variable was looked at with its declaration.
    fn value(&mut self, ty: &Name, value: &Value) {
        self.element(ty.to_string());
        match value {
            Value::Enum(name) => self.element(format!("{ty}.{name}")),
            Value::List(items) => items.iter().for_each(|item| self.value(ty, item)),
            Value::Object(fields) => {
                let schema = self.schema;
                let Some(input) = schema.get_input_object(ty) else {
                    return;
                };
                for (name, definition) in &input.fields {
                    let given = fields.iter().find(|(given, _)| given == name);
                    self.given(
                        &format!("{ty}.{name}"),
                        definition,
                        given.map(|(_, value)| &**value),
                    );
                }
            }
            _ => {}
        }
    }

    /// Everything that a variable's value can be.
    pub(super) fn any_value(&mut self, variable: &VariableDefinition) {
        let ty = variable.ty.inner_named_type();
        self.element(ty.to_string());
        if let Some(default) = &variable.default_value {
            self.value(ty, default);
        }
        self.as_through(&variable.name, |walker| walker.any_value_of(ty));
    }

    fn any_value_of(&mut self, ty: &Name) {
        let schema = self.schema;
        let mut seen: HashSet<&Name> = HashSet::new();
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            if !seen.insert(ty) {
                continue;
            }
            self.element(ty.to_string());
            match schema.types.get(ty) {
                Some(ExtendedType::Enum(enum_type)) => {
                    for value in enum_type.values.keys() {
                        self.element(format!("{ty}.{value}"));
                    }
                }
                Some(ExtendedType::InputObject(input)) => {
                    for (name, field) in &input.fields {
                        self.element(format!("{ty}.{name}"));
                        self.need(|| Need::Omitted(format!("{ty}.{name}")));
                        self.need(|| Need::Null(format!("{ty}.{name}")));
                        open.push(field.ty.inner_named_type());
                    }
                }
                _ => {}
            }
        }
    }

    fn as_through(&mut self, variable: &Name, look: impl FnOnce(&mut Self)) {
        let before = self.through.replace(format!("${variable}"));
        look(self);
        self.through = before;
    }
}
