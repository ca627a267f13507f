//! Answers requests, strictly.

use apollo_compiler::{ExecutableDocument, Name, request::coerce_variable_values, response::JsonMap};
use serde_json::{Map, Value, json};

use super::Service;
use crate::{
    field_sets::{Reader, difference},
    interpreter::Interpreter,
    world::{Object, World, is_unknown_in, typename},
};

/// An answer, with everything that was wrong about the request.
#[derive(Debug)]
pub struct Served {
    pub body: Value,
    pub violations: Vec<String>,
}

impl Service {
    /// Answers `{"query", "variables"}`, while the labels in `on` of progressive overrides are on.
    pub fn serve(&self, world: &World, request: &Value, on: &[String]) -> Served {
        let text = request["query"].as_str().unwrap_or_default();
        let refused = |why: String| Served {
            body: json!({ "errors": [{ "message": why }] }),
            violations: vec![why],
        };
        let document = match ExecutableDocument::parse_and_validate(&self.schema, text, "request.graphql") {
            Ok(document) => document,
            Err(invalid) => return refused(format!("is sent an invalid document: {}", invalid.errors)),
        };
        let Ok(operation) = document.operations.get(None) else {
            return refused("is sent a document with several operations".to_owned());
        };
        let given: Map<String, Value> = request["variables"].as_object().cloned().unwrap_or_default();
        let mut violations: Vec<String> = given
            .keys()
            .filter(|name| {
                !operation
                    .variables
                    .iter()
                    .any(|known| known.name == name.as_str())
            })
            .map(|name| format!("is sent the variable `{name}`, which the document does not define"))
            .collect();
        let json: JsonMap = serde_json::from_value(given.into()).expect("a map is a map");
        let variables = match coerce_variable_values(&self.schema, operation, &json) {
            Ok(variables) => variables,
            Err(error) => return refused(format!("is sent wrong variables: {}", error.message())),
        };
        let variables: Map<String, Value> =
            serde_json::from_value(serde_json::to_value(&*variables).expect("JSON")).expect("a map is a map");
        let mut interpreter = Interpreter {
            schema: &self.schema,
            document: &document,
            variables: &variables,
            world,
            service: Some(self),
            on,
            errors: Vec::new(),
            violations: Vec::new(),
            path: Vec::new(),
            representations: None,
        };
        let data = interpreter.run(&operation.selection_set.ty, &operation.selection_set);
        violations.extend(interpreter.violations);
        if interpreter.representations == Some(0) {
            violations.push("is asked for no entity at all".to_owned());
        }
        let mut body = json!({ "data": data });
        if !interpreter.errors.is_empty() {
            body["errors"] = interpreter.errors.into();
        }
        Served { body, violations }
    }

    /// The entity that a representation names, and the type as which it is answered here. `None`: there is no such entity.
    pub(crate) fn entity<'w>(
        &self,
        world: &'w World,
        representation: &Value,
    ) -> Result<Option<(&'w Object, Name)>, String> {
        let named = representation["__typename"].as_str().unwrap_or_default();
        let facts = self
            .types
            .get(named)
            .filter(|facts| !facts.keys.is_empty())
            .ok_or_else(|| format!("is sent a representation of no entity type: {representation}"))?;
        let complete = |set: &&causeway_model::FieldSet| {
            set.fields().all(|field| {
                representation
                    .get(field.name.as_str())
                    .is_some_and(|value| !value.is_null())
            })
        };
        let keys: Vec<_> = facts.keys.iter().filter(complete).collect();
        if keys.is_empty() {
            return Err(format!(
                "is sent a representation without any whole key: {representation}"
            ));
        }
        let reader = Reader {
            world,
            schema: &self.schema,
            subgraph: &self.name,
        };
        let is_object = self.schema.get_object(named).is_some();
        for object in world.objects() {
            let concrete = typename(object);
            // An interface object's service does not know the concrete types: any object with the key may be meant.
            let fits = if facts.is_interface_object {
                facts.key_fields.iter().all(|name| object.contains_key(name))
            } else {
                concrete == named || self.schema.is_subtype(named, concrete)
            };
            if !fits || is_unknown_in(object, &self.name) {
                continue;
            }
            let said = |set: &&causeway_model::FieldSet| {
                let expected = reader.read(object, named, set).into();
                difference(&expected, representation, "").is_none()
            };
            if keys.iter().all(said) {
                let ty = if is_object { named } else { concrete };
                return Ok(Some((object, Name::new(ty).expect("a type's name"))));
            }
        }
        Ok(None)
    }
}
