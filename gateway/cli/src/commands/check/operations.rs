//! The operations that a check is told about, from files.

use std::path::{Path, PathBuf};

use causeway_check::Operations;

use super::revision::shown;

/// Reads folders of documents, single documents and manifests.
///
/// # Errors
/// What could not be read, for people; also when there is no operation at all, which hides every use.
pub(super) async fn read(paths: &[PathBuf]) -> Result<Operations, String> {
    let mut documents = Vec::new();
    let mut operations = Operations::default();
    for path in paths {
        if path.is_dir() {
            documents.extend(documents_below(path).await?);
        } else if has_ending(path, &["json"]) {
            let read = causeway_check::manifest(&shown(path), &text(path).await?)
                .map_err(|error| error.to_string())?;
            operations.readable.extend(read.readable);
            operations.unreadable.extend(read.unreadable);
        } else {
            documents.push(path.clone());
        }
    }
    let mut texts = Vec::with_capacity(documents.len());
    for path in &documents {
        texts.push((shown(path), text(path).await?));
    }
    let read = causeway_check::documents(texts);
    operations.readable.extend(read.readable);
    operations.unreadable.extend(read.unreadable);
    if operations.readable.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("there is no operation in {}", names.join(", ")));
    }
    Ok(operations)
}

/// In the order of their paths. Links to folders are not followed.
async fn documents_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let mut entries = tokio::fs::read_dir(&folder).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let path = entry.path();
            if entry.file_type().await.map_err(failed)?.is_dir() {
                open.push(path);
            } else if has_ending(&path, &["graphql", "graphqls", "gql"]) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| endings.contains(&ending))
}

async fn text(path: &Path) -> Result<String, String> {
    tokio::fs::read_to_string(path)
        .await
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}
