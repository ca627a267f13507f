//! Arguments of a field, and how they show in its value: without that, a fetch with the wrong arguments would go unnoticed.

use apollo_compiler::{
    Node,
    ast::{self, FieldDefinition},
};
use serde_json::{Map, Value, json};

/// Coerced arguments by name, in the order of the definition; those that are neither given nor defaulted are left out.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    values: Map<String, Value>,
}

impl Arguments {
    pub(crate) fn of(
        definition: &FieldDefinition,
        given: &[Node<ast::Argument>],
        variables: &Map<String, Value>,
    ) -> Self {
        let mut values = Map::new();
        for argument in &definition.arguments {
            let value = given
                .iter()
                .find(|one| one.name == argument.name)
                .and_then(|one| evaluate(&one.value, variables))
                .or_else(|| {
                    argument
                        .default_value
                        .as_ref()
                        .and_then(|value| evaluate(value, variables))
                });
            if let Some(value) = value {
                values.insert(argument.name.to_string(), value);
            }
        }
        Self { values }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The sum of the integers among them, nested ones too.
    pub(crate) fn sum(&self) -> i64 {
        self.values.values().map(sum).sum()
    }

    /// How a leaf shows the arguments that it was asked with: numbers grow by their sum, strings name them.
    pub(crate) fn decorate(&self, leaf: &Value) -> Value {
        if self.values.is_empty() {
            return leaf.clone();
        }
        match leaf {
            Value::Number(number) => match number.as_i64() {
                Some(number) => json!(number + self.sum()),
                None => leaf.clone(),
            },
            Value::String(text) => {
                let shown: Vec<String> = self
                    .values
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                json!(format!("{text}({})", shown.join(", ")))
            }
            other => other.clone(),
        }
    }
}

fn sum(value: &Value) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::Array(items) => items.iter().map(sum).sum(),
        Value::Object(fields) => fields.values().map(sum).sum(),
        _ => 0,
    }
}

/// `None` for a variable that has no value.
pub(crate) fn evaluate(value: &ast::Value, variables: &Map<String, Value>) -> Option<Value> {
    Some(match value {
        ast::Value::Null => Value::Null,
        ast::Value::Enum(name) => json!(name.as_str()),
        ast::Value::Variable(name) => return variables.get(name.as_str()).cloned(),
        ast::Value::String(text) => json!(text),
        ast::Value::Boolean(value) => json!(value),
        ast::Value::Int(number) => {
            serde_json::from_str(number.as_str()).expect("GraphQL's numbers are JSON's")
        }
        ast::Value::Float(number) => {
            serde_json::from_str(number.as_str()).expect("GraphQL's numbers are JSON's")
        }
        ast::Value::List(items) => items
            .iter()
            .map(|item| evaluate(item, variables).unwrap_or(Value::Null))
            .collect(),
        ast::Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), evaluate(value, variables)?)))
            .collect::<Map<_, _>>()
            .into(),
    })
}
