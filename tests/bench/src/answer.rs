//! A small GraphQL interpreter over the [`World`]. A subgraph runs it once for each different request body and then
//! sends the kept bytes; the load program runs it over the API schema for the answers that a gateway has to give.

use anyhow::Context as _;
use apollo_compiler::{
    ExecutableDocument, Schema, ast,
    executable::{DirectiveList, Field, OperationType, Selection, SelectionSet},
    validation::Valid,
};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::world::{Object, Value, World};

/// A response without errors.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `{"data": …}`
    pub(crate) body: Vec<u8>,
    pub(crate) mutation: bool,
    /// Products whose changes were made or seen, and when they were changed last.
    pub(crate) seen: Vec<(usize, u64)>,
    /// Entities and other root fields that were asked for.
    pub(crate) loads: u64,
}

/// Answers the body of a GraphQL request. The document is validated: nobody is asked for what they do not have.
///
/// # Errors
/// What is wrong with the request.
pub(crate) fn answer_body(world: &World, schema: &Valid<Schema>, body: &[u8]) -> anyhow::Result<Answer> {
    let request: Json = serde_json::from_slice(body).context("the body is no JSON")?;
    let query = request["query"].as_str().context("the body has no `query`")?;
    answer(
        world,
        schema,
        query,
        request["variables"].as_object().unwrap_or(&Map::new()),
    )
}

/// Answers a document with one operation.
///
/// # Errors
/// What is wrong with the request.
pub(crate) fn answer(
    world: &World,
    schema: &Valid<Schema>,
    query: &str,
    variables: &Map<String, Json>,
) -> anyhow::Result<Answer> {
    let document = ExecutableDocument::parse_and_validate(schema, query, "request.graphql")
        .map_err(|invalid| anyhow::anyhow!("invalid document: {}", invalid.errors))?;
    let operation = document
        .operations
        .get(None)
        .map_err(|_| anyhow::anyhow!("the document has no single operation"))?;
    let mut known = variables.clone();
    for variable in &operation.variables {
        if let Some(default) = &variable.default_value
            && !known.contains_key(variable.name.as_str())
        {
            known.insert(variable.name.to_string(), json(default, variables));
        }
    }
    let mut run = Run {
        world,
        document: &document,
        variables: &known,
        out: b"{\"data\":".to_vec(),
        seen: Vec::new(),
        loads: 0,
    };
    run.object(&operation.selection_set.ty, None, &[&operation.selection_set]);
    run.out.push(b'}');
    Ok(Answer {
        body: run.out,
        mutation: operation.operation_type == OperationType::Mutation,
        seen: run.seen,
        loads: run.loads,
    })
}

struct Run<'a> {
    world: &'a World,
    document: &'a ExecutableDocument,
    variables: &'a Map<String, Json>,
    out: Vec<u8>,
    seen: Vec<(usize, u64)>,
    loads: u64,
}

type Fields<'a> = IndexMap<&'a str, Vec<&'a Field>>;

