//! The names in a query's document that would meet others' if it were asked in one operation with them.
//!
//! They are marked while the document is written, since texts are put into texts on the way; the marks are taken out in the end.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use apollo_compiler::ast::Value;
use causeway_model::{MergeTemplate, OwnName};

/// What stands before names. Nothing else in a document has these characters: in strings they are escaped.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// Before a variable's name, behind its `$`, and before an alias at the root.
    pub(super) name: &'static str,
    /// Before a field's name at the root that has no alias.
    pub(super) field: &'static str,
}

const NAME: char = '\u{1}';
const FIELD: char = '\u{2}';

impl Marks {
    pub(super) const NONE: Self = Self { name: "", field: "" };
    pub(super) const OWN_NAMES: Self = Self {
        name: "\u{1}",
        field: "\u{2}",
    };

    pub(super) fn is_marked(self) -> bool {
        !self.name.is_empty()
    }
}

/// As the parser writes values in one line, but for the marks.
pub(super) fn write_value(text: &mut String, value: &Value, marks: Marks) {
    match value {
        Value::Variable(name) => {
            let _ = write!(text, "${}{name}", marks.name);
        }
        Value::List(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                text.push_str(if position == 0 { "" } else { ", " });
                write_value(text, item, marks);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (position, (name, value)) in fields.iter().enumerate() {
                let _ = write!(text, "{}{name}: ", if position == 0 { "" } else { ", " });
                write_value(text, value, marks);
            }
            text.push('}');
        }
        leaf => {
            let _ = write!(text, "{}", leaf.serialize().no_indent());
        }
    }
}

/// A query without marks, and how it is asked with others. `body`: the operation's selection, with its braces.
pub(super) fn query(definitions: &str, body: &str, fields: Arc<str>) -> (String, MergeTemplate) {
    let mut text = String::with_capacity("query()".len() + definitions.len() + body.len());
    let mut names = Vec::new();
    if !definitions.is_empty() {
        text.push_str("query(");
    }
    let definitions = without_marks(definitions, &mut text, &mut names);
    if !definitions.is_empty() {
        text.push(')');
    }
    let body = without_marks(body, &mut text, &mut names);
    let template = MergeTemplate {
        fields,
        definitions,
        selection: body.start + 1..body.end - 1,
        names,
    };
    (text, template)
}

/// Where what was marked stands in the text then.
fn without_marks(marked: &str, text: &mut String, names: &mut Vec<OwnName>) -> Range<usize> {
    let start = text.len();
    let mut rest = marked;
    while let Some(found) = rest.find([NAME, FIELD]) {
        let (before, after) = rest.split_at(found);
        text.push_str(before);
        rest = &after[1..];
        let is_name = |next: char| next.is_ascii_alphanumeric() || next == '_';
        let length = rest.find(|next| !is_name(next)).unwrap_or(rest.len());
        names.push(OwnName {
            at: text.len(),
            field: if after.starts_with(FIELD) { length } else { 0 },
        });
    }
    text.push_str(rest);
    start..text.len()
}
