//! Diagnostics as text, in the manner of a compiler. Plain characters only, no colours.

use super::{Diagnostic, Span};
use std::fmt;

/// All of them as text, an empty line after each.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n\n"))
        .collect()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}[{}]: {}",
            self.level.as_str(),
            self.code.as_str(),
            self.message
        )?;
        let gutter = self.spans.iter().map(|span| digits(span.line)).max().unwrap_or(1);
        for span in &self.spans {
            write_span(f, span, gutter)?;
        }
        if self.spans.is_empty() && !self.subgraphs.is_empty() {
            write!(f, "\n{:gutter$} = subgraphs: {}", "", self.subgraphs.join(", "))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:gutter$} = help: {help}", "")?;
        }
        Ok(())
    }
}

fn write_span(f: &mut fmt::Formatter<'_>, span: &Span, gutter: usize) -> fmt::Result {
    let Span {
        subgraph,
        file,
        line,
        column,
        length,
        text,
    } = span;
    write!(
        f,
        "\n{:gutter$}--> {file}:{line}:{column} (subgraph \"{subgraph}\")",
        ""
    )?;
    write!(f, "\n{:gutter$} |", "")?;
    write!(f, "\n{line:>gutter$} | {}", text.replace('\t', " "))?;
    let indent = (*column as usize).saturating_sub(1);
    write!(
        f,
        "\n{:gutter$} | {:indent$}{}",
        "",
        "",
        "^".repeat(*length as usize)
    )
}

fn digits(line: u32) -> usize {
    line.to_string().len()
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Code, Diagnostic, Span};

    #[test]
    fn a_span_is_shown_with_its_line_underlined_and_the_way_out() {
        let diagnostic = Diagnostic::new(Code::KeyInvalidFields, "on type \"User\": no field \"uid\"")
            .in_subgraph("users")
            .span(Some(Span {
                subgraph: "users".into(),
                file: "users.graphql".into(),
                line: 12,
                column: 11,
                length: 4,
                text: "type User @key(fields: \"uid\") {".into(),
            }))
            .help("add the field");
        let expected = "error[KEY_INVALID_FIELDS]: on type \"User\": no field \"uid\"\n  \
                        --> users.graphql:12:11 (subgraph \"users\")\n   \
                        |\n12 | type User @key(fields: \"uid\") {\n   \
                        |           ^^^^\n   \
                        = help: add the field";
        assert_eq!(diagnostic.to_string(), expected);
    }
}
