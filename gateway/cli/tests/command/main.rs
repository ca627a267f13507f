//! The binary `causeway`, run as people run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod cache;
mod causeway;
mod check;
mod compose;
mod health;
mod metrics;
mod plan;
mod reload;
mod serve;

use causeway::run;

#[test]
fn bad_flags_could_not_run_and_questions_about_flags_are_answered() {
    for arguments in [
        &[][..],
        &["compos"],
        &["plan"],
        &["serve", "--port", "1"],
        &["compose"],
    ] {
        let ran = run(arguments);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (2, ""),
            "{arguments:?}: {}",
            ran.err
        );
        assert!(ran.err.contains("Usage"), "{arguments:?}: {}", ran.err);
    }
    let version = run(&["--version"]);
    assert_eq!(
        (version.code, version.out),
        (0, format!("causeway {}\n", env!("CARGO_PKG_VERSION")))
    );
    for command in ["compose", "check", "plan", "serve", "cache", "health"] {
        assert!(run(&["--help"]).out.contains(command));
        assert_eq!(run(&[command, "--help"]).code, 0);
    }
}
