//! The oracle: the whole graph as one server.

use apollo_compiler::{ExecutableDocument, Schema, executable::Operation};
use serde_json::{Map, Value};

use crate::{interpreter::Interpreter, world::World};

/// Data and errors of an operation that is valid against `schema`, the API schema; `variables` are coerced.
pub fn answer(
    schema: &Schema,
    world: &World,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> (Value, Vec<Value>) {
    let mut interpreter = Interpreter {
        schema,
        document,
        variables,
        world,
        service: None,
        on: &[],
        errors: Vec::new(),
        violations: Vec::new(),
        path: Vec::new(),
        representations: None,
    };
    let data = interpreter.run(&operation.selection_set.ty, &operation.selection_set);
    (data, interpreter.errors)
}
