//! The documents of `schema/operations` and what the cases send with them. It runs nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// One document, with what its case folder `cases/<name>/` says about sending it.
pub struct Document {
    pub name: String,
    pub text: String,
    /// `variables.json`, or none.
    pub variables: Value,
    /// `as.txt`: the handle of who sends it.
    pub sender: Option<String>,
    /// The case's folder. It may be missing.
    pub case: PathBuf,
}

impl Document {
    pub fn is_mutation(&self) -> bool {
        self.text.lines().any(|line| line.starts_with("mutation"))
    }
}

/// All documents, queries first: mutations change what they would see.
pub fn documents() -> Vec<Document> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/operations");
    let mut documents: Vec<Document> = fs::read_dir(folder)
        .expect("schema/operations is there")
        .map(|entry| document(&entry.expect("an entry").path()))
        .collect();
    documents.sort_by(|a, b| (a.is_mutation(), &a.name).cmp(&(b.is_mutation(), &b.name)));
    documents
}

fn document(path: &Path) -> Document {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(&name);
    let variables = match fs::read_to_string(case.join("variables.json")) {
        Ok(text) => serde_json::from_str(&text).expect("variables.json is JSON"),
        Err(_) => json!({}),
    };
    let sender = fs::read_to_string(case.join("as.txt"));
    Document {
        name,
        text: fs::read_to_string(path).expect("a document can be read"),
        variables,
        sender: sender.ok().map(|handle| handle.trim().to_owned()),
        case,
    }
}
