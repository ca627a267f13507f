//! A PostgreSQL server for tests: the one named by CAUSEWAY_TEST_POSTGRES, or one of its own per test process.
//!
//! The own server is watched over by a shell that holds the read end of a pipe from this process. However the
//! process ends, the pipe closes, and the shell stops the server and removes its folder.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::OnceCell;

use crate::db::DatabaseUrl;

const SERVER_VARIABLE: &str = "CAUSEWAY_TEST_POSTGRES";
const REQUIRE_VARIABLE: &str = "CAUSEWAY_REQUIRE_SERVICES";

/// Arguments: folder, folder of the binaries, account to run as (empty: the current one).
const WATCHDOG: &str = r#"
trap '' INT TERM HUP PIPE
dir=$1 bin=$2 account=$3
as_account() { if [ -n "$account" ]; then setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; else "$@"; fi; }
{
  if [ -n "$account" ]; then chown "$account" "$dir"; fi
  cd "$dir" &&
  as_account "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync &&
  as_account "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" \
    -o "-F -k '$dir' -c listen_addresses='' -c max_connections=300" start
} >"$dir/start.log" 2>&1 && echo ready || echo failed
cat >/dev/null
as_account "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Server {
    /// A URL up to the database name, and what follows it.
    before_name: String,
    after_name: String,
    /// Lives as long as the process; its end of the pipe closing is the signal to stop.
    _watchdog: Option<Child>,
}

/// The URL of a NEW, EMPTY database, or `None` where no server can be had: then "skipped" is printed, or, with
/// CAUSEWAY_REQUIRE_SERVICES=1, it panics. The first call of a process may take some seconds (initdb). Databases on
/// a server named by CAUSEWAY_TEST_POSTGRES (`postgres://…/DATABASE`, may CREATE DATABASE) are left behind.
pub async fn postgres() -> Option<DatabaseUrl> {
    let server = SERVER.get_or_init(find_server).await.as_ref()?;
    let number = DATABASES.fetch_add(1, Ordering::SeqCst);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!(
        "causeway_test_{}_{}_{number}",
        std::process::id(),
        since.as_micros()
    );
    let admin: sqlx::postgres::PgConnectOptions = server.url("postgres").parse().expect("a postgres URL");
    let mut connection = admin
        .disable_statement_logging()
        .connect()
        .await
        .expect("connect to the test PostgreSQL server");
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("create a database on the test PostgreSQL server");
    connection
        .close()
        .await
        .expect("close the connection to the test PostgreSQL server");
    Some(server.url(&name).parse().expect("a database URL"))
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before_name, self.after_name)
    }
}

async fn find_server() -> Option<Server> {
    let outcome = match std::env::var(SERVER_VARIABLE) {
        Ok(url) if !url.is_empty() => Ok(named_server(&url)),
        _ => tokio::task::spawn_blocking(own_server)
            .await
            .expect("starting PostgreSQL does not panic"),
    };
    match outcome {
        Ok(server) => Some(server),
        Err(reason) => {
            let skipped =
                format!("skipped: no PostgreSQL (set {SERVER_VARIABLE} or install postgresql): {reason}");
            assert!(std::env::var(REQUIRE_VARIABLE).as_deref() != Ok("1"), "{skipped}");
            // Not eprintln!, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "{skipped}");
            None
        }
    }
}

fn named_server(url: &str) -> Server {
    let (rest, query) = url
        .split_once('?')
        .map_or((url, None), |(rest, query)| (rest, Some(query)));
    let authority = rest.split_once("://").map_or(rest.len(), |(scheme, rest)| {
        scheme.len() + 3 + rest.find('/').unwrap_or(rest.len())
    });
    Server {
        before_name: format!("{}/", &rest[..authority]),
        after_name: query.map(|query| format!("?{query}")).unwrap_or_default(),
        _watchdog: None,
    }
}

fn own_server() -> Result<Server, String> {
    let binaries = find_binaries().ok_or("initdb and pg_ctl were not found")?;
    let folder = tempfile::Builder::new()
        .prefix("causeway-pg-")
        .tempdir()
        .map_err(|error| format!("no temporary folder: {error}"))?
        .keep();
    let mut watchdog = Command::new("sh")
        .args(["-c", WATCHDOG, "sh"])
        .arg(&folder)
        .arg(&binaries)
        .arg(server_account()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Out of the terminal's reach: Ctrl-C ends the test, and then the pipe ends the server.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot run sh: {error}"))?;
    let mut answer = String::new();
    if let Some(stdout) = watchdog.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut answer)
            .map_err(|error| error.to_string())?;
    }
    if answer.trim() != "ready" {
        let log = ["start.log", "server.log"]
            .map(|name| std::fs::read_to_string(folder.join(name)).unwrap_or_default());
        return Err(format!("the server did not start: {}", log.concat()));
    }
    Ok(Server {
        before_name: "postgres://postgres@localhost/".to_owned(),
        after_name: format!("?host={}", folder.display()),
        _watchdog: Some(watchdog),
    })
}

/// A folder with both `initdb` and `pg_ctl`: Debian's (the newest version), else one of PATH.
fn find_binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().find(|folder| {
        ["initdb", "pg_ctl"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })
}

/// PostgreSQL refuses to run as root: then the account to use is `postgres`, else `nobody`.
fn server_account() -> Result<&'static str, String> {
    use std::os::unix::fs::MetadataExt;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root {
        return Ok("");
    }
    let accounts = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    ["postgres", "nobody"]
        .into_iter()
        .find(|name| accounts.lines().any(|line| line.split(':').next() == Some(name)))
        .ok_or_else(|| "it must not run as root, and there is no account postgres or nobody".to_owned())
}
