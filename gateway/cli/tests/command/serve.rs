use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

use serde_json::{Value, json};

use crate::causeway::{Shop, run, subgraph};

/// A gateway that is killed when the test is over, however it ends.
struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
    /// E.g. `http://127.0.0.1:43210`.
    url: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Returns when the gateway says that it listens.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut serving = Self {
            child,
            log,
            url: String::new(),
        };
        let mut told = String::new();
        while serving.url.is_empty() {
            let mut line = String::new();
            assert!(serving.log.read_line(&mut line).unwrap() > 0, "it ended: {told}");
            if let Some((_, rest)) = line.split_once("GraphQL at http://") {
                serving.url = format!("http://{}", rest.split('/').next().unwrap());
            }
            told.push_str(&line);
        }
        serving
    }

    async fn ask(&self, query: &str) -> Value {
        let body = json!({ "query": query }).to_string();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client
            .post(format!("{}/graphql", self.url))
            .header("content-type", "application/json")
            .body(body);
        serde_json::from_slice(&asked.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    /// Tells it to stop; gives its exit code and the rest of its log.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(
            Command::new("kill")
                .args([signal, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

fn provide_tls() {
    // Fails only when another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_is_served_until_a_signal_comes() {
    provide_tls();
    let shop = Shop::new();
    shop.configure(&subgraph(json!({ "data": { "me": { "name": "Ada" } } })).await);
    for signal in ["-TERM", "-INT"] {
        let serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
        assert_eq!(
            serving.ask("{ me { name } }").await,
            json!({ "data": { "me": { "name": "Ada" } } })
        );
        assert_eq!(
            run(&["health", "--url", &format!("{}/health/ready", serving.url)]).code,
            0
        );
        let (code, log) = serving.stop(signal);
        assert_eq!(code, Some(0), "{signal}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composed_supergraph_is_served_with_its_own_urls() {
    provide_tls();
    let shop = Shop::new();
    shop.configure(&subgraph(json!({ "data": { "me": { "name": "Grace" } } })).await);
    shop.compose();
    let arguments = [
        "serve",
        "--supergraph",
        "supergraph.graphql",
        "--listen",
        "127.0.0.1:0",
    ];
    let serving = Serving::start(&mut shop.causeway(&arguments));
    assert_eq!(
        serving.ask("{ me { name } }").await,
        json!({ "data": { "me": { "name": "Grace" } } })
    );
    // The config's URL comes before the supergraph's.
    let elsewhere = subgraph(json!({ "data": { "me": { "name": "Joan" } } })).await;
    let config =
        json!({ "supergraph": "./supergraph.graphql", "subgraphs": { "users": { "url": elsewhere } } });
    shop.write("moved.yaml", &config.to_string());
    let serving =
        Serving::start(&mut shop.causeway(&["serve", "--config", "moved.yaml", "--listen", "127.0.0.1:0"]));
    assert_eq!(
        serving.ask("{ me { name } }").await,
        json!({ "data": { "me": { "name": "Joan" } } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subgraph_that_is_down_costs_its_fields_only() {
    provide_tls();
    let shop = Shop::new();
    let serving = Serving::start(&mut shop.causeway(&["serve", "--config", "schema/causeway.yaml"]));
    let answer = serving.ask("{ __typename me { name } }").await;
    assert_eq!(answer["data"], json!({ "__typename": "Query", "me": null }));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SUBGRAPH_UNREACHABLE");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("subgraph `users`") && message.contains("onnection refused"),
        "{message}"
    );
}

#[test]
fn a_port_in_use_is_named() {
    let shop = Shop::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let ran = shop.run(&["serve", "--config", "schema/causeway.yaml", "--listen", &addr]);
    ran.assert(2, &[&addr, "is in use", "--listen"]);
}

#[test]
fn what_cannot_be_served_is_told_at_once() {
    let shop = Shop::new();
    shop.run(&["serve"])
        .assert(2, &["--config", "--supergraph", "CAUSEWAY_CONFIG"]);
    shop.run(&["serve", "--config", "missing.yaml"])
        .assert(2, &["cannot read missing.yaml"]);
    shop.run(&[
        "serve",
        "--config",
        "schema/causeway.yaml",
        "--listen",
        "nonsense",
    ])
    .assert(2, &["nonsense", "--listen"]);
    shop.compose();
    let misspelt =
        json!({ "supergraph": "./supergraph.graphql", "listen": "127.0.0.1:0", "subgraphs": { "user": {} } });
    shop.write("misspelt.yaml", &misspelt.to_string());
    shop.run(&["serve", "--config", "misspelt.yaml"])
        .assert(2, &["subgraph `user`", "it has: reviews, users"]);
    shop.write(
        "homeless.yaml",
        "subgraphs: { users: { schema: ./schema/users.graphql } }\nlisten: 127.0.0.1:0",
    );
    shop.run(&["serve", "--config", "homeless.yaml"])
        .assert(2, &["`subgraphs.users.url`"]);
    shop.write("schema/reviews.graphql", "type User { id: Int }");
    shop.run(&["serve", "--config", "schema/causeway.yaml"])
        .assert(1, &["do not compose"]);
}
