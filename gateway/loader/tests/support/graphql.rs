//! As much of GraphQL as the tests speak: `query($id:ID!){user(id:$id){name} me{name}}`, in one line, without directives and fragments.

use causeway_model::{MergeTemplate, OwnName};
use serde_json::Value;

/// A field at the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootField {
    /// Its key in the answer.
    pub(crate) key: String,
    pub(crate) name: String,
    /// The whole of it without its alias, values in the place of variables: what it means, whatever things are called.
    pub(crate) meaning: String,
}

pub(crate) fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

pub(crate) fn name_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..rest.find(|character| !is_name(character)).unwrap_or(rest.len())]
}

/// Where the selection begins and each of its fields.
pub(crate) fn places(document: &str) -> (usize, Vec<usize>) {
    let start = document.find('{').unwrap() + 1;
    let mut fields = vec![start];
    let mut depth = 0;
    for (at, character) in document[start..document.len() - 1].char_indices() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ' ' if depth == 0 => fields.push(start + at + 1),
            _ => {}
        }
    }
    (start, fields)
}

pub(crate) fn root_fields(document: &str, variables: &Value) -> Vec<RootField> {
    let (_, starts) = places(document);
    let ends = starts.iter().skip(1).map(|next| next - 1);
    let ends = ends.chain([document.len() - 1]);
    let field = |(start, end): (&usize, usize)| {
        let text = &document[*start..end];
        let key = name_at(text, 0);
        let own = text[key.len()..]
            .strip_prefix(':')
            .unwrap_or(&document[*start..end]);
        let mut pieces = own.split('$');
        let mut meaning = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let name = name_at(piece, 0);
            meaning.push_str(&variables[name].to_string());
            meaning.push_str(&piece[name.len()..]);
        }
        RootField {
            key: key.to_owned(),
            name: name_at(own, 0).to_owned(),
            meaning,
        }
    };
    starts.iter().zip(ends).map(field).collect()
}

/// What the planner would say of a document.
pub(crate) fn template(document: &str) -> MergeTemplate {
    let (start, fields) = places(document);
    let variables = document
        .match_indices('$')
        .map(|(at, _)| OwnName { at: at + 1, field: 0 });
    let keys = fields.iter().map(|at| {
        let key = name_at(document, *at);
        let aliased = document[at + key.len()..].starts_with(':');
        OwnName {
            at: *at,
            field: if aliased { 0 } else { key.len() },
        }
    });
    let mut names: Vec<OwnName> = variables.chain(keys).collect();
    names.sort_by_key(|name| name.at);
    let mut asked: Vec<String> = root_fields(document, &Value::Null)
        .into_iter()
        .map(|field| field.name)
        .collect();
    asked.sort();
    asked.dedup();
    MergeTemplate {
        fields: asked.join(",").into(),
        definitions: match document.strip_prefix("query(") {
            Some(_) => "query(".len()..start - 2,
            None => 0..0,
        },
        selection: start..document.len() - 1,
        names,
    }
}
