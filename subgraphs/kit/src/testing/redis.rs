//! A Redis server for tests, on a free port of its own.
//!
//! It is watched over by a shell that holds the read end of a pipe from this process: however the process ends, the pipe
//! closes and the shell stops the server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

const REQUIRE_VARIABLE: &str = "CAUSEWAY_REQUIRE_SERVICES";

const WATCHDOG: &str = r#"
trap '' INT TERM HUP PIPE
redis-server --bind 127.0.0.1 --port "$1" --save '' --appendonly no --dir "${TMPDIR:-/tmp}" </dev/null &
cat >/dev/null
kill -KILL $!
wait
"#;

/// A running server; it ends, with all that it holds, when this is dropped.
pub struct Redis {
    port: u16,
    watchdog: Child,
    // Closing it is the signal to stop.
    pipe: Option<ChildStdin>,
}

impl Redis {
    /// A new, empty server, or `None` where there is no redis-server: then "skipped" is printed, or, with
    /// CAUSEWAY_REQUIRE_SERVICES=1, it panics.
    pub fn start() -> Option<Self> {
        // Another process may take the port before the server does: then the next one is tried.
        let mut problem = String::new();
        for _ in 0..5 {
            match Self::start_on(free_port()) {
                Ok(server) => return Some(server),
                Err(error) => problem = error,
            }
        }
        let skipped = format!("skipped: no Redis (install redis-server): {problem}");
        assert!(std::env::var(REQUIRE_VARIABLE).as_deref() != Ok("1"), "{skipped}");
        // Not eprintln!, which the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "{skipped}");
        None
    }

    /// An empty server on this port, ready for commands. Errors with the server's log.
    pub fn start_on(port: u16) -> Result<Self, String> {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of the terminal's reach: Ctrl-C ends the test, and then the pipe ends the server.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let pipe = watchdog.stdin.take();
        let stdout = watchdog.stdout.take().expect("the shell's output is a pipe");
        let server = Self { port, watchdog, pipe };
        let mut log = String::new();
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        for line in lines.by_ref() {
            if line.contains("Ready to accept connections") {
                // Somebody must go on reading, or the server would stall over a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(server);
            }
            log.push_str(&line);
            log.push('\n');
            if line.contains("Failed listening") || line.contains("bye bye") {
                break;
            }
        }
        Err(log)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.watchdog.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener
        .local_addr()
        .expect("a bound listener has an address")
        .port()
}
