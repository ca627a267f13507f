//! Field sets: the text in `@key(fields:)`, `@requires(fields:)` and `@provides(fields:)`.
//!
//! Parses only; whether the fields exist is for the rules.

use super::Location;
use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Selection, Value};
use apollo_compiler::parser::Parser;

/// Deeper field sets are refused: nobody writes them, and walking them is recursive.
const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct FieldSet {
    /// As written; the printed value when it is no string.
    pub(crate) text: String,
    pub(crate) parsed: Result<Vec<Selection>, FieldSetProblem>,
    pub(crate) location: Location,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldSetProblem {
    #[error("the argument `fields` must be a string")]
    NotAString,
    #[error("{0}")]
    Syntax(String),
}

impl FieldSet {
    pub(crate) fn from_value(value: Option<&Node<Value>>, location: Location) -> Self {
        let location = value.and_then(|value| value.location()).or(location);
        match value.map(|value| &**value) {
            Some(Value::String(text)) => Self {
                text: text.clone(),
                parsed: parse(text),
                location,
            },
            other => Self {
                text: other
                    .map(|value| value.serialize().no_indent().to_string())
                    .unwrap_or_default(),
                parsed: Err(FieldSetProblem::NotAString),
                location,
            },
        }
    }

    pub(crate) fn from_text(text: String, location: Location) -> Self {
        Self {
            parsed: parse(&text),
            text,
            location,
        }
    }

    /// The selections, none when the text could not be parsed.
    pub(crate) fn selections(&self) -> &[Selection] {
        self.parsed.as_deref().unwrap_or_default()
    }
}

fn parse(text: &str) -> Result<Vec<Selection>, FieldSetProblem> {
    let trimmed = text.trim();
    let document = if trimmed.starts_with('{') {
        trimmed.to_owned()
    } else {
        format!("{{ {trimmed} }}")
    };
    let syntax = |message: String| FieldSetProblem::Syntax(message);
    let parsed = Parser::new()
        .recursion_limit(MAX_DEPTH)
        .parse_ast(document, "field set")
        .map_err(|failed| {
            let first = failed.errors.iter().next().map(|error| error.error.to_string());
            syntax(first.unwrap_or_else(|| "syntax error".to_owned()))
        })?;
    match parsed.definitions.as_slice() {
        [Definition::OperationDefinition(operation)] if !operation.selection_set.is_empty() => {
            Ok(operation.selection_set.clone())
        }
        [Definition::OperationDefinition(_)] => Err(syntax("the selection is empty".to_owned())),
        _ => Err(syntax("expected one selection of fields".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> FieldSet {
        FieldSet::from_text(text.to_owned(), None)
    }

    #[test]
    fn braces_around_a_field_set_are_optional() {
        assert_eq!(of("id owner { id }").parsed, of("{ id owner { id } }").parsed);
        assert_eq!(of("id owner { id }").selections().len(), 2);
    }

    #[test]
    fn broken_or_sneaky_field_sets_are_refused() {
        for text in ["", "id {", "id } query { id", "{ id } { id }", "1"] {
            assert!(
                matches!(of(text).parsed, Err(FieldSetProblem::Syntax(_))),
                "{text:?}"
            );
        }
        let deep = format!("{}x{}", "a { ".repeat(5_000), " }".repeat(5_000));
        assert!(of(&deep).parsed.is_err());
    }
}
