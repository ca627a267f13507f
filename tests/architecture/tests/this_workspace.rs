//! The rules, held against the workspace this test is part of.

use architecture::{Workspace, violations};
use cargo_metadata::MetadataCommand;

#[test]
fn the_workspace_keeps_its_rules() {
    let mut command = MetadataCommand::new();
    // Only this platform: then nothing is fetched that the build has not fetched already.
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
    command.other_options(["--locked", "--filter-platform", "host-tuple"].map(str::to_owned));
    let workspace = Workspace::read(&command.exec().unwrap()).unwrap();
    assert!(
        workspace.members.len() > 10,
        "only {} members: is this the whole workspace?",
        workspace.members.len()
    );
    let found: Vec<String> = violations(&workspace).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "\n\n{}\n", found.join("\n\n"));
}
