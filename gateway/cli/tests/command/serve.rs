use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

use serde_json::{Value, json};

use crate::causeway::{Shop, run, subgraph};

/// A gateway that is killed when the test is over, however it ends.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) log: BufReader<ChildStderr>,
    /// E.g. `http://127.0.0.1:43210`.
    pub(crate) url: String,
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
    pub(crate) fn start(command: &mut Command) -> Self {
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

    pub(crate) async fn ask(&self, query: &str) -> Value {
        let body = json!({ "query": query }).to_string();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client
            .post(format!("{}/graphql", self.url))
            .header("content-type", "application/json")
            .body(body);
        serde_json::from_slice(&asked.send().await.unwrap().bytes().await.unwrap()).unwrap()
    }

    /// The next line of its log that has the words.
    pub(crate) fn told(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.log.read_line(&mut line).unwrap() > 0,
                "it ended without `{words}`"
            );
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Tells it to stop; gives its exit code and the rest of its log.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
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

pub(crate) fn provide_tls() {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_all_that_its_clients_can_tell() {
    provide_tls();
    let shop = Shop::new();
    let reviews = shop.read("schema/reviews.graphql").replace(
        "reviews: [Review!]",
        "reviews: [Review!] @tag(name: \"internal\")",
    );
    shop.write(
        "schema/reviews.graphql",
        &reviews.replacen("\"@key\"", "\"@key\", \"@tag\"", 1),
    );
    shop.configure(&subgraph(json!({ "data": { "me": { "name": "Ada" } } })).await);
    let mut config: Value = serde_json::from_str(&shop.read("schema/causeway.yaml")).unwrap();
    config["contracts"] = json!({ "public": { "exclude": ["internal"] } });
    shop.write("schema/causeway.yaml", &config.to_string());
    let contract = [
        "serve",
        "--config",
        "schema/causeway.yaml",
        "--contract",
        "public",
    ];
    let serving = Serving::start(&mut shop.causeway(&contract));
    assert_eq!(
        serving.ask("{ me { name } }").await,
        json!({ "data": { "me": { "name": "Ada" } } })
    );
    // As a field that nobody has: the same words, whichever name is asked for.
    let hidden = serving.ask("{ me { reviews } }").await;
    let missing = serving.ask("{ me { reviewz } }").await;
    assert_eq!(hidden["data"], missing["data"]);
    assert!(hidden["errors"][0]["message"].is_string(), "{hidden}");
    assert_eq!(
        hidden.to_string().replace("reviews", "reviewz"),
        missing.to_string()
    );
    assert!(!missing.to_string().contains("reviews"), "{missing}");
    let shown = serving
        .ask("{ __schema { types { name fields { name } } } }")
        .await;
    assert!(
        shown.to_string().contains("\"User\"") && !shown.to_string().contains("eview"),
        "{shown}"
    );
    assert_eq!(
        serving.ask("{ __type(name: \"Review\") { name } }").await,
        json!({ "data": { "__type": null } })
    );
    // Without the contract the field is there.
    let whole = Serving::start(&mut shop.causeway(&contract[..3]));
    let fields = whole.ask("{ __type(name: \"User\") { fields { name } } }").await;
    assert!(fields.to_string().contains("reviews"), "{fields}");
    let plan = |contract: &str| shop.run(&["plan", "Me.graphql", "--contract", contract]);
    plan("public").assert(1, &["reviews"]);
    plan("nobody").assert(2, &["nobody", "public"]);
    shop.run(&[
        "serve",
        "--config",
        "schema/causeway.yaml",
        "--contract",
        "nobody",
    ])
    .assert(2, &["nobody", "public"]);
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
