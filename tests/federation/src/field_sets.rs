//! Field sets read out of the data, and compared with what a representation says.

use apollo_compiler::Schema;
use causeway_model::{FieldSet, FieldSetItem};
use serde_json::{Map, Value};

use crate::{
    arguments::Arguments,
    world::{Found, Object, World, typename},
};

/// The data as one subgraph's schema describes it.
pub(crate) struct Reader<'a> {
    pub(crate) world: &'a World,
    pub(crate) schema: &'a Schema,
    pub(crate) subgraph: &'a str,
}

impl Reader<'_> {
    /// What a field set says about an object. A failing field reads as null.
    pub(crate) fn read(&self, object: &Object, ty: &str, set: &FieldSet) -> Map<String, Value> {
        let mut fields = Map::new();
        self.read_into(object, ty, set, &mut fields);
        fields
    }

    fn read_into(&self, object: &Object, ty: &str, set: &FieldSet, into: &mut Map<String, Value>) {
        for item in &set.items {
            match item {
                FieldSetItem::Field(field) if field.name == "__typename" => {
                    into.insert("__typename".to_owned(), typename(object).into());
                }
                FieldSetItem::Field(field) => {
                    let definition = self
                        .schema
                        .type_field(ty, &field.name)
                        .unwrap_or_else(|_| panic!("{}: no field {ty}.{}", self.subgraph, field.name));
                    let arguments = Arguments::of(definition, &field.arguments, &Map::new());
                    let child = definition.ty.inner_named_type();
                    let value = object.get(field.name.as_str()).unwrap_or(&Value::Null);
                    let read = self.value(value, child, &field.selection, &arguments);
                    match (into.get_mut(field.name.as_str()), read) {
                        (Some(held), read) => merge(held, read),
                        (None, read) => {
                            into.insert(field.name.to_string(), read);
                        }
                    }
                }
                FieldSetItem::Fragment { on, selection } => {
                    let concrete = typename(object);
                    if on == concrete || self.schema.is_subtype(on, concrete) {
                        // Fields are looked up on the fragment's type.
                        self.read_into(object, on, selection, into);
                    }
                }
            }
        }
    }

    fn value(&self, value: &Value, ty: &str, set: &FieldSet, arguments: &Arguments) -> Value {
        match self.world.look(value, None, arguments.sum()) {
            Found::Null | Found::Error { .. } => Value::Null,
            Found::Leaf(leaf) if self.schema.types.get(ty).is_some_and(|ty| ty.is_enum()) => leaf.clone(),
            Found::Leaf(leaf) => arguments.decorate(leaf),
            Found::List(items) => items
                .iter()
                .map(|item| self.value(item, ty, set, arguments))
                .collect(),
            Found::Object(object) => self.read(object, ty, set).into(),
        }
    }
}

fn merge(held: &mut Value, read: Value) {
    match (held, read) {
        (Value::Object(held), Value::Object(read)) => {
            for (name, value) in read {
                match held.get_mut(&name) {
                    Some(one) => merge(one, value),
                    None => {
                        held.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(held), Value::Array(read)) => {
            held.iter_mut()
                .zip(read)
                .for_each(|(held, read)| merge(held, read));
        }
        _ => {}
    }
}

/// Why `actual` does not say what `expected` says; it may say more. `None`: it does.
pub(crate) fn difference(expected: &Value, actual: &Value, at: &str) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(name, value)| {
            let at = format!("{at}.{name}");
            match actual.get(name) {
                Some(found) => difference(value, found, &at),
                None => Some(format!("{at} is missing")),
            }
        }),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => expected
            .iter()
            .zip(actual)
            .enumerate()
            .find_map(|(index, (expected, actual))| difference(expected, actual, &format!("{at}.{index}"))),
        _ if expected == actual => None,
        _ => Some(format!("{at} is {actual}, the data says {expected}")),
    }
}
