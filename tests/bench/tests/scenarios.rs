//! Each scenario, for a moment and with unoptimised binaries: the figures mean nothing, the answers have to be right.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

/// The gateway beside `bench`. `cargo test --workspace` has built it; where there is none, it is built here. With
/// `--package bench` alone it is the one that was built last.
fn causeway() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let binary = Path::new(env!("CARGO_BIN_EXE_bench")).with_file_name("causeway");
        if !binary.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--package", "causeway"]);
            assert!(build.status().unwrap().success());
        }
        binary
    })
}

/// Runs for 200 ms and gives what was printed.
fn run(arguments: &[&str], more: &[&str], report: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .args(["--seconds", "0.2"])
        .args(more)
        .arg("--causeway")
        .arg(causeway())
        .arg("--json")
        .arg(report)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

fn read(report: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap()
}

/// Runs a scenario for a moment and gives its results.
fn bench(scenario: &str, more: &[&str]) -> Value {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report.json");
    let said = run(&[scenario, "--warm-up", "0.05", "--rounds", "2"], more, &report);
    assert!(said.contains(scenario) && said.contains("causeway"), "{said}");
    let mut report = read(&report);
    assert!(
        report["gateways"][0]["version"]
            .as_str()
            .unwrap()
            .starts_with("causeway ")
    );
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    let mut results = report["scenarios"][0].take();
    for row in results["rows"].as_array_mut().unwrap() {
        assert_eq!(row["rounds"].as_array().unwrap().len(), 2);
        for measured in row["rounds"].as_array().unwrap() {
            assert_eq!(measured["failed"], 0, "{measured}");
            assert!(measured["units"].as_u64().unwrap() > 0, "{measured}");
            assert!(measured["rss"].as_u64().unwrap() > 0, "{measured}");
        }
    }
    results
}

/// Calls to subgraphs a unit, in the first round.
fn calls(row: &Value) -> f64 {
    row["rounds"][0]["calls"].as_f64().unwrap()
}

#[test]
fn deep_makes_six_or_seven_calls() {
    let results = bench("deep", &["--clients", "1"]);
    // Both fetches of goods can be one call.
    assert!((6.0..=7.0).contains(&calls(&results["rows"][0])), "{results}");
}

#[test]
fn a_client_that_loads_by_itself_makes_a_call_for_each_product() {
    let results = bench("n_plus_one", &[]);
    let found: Vec<f64> = results["rows"].as_array().unwrap().iter().map(calls).collect();
    assert_eq!(found[..2], [2.0, 101.0]);
    // At once, a gateway may share calls.
    assert!((2.0..=101.0).contains(&found[2]), "{found:?}");
}

#[test]
fn every_client_of_the_crowd_is_answered() {
    let results = bench("crowd", &["--clients", "8"]);
    assert!(calls(&results["rows"][0]) > 0.0, "{results}");
}

#[test]
fn small_asks_one_subgraph_once() {
    let results = bench("small", &["--clients", "1"]);
    assert!((calls(&results["rows"][0]) - 1.0).abs() < 1e-9, "{results}");
}

#[test]
fn mutations_arrive_once() {
    let results = bench("mutations", &["--clients", "2"]);
    let measured = &results["rows"][0]["rounds"][0];
    assert_eq!(
        measured["calls_by_subgraph"]["sales"]["mutations"],
        measured["units"]
    );
}

#[test]
fn memory_sends_each_operation_once() {
    let results = bench("memory", &["--clients", "10", "--operations", "40"]);
    for measured in results["rows"][0]["rounds"].as_array().unwrap() {
        assert_eq!(measured["units"], 40);
    }
}

#[test]
fn the_open_loop_sends_what_is_due_and_a_variant_is_a_gateway_of_its_own() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("more.yaml");
    std::fs::write(&file, "timeout: 3s\n").unwrap();
    let variant = format!("patient={}", file.display());
    let results = bench(
        "small",
        &["--clients", "4", "--rate", "50", "--variant", &variant],
    );
    assert_eq!(results["rows"][1]["gateway"], "patient");
    for row in results["rows"].as_array().unwrap() {
        let measured = &row["rounds"][0];
        let sum = measured["units"].as_u64().unwrap() + measured["unsent"].as_u64().unwrap();
        assert_eq!(sum, 10, "{measured}");
        // The last one is due after 180 ms, and is not sent before.
        assert!(measured["seconds"].as_f64().unwrap() >= 0.18, "{measured}");
    }
}

/// The row of a gateway.
fn of<'r>(results: &'r Value, gateway: &str) -> Option<&'r Value> {
    let mut rows = results["rows"].as_array().unwrap().iter();
    rows.find(|row| row["gateway"] == gateway)
}

#[test]
fn with_a_cache_deep_asks_nobody_once_it_is_warm() {
    let results = bench("deep", &["--clients", "1"]);
    let cached = of(&results, "causeway, sharing off, memory cache").unwrap();
    assert!(calls(cached) < 1e-9, "{results}");
    let uncached = of(&results, "causeway, sharing off").unwrap();
    assert!(calls(uncached) >= 6.0, "{results}");
}

#[test]
fn hot_products_are_asked_for_less_with_a_cache() {
    let results = bench("hot", &["--clients", "4", "--operations", "25"]);
    let loads = |row: &Value| row["rounds"][1]["loads"].as_f64().unwrap();
    let uncached = loads(of(&results, "causeway, no cache").unwrap());
    for gateway in ["causeway, memory", "causeway, redis", "causeway, memory+redis"] {
        // Without Redis there are two rows.
        let Some(row) = of(&results, gateway) else {
            continue;
        };
        assert!(loads(row) < uncached, "{gateway}: {results}");
    }
}

#[test]
fn a_herd_is_answered() {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report.json");
    let said = run(&["cold_herd", "--clients", "12", "--keys", "2"], &[], &report);
    assert!(said.contains("one gateway: entity"), "{said}");
    for row in read(&report)["scenarios"][0]["rows"].as_array().unwrap() {
        let calls = row["calls"].as_array().unwrap();
        assert_eq!(calls.len(), 2);
        // It was gone, and somebody has loaded it.
        assert!(calls.iter().all(|calls| calls.as_u64().unwrap() >= 1), "{row}");
    }
}

#[test]
fn what_was_acknowledged_is_seen() {
    let folder = TempDir::new().unwrap();
    let report = folder.path().join("report.json");
    run(&["invalidate", "--clients", "4", "--rounds", "1"], &[], &report);
    // Without Redis there is no report.
    if report.exists() {
        let seen = &read(&report)["scenarios"][0];
        assert_eq!(
            (&seen["stale"], &seen["failed"]),
            (&0.into(), &0.into()),
            "{seen}"
        );
        assert_eq!(seen["ways"].as_array().unwrap().len(), 2, "{seen}");
    }
}
