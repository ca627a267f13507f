//! The little of `cargo metadata` that the rules look at, as plain data that a test can also write by hand.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, Metadata};

/// The crates of the workspace, and what everything beneath them depends on.
#[derive(Debug, Default)]
pub struct Workspace {
    pub members: Vec<Member>,
    /// Direct normal dependencies of every package, members and others, by name. Packages of the same name but
    /// different versions are one.
    pub normal: BTreeMap<String, Vec<String>>,
}

/// One crate of the workspace.
#[derive(Debug, Default)]
pub struct Member {
    pub name: String,
    /// Relative to the workspace's root, with forward slashes.
    pub folder: String,
    /// Everything in its manifest, members and others.
    pub dependencies: Vec<(String, Kind)>,
    /// Whether its manifest takes the workspace's lints.
    pub workspace_lints: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

impl Workspace {
    /// Reads the manifests of the members as well, for what `cargo metadata` leaves out.
    ///
    /// # Errors
    /// When a manifest cannot be read, or the metadata came without its dependency graph (`--no-deps`).
    pub fn read(metadata: &Metadata) -> Result<Workspace, String> {
        let members = metadata.workspace_packages().into_iter().map(|package| {
            let folder = package.manifest_path.parent().unwrap_or(&metadata.workspace_root);
            let folder = folder.strip_prefix(&metadata.workspace_root).unwrap_or(folder);
            let manifest = std::fs::read_to_string(&package.manifest_path)
                .map_err(|error| format!("cannot read {}: {error}", package.manifest_path))?;
            Ok(Member {
                name: package.name.to_string(),
                folder: folder.as_str().replace('\\', "/"),
                dependencies: package
                    .dependencies
                    .iter()
                    .map(|found| (found.name.clone(), kind(found.kind)))
                    .collect(),
                workspace_lints: takes_workspace_lints(&manifest),
            })
        });
        let members = members.collect::<Result<Vec<Member>, String>>()?;
        Ok(Workspace {
            members,
            normal: normal_dependencies(metadata)?,
        })
    }

    /// The shortest way over normal dependencies from a member to a package that `wanted` accepts.
    pub(crate) fn way(&self, from: &str, wanted: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
        let (start, _) = self.normal.get_key_value(from)?;
        let mut ways = vec![vec![start.as_str()]];
        let mut seen = vec![start.as_str()];
        let mut next = 0;
        while let Some(way) = ways.get(next).cloned() {
            next += 1;
            let beneath = way
                .last()
                .and_then(|last| self.normal.get(*last))
                .into_iter()
                .flatten();
            for name in beneath {
                let longer = [way.as_slice(), &[name.as_str()]].concat();
                if wanted(name) {
                    return Some(longer);
                }
                if !seen.contains(&name.as_str()) {
                    seen.push(name);
                    ways.push(longer);
                }
            }
        }
        None
    }
}

fn normal_dependencies(metadata: &Metadata) -> Result<BTreeMap<String, Vec<String>>, String> {
    let graph = metadata
        .resolve
        .as_ref()
        .ok_or("cargo metadata gave no dependency graph: run it without --no-deps")?;
    let mut normal: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in &graph.nodes {
        let found = node.deps.iter().filter(|found| {
            found
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal)
        });
        let names = found.map(|found| metadata[&found.pkg].name.to_string());
        normal
            .entry(metadata[&node.id].name.to_string())
            .or_default()
            .extend(names);
    }
    Ok(normal)
}

fn kind(kind: DependencyKind) -> Kind {
    match kind {
        DependencyKind::Development => Kind::Dev,
        DependencyKind::Build => Kind::Build,
        _ => Kind::Normal,
    }
}

/// `cargo metadata` does not tell, so the manifest's text has to.
fn takes_workspace_lints(manifest: &str) -> bool {
    let mut section = String::new();
    manifest.lines().map(|line| line.replace(' ', "")).any(|line| {
        if line.starts_with('[') {
            section.clone_from(&line);
        }
        (section == "[lints]" && line == "workspace=true")
            || (section.is_empty() && line == "lints.workspace=true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_count_only_in_their_own_section() {
        assert!(takes_workspace_lints(
            "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"
        ));
        assert!(!takes_workspace_lints("[package]\nname = \"a\"\n"));
        assert!(!takes_workspace_lints(
            "[lints]\nworkspace = false\n[dependencies.serde]\nworkspace = true\n"
        ));
    }
}
