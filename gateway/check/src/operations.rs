//! The operations that clients send: documents in files, or a manifest of persisted operations.
//!
//! Each operation becomes a document of its own with the fragments that it needs, so that one refused operation does
//! not hide its neighbours. Fragments may stand in other files than the operations that use them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use apollo_compiler::{
    Name, Node,
    ast::{Definition, Document, FragmentDefinition, OperationDefinition, Selection},
    parser::SourceMap,
};
use serde::Deserialize;

/// One operation, not yet held against any schema.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name; the file's name or the manifest's id for an anonymous one.
    pub name: String,
    pub file: String,
    /// Where it begins in the file; 1 for a manifest.
    pub line: usize,
    /// How often it was sent, if the manifest says so. Informs only: an operation that was never sent may be.
    pub count: Option<u64>,
    pub(crate) document: Document,
    /// Whether positions in the document are positions in `file`.
    pub(crate) positions: bool,
}

/// A text that is not GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub name: String,
    pub file: String,
    pub line: usize,
    pub message: String,
}

/// Everything known about who uses the graph.
#[derive(Debug, Clone, Default)]
pub struct Operations {
    pub readable: Vec<Operation>,
    pub unreadable: Vec<Unreadable>,
}

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{file} is no manifest of operations: {source}")]
    Json { file: String, source: serde_json::Error },
}

/// Reads GraphQL documents, given as pairs of file name and text.
pub fn documents(files: impl IntoIterator<Item = (String, String)>) -> Operations {
    let mut collector = Collector::default();
    for (file, text) in files {
        let name = file.clone();
        collector.read(
            Text {
                name,
                file,
                count: None,
                positions: true,
            },
            text,
        );
    }
    collector.finish()
}

/// Reads a JSON manifest of persisted operations: `{"operations": [{"id", "name", "body", "count"}]}`, or an object from
/// ids to texts or such entries. Only the body has to be there, as `body`, `query` or `document`.
///
/// # Errors
/// The text is not JSON, or JSON of another shape.
pub fn manifest(file: &str, text: &str) -> Result<Operations, ManifestError> {
    let read: Manifest = serde_json::from_str(text).map_err(|source| ManifestError::Json {
        file: file.to_owned(),
        source,
    })?;
    let entries: Vec<(String, Entry)> = match read {
        Manifest::Listed { operations } => {
            let named = |(index, entry): (usize, Entry)| {
                (
                    entry
                        .id
                        .clone()
                        .unwrap_or_else(|| format!("operation {}", index + 1)),
                    entry,
                )
            };
            operations.into_iter().enumerate().map(named).collect()
        }
        Manifest::ById(entries) => entries
            .into_iter()
            .map(|(id, body)| (id, body.into_entry()))
            .collect(),
    };
    let mut collector = Collector::default();
    for (id, entry) in entries {
        let name = entry.name.unwrap_or(id);
        let text = Text {
            name,
            file: file.to_owned(),
            count: entry.count,
            positions: false,
        };
        collector.read(text, entry.body);
    }
    Ok(collector.finish())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Manifest {
    Listed { operations: Vec<Entry> },
    ById(BTreeMap<String, Body>),
}

#[derive(Deserialize)]
struct Entry {
    id: Option<String>,
    name: Option<String>,
    #[serde(alias = "query", alias = "document")]
    body: String,
    count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Text(String),
    Entry(Entry),
}

impl Body {
    fn into_entry(self) -> Entry {
        match self {
            Self::Text(body) => Entry {
                id: None,
                name: None,
                body,
                count: None,
            },
            Self::Entry(entry) => entry,
        }
    }
}

/// What is known of a document besides its text.
struct Text {
    name: String,
    file: String,
    count: Option<u64>,
    positions: bool,
}

#[derive(Default)]
struct Collector {
    documents: Vec<(Text, Document)>,
    unreadable: Vec<Unreadable>,
    sources: SourceMap,
}

type Fragments = BTreeMap<Name, Node<FragmentDefinition>>;

impl Collector {
    fn read(&mut self, about: Text, text: String) {
        match Document::parse(text, &about.file) {
            Ok(document) => {
                let sources = document
                    .sources
                    .iter()
                    .map(|(id, source)| (*id, Arc::clone(source)));
                Arc::make_mut(&mut self.sources).extend(sources);
                self.documents.push((about, document));
            }
            Err(failed) => {
                let first = failed.errors.iter().next();
                let line = first
                    .as_ref()
                    .and_then(|error| error.line_column_range())
                    .map_or(1, |at| at.start.line);
                let message =
                    first.map_or_else(|| "it is not GraphQL".to_owned(), |error| error.error.to_string());
                let line = if about.positions { line } else { 1 };
                self.unreadable.push(Unreadable {
                    name: about.name,
                    file: about.file,
                    line,
                    message,
                });
            }
        }
    }

    fn finish(self) -> Operations {
        let everywhere: Fragments = self
            .documents
            .iter()
            .flat_map(|(_, document)| fragments(document))
            .collect();
        let mut readable = Vec::new();
        for (about, document) in &self.documents {
            let here: Fragments = fragments(document).collect();
            for definition in &document.definitions {
                if let Definition::OperationDefinition(operation) = definition {
                    readable.push(self.operation(about, operation, &here, &everywhere));
                }
            }
        }
        Operations {
            readable,
            unreadable: self.unreadable,
        }
    }

    fn operation(
        &self,
        about: &Text,
        operation: &Node<OperationDefinition>,
        here: &Fragments,
        everywhere: &Fragments,
    ) -> Operation {
        let mut definitions = vec![Definition::OperationDefinition(operation.clone())];
        let mut taken = HashSet::new();
        let mut wanted = spreads(&operation.selection_set);
        while let Some(name) = wanted.pop() {
            // A fragment that is nowhere is the validator's to complain about.
            if let Some(fragment) = here.get(&name).or_else(|| everywhere.get(&name))
                && taken.insert(name)
            {
                wanted.extend(spreads(&fragment.selection_set));
                definitions.push(Definition::FragmentDefinition(fragment.clone()));
            }
        }
        let start = operation
            .location()
            .and_then(|location| location.line_column(&self.sources));
        Operation {
            name: operation
                .name
                .as_ref()
                .map_or_else(|| about.name.clone(), ToString::to_string),
            file: about.file.clone(),
            line: start.filter(|_| about.positions).map_or(1, |start| start.line),
            count: about.count,
            document: Document {
                sources: Arc::clone(&self.sources),
                definitions,
            },
            positions: about.positions,
        }
    }
}

fn fragments(document: &Document) -> impl Iterator<Item = (Name, Node<FragmentDefinition>)> {
    document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            Definition::FragmentDefinition(fragment) => Some((fragment.name.clone(), fragment.clone())),
            _ => None,
        })
}

