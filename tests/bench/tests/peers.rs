//! Peers are measured like the gateway, and what they answer is held against the right answers. `small` asks one
//! subgraph only, so a subgraph can stand in for a gateway.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::State, routing::post};
use serde_json::Value;
use tempfile::TempDir;

/// `bench subgraphs --write`, and the folder that it wrote into.
struct Subgraphs {
    child: Child,
    folder: TempDir,
    goods: String,
}

impl Drop for Subgraphs {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Subgraphs {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(["subgraphs", "--ports", "0,0,0,0", "--write"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let urls: Value = serde_json::from_str(&line).unwrap();
        let goods = urls["goods"].as_str().unwrap().to_owned();
        let supergraph = std::fs::read_to_string(folder.path().join("supergraph.graphql")).unwrap();
        assert!(supergraph.contains(&goods), "{supergraph}");
        Self { child, folder, goods }
    }

    /// Measures `small` with a peer at `url`, for a moment.
    fn measure(&self, url: &str) -> Output {
        self.measure_with(url, &["--clients", "2"])
    }

    fn measure_with(&self, url: &str, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(["small", "--seconds", "0.2", "--warm-up", "0", "--rounds", "1"])
            .args(more)
            .args([
                "--no-causeway",
                "--peer",
                &format!("peer={url},{}", std::process::id()),
            ])
            .arg("--subgraphs")
            .arg(self.folder.path().join("subgraphs.json"))
            .output()
            .unwrap()
    }

    /// What the goods subgraph answers to `small`.
    fn answer(&self) -> String {
        let body = r#"{"query":"{ products(first: 10) { id name price { minor currency } } }"}"#;
        let authority = self.goods.split('/').nth(2).unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(
            stream,
            "POST /graphql HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// A gateway that gives one answer for some requests and another one ever after.
async fn peer(first: String, requests: usize, later: String) -> String {
    struct Answers {
        first: String,
        requests: AtomicUsize,
        later: String,
    }
    async fn answer(State(answers): State<Arc<Answers>>) -> String {
        let left = answers
            .requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        match left {
            Ok(_) => answers.first.clone(),
            Err(_) => answers.later.clone(),
        }
    }
    let answers = Answers {
        first,
        requests: requests.into(),
        later,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/graphql", post(answer))
        .with_state(Arc::new(answers));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_peer_is_measured() {
    let subgraphs = Subgraphs::start();
    let output = subgraphs.measure(&subgraphs.goods);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let row = said.lines().find(|line| line.starts_with("peer ")).unwrap();
    assert!(row.trim_end().ends_with("1.00"), "one call a request: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_answers_are_found_before_the_load_and_under_it() {
    let subgraphs = Subgraphs::start();
    let right = subgraphs.answer();
    let wrong = right.replace("Useful Thing No. 7", "Useful Thing No. 8");
    let errors = right.replacen('{', r#"{"errors":[{"message":"tired"}],"#, 1);
    let longer = format!("{right} ");
    let cases = [
        (&wrong, usize::MAX, &wrong, 2, "wrong data"),
        (&errors, usize::MAX, &errors, 2, "tired"),
        (&right, 1, &longer, 1, "bytes instead of"),
        (&right, usize::MAX, &right, 0, "peer"),
    ];
    for (first, requests, later, code, words) in cases {
        let url = peer(first.clone(), requests, later.clone()).await;
        let output = subgraphs.measure(&url);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

#[test]
fn a_peer_that_is_gone_is_named() {
    let subgraphs = Subgraphs::start();
    let output = subgraphs.measure("http://127.0.0.1:9/graphql");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("cannot connect to 127.0.0.1:9"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_open_loop_latency_counts_from_when_a_request_was_due() {
    let subgraphs = Subgraphs::start();
    let right = subgraphs.answer();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let slow = || async move {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        right
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/graphql", post(slow))).await });
    let report = subgraphs.folder.path().join("report.json");
    // 20 requests, one each 10 ms, of one client that needs 50 ms for each.
    let more = [
        "--clients",
        "1",
        "--rate",
        "100",
        "--json",
        report.to_str().unwrap(),
    ];
    let output = subgraphs.measure_with(&url, &more);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("did not keep up"), "{}", said(&output));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let measured = &report["scenarios"][0]["rows"][0]["rounds"][0];
    let sum = measured["units"].as_u64().unwrap() + measured["unsent"].as_u64().unwrap();
    assert_eq!(sum, 20, "{measured}");
    // However fast the machine is: seven answers take 350 ms, and the last of them was due after 60 ms.
    assert!(measured["max_millis"].as_f64().unwrap() > 250.0, "{measured}");
}
