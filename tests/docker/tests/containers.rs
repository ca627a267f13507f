//! docker/ as it is, against the code as it is.

use std::fs;
use std::path::{Path, PathBuf};

use causeway_config::SchemaSource;
use docker::{Compose, Dockerfile, Sources, problems};

#[test]
fn every_name_in_the_container_files_leads_somewhere() {
    let compose = Compose::parse(&read("docker/compose.yaml")).unwrap();
    let dockerfile = Dockerfile::parse(&read("docker/Dockerfile")).unwrap();
    let found = problems(&compose, &dockerfile, &Repository::read());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_images_are_built_with_the_toolchain_of_the_repository() {
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .unwrap()
        .trim_matches('"');
    let expected = format!("FROM rust:{version}-slim");
    assert!(
        read("docker/Dockerfile").contains(&expected),
        "docker/Dockerfile has no `{expected}`"
    );
}

#[test]
fn the_gateways_configuration_leads_to_the_services_and_to_schemas_in_its_image() {
    // The root stands for /etc/causeway in the image, where schema/ lies beside the file.
    let config =
        causeway_config::parse(&read("docker/causeway.yaml"), &root().join("causeway.yaml")).unwrap();
    let dockerfile = read("docker/Dockerfile");
    assert!(dockerfile.contains("COPY docker/causeway.yaml /etc/causeway/causeway.yaml"));
    assert!(dockerfile.contains("COPY schema /etc/causeway/schema"));
    let port = dockerfile
        .split("AS gateway")
        .nth(1)
        .and_then(|stage| stage.split("EXPOSE ").nth(1));
    let port = port.and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(config.listen.to_string(), format!("0.0.0.0:{port}"));
    assert_eq!(
        config.subgraphs.keys().collect::<Vec<_>>(),
        ["users", "catalog", "orders"]
    );
    for (name, subgraph) in &config.subgraphs {
        let port = dockerfile
            .split(&format!("ENV {}_LISTEN=0.0.0.0:", name.to_uppercase()))
            .nth(1)
            .unwrap();
        let port = port.lines().next().unwrap();
        assert_eq!(subgraph.url, Some(format!("http://{name}:{port}/graphql")));
        let Some(SchemaSource::File(schema)) = &subgraph.schema else {
            panic!("{name}: the schema should be a file, so that the gateway starts without its subgraphs");
        };
        assert!(
            schema.is_file(),
            "{name}: the image will have no {}",
            schema.display()
        );
    }
}

/// The Rust sources of the gateway and the services, without their tests' folders.
struct Repository {
    /// Path from the root, and text.
    code: Vec<(PathBuf, String)>,
}

impl Repository {
    fn read() -> Repository {
        let mut code = Vec::new();
        for folder in ["gateway", "subgraphs"] {
            collect(Path::new(folder), &mut code);
        }
        assert!(!code.is_empty());
        Repository { code }
    }
}

impl Sources for Repository {
    fn mention(&self, target: &str, text: &str) -> bool {
        let folders = match target {
            "gateway" => vec![PathBuf::from("gateway")],
            service => vec![
                Path::new("subgraphs").join(service),
                PathBuf::from("subgraphs/kit"),
            ],
        };
        let mut own = self
            .code
            .iter()
            .filter(|(path, _)| folders.iter().any(|folder| path.starts_with(folder)));
        own.any(|(_, code)| code.contains(text))
    }

    fn has_path(&self, path: &str) -> bool {
        root().join(path).exists()
    }

    fn has_binary(&self, package: &str) -> bool {
        let folder = if package == "causeway" {
            "gateway/cli".to_owned()
        } else {
            format!("subgraphs/{package}")
        };
        let manifest = fs::read_to_string(root().join(&folder).join("Cargo.toml")).unwrap_or_default();
        manifest.contains(&format!("name = \"{package}\""))
            && root().join(folder).join("src/main.rs").is_file()
    }
}

fn collect(folder: &Path, code: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(root().join(folder)).expect("a folder of the repository") {
        let path = folder.join(entry.expect("an entry of it").file_name());
        let name = path.file_name().unwrap_or_default();
        if root().join(&path).is_dir() {
            if name != "tests" && name != "node_modules" {
                collect(&path, code);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path);
            code.push((path, text));
        }
    }
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
