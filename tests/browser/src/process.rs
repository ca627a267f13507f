//! Finding and starting Chromium.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::Page;
use crate::connection::Connection;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

const FLAGS: [&str; 10] = [
    "--headless",
    // Containers run as root without user namespaces; the pages are our own.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1400,1000",
    "--remote-debugging-pipe",
    // Every name and address but loopback fails to resolve: the page has the internet of a locked-down network.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/// A running Chromium with an empty profile. Dropping it ends it.
pub struct Browser {
    process: Child,
    /// Holds the profile; removed when the browser is dropped.
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium. None, with a line on stderr, when there is none on this machine.
    ///
    /// # Panics
    /// When there is none although `CAUSEWAY_REQUIRE_SERVICES=1` says that nothing may be skipped.
    pub fn start() -> Result<Option<Browser>> {
        let Some(program) = find() else {
            let required = std::env::var("CAUSEWAY_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "CAUSEWAY_REQUIRE_SERVICES=1, but there is no chromium on the PATH: install it"
            );
            // Not eprintln!, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "skipped: no Chromium (install chromium)");
            return Ok(None);
        };
        let profile = tempfile::tempdir()?;
        // Chromium reads commands from descriptor 3 and answers on 4; the shell puts our pipes there.
        let process = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#, "sh"])
            .arg(&program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Some(Browser {
            process,
            _profile: profile,
        }))
    }

    /// Opens an address in the browser's one tab and waits until it has loaded.
    pub async fn open(&mut self, url: &str) -> Result<Page> {
        let to_browser = self
            .process
            .stdin
            .take()
            .context("this browser has its one page open already")?;
        let from_browser = self
            .process
            .stdout
            .take()
            .context("this browser has its one page open already")?;
        Page::open(Connection::new(to_browser, from_browser), url).await
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