impl<'a> Run<'a> {
    /// `object` is `None` at the roots.
    fn object(&mut self, ty: &str, object: Option<&'a Object>, sets: &[&'a SelectionSet]) {
        let mut fields = Fields::new();
        for set in sets {
            self.collect(ty, set, &mut fields);
        }
        self.out.push(b'{');
        for (index, (key, group)) in fields.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.text(key);
            self.out.push(b':');
            self.field(ty, object, group);
        }
        self.out.push(b'}');
    }

    fn collect(&self, ty: &str, set: &'a SelectionSet, into: &mut Fields<'a>) {
        // No interfaces here, and the only union is `_Entity`.
        let applies = |on: &str| on == ty || on == "_Entity";
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    into.entry(field.response_name().as_str())
                        .or_default()
                        .push(field);
                }
                Selection::InlineFragment(fragment)
                    if self.included(&fragment.directives)
                        && fragment.type_condition.as_ref().is_none_or(|on| applies(on)) =>
                {
                    self.collect(ty, &fragment.selection_set, into);
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    let fragment = &self.document.fragments[&spread.fragment_name];
                    if applies(&fragment.selection_set.ty) {
                        self.collect(ty, &fragment.selection_set, into);
                    }
                }
                _ => {}
            }
        }
    }

    fn included(&self, directives: &DirectiveList) -> bool {
        let condition = |name: &str| {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            json(value, self.variables).as_bool()
        };
        condition("skip") != Some(true) && condition("include") != Some(false)
    }

    fn field(&mut self, ty: &str, object: Option<&'a Object>, group: &[&'a Field]) {
        let field = group[0];
        let sets: Vec<&'a SelectionSet> = group
            .iter()
            .filter_map(|field| field.selection_set.as_ref())
            .collect();
        match (field.name.as_str(), object) {
            ("__typename", _) => self.text(ty),
            ("_entities", None) => self.entities(field, &sets),
            (name, Some(object)) => self.value(object.fields.get(name), field, &sets),
            (name, None) => match self.argument(field, "id") {
                Some(id) => {
                    self.loads += 1;
                    if name == "changeProduct" {
                        let change = self.world.change(id.as_str().unwrap_or_default());
                        self.seen.extend(change);
                    }
                    let ty = field.definition.ty.inner_named_type();
                    let found = self.world.find(ty, id.as_str().unwrap_or_default());
                    self.found(found, &sets);
                }
                None => {
                    self.loads += 1;
                    self.value(self.world.root(name), field, &sets);
                }
            },
        }
    }

    fn entities(&mut self, field: &'a Field, sets: &[&'a SelectionSet]) {
        let representations = self.argument(field, "representations").unwrap_or_default();
        self.out.push(b'[');
        for (index, wanted) in representations.as_array().into_iter().flatten().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.loads += 1;
            let (ty, id) = (wanted["__typename"].as_str(), wanted["id"].as_str());
            let found = self.world.find(ty.unwrap_or_default(), id.unwrap_or_default());
            self.found(found, sets);
        }
        self.out.push(b']');
    }

    fn found(&mut self, object: Option<&'a Object>, sets: &[&'a SelectionSet]) {
        match object {
            Some(object) => self.object(object.ty, Some(object), sets),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    fn value(&mut self, value: Option<&'a Value>, field: &'a Field, sets: &[&'a SelectionSet]) {
        match value {
            None => self.out.extend_from_slice(b"null"),
            Some(Value::Leaf(json)) => self.out.extend_from_slice(json.as_bytes()),
            Some(Value::Changed(product)) => {
                let at = self.world.changed(*product);
                self.seen.push((*product, at));
                self.out.extend_from_slice(at.to_string().as_bytes());
            }
            Some(Value::One(index)) => self.found(Some(self.world.object(*index)), sets),
            Some(Value::Many(items)) => {
                let first = self.argument(field, "first").and_then(|first| first.as_u64());
                let count = first.and_then(|first| usize::try_from(first).ok());
                self.out.push(b'[');
                for (index, item) in items.iter().take(count.unwrap_or(usize::MAX)).enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.found(Some(self.world.object(*item)), sets);
                }
                self.out.push(b']');
            }
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Json> {
        let argument = field.arguments.iter().find(|argument| argument.name == name)?;
        Some(json(&argument.value, self.variables))
    }

    fn text(&mut self, text: &str) {
        self.out
            .extend_from_slice(Json::from(text).to_string().as_bytes());
    }
}

fn json(value: &ast::Value, variables: &Map<String, Json>) -> Json {
    match value {
        ast::Value::Null => Json::Null,
        ast::Value::Enum(name) => name.as_str().into(),
        ast::Value::Variable(name) => variables.get(name.as_str()).cloned().unwrap_or_default(),
        ast::Value::String(text) => text.as_str().into(),
        ast::Value::Boolean(value) => (*value).into(),
        ast::Value::Int(number) => serde_json::from_str(number.as_str()).unwrap_or_default(),
        ast::Value::Float(number) => serde_json::from_str(number.as_str()).unwrap_or_default(),
        ast::Value::List(items) => items.iter().map(|item| json(item, variables)).collect(),
        ast::Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.to_string(), json(value, variables)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::graph::served_schema;

    fn ask(subgraph: &str, body: Json) -> Json {
        let schema = served_schema(subgraph).unwrap();
        let answer = answer_body(&World::new(), &schema, body.to_string().as_bytes()).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn roots_take_ids_and_lists_take_first() {
        let query =
            "query($n: Int = 2) { user(id: \"u3\") { __typename who: name } users(first: $n) { id } }";
        let expected = json!({ "data": {
            "user": { "__typename": "User", "who": "Member Number 3" }, "users": [{ "id": "u0" }, { "id": "u1" }],
        } });
        assert_eq!(ask("people", json!({ "query": query })), expected);
    }

    #[test]
    fn entities_are_answered_in_order_and_selections_of_one_key_are_merged() {
        let query = "query($r: [_Any!]!, $no: Boolean!) { _entities(representations: $r) { ...on User { lastBought { id } \
                     orders(first: 1) @skip(if: $no) { id } } ...U } } fragment U on User { lastBought { __typename } }";
        let representations =
            json!([{ "__typename": "User", "id": "u1" }, { "__typename": "User", "id": "nobody" }]);
        let body = json!({ "query": query, "variables": { "r": representations, "no": true } });
        let expected = json!({ "data": { "_entities": [{ "lastBought": { "id": "p5", "__typename": "Product" } }, null] } });
        assert_eq!(ask("sales", body), expected);
    }

    #[test]
    fn a_subgraph_refuses_what_it_does_not_have() {
        let schema = served_schema("sales").unwrap();
        let body = br#"{"query":"{ order(id: \"o1-1\") { buyer { name } } }"}"#;
        let error = answer_body(&World::new(), &schema, body).unwrap_err();
        assert!(error.to_string().contains("name"), "{error}");
    }

    #[test]
    fn a_change_is_seen_and_what_was_asked_for_is_counted() {
        let (world, schema) = (World::new(), served_schema("goods").unwrap());
        let ask = |query: &str| {
            let body = json!({ "query": query }).to_string();
            answer_body(&world, &schema, body.as_bytes()).unwrap()
        };
        let read = "{ product(id: \"p9999\") { changed } products(first: 2) { id } }";
        let before = ask(read);
        assert_eq!(before.loads, 2);
        let change = ask("mutation { changeProduct(id: \"p9999\") { id changed } }");
        assert!(change.mutation && change.seen[0].1 > before.seen[0].1);
        assert_eq!(ask(read).seen[0], change.seen[0]);
    }

    #[test]
    fn mutations_are_told_apart() {
        let schema = served_schema("sales").unwrap();
        let body = br#"{"query":"mutation { repeatOrder(id: \"o1-1\") { id } }"}"#;
        assert!(answer_body(&World::new(), &schema, body).unwrap().mutation);
    }
}
