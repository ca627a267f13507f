//! Errors of a response, in the client's terms.

use std::fmt::Write as _;

use crate::parse::SubgraphError;

/// One entry of the response's `errors`.
#[derive(Debug, Clone)]
pub struct GraphqlError {
    pub message: String,
    /// Where in the response; empty when it concerns no place in particular.
    pub path: Vec<PathElement>,
    /// A JSON object; empty for none.
    pub extensions: Extensions,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathElement {
    Key(String),
    Index(usize),
}

/// `extensions` of an error.
pub type Extensions = serde_json::Map<String, serde_json::Value>;

/// Where errors go while a response is made.
pub type ErrorSink = Vec<GraphqlError>;

impl GraphqlError {
    pub(crate) fn new(code: &str, subgraph: Option<&str>, message: String, path: Vec<PathElement>) -> Self {
        let mut extensions = Extensions::new();
        extensions.insert("code".to_owned(), code.into());
        if let Some(subgraph) = subgraph {
            extensions.insert("subgraph".to_owned(), subgraph.into());
        }
        Self {
            message,
            path,
            extensions,
        }
    }

    /// An error that a subgraph reported: message and extensions are kept, its name is added.
    pub(crate) fn from_subgraph(subgraph: &str, error: &SubgraphError, path: Vec<PathElement>) -> Self {
        let mut extensions = error.extensions.clone();
        extensions
            .entry("code")
            .or_insert_with(|| "SUBGRAPH_ERROR".into());
        extensions.entry("subgraph").or_insert_with(|| subgraph.into());
        let message = if error.message.is_empty() {
            format!("subgraph `{subgraph}` reported an error without a message")
        } else {
            error.message.clone()
        };
        Self {
            message,
            path,
            extensions,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"message\":");
        write_string(out, &self.message);
        if !self.path.is_empty() {
            let mut text = String::from(",\"path\":[");
            for (index, element) in self.path.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                // Writing to a String cannot fail; response keys are GraphQL names, which need no escapes.
                let _ = match element {
                    PathElement::Key(key) => write!(text, "\"{key}\""),
                    PathElement::Index(index) => write!(text, "{index}"),
                };
            }
            text.push(']');
            out.extend_from_slice(text.as_bytes());
        }
        if !self.extensions.is_empty() {
            out.extend_from_slice(b",\"extensions\":");
            write_json(out, &self.extensions);
        }
        out.push(b'}');
    }
}

pub(crate) fn write_json(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    serde_json::to_writer(out, value).expect("strings and JSON values always serialise into memory");
}

/// A JSON string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    // Documents and names have nothing to be escaped.
    if text
        .bytes()
        .any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        return write_json(out, &text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}
