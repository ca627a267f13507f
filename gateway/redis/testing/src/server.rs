//! A redis-server process of a test's own, on a port of its own, that keeps nothing on disk.
//!
//! A shell that holds the read end of a pipe from this process watches over it. However the test ends, the pipe closes, and the
//! shell kills the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Arguments: those of redis-server. Says the server's process id.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP PIPE
redis-server "$@" >server.log 2>&1 &
server=$!
echo "$server"
cat >/dev/null
kill -9 "$server" 2>/dev/null
wait "$server" 2>/dev/null
"#;

const START: Duration = Duration::from_secs(20);

pub struct RedisServer {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    /// None while it is killed.
    process: Option<Process>,
}

struct Process {
    watchdog: Child,
    id: String,
}

impl RedisServer {
    /// A server, or `None` where there is no redis-server: then "skipped" is printed, or, with CAUSEWAY_REQUIRE_SERVICES=1, it
    /// panics. `arguments` are redis-server's, as in `["--maxmemory", "2mb"]`. Blocks for some tens of milliseconds.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if let Err(error) = Command::new("redis-server").arg("--version").output() {
            let skipped = format!("skipped: no Redis (install redis-server): {error}");
            assert!(
                std::env::var("CAUSEWAY_REQUIRE_SERVICES").as_deref() != Ok("1"),
                "{skipped}"
            );
            // Not eprintln!, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "{skipped}");
            return None;
        }
        let keeps_nothing = ["--save", "", "--appendonly", "no"];
        Some(Self::start_with(folder(), &[&keeps_nothing, arguments].concat()))
    }

    /// A sentinel that watches over the master at a port of this machine, alone: it gives a master up after 300 ms.
    ///
    /// # Panics
    /// When there is no redis-server. Nobody has a master then.
    pub fn start_sentinel(name: &str, master: u16) -> Self {
        let folder = folder();
        let configuration = format!(
            "sentinel monitor {name} 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds {name} 300\n\
             sentinel failover-timeout {name} 3000\n"
        );
        let file = folder.path().join("sentinel.conf");
        std::fs::write(file, configuration).expect("a file in a folder of its own");
        Self::start_with(folder, &["sentinel.conf", "--sentinel"])
    }

    fn start_with(folder: TempDir, arguments: &[&str]) -> Self {
        let mut server = Self {
            folder,
            port: 0,
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            process: None,
        };
        for _ in 0..20 {
            // Below the ports that the system gives to connections: one that is free now stays free while the server is down.
            server.port = rand::random_range(18_000..32_000);
            if server.run() {
                return server;
            }
        }
        panic!("redis-server does not start: {}", server.log())
    }

    /// `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server has written since it was last started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// SIGKILL. Its port then refuses connections.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.watchdog.stdin.take());
            let _ = process.watchdog.wait();
        }
    }

    /// Starts it again, empty, on the same port; kills it before if it runs.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.run(), "redis-server does not start again: {}", self.log());
    }

    /// SIGSTOP: connections stay, nothing answers.
    pub fn stop(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("a server that runs");
        let sent = Command::new("kill")
            .args([signal, &process.id])
            .status()
            .expect("kill can be run");
        assert!(sent.success(), "kill {signal} {}", process.id);
    }

    fn run(&mut self) -> bool {
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "sh"])
            .args(&self.arguments)
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1", "--dir", "."])
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of the terminal's reach: Ctrl-C ends the test, and then the pipe ends the server.
            .process_group(0)
            .spawn()
            .expect("sh can be run");
        let mut id = String::new();
        if let Some(stdout) = watchdog.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut id)
                .expect("the shell says the server's process id");
        }
        self.process = Some(Process {
            watchdog,
            id: id.trim().to_owned(),
        });
        let since = Instant::now();
        while since.elapsed() < START {
            let log = self.log();
            if log.contains("Address already in use") {
                break;
            }
            let ready = ["Ready to accept connections", "Sentinel ID is"];
            if ready.iter().any(|line| log.contains(line)) && answers(self.port) {
                return true;
            }
            pause();
        }
        self.kill();
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("causeway-redis-").tempdir();
    folder.expect("a temporary folder")
}

/// Any answer will do: one that wants a password first runs too.
fn answers(port: u16) -> bool {
    let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let _ = connection.set_read_timeout(Some(Duration::from_secs(1)));
    connection.write_all(b"PING\r\n").is_ok() && matches!(connection.read(&mut [0; 64]), Ok(1..))
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no event to wait for but the server's answer"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
