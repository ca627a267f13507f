//! What one subgraph says about its types, as far as a cache needs it.

use causeway_model::{CacheControl, FieldSet, FieldSetItem, Key, Subgraph};
use serde_json::{Map, Value};

/// What is known of an object's type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The type that stands in the schema, or in the representation.
    pub(crate) declared: &'a str,
    /// The concrete type that the subgraph named.
    pub(crate) named: Option<&'a str>,
}

#[derive(Clone, Copy)]
pub(crate) struct Types<'a>(pub(crate) &'a Subgraph);

impl<'a> Types<'a> {
    /// Whether a selection on `on` is for such an object. `None`: it cannot be told.
    pub(crate) fn applies(self, on: &str, known: Known<'_>) -> Option<bool> {
        if on == known.declared {
            return Some(true);
        }
        let concrete = match known.named {
            Some(named) => named,
            None if self.is_concrete(known.declared) => known.declared,
            None => return None,
        };
        Some(on == concrete || self.possible(on).any(|possible| possible == concrete))
    }

    /// Objects of the type are of no other one, as far as the subgraph knows.
    pub(crate) fn is_concrete(self, ty: &str) -> bool {
        if self
            .0
            .types
            .get(ty)
            .is_some_and(|known| known.is_interface_object)
        {
            return true;
        }
        let mut possible = self.possible(ty);
        possible.next() == Some(ty) && possible.next().is_none()
    }

    pub(crate) fn possible(self, ty: &str) -> impl Iterator<Item = &'a str> {
        let known = self.0.types.get(ty);
        known
            .into_iter()
            .flat_map(|known| known.possible_types.iter().map(|name| name.as_str()))
    }

    /// The named type of a field's value.
    pub(crate) fn of_field(self, ty: Known<'_>, field: &str) -> Option<&'a str> {
        let concrete = ty.named.and_then(|named| self.0.field(named, field));
        let field = concrete.or_else(|| self.0.field(ty.declared, field))?;
        Some(field.ty.inner_named_type().as_str())
    }

    pub(crate) fn control(self, ty: &str) -> Option<CacheControl> {
        self.0.types.get(ty)?.cache_control
    }

    pub(crate) fn keys(self, ty: &str) -> &'a [Key] {
        self.0.types.get(ty).map_or(&[], |known| &known.keys)
    }
}

/// The part of an object that a key selects, if the object has all of it. In one writing: members in order of their names, leaves
/// as text, so that `1` and `"1"` are the same ID.
pub(crate) fn key_of(fields: &FieldSet, object: &Map<String, Value>) -> Option<String> {
    let mut members: Vec<(&str, String)> = Vec::with_capacity(fields.items.len());
    for item in &fields.items {
        // Keys have no fragments.
        let FieldSetItem::Field(field) = item else {
            return None;
        };
        let value = object.get(field.name.as_str())?;
        let text = match value {
            Value::Null => return None,
            Value::Object(inner) => key_of(&field.selection, inner)?,
            Value::Array(items) => {
                let all: Option<Vec<String>> = items
                    .iter()
                    .map(|item| match item {
                        Value::Object(inner) => key_of(&field.selection, inner),
                        leaf => Some(leaf_text(leaf)),
                    })
                    .collect();
                format!("[{}]", all?.join(","))
            }
            leaf => leaf_text(leaf),
        };
        members.push((field.name.as_str(), text));
    }
    members.sort_unstable();
    let texts: Vec<String> = members
        .iter()
        .map(|(name, text)| format!("{name}:{text}"))
        .collect();
    Some(format!("{{{}}}", texts.join(",")))
}

fn leaf_text(leaf: &Value) -> String {
    match leaf {
        Value::String(text) => Value::from(text.as_str()).to_string(),
        other => Value::from(other.to_string()).to_string(),
    }
}
