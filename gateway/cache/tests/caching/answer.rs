//! What a subgraph answers to a document: GraphQL's execution, as far as the tests need it.

use apollo_compiler::ast::{self, Definition, Selection, Value as AstValue};
use causeway_model::{Subgraph, SubgraphId, Supergraph};
use serde_json::{Map, Value, json};

use crate::fake::{Seen, State};

pub(crate) struct Answering<'s> {
    subgraph: &'s Subgraph,
    state: &'s mut State,
    seen: &'s Seen,
    errors: Vec<Value>,
    /// Of variables.
    defaults: Map<String, Value>,
}

impl<'s> Answering<'s> {
    pub(crate) fn new(
        supergraph: &'s Supergraph,
        id: SubgraphId,
        state: &'s mut State,
        seen: &'s Seen,
    ) -> Self {
        Self {
            subgraph: supergraph.subgraph(id),
            state,
            seen,
            errors: Vec::new(),
            defaults: Map::new(),
        }
    }

    pub(crate) fn answer(mut self) -> Value {
        let parsed = ast::Document::parse(&*self.seen.document, "document.graphql");
        let parsed = parsed.unwrap_or_else(|bad| panic!("{}\n{}", self.seen.document, bad.errors));
        let [Definition::OperationDefinition(operation)] = &parsed.definitions[..] else {
            panic!("one operation is expected: {}", self.seen.document);
        };
        let mut defined: Vec<&str> = operation
            .variables
            .iter()
            .map(|known| known.name.as_str())
            .collect();
        defined.sort_unstable();
        let mut given: Vec<&str> = self
            .seen
            .variables
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        given.sort_unstable();
        let unknown = given.iter().find(|name| !defined.contains(*name));
        assert_eq!(
            unknown, None,
            "a variable that is not defined: {}",
            self.seen.document
        );
        assert!(
            defined.windows(2).all(|two| two[0] != two[1]),
            "a variable is defined twice: {}",
            self.seen.document
        );
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                self.defaults
                    .insert(variable.name.to_string(), self.value(default).unwrap());
            }
        }
        let root = match operation.operation_type.is_mutation() {
            true => "Mutation",
            false => "Query",
        };
        let data = self.object(root, &json!({}), &operation.selection_set, &mut Vec::new());
        let mut answer = json!({ "data": data });
        if !self.errors.is_empty() {
            answer["errors"] = self.errors.into();
        }
        if !self.state.extensions.is_null() {
            answer["extensions"] = self.state.extensions.clone();
        }
        answer
    }

    fn object(&mut self, ty: &str, object: &Value, items: &[Selection], path: &mut Vec<Value>) -> Value {
        let mut out = Map::new();
        self.collect(ty, object, items, path, &mut out);
        Value::Object(out)
    }

    fn collect(
        &mut self,
        ty: &str,
        object: &Value,
        items: &[Selection],
        path: &mut Vec<Value>,
        out: &mut Map<String, Value>,
    ) {
        for item in items {
            let directives = match item {
                Selection::Field(field) => &field.directives,
                Selection::InlineFragment(fragment) => &fragment.directives,
                Selection::FragmentSpread(_) => panic!("there are no named fragments"),
            };
            let holds = directives.iter().all(|directive| {
                let condition = self.value(directive.specified_argument_by_name("if").unwrap());
                (directive.name == "include") == (condition == Some(Value::Bool(true)))
            });
            match item {
                _ if !holds => {}
                Selection::Field(field) => {
                    let key = field.response_name().to_string();
                    path.push(key.as_str().into());
                    let value = self.field(ty, object, field, path);
                    path.pop();
                    merge(out.entry(key).or_insert(Value::Null), value);
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().map(|on| on.as_str());
                    if on.is_none_or(|on| self.is(ty, on)) {
                        self.collect(ty, object, &fragment.selection_set, path, out);
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn is(&self, ty: &str, on: &str) -> bool {
        let known = self.subgraph.types.get(on);
        let known = known.unwrap_or_else(|| panic!("the subgraph has no type {on}: {}", self.seen.document));
        ty == on || known.possible_types.iter().any(|possible| possible == ty)
    }

    fn field(&mut self, ty: &str, object: &Value, field: &ast::Field, path: &mut Vec<Value>) -> Value {
        let arguments: Map<String, Value> = field
            .arguments
            .iter()
            .filter_map(|argument| Some((argument.name.to_string(), self.value(&argument.value)?)))
            .collect();
        let name = field.name.as_str();
        if name == "__typename" {
            return ty.into();
        }
        if name == "_entities" {
            return self.entities(&arguments, field, path);
        }
        assert!(
            self.subgraph.field(ty, name).is_some(),
            "the subgraph has no field {ty}.{name}: {}",
            self.seen.document
        );
        let at = format!("{ty}:{}.{name}", object["id"].as_str().unwrap_or_default());
        if self.state.broken.contains(&at) {
            self.errors
                .push(json!({ "message": format!("{at} is broken"), "path": path }));
            return Value::Null;
        }
        let value = self.resolve(ty, object, name, &arguments);
        let declared = self
            .subgraph
            .field(ty, name)
            .unwrap()
            .ty
            .inner_named_type()
            .to_string();
        self.complete(
            &declared,
            &value,
            field.selection_set.as_deref().unwrap_or_default(),
            path,
        )
    }

    fn resolve(&mut self, ty: &str, object: &Value, name: &str, arguments: &Map<String, Value>) -> Value {
        let reference = |ty: &str, id: &Value| {
            let known = self
                .state
                .world
                .contains_key(&format!("{ty}:{}", id.as_str().unwrap()));
            if known {
                json!({ "@": format!("{ty}:{}", id.as_str().unwrap()) })
            } else {
                Value::Null
            }
        };
        match (ty, name) {
            ("Query", "product") => reference("Product", &arguments["id"]),
            ("Query", "byIds") => arguments["ids"]
                .as_array()
                .unwrap()
                .iter()
                .map(|id| reference("Product", id))
                .collect(),
            ("Query", "products" | "tagged") => {
                let all = self.state.world["Query"][name].as_array().unwrap();
                let first = arguments.get("first").and_then(Value::as_u64).unwrap_or(9999);
                all.iter().take(first as usize).cloned().collect()
            }
            ("Query", "echo") => json!(Value::Object(arguments.clone()).to_string()),
            ("Mutation", "rename") => {
                let id = arguments["id"].as_str().unwrap();
                self.state.world[&format!("Product:{id}")]["name"] = arguments["input"]["name"].clone();
                json!({ "@": format!("Product:{id}") })
            }
            ("Query" | "Mutation", _) => self.state.world[ty][name].clone(),
            (_, "whoAsks") => {
                let seen: Vec<&str> = self
                    .state
                    .sees
                    .iter()
                    .filter_map(|name| self.seen.headers.get(*name)?.to_str().ok())
                    .collect();
                seen.join(",").into()
            }
            ("Thing" | "ThingInner", "open" | "mine" | "seen") => {
                let who = |header: &str| {
                    let value = self.seen.headers.get(header);
                    value.map_or("", |value| value.to_str().unwrap())
                };
                let (user, lang, device) = (who("x-user"), who("x-lang"), who("x-device"));
                let who = match name {
                    "open" => lang.to_owned(),
                    "mine" => format!("{lang} {user}"),
                    _ => format!("{lang} {user} {device}"),
                };
                let n = arguments.get("n").map_or(String::new(), Value::to_string);
                let (id, version) = (object["id"].as_str().unwrap(), &object["version"]);
                format!("{name}({n}) {id} {version} {who}").into()
            }
            ("Thing", "inner") => json!({ "id": object["id"], "version": object["version"] }),
            (_, "price") if arguments.contains_key("currency") => {
                json!({ "minor": object["price"]["minor"], "currency": arguments["currency"] })
            }
            _ => object[name].clone(),
        }
    }

    fn complete(&mut self, ty: &str, value: &Value, items: &[Selection], path: &mut Vec<Value>) -> Value {
        match value {
            _ if items.is_empty() => value.clone(),
            Value::Array(all) => {
                let all = all.iter().enumerate().map(|(index, item)| {
                    path.push(index.into());
                    let item = self.complete(ty, item, items, path);
                    path.pop();
                    item
                });
                all.collect()
            }
            Value::Object(object) => match object.get("@") {
                Some(reference) => {
                    let reference = reference.as_str().unwrap();
                    let ty = reference.split(':').next().unwrap();
                    let object = self.state.world[reference].clone();
                    self.object(ty, &object, items, path)
                }
                None => self.object(ty, value, items, path),
            },
            _ => Value::Null,
        }
    }

    fn entities(
        &mut self,
        arguments: &Map<String, Value>,
        field: &ast::Field,
        path: &mut Vec<Value>,
    ) -> Value {
        let all = arguments["representations"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate();
        let all = all.map(|(index, representation)| {
            let Some((ty, object)) = self.find(representation) else {
                return Value::Null;
            };
            path.push(index.into());
            let entity = self.object(
                &ty,
                &object,
                field.selection_set.as_deref().unwrap_or_default(),
                path,
            );
            path.pop();
            entity
        });
        all.collect()
    }

    fn find(&self, representation: &Value) -> Option<(String, Value)> {
        let declared = representation["__typename"].as_str().unwrap();
        let fields = representation.as_object().unwrap();
        let found = self.state.world.iter().find(|(name, object)| {
            let ty = name.split(':').next().unwrap();
            self.subgraph.types.contains_key(ty)
                && self.is(ty, declared)
                && fields
                    .iter()
                    .all(|(name, value)| name == "__typename" || object[name] == *value)
        });
        found.map(|(name, object)| (name.split(':').next().unwrap().to_owned(), object.clone()))
    }

    /// `None`: a variable without a value.
    fn value(&self, value: &AstValue) -> Option<Value> {
        Some(match value {
            AstValue::Null => Value::Null,
            AstValue::Enum(name) => name.as_str().into(),
            AstValue::Variable(name) => {
                let given = self.seen.variables.get(name.as_str());
                given.or_else(|| self.defaults.get(name.as_str()))?.clone()
            }
            AstValue::String(text) => text.as_str().into(),
            AstValue::Boolean(value) => (*value).into(),
            // Subgraphs may understand more digits than we do.
            AstValue::Int(number) => json!(
                number
                    .as_str()
                    .parse::<i64>()
                    .map_or(json!(number.as_str()), |number| json!(number))
            ),
            AstValue::Float(number) => json!(number.as_str()),
            AstValue::List(items) => items
                .iter()
                .map(|item| self.value(item).unwrap_or_default())
                .collect(),
            AstValue::Object(fields) => {
                let fields = fields
                    .iter()
                    .filter_map(|(name, field)| Some((name.to_string(), self.value(field)?)));
                Value::Object(fields.collect())
            }
        })
    }
}

fn merge(into: &mut Value, value: Value) {
    match (into, value) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(more)) if into.len() == more.len() => {
            into.iter_mut()
                .zip(more)
                .for_each(|(into, value)| merge(into, value));
        }
        (into, value) => *into = value,
    }
}