/// Names of the fragments that stand in a selection set, on any level.
fn spreads(selections: &[Selection]) -> Vec<Name> {
    let mut names = Vec::new();
    let mut open = vec![selections];
    while let Some(selections) = open.pop() {
        for selection in selections {
            match selection {
                Selection::Field(field) => open.extend(field.selection_set.as_deref()),
                Selection::InlineFragment(inline) => open.push(&inline.selection_set),
                Selection::FragmentSpread(spread) => names.push(spread.fragment_name.clone()),
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(operations: &Operations) -> Vec<(&str, Option<u64>, usize)> {
        let all = operations.readable.iter();
        all.map(|operation| {
            (
                operation.name.as_str(),
                operation.count,
                operation.document.definitions.len(),
            )
        })
        .collect()
    }

    #[test]
    fn fragments_are_taken_from_their_own_file_first_and_from_others_next() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let operations = documents([
            file("a.graphql", "query A { ...F ...G } fragment F on Q { own }"),
            file(
                "fragments.graphql",
                "fragment F on Q { other } fragment G on Q { ...H } fragment H on Q { x }",
            ),
        ]);
        assert_eq!(names(&operations), [("A", None, 4)]);
        assert!(operations.readable[0].document.to_string().contains("own"));
    }

    #[test]
    fn manifests_of_several_shapes_are_read() {
        let listed = r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": "1", "name": "A", "type": "query", "body": "query A { a }", "count": 12},
            {"id": "2", "body": "{ b }"}]}"#;
        assert_eq!(
            names(&manifest("m.json", listed).unwrap()),
            [("A", Some(12), 1), ("2", None, 1)]
        );
        let by_id = r#"{"abc": "query A { a }", "def": {"query": "{ b }", "count": 3}}"#;
        assert_eq!(
            names(&manifest("m.json", by_id).unwrap()),
            [("A", None, 1), ("def", Some(3), 1)]
        );
        assert!(
            manifest("m.json", "[1]")
                .unwrap_err()
                .to_string()
                .starts_with("m.json is no manifest")
        );
    }

    #[test]
    fn what_is_not_graphql_is_kept_apart() {
        let operations = documents([("a.graphql".to_owned(), "query A {\n  a(".to_owned())]);
        assert!(operations.readable.is_empty());
        assert_eq!(operations.unreadable.len(), 1);
        assert_eq!(operations.unreadable[0].file, "a.graphql");
    }
}
