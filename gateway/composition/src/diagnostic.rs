//! What composition has to say: errors and hints with stable codes, places and a way out.
//!
//! Nothing here decides whether something is wrong; rules do. Rendering is in [`render`].

mod code;
mod render;

pub use code::{Code, Level};
pub use render::render;

use serde::Serialize;

/// A place in one subgraph's schema text. Lines and columns count from 1, in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    pub subgraph: String,
    /// The file name that the caller gave for this subgraph.
    pub file: String,
    pub line: u32,
    pub column: u32,
    /// Characters to underline, at least 1; never beyond the end of the line.
    pub length: u32,
    /// The source line itself, without its line break.
    #[serde(skip)]
    pub text: String,
}

/// One finding. Findings are ordered by code, coordinate and message in every result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub code: Code,
    pub level: Level,
    pub message: String,
    /// Names of the subgraphs concerned, in the order in which they matter.
    pub subgraphs: Vec<String>,
    /// A schema coordinate such as `User.name`, `Query.user(id:)` or `@tag`.
    pub coordinate: Option<String>,
    pub spans: Vec<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            level: code.level(),
            message: message.into(),
            subgraphs: Vec::new(),
            coordinate: None,
            spans: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn at(mut self, coordinate: impl Into<String>) -> Self {
        self.coordinate = Some(coordinate.into());
        self
    }

    pub(crate) fn in_subgraph(mut self, name: &str) -> Self {
        if !self.subgraphs.iter().any(|known| known == name) {
            self.subgraphs.push(name.to_owned());
        }
        self
    }

    pub(crate) fn span(mut self, span: Option<Span>) -> Self {
        self.spans.extend(span);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

/// Collects findings; phases push, nobody stops at the first.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Adds help to findings of one subgraph that have none yet.
    pub(crate) fn explain(&mut self, subgraph: &str, code: Code, help: impl Fn(&str) -> Option<String>) {
        let concerned = |d: &&mut Diagnostic| {
            d.code == code && d.help.is_none() && d.subgraphs.iter().any(|name| name == subgraph)
        };
        for diagnostic in self.all.iter_mut().filter(concerned) {
            diagnostic.help = help(&diagnostic.message);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.all.iter().any(Diagnostic::is_error)
    }

    /// Errors and hints, each sorted and without repetition.
    pub(crate) fn split(self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        let mut all = self.all;
        all.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.code.as_str(), d.coordinate.clone(), d.message.clone());
            key(a).cmp(&key(b)).then_with(|| a.spans.cmp(&b.spans))
        });
        all.dedup();
        all.into_iter().partition(Diagnostic::is_error)
    }
}

/// `subgraph "a"` or `subgraphs "a", "b" and "c"`.
pub(crate) fn name_subgraphs<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    let noun = if quoted.len() == 1 {
        "subgraph"
    } else {
        "subgraphs"
    };
    format!("{noun} {}", enumerate(&quoted))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn enumerate(items: &[String]) -> String {
    match items {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
