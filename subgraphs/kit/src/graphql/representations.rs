//! Representations that no entity resolver can read: taken out of a request before it runs, and put back into its
//! response as nulls with an error each. Over one of them, async-graphql fails the whole `_entities` list.
//!
//! It judges shapes alone: whether there is an entity behind a key is the resolvers' business.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, Field, Selection, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{
    Name, ObjectType, PathSegment, Pos, Request, Response, SDLExportOptions, Schema, SubscriptionType, Value,
};

use crate::error::graphql;

/// The keys of a schema's entities, by type. A key is a list of fields with their types.
pub(super) struct Entities(HashMap<String, Vec<Key>>);

type Key = Vec<(String, Type)>;

/// What was taken out of one variable, in ascending order, and where its list is shown.
pub(super) struct Unreadable {
    /// Response keys of the `_entities` fields that were given the variable.
    shown_at: Vec<Name>,
    problems: Vec<(usize, String)>,
}

impl Entities {
    pub(super) fn of<Q, M, S>(schema: &Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let sdl = schema.sdl_with_options(SDLExportOptions::new().federation());
        let document = parse_schema(sdl).expect("async-graphql reads the schema that it has written");
        let types = document
            .definitions
            .into_iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(definition) => Some(definition.node),
                _ => None,
            });
        Self(
            types
                .map(|definition| (definition.name.node.to_string(), keys(&definition)))
                .collect(),
        )
    }

    /// Removes them from the variables that the operation's `_entities` fields are given. Lists that are written into
    /// the document itself, or below fragments at the root, are left alone: gateways send neither.
    pub(super) fn take_unreadable(&self, request: &mut Request) -> Vec<Unreadable> {
        let name = request.operation_name.clone();
        let lists = match request.parsed_query() {
            Ok(document) => lists(document, name.as_deref()),
            // The execution will say it.
            Err(_) => return Vec::new(),
        };
        let mut taken = Vec::new();
        for (variable, shown_at) in lists {
            let Some(Value::List(representations)) = request.variables.get_mut(&variable) else {
                continue;
            };
            let mut problems = Vec::new();
            let mut index = 0;
            representations.retain(|representation| {
                let problem = self.problem(representation);
                let readable = problem.is_none();
                problems.extend(problem.map(|problem| (index, problem)));
                index += 1;
                readable
            });
            taken.push(Unreadable { shown_at, problems });
        }
        taken
    }

    fn problem(&self, representation: &Value) -> Option<String> {
        let Value::Object(fields) = representation else {
            return Some("a representation must be an object".to_owned());
        };
        let Some(Value::String(typename)) = fields.get("__typename") else {
            return Some("a representation must have a `__typename`, a String".to_owned());
        };
        let Some(keys) = self.0.get(typename).filter(|keys| !keys.is_empty()) else {
            return Some(format!("`{typename}` is no entity of this service"));
        };
        let reads =
            |(name, of): &(String, Type)| fields.get(name.as_str()).is_some_and(|value| fits(value, of));
        if keys.iter().any(|key| key.iter().all(reads)) {
            return None;
        }
        let names = |key: &Key| {
            key.iter()
                .map(|(name, _)| name.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let names: Vec<String> = keys.iter().map(|key| format!("`{}`", names(key))).collect();
        Some(format!(
            "a representation of `{typename}` must have its key {} with a value of the key's type",
            names.join(" or ")
        ))
    }
}

/// Nulls where entities were asked for in vain, and an error for each.
pub(super) fn put_back(unreadable: Vec<Unreadable>, response: &mut Response) {
    let Value::Object(data) = &mut response.data else {
        return;
    };
    for Unreadable { shown_at, problems } in unreadable {
        for shown_at in shown_at {
            let Some(Value::List(entities)) = data.get_mut(&shown_at) else {
                continue;
            };
            for (index, problem) in &problems {
                entities.insert(*index, Value::Null);
                let mut error = graphql("BAD_REPRESENTATION", problem).into_server_error(Pos::default());
                error.locations.clear();
                error.path = vec![
                    PathSegment::Field(shown_at.to_string()),
                    PathSegment::Index(*index),
                ];
                response.errors.push(error);
            }
        }
    }
}

/// The variables of the operation's `_entities` fields, with these fields' response keys.
fn lists(document: &ExecutableDocument, operation: Option<&str>) -> HashMap<Name, Vec<Name>> {
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => Some(operation),
        DocumentOperations::Multiple(operations) => operation.and_then(|name| operations.get(name)),
    };
    let mut lists: HashMap<Name, Vec<Name>> = HashMap::new();
    for selection in operation
        .iter()
        .flat_map(|operation| &operation.node.selection_set.node.items)
    {
        match &selection.node {
            Selection::Field(field) => {
                if let Some(variable) = entities_variable(&field.node) {
                    lists
                        .entry(variable)
                        .or_default()
                        .push(field.node.response_key().node.clone());
                }
            }
            // A list may be shown at places that were not looked at: better to leave it whole.
            _ => return HashMap::new(),
        }
    }
    lists
}

fn entities_variable(field: &Field) -> Option<Name> {
    if field.name.node != "_entities" {
        return None;
    }
    // The type of values with variables in them is not async-graphql's to name; its text is.
    let text = field.get_argument("representations")?.node.to_string();
    text.strip_prefix('$').map(Name::new)
}

/// The keys that a resolver takes: those with `resolvable: false` have none.
fn keys(definition: &TypeDefinition) -> Vec<Key> {
    let TypeKind::Object(object) = &definition.kind else {
        return Vec::new();
    };
    let key = |fields: &str| -> Option<Key> {
        let of = |name: &str| object.fields.iter().find(|field| field.node.name.node == name);
        fields
            .split_whitespace()
            .map(|name| Some((name.to_owned(), of(name)?.node.ty.node.clone())))
            .collect()
    };
    let directives = definition.directives.iter().map(|directive| &directive.node);
    directives
        .filter(|directive| directive.name.node == "key")
        .filter(|directive| {
            let resolvable = directive.get_argument("resolvable").map(|value| &value.node);
            resolvable != Some(&Value::Boolean(false))
        })
        .filter_map(|directive| match &directive.get_argument("fields")?.node {
            Value::String(fields) => key(fields),
            _ => None,
        })
        .collect()
}

/// Whether async-graphql takes the value for a key of this type. Types other than ID and String are left to it.
fn fits(value: &Value, of: &Type) -> bool {
    match &of.base {
        BaseType::Named(name) if name == "ID" => match value {
            Value::String(_) => true,
            Value::Number(number) => number.is_i64(),
            _ => false,
        },
        BaseType::Named(name) if name == "String" => matches!(value, Value::String(_)),
        _ => !matches!(value, Value::Null),
    }
}

#[cfg(test)]
mod tests;
