//! A subgraph's answer -> data, along the shape that the plan expects.
//!
//! What the shape does not know is stepped over and never kept: a subgraph cannot put into the response what
//! was not asked for.

use bytes::Bytes;
use causeway_json::{JsonError, Scanner};
use causeway_model::{Shape, ShapeField, ShapeId};
use serde_json::Value as JsonValue;

use crate::{
    error::Extensions,
    tree::{Buffer, Entry, List, ObjectId, Tree, Value},
};

/// Why an answer cannot be used. Displayed after the subgraph's name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParseError {
    #[error("its answer is not UTF-8")]
    NotUtf8,
    #[error("its answer is not JSON: {0}")]
    NotJson(#[from] JsonError),
    #[error("its answer is not a GraphQL response: {0}")]
    NotGraphql(&'static str),
    #[error("it answered `{key}` with {found}, where {expected} was expected")]
    WrongType {
        key: String,
        found: &'static str,
        expected: &'static str,
    },
    #[error("it answered {found} entities where {expected} were asked for")]
    EntityCount { found: usize, expected: usize },
}

/// What an answer is expected to bring.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'e> {
    /// The object at the top of `data`.
    Root(ShapeId),
    /// The lists of several `_entities` fields, each with its key, its shape and its length.
    Entities(&'e [(&'e str, ShapeId, usize)]),
}

/// A GraphQL response. Its objects are in the tree, and hang nowhere yet.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) data: Brought,
    pub(crate) errors: Vec<SubgraphError>,
}

#[derive(Debug)]
pub(crate) enum Brought {
    /// `data` is missing or null.
    Nothing,
    Root(ObjectId),
    /// By field that was expected. `None`: the list is missing or null.
    Entities(Vec<Option<List>>),
}

/// An entry of `errors`. Servers that do not keep to the specification are understood as far as possible: an
/// odd part of an error is no reason to throw good data away.
#[derive(Debug, Default)]
pub(crate) struct SubgraphError {
    pub(crate) message: String,
    /// Empty when missing.
    pub(crate) path: Vec<JsonValue>,
    pub(crate) extensions: Extensions,
}

impl SubgraphError {
    /// What it says, wherever: message and extensions.
    pub(crate) fn content(&self) -> (&str, String) {
        (
            &self.message,
            JsonValue::Object(self.extensions.clone()).to_string(),
        )
    }
}

impl From<Extensions> for SubgraphError {
    fn from(mut entry: Extensions) -> Self {
        let mut error = Self::default();
        if let Some(JsonValue::String(message)) = entry.remove("message") {
            error.message = message;
        }
        if let Some(JsonValue::Array(path)) = entry.remove("path") {
            error.path = path;
        }
        if let Some(JsonValue::Object(extensions)) = entry.remove("extensions") {
            error.extensions = extensions;
        }
        error
    }
}

/// Reads an answer in one pass.
pub(crate) fn answer(
    tree: &mut Tree,
    body: &Bytes,
    shape: &Shape,
    expected: Expected<'_>,
) -> Result<Answer, ParseError> {
    std::str::from_utf8(body).map_err(|_| ParseError::NotUtf8)?;
    let mut parser = Parser {
        buffer: tree.add_buffer(body.clone()),
        tree,
        shape,
        scanner: Scanner::new(body),
        fields: Vec::new(),
        items: Vec::new(),
    };
    if parser.scanner.peek()? != b'{' {
        return Err(ParseError::NotGraphql("it is not a JSON object"));
    }
    let mut answer = Answer {
        data: Brought::Nothing,
        errors: Vec::new(),
    };
    let mut has_any = false;
    parser.scanner.enter(b'{')?;
    let mut first = true;
    while parser.scanner.more(first, b'}')? {
        first = false;
        let key = parser.scanner.string()?;
        parser.scanner.expect(b':')?;
        match key {
            b"\"data\"" => {
                has_any = true;
                answer.data = parser.data(expected)?;
            }
            b"\"errors\"" => match parser.scanner.value()? {
                b"null" => {}
                errors => {
                    has_any = true;
                    let entries: Vec<Extensions> = serde_json::from_slice(errors)
                        .map_err(|_| ParseError::NotGraphql("`errors` is not a list of errors"))?;
                    answer.errors = entries.into_iter().map(SubgraphError::from).collect();
                }
            },
            _ => {
                parser.scanner.value()?;
            }
        }
    }
    parser.scanner.leave();
    parser.scanner.end()?;
    if has_any {
        Ok(answer)
    } else {
        Err(ParseError::NotGraphql("it has neither `data` nor `errors`"))
    }
}

