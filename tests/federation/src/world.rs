//! The table of data behind all subgraphs and behind the monolith.
//!
//! JSON: `objects` by name, each with its `__typename`, and the roots `Query` and `Mutation`. Where a value stands there may be
//! - `{"$ref": "name"}`: the object of that name;
//! - `{"$error": "message"}`: the field fails; with `"$code"`, that becomes the error's `extensions.code`;
//! - `{"$in": {"subgraph": value, …}, "$else": value}`: differs by subgraph; the monolith sees `$else`;
//! - `{"$pick": [a, b, …]}`: chosen by the sum of the field's integer arguments.
//!
//! A subgraph named in the top-level list `$down` cannot be reached. An object with `"$unknown_in": ["subgraph"]` is not found there by its keys.

use serde_json::{Map, Value};

#[derive(Debug, Clone, Default)]
pub struct World {
    root: Map<String, Value>,
}

pub(crate) type Object = Map<String, Value>;

/// A value with references followed.
pub(crate) enum Found<'w> {
    Null,
    Error { message: &'w str, code: Option<&'w str> },
    Leaf(&'w Value),
    List(&'w [Value]),
    Object(&'w Object),
}

impl World {
    /// # Panics
    /// When `value` is no object.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(root) => Self { root },
            other => panic!("a table of data is a JSON object, not {other}"),
        }
    }

    pub(crate) fn root(&self, name: &str) -> &Object {
        static EMPTY: std::sync::LazyLock<Object> = std::sync::LazyLock::new(Object::new);
        self.root.get(name).and_then(Value::as_object).unwrap_or(&EMPTY)
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.root("objects").values().filter_map(Value::as_object)
    }

    pub fn is_down(&self, subgraph: &str) -> bool {
        let down = self.root.get("$down").and_then(Value::as_array);
        down.is_some_and(|names| names.iter().any(|name| name == subgraph))
    }

    /// What `value` stands for, as `subgraph` sees it (`None`: the monolith), for arguments that add up to `pick`.
    pub(crate) fn look<'w>(&'w self, value: &'w Value, subgraph: Option<&str>, pick: i64) -> Found<'w> {
        let object = match value {
            Value::Null => return Found::Null,
            Value::Array(items) => return Found::List(items),
            Value::Object(object) => object,
            leaf => return Found::Leaf(leaf),
        };
        if let Some(name) = object.get("$ref").and_then(Value::as_str) {
            let target = self.root("objects").get(name).and_then(Value::as_object);
            return Found::Object(target.unwrap_or_else(|| panic!("no object `{name}` in the data")));
        }
        if let Some(message) = object.get("$error").and_then(Value::as_str) {
            let code = object.get("$code").and_then(Value::as_str);
            return Found::Error { message, code };
        }
        if let Some(by_subgraph) = object.get("$in") {
            let chosen = subgraph
                .and_then(|name| by_subgraph.get(name))
                .or(object.get("$else"))
                .unwrap_or(&Value::Null);
            return self.look(chosen, subgraph, pick);
        }
        if let Some(values) = object.get("$pick").and_then(Value::as_array) {
            let count = i64::try_from(values.len()).expect("a short list");
            let index = usize::try_from(pick.rem_euclid(count)).expect("not negative");
            return self.look(&values[index], subgraph, pick);
        }
        Found::Object(object)
    }
}

pub(crate) fn typename(object: &Object) -> &str {
    object
        .get("__typename")
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("an object in the data has no __typename: {object:?}"))
}

pub(crate) fn is_unknown_in(object: &Object, subgraph: &str) -> bool {
    object
        .get("$unknown_in")
        .and_then(Value::as_array)
        .is_some_and(|names| names.iter().any(|name| name == subgraph))
}
