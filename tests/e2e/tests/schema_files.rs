//! The files under `schema/` are what this build would write.

use std::{fs, path::PathBuf};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../schema")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn exported_schemas_are_fresh() {
    for (name, sdl) in [
        ("users.graphql", users::sdl()),
        ("catalog.graphql", catalog::sdl()),
        ("orders.graphql", orders::sdl()),
    ] {
        assert!(
            file(name).trim_end() == sdl.trim_end(),
            "schema/{name} is stale: run `bash schema/export`"
        );
    }
}

#[tokio::test]
async fn the_supergraph_is_fresh() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schema/causeway.yaml");
    let config = causeway::load_config(&path)
        .await
        .expect("schema/causeway.yaml is valid");
    let loaded = causeway::load(&config).await.expect("the shop composes");
    assert!(
        file("supergraph.graphql") == loaded.supergraph_sdl,
        "schema/supergraph.graphql is stale: run `bash schema/export`"
    );
}