struct Parser<'a> {
    tree: &'a mut Tree,
    buffer: Buffer,
    shape: &'a Shape,
    scanner: Scanner<'a>,
    /// Fields of objects and items of lists that are not at their end yet.
    fields: Vec<Entry>,
    items: Vec<Value>,
}

impl Parser<'_> {
    fn data(&mut self, expected: Expected<'_>) -> Result<Brought, ParseError> {
        match (self.scanner.peek()?, expected) {
            (b'n', _) => {
                self.scanner.value()?;
                Ok(Brought::Nothing)
            }
            (b'{', Expected::Entities(calls)) => self.entities(calls).map(Brought::Entities),
            (_, Expected::Root(node)) => match self.value(node, "data")? {
                Value::Object(object) => Ok(Brought::Root(object)),
                _ => Err(ParseError::NotGraphql("`data` is not an object")),
            },
            (_, Expected::Entities(_)) => Err(ParseError::NotGraphql("`data` is not an object")),
        }
    }

    fn entities(&mut self, calls: &[(&str, ShapeId, usize)]) -> Result<Vec<Option<List>>, ParseError> {
        let mut lists: Vec<Option<List>> = calls.iter().map(|_| None).collect();
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let key = self.scanner.string()?;
            self.scanner.expect(b':')?;
            match calls.iter().position(|(alias, ..)| is_key(key, alias)) {
                Some(index) => lists[index] = self.entity_list(calls[index])?,
                None => {
                    self.scanner.value()?;
                }
            }
        }
        self.scanner.leave();
        Ok(lists)
    }

    fn entity_list(
        &mut self,
        (alias, node, expected): (&str, ShapeId, usize),
    ) -> Result<Option<List>, ParseError> {
        let wrong = |found, expected| {
            Err(ParseError::WrongType {
                key: alias.to_owned(),
                found,
                expected,
            })
        };
        let list = match self.value(node, alias)? {
            Value::Null => return Ok(None),
            Value::List(list) => list,
            _ => return wrong("an object", "a list"),
        };
        let items = self.tree.items(list);
        if items.iter().any(|item| matches!(item, Value::List(_))) {
            return wrong("a list of lists", "a list of entities");
        }
        if items.len() != expected {
            return Err(ParseError::EntityCount {
                found: items.len(),
                expected,
            });
        }
        Ok(Some(list))
    }

    /// An object, a list of such, or null.
    fn value(&mut self, node: ShapeId, key: &str) -> Result<Value, ParseError> {
        match self.scanner.peek()? {
            b'{' => self.object(node).map(Value::Object),
            b'[' => {
                let start = self.items.len();
                self.scanner.enter(b'[')?;
                let mut first = true;
                while self.scanner.more(first, b']')? {
                    first = false;
                    let item = self.value(node, key)?;
                    self.items.push(item);
                }
                self.scanner.leave();
                Ok(Value::List(self.tree.list_of(&mut self.items, start)))
            }
            b'n' => {
                self.scanner.value()?;
                Ok(Value::Null)
            }
            other => {
                self.scanner.value()?;
                let found = if other == b'"' {
                    "a string"
                } else {
                    "a number or boolean"
                };
                Err(ParseError::WrongType {
                    key: key.to_owned(),
                    found,
                    expected: "an object",
                })
            }
        }
    }

    fn object(&mut self, node: ShapeId) -> Result<ObjectId, ParseError> {
        let shape = self.shape;
        let shape: &[ShapeField] = &shape.nodes[node.0 as usize];
        let start = self.fields.len();
        let mut expected = 0;
        // Keys of the data tree that may be there already, by their last bits. What comes twice is put in order at the end.
        let (mut present, mut repeated) = (0_u64, false);
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let Some(position) = self.field_name(shape, expected)? else {
                self.scanner.value()?;
                continue;
            };
            expected = position + 1;
            let field = &shape[position];
            let value = match field.child {
                Some(child) => self.value(child, &field.json_key)?,
                None => self.leaf()?,
            };
            let bit = 1 << (field.key.0 % 64);
            repeated |= present & bit != 0;
            present |= bit;
            self.fields.push((field.key, value));
        }
        self.scanner.leave();
        if repeated {
            return Ok(self.merge_repeated(start));
        }
        Ok(self.tree.object_of(&mut self.fields, start))
    }

    /// Subgraphs answer in the order of the document, so the next field is mostly the right one.
    fn field_name(&mut self, shape: &[ShapeField], expected: usize) -> Result<Option<usize>, ParseError> {
        let position = match shape.get(expected) {
            Some(field) if self.scanner.take_name(&field.json_key) => Some(expected),
            _ => {
                let key = self.scanner.string()?;
                shape.iter().position(|field| is_key(key, &field.json_key))
            }
        };
        self.scanner.expect(b':')?;
        Ok(position)
    }

    fn leaf(&mut self) -> Result<Value, ParseError> {
        self.scanner.peek()?;
        let start = self.scanner.position();
        match self.scanner.value()? {
            b"null" => Ok(Value::Null),
            raw => Ok(Value::Leaf(self.buffer.text(start, start + raw.len()))),
        }
    }

    fn merge_repeated(&mut self, start: usize) -> ObjectId {
        let fields = self.fields.split_off(start);
        let object = self.tree.object_of(&mut self.fields, start);
        for (key, value) in fields {
            self.tree.set(object, key, value);
        }
        object
    }
}

