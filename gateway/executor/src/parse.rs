//! A subgraph's answer -> data, along the shape that the plan expects.
//!
//! What the shape does not know is stepped over and never kept: a subgraph cannot put into the response what
//! was not asked for.

use bytes::Bytes;
use causeway_model::{Shape, ShapeField, ShapeId};
use serde_json::Value;

use crate::{
    data::{Data, Object},
    error::Extensions,
    json::{JsonError, Scanner},
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

/// A GraphQL response's parts; `data` is still to be parsed.
#[derive(Debug)]
pub(crate) struct Envelope {
    /// `None` when missing or null.
    pub(crate) data: Option<Bytes>,
    pub(crate) errors: Vec<SubgraphError>,
}

/// An entry of `errors`. Servers that do not keep to the specification are understood as far as possible: an
/// odd part of an error is no reason to throw good data away.
#[derive(Debug, Default)]
pub(crate) struct SubgraphError {
    pub(crate) message: String,
    /// Empty when missing.
    pub(crate) path: Vec<Value>,
    pub(crate) extensions: Extensions,
}

impl SubgraphError {
    /// What it says, wherever: message and extensions.
    pub(crate) fn content(&self) -> (&str, String) {
        (
            &self.message,
            serde_json::Value::Object(self.extensions.clone()).to_string(),
        )
    }
}

impl From<Extensions> for SubgraphError {
    fn from(mut entry: Extensions) -> Self {
        let mut error = Self::default();
        if let Some(Value::String(message)) = entry.remove("message") {
            error.message = message;
        }
        if let Some(Value::Array(path)) = entry.remove("path") {
            error.path = path;
        }
        if let Some(Value::Object(extensions)) = entry.remove("extensions") {
            error.extensions = extensions;
        }
        error
    }
}

pub(crate) fn envelope(body: &Bytes) -> Result<Envelope, ParseError> {
    std::str::from_utf8(body).map_err(|_| ParseError::NotUtf8)?;
    let mut scanner = Scanner::new(body);
    if scanner.peek()? != b'{' {
        return Err(ParseError::NotGraphql("it is not a JSON object"));
    }
    let mut envelope = Envelope {
        data: None,
        errors: Vec::new(),
    };
    let mut has_any = false;
    scanner.enter(b'{')?;
    let mut first = true;
    while scanner.more(first, b'}')? {
        first = false;
        let key = scanner.string()?;
        scanner.expect(b':')?;
        let value = scanner.value()?;
        match key {
            b"\"data\"" => {
                has_any = true;
                envelope.data = (value != b"null").then(|| body.slice_ref(value));
            }
            b"\"errors\"" if value != b"null" => {
                has_any = true;
                let entries: Vec<Extensions> = serde_json::from_slice(value)
                    .map_err(|_| ParseError::NotGraphql("`errors` is not a list of errors"))?;
                envelope.errors = entries.into_iter().map(SubgraphError::from).collect();
            }
            _ => {}
        }
    }
    scanner.leave();
    scanner.end()?;
    if has_any {
        Ok(envelope)
    } else {
        Err(ParseError::NotGraphql("it has neither `data` nor `errors`"))
    }
}

/// Parses the object at the top of `data` along one node of the shape.
pub(crate) fn object(body: &Bytes, shape: &Shape, node: ShapeId) -> Result<Object, ParseError> {
    let mut parser = Parser {
        body,
        shape,
        scanner: Scanner::new(body),
    };
    match parser.value(node, "data")? {
        Data::Object(object) => Ok(object),
        _ => Err(ParseError::NotGraphql("`data` is not an object")),
    }
}

/// Parses `data` as the lists of entities of several `_entities` fields, each with its alias, its shape and the
/// number of entities expected. `None`: the list is missing or null.
pub(crate) fn entities(
    body: &Bytes,
    shape: &Shape,
    calls: &[(&str, ShapeId, usize)],
) -> Result<Vec<Option<Vec<Data>>>, ParseError> {
    let mut parser = Parser {
        body,
        shape,
        scanner: Scanner::new(body),
    };
    let mut lists: Vec<Option<Vec<Data>>> = calls.iter().map(|_| None).collect();
    parser
        .scanner
        .enter(b'{')
        .map_err(|_| ParseError::NotGraphql("`data` is not an object"))?;
    let mut first = true;
    while parser.scanner.more(first, b'}')? {
        first = false;
        let key = parser.scanner.string()?;
        parser.scanner.expect(b':')?;
        match calls.iter().position(|(alias, ..)| is_key(key, alias)) {
            Some(index) => lists[index] = parser.entity_list(calls[index])?,
            None => {
                parser.scanner.value()?;
            }
        }
    }
    Ok(lists)
}

struct Parser<'a> {
    body: &'a Bytes,
    shape: &'a Shape,
    scanner: Scanner<'a>,
}

