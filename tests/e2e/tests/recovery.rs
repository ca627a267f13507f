//! A catalog that dies between reservation and confirmation leaves no stock reserved after it has come back.
//!
//! Real services; between orders and catalog stands a proxy that kills the catalog when the confirmation comes.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use e2e::Client;
use kit::{Running, Shutdown, db::DatabaseUrl};
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::Mutex};

const TOKEN: &str = "internal";

struct Catalog {
    addr: SocketAddr,
    shutdown: Shutdown,
    running: Running,
}

async fn start_catalog(addr: SocketAddr, folder: &TempDir) -> Catalog {
    let listener = TcpListener::bind(addr).await.expect("the catalog's port is free");
    let options = catalog::Options {
        database: DatabaseUrl::sqlite_file(folder.path().join("catalog.db")),
        seed_size: 5,
        internal_token: Some(TOKEN.to_owned()),
        sweep_every: Duration::from_secs(3600),
    };
    let shutdown = Shutdown::new();
    let running = catalog::start(listener, options, shutdown.clone())
        .await
        .expect("catalog starts");
    Catalog {
        addr: running.addr,
        shutdown,
        running,
    }
}

struct Proxy {
    http: reqwest::Client,
    target: SocketAddr,
    /// Taken, and stopped, when the first confirmation comes.
    victim: Mutex<Option<Catalog>>,
}

async fn forward(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    if request.uri().path().ends_with("/confirm")
        && let Some(catalog) = proxy.victim.lock().await.take()
    {
        catalog.shutdown.trigger();
        catalog.running.wait().await.expect("catalog stops");
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let url = format!("http://{}{}", proxy.target, request.uri());
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
    };
    let users = users::start(users_listener, users_options, Shutdown::new())
        .await
        .expect("users starts");

    let catalog = start_catalog(any, &folder).await;
    let catalog_addr = catalog.addr;
    let before = available(catalog_addr).await;

    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let proxy = Arc::new(Proxy {
        http,
        target: catalog_addr,
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

    let catalog = start_catalog(catalog_addr, &folder).await;
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
    catalog.shutdown.trigger();
    catalog.running.wait().await.expect("catalog stops");
}