/// Compares a JSON string, quotes included, with a GraphQL name; names are never escaped in practice, and an
/// escaped one is just unknown.
fn is_key(quoted: &[u8], name: &str) -> bool {
    quoted.len() == name.len() + 2 && &quoted[1..quoted.len() - 1] == name.as_bytes()
}

#[cfg(test)]
mod tests {
    use causeway_model::KeyId;

    use super::*;

    fn shape() -> Shape {
        let field = |json_key: &str, key, child| ShapeField {
            json_key: json_key.into(),
            key: KeyId(key),
            child,
        };
        Shape {
            nodes: vec![
                vec![field("user", 1, Some(ShapeId(1)))],
                vec![field("id", 2, None), field("_a0_n", 3, None)],
            ],
        }
    }

    fn parse(body: &'static [u8]) -> Result<(Tree, Answer), ParseError> {
        let mut tree = Tree::default();
        let body = Bytes::from_static(body);
        answer(&mut tree, &body, &shape(), Expected::Root(ShapeId(0))).map(|answer| (tree, answer))
    }

    #[test]
    fn leaves_stay_as_they_came_and_surplus_is_dropped() {
        let body = br#"{"data":{"x":[1],"user":{"id":1.500,"_a0_n":"\u00e9","extra":{"a":1}}}}"#;
        let (tree, answer) = parse(body).unwrap();
        let Brought::Root(root) = answer.data else {
            panic!("{answer:?}")
        };
        let Some(Value::Object(user)) = tree.get(root, KeyId(1)) else {
            panic!("{tree:?}")
        };
        let raw = |key| match tree.get(user, KeyId(key)) {
            Some(Value::Leaf(raw)) => tree.text(raw),
            other => panic!("{other:?}"),
        };
        assert_eq!(raw(2), b"1.500");
        assert_eq!(raw(3), br#""\u00e9""#);
    }

    #[test]
    fn a_field_that_comes_twice_is_merged() {
        let body = br#"{"data":{"user":{"id":1},"user":{"_a0_n":"b","id":2}}}"#;
        let (tree, answer) = parse(body).unwrap();
        let Brought::Root(root) = answer.data else {
            panic!("{answer:?}")
        };
        let Some(Value::Object(user)) = tree.get(root, KeyId(1)) else {
            panic!("{tree:?}")
        };
        let raw = |key| match tree.get(user, KeyId(key)) {
            Some(Value::Leaf(raw)) => tree.text(raw),
            other => panic!("{other:?}"),
        };
        assert_eq!((raw(2), raw(3)), (&b"2"[..], &b"\"b\""[..]));
    }

    #[test]
    fn bad_answers_are_told_apart() {
        for (body, message) in [
            (
                "[]",
                "its answer is not a GraphQL response: it is not a JSON object",
            ),
            (
                "{}",
                "its answer is not a GraphQL response: it has neither `data` nor `errors`",
            ),
            (
                "{\"data\":{\"a\":",
                "its answer is not JSON: the JSON ends too early",
            ),
            (
                "{\"data\":{}} x",
                "its answer is not JSON: unexpected character at byte 12",
            ),
            (
                "{\"errors\":3}",
                "its answer is not a GraphQL response: `errors` is not a list of errors",
            ),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message, "{body}");
        }
        assert!(matches!(parse(b"{\"data\":\"\xff\"}"), Err(ParseError::NotUtf8)));
        let error = parse(br#"{"data":{"user":"ada"}}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it answered `user` with a string, where an object was expected"
        );
    }
}
