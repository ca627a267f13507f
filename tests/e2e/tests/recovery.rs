//! A catalog that dies between reservation and confirmation leaves no stock reserved after it has come back.
//!
//! Real services, the catalog in a process of its own; between orders and catalog stands a proxy that kills that process
//! when the confirmation comes.

use std::{io::Write as _, net::SocketAddr, process::Stdio, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use e2e::Client;
use kit::{Shutdown, db::DatabaseUrl};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::Mutex,
};

const TOKEN: &str = "internal";

/// Says to the test executable that it is to be the catalog, with this database.
const DATABASE_VARIABLE: &str = "CAUSEWAY_E2E_CATALOG_DATABASE";

/// The catalog, in a process of its own.
struct Catalog {
    addr: SocketAddr,
    process: Child,
}

impl Catalog {
    /// Starts this test executable again, as [`the_catalog_as_a_process`].
    async fn start(folder: &TempDir) -> Self {
        let database = DatabaseUrl::sqlite_file(folder.path().join("catalog.db"));
        let mut process = Command::new(std::env::current_exe().expect("a test executable"))
            .args(["--exact", "the_catalog_as_a_process", "--ignored"])
            .env(DATABASE_VARIABLE, database.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the catalog's process starts");
        let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        let addr = lines.next_line().await.expect("the pipe can be read");
        let addr = addr.expect("the catalog says where it listens");
        Self {
            addr: addr.parse().unwrap_or_else(|_| panic!("no address: {addr}")),
            process,
        }
    }

    /// SIGKILL: nothing is drained, closed or given back.
    async fn kill(mut self) {
        self.process
            .kill()
            .await
            .expect("the catalog's process is killed");
    }
}

/// No test, but what [`Catalog::start`] runs. Without its variable it does nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test that kills it"]
async fn the_catalog_as_a_process() {
    let Ok(database) = std::env::var(DATABASE_VARIABLE) else {
        return;
    };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = TcpListener::bind(any).await.expect("a free port");
    let options = catalog::Options {
        database: database.parse().expect("a database URL"),
        seed_size: 5,
        internal_token: Some(TOKEN.to_owned()),
        sweep_every: Duration::from_secs(3600),
        events: None,
    };
    let running = catalog::start(listener, options, Shutdown::new())
        .await
        .expect("catalog starts");
    // Not eprintln!, which the test harness keeps to itself.
    writeln!(std::io::stderr(), "{}", running.addr).expect("the test reads");
    running.wait().await.expect("catalog serves");
}

struct Proxy {
    http: reqwest::Client,
    target: Mutex<SocketAddr>,
    /// Taken, and killed, when the first confirmation comes.
    victim: Mutex<Option<Catalog>>,
}

async fn forward(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    if request.uri().path().ends_with("/confirm")
        && let Some(catalog) = proxy.victim.lock().await.take()
    {
        catalog.kill().await;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let url = format!("http://{}{}", *proxy.target.lock().await, request.uri());
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let sent = proxy
        .http
        .request(parts.method, url)
        .headers(parts.headers)
        .body(body)
        .send()
        .await;
    match sent {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn available(catalog: SocketAddr) -> i64 {
    let client = Client::new(format!("http://{catalog}/graphql"));
    let data = client
        .data("{ product(id: \"p-1\") { available } }", json!({}))
        .await;
    data["product"]["available"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_given_back_when_the_catalog_returns() {
    let folder = TempDir::new().expect("a temporary folder");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let file = |name: &str| DatabaseUrl::sqlite_file(folder.path().join(name));

    let users_listener = TcpListener::bind(any).await.expect("a free port");
    let users_options = users::Options {
        database: file("users.db"),
        seed_size: 5,
        signing_key: None,
        events: None,
    };
    let users = users::start(users_listener, users_options, Shutdown::new())
        .await
        .expect("users starts");

    let catalog = Catalog::start(&folder).await;
    let catalog_addr = catalog.addr;
    let before = available(catalog_addr).await;

    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let proxy = Arc::new(Proxy {
        http,
        target: Mutex::new(catalog_addr),
        victim: Mutex::new(Some(catalog)),
    });
    let proxy_listener = TcpListener::bind(any).await.expect("a free port");
    let proxy_addr = proxy_listener.local_addr().expect("an address");
    let router = Router::new().fallback(forward).with_state(Arc::clone(&proxy));
    tokio::spawn(async move { axum::serve(proxy_listener, router).await });

    let orders_listener = TcpListener::bind(any).await.expect("a free port");
    let orders_options = orders::Options {
        catalog_url: format!("http://{proxy_addr}"),
        catalog_token: Some(TOKEN.to_owned()),
        users_jwks_url: format!("http://{}/.well-known/jwks.json", users.addr),
        reconcile_every: Some(Duration::from_millis(50)),
        ..orders::Options::new(file("orders.db"))
    };
    let orders = orders::start(orders_listener, orders_options, Shutdown::new())
        .await
        .expect("orders starts");

    let signed_in = Client::new(format!("http://{}/graphql", users.addr))
        .sign_in("ada")
        .await;
    let buyer = signed_in.at(format!("http://{}/graphql", orders.addr));
    let price = {
        // The catalog's own price, asked before it dies.
        let client = Client::new(format!("http://{catalog_addr}/graphql"));
        let data = client
            .data("{ product(id: \"p-1\") { price { minor } } }", json!({}))
            .await;
        data["product"]["price"]["minor"].as_i64().expect("a price")
    };
    let place = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }";
    let input = json!({
        "idempotencyKey": "once", "lines": [{ "itemId": "p-1", "quantity": 3 }], "expectedTotalMinor": price * 3,
    });
    let reply = buyer.send(place, json!({ "input": input })).await;
    assert_eq!(
        reply["errors"][0]["extensions"]["code"], "CATALOG_UNAVAILABLE",
        "{reply:#}"
    );
    assert!(
        proxy.victim.lock().await.is_none(),
        "the catalog was killed at the confirmation"
    );

    let catalog = Catalog::start(&folder).await;
    let catalog_addr = catalog.addr;
    *proxy.target.lock().await = catalog_addr;
    let given_back = async {
        while available(catalog_addr).await != before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), given_back)
        .await
        .expect("the stock comes back");

    // The same key may be used again: nothing was sold under it.
    let reply = buyer.data(place, json!({ "input": input })).await;
    assert_eq!(reply["placeOrder"]["__typename"], "Placed");
    assert_eq!(available(catalog_addr).await, before - 3);
    catalog.kill().await;
}