impl Parser<'_> {
    fn entity_list(
        &mut self,
        (alias, node, expected): (&str, ShapeId, usize),
    ) -> Result<Option<Vec<Data>>, ParseError> {
        let wrong = |found, expected| {
            Err(ParseError::WrongType {
                key: alias.to_owned(),
                found,
                expected,
            })
        };
        let items = match self.value(node, alias)? {
            Data::Null => return Ok(None),
            Data::List(items) => items,
            _ => return wrong("an object", "a list"),
        };
        if items.iter().any(|item| matches!(item, Data::List(_))) {
            return wrong("a list of lists", "a list of entities");
        }
        if items.len() != expected {
            return Err(ParseError::EntityCount {
                found: items.len(),
                expected,
            });
        }
        Ok(Some(items))
    }

    /// An object, a list of such, or null.
    fn value(&mut self, node: ShapeId, key: &str) -> Result<Data, ParseError> {
        match self.scanner.peek()? {
            b'{' => self.object(node).map(Data::Object),
            b'[' => {
                let mut items = Vec::new();
                self.scanner.enter(b'[')?;
                let mut first = true;
                while self.scanner.more(first, b']')? {
                    first = false;
                    items.push(self.value(node, key)?);
                }
                self.scanner.leave();
                Ok(Data::List(items))
            }
            b'n' => {
                self.scanner.value()?;
                Ok(Data::Null)
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

    fn object(&mut self, node: ShapeId) -> Result<Object, ParseError> {
        let shape: &[ShapeField] = &self.shape.nodes[node.0 as usize];
        let mut object = Object::default();
        let mut expected = 0;
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let key = self.scanner.string()?;
            self.scanner.expect(b':')?;
            // Subgraphs answer in the order of the document, so the next field is mostly the right one.
            let position = match shape.get(expected) {
                Some(field) if is_key(key, &field.json_key) => Some(expected),
                _ => shape.iter().position(|field| is_key(key, &field.json_key)),
            };
            let Some(position) = position else {
                self.scanner.value()?;
                continue;
            };
            expected = position + 1;
            let field = &shape[position];
            let value = match field.child {
                Some(child) => self.value(child, &field.json_key)?,
                None => match self.scanner.value()? {
                    b"null" => Data::Null,
                    raw => Data::Leaf(self.body.slice_ref(raw)),
                },
            };
            object.merge_field(field.key, value);
        }
        self.scanner.leave();
        Ok(object)
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

    #[test]
    fn leaves_stay_as_they_came_and_surplus_is_dropped() {
        let body = Bytes::from_static(br#"{"x":[1],"user":{"id":1.500,"_a0_n":"\u00e9","extra":{"a":1}}}"#);
        let parsed = object(&body, &shape(), ShapeId(0)).unwrap();
        let Some(Data::Object(user)) = parsed.get(KeyId(1)) else {
            panic!("{parsed:?}")
        };
        let raw = |key| match user.get(KeyId(key)) {
            Some(Data::Leaf(raw)) => raw.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(&raw(2)[..], b"1.500");
        assert_eq!(&raw(3)[..], br#""\u00e9""#);
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
            let error = envelope(&Bytes::from_static(body.as_bytes())).unwrap_err();
            assert_eq!(error.to_string(), message, "{body}");
        }
        let not_utf8 = Bytes::from_static(b"{\"data\":\"\xff\"}");
        assert!(matches!(envelope(&not_utf8), Err(ParseError::NotUtf8)));
        let wrong = Bytes::from_static(br#"{"user":"ada"}"#);
        let error = object(&wrong, &shape(), ShapeId(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it answered `user` with a string, where an object was expected"
        );
    }
}
