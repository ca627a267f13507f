//! Documents that are prepared before anybody asks for them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use causeway_server::WarmUp;
use serde_json::Value;

/// The documents of a folder (`*.graphql` and `*.gql`, not those of folders in it), or of a manifest of persisted operations: JSON, either
/// `{"operations": [{"body": "…"}]}` as Apollo's tools write it or `{"id": "…"}` as Relay's do. What cannot be read is logged.
pub(crate) fn documents(place: &Path) -> Vec<WarmUp> {
    let read = if place.is_dir() {
        folder(place)
    } else {
        manifest(place)
    };
    read.unwrap_or_else(|error| {
        tracing::warn!(
            "the operations to prepare cannot be read at {}: {error}",
            place.display()
        );
        Vec::new()
    })
}

fn folder(folder: &Path) -> io::Result<Vec<WarmUp>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|kind| kind == "graphql" || kind == "gql")
    });
    paths.sort();
    paths
        .iter()
        .map(|path| {
            Ok(WarmUp {
                source: path.display().to_string(),
                text: fs::read_to_string(path)?,
            })
        })
        .collect()
}

fn manifest(path: &Path) -> io::Result<Vec<WarmUp>> {
    let json: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let document = |id: &str, text: &Value| {
        let text = text.as_str()?.to_owned();
        Some(WarmUp {
            source: format!("{} {id}", path.display()),
            text,
        })
    };
    let documents: Option<Vec<WarmUp>> = match (json.get("operations"), &json) {
        (Some(Value::Array(operations)), _) => operations
            .iter()
            .map(|operation| document(operation["id"].as_str().unwrap_or_default(), &operation["body"]))
            .collect(),
        (_, Value::Object(by_id)) => by_id.iter().map(|(id, text)| document(id, text)).collect(),
        _ => None,
    };
    documents.ok_or_else(|| {
        io::Error::other(
            "it is no manifest of persisted operations: {\"operations\": [{\"id\", \"body\"}]} or {id: text}",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_manifests_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("it can be written");
            path
        };
        write("b.graphql", "{ b }");
        write("a.gql", "{ a }");
        write("readme.md", "no operation");
        let texts = |place: &Path| -> Vec<String> {
            documents(place)
                .into_iter()
                .map(|document| document.text)
                .collect()
        };
        assert_eq!(texts(folder.path()), ["{ a }", "{ b }"]);
        let apollo =
            r#"{"format":"apollo-persisted-query-manifest","operations":[{"id":"1","body":"{ a }"}]}"#;
        assert_eq!(texts(&write("apollo.json", apollo)), ["{ a }"]);
        assert_eq!(
            texts(&write("relay.json", r#"{"1":"{ a }","2":"{ b }"}"#)),
            ["{ a }", "{ b }"]
        );
        for broken in ["[]", "{", r#"{"operations":[{"id":"1"}]}"#] {
            assert_eq!(texts(&write("broken.json", broken)), [""; 0], "{broken}");
        }
        assert_eq!(texts(&folder.path().join("missing")), [""; 0]);
    }
}
