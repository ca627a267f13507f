//! Running the binary, and the folder that it is run in.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a finished run has left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code, and words that the messages must have.
    #[track_caller]
    pub(crate) fn assert(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// The binary, without the settings of whoever runs the tests.
pub(crate) fn causeway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    for variable in [
        "CAUSEWAY_ADMIN_KEY",
        "CAUSEWAY_ADMIN_URL",
        "CAUSEWAY_CONFIG",
        "CAUSEWAY_LISTEN",
        "CAUSEWAY_REDIS_URL",
        "RUST_LOG",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

pub(crate) fn finished(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    finished(causeway().args(arguments))
}

/// A folder with two subgraphs and their configuration.
pub(crate) struct Shop {
    folder: TempDir,
}

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/command/shop");

impl Shop {
    /// `schema/causeway.yaml` names both subgraphs, with addresses where nobody listens.
    pub(crate) fn new() -> Self {
        let shop = Self {
            folder: TempDir::new().unwrap(),
        };
        for file in ["users.graphql", "reviews.graphql"] {
            shop.write(
                &format!("schema/{file}"),
                &fs::read_to_string(Path::new(SOURCE).join(file)).unwrap(),
            );
        }
        shop.write(
            "Me.graphql",
            &fs::read_to_string(Path::new(SOURCE).join("Me.graphql")).unwrap(),
        );
        shop.configure("http://127.0.0.1:1/graphql");
        shop
    }

    /// Both subgraphs at `url`.
    pub(crate) fn configure(&self, url: &str) {
        let subgraph = |name: &str| json!({ "url": url, "schema": format!("./{name}.graphql") });
        let subgraphs = json!({ "users": subgraph("users"), "reviews": subgraph("reviews") });
        self.write(
            "schema/causeway.yaml",
            &json!({ "subgraphs": subgraphs, "listen": "127.0.0.1:0" }).to_string(),
        );
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// The binary, to be run in this folder.
    pub(crate) fn causeway(&self, arguments: &[&str]) -> Command {
        let mut command = causeway();
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finished(&mut self.causeway(arguments))
    }

    /// Composes into `supergraph.graphql`.
    pub(crate) fn compose(&self) {
        self.run(&[
            "compose",
            "--config",
            "schema/causeway.yaml",
            "--output",
            "supergraph.graphql",
        ])
        .assert(0, &[]);
    }
}

/// A server that answers every POST to /graphql alike. Gives its URL.
pub(crate) async fn subgraph(answer: Value) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let router = Router::new().route("/graphql", post(move || async move { Json(answer) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}
