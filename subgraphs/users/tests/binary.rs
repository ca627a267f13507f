//! The program itself: its arguments, its readiness, its end by SIGTERM.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const USERS: &str = env!("CARGO_BIN_EXE_users");

#[test]
fn print_schema_prints_the_schema() {
    let output = Command::new(USERS).arg("print-schema").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), users::sdl());
}

#[test]
fn a_bad_signing_key_is_refused_without_being_shown() {
    let (_folder, url) = kit::testing::sqlite();
    let output = Command::new(USERS)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database",
            &url.to_string(),
            "--signing-key",
            "hunter2",
        ])
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        message.contains("USERS_SIGNING_KEY") && message.contains("openssl rand"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_a_healthy_service_with_success() {
    let (_folder, url) = kit::testing::sqlite();
    let mut service = Command::new(USERS)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--seed-size",
            "2",
            "--database",
            &url.to_string(),
        ])
        .env("RUST_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(service.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut seen = String::new();
    let address = log
        .by_ref()
        .find_map(|line| {
            seen.push_str(&line);
            let fields: serde_json::Value = serde_json::from_str(&line).ok()?;
            fields["address"].as_str().map(str::to_owned)
        })
        .unwrap_or_else(|| panic!("no address in {seen}"));
    assert!(seen.contains("causeway-demo"), "the demo user is told: {seen}");

    let health = |url: String| {
        Command::new(USERS)
            .args(["health", "--url", &url])
            .output()
            .unwrap()
    };
    assert!(health(format!("http://{address}/health/ready")).status.success());
    let missing = health(format!("http://{address}/nowhere"));
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("404"));

    assert!(
        Command::new("kill")
            .args(["-TERM", &service.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let rest: String = log.collect();
    assert!(service.wait().unwrap().success(), "{rest}");
    assert!(rest.contains("SIGTERM"), "{rest}");
    assert!(!health(format!("http://{address}/health/live")).status.success());
}
