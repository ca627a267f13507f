//! Starting and stopping the shop.

use std::{net::SocketAddr, time::Duration};

use kit::Shutdown;
use shop::{Addresses, Caching, Databases, Options};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// One of the four addresses.
type Address = fn(&mut Addresses) -> &mut SocketAddr;

#[tokio::test]
async fn a_port_in_use_is_named_with_its_flag_and_nothing_starts() {
    let folder = TempDir::new().expect("a temporary folder");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let taken = TcpListener::bind(any).await.expect("a free port");
    let addr = taken.local_addr().expect("an address");
    let cases: [(&str, Address); 4] = [
        ("--listen", |addresses| &mut addresses.gateway),
        ("--users-listen", |addresses| &mut addresses.users),
        ("--catalog-listen", |addresses| &mut addresses.catalog),
        ("--orders-listen", |addresses| &mut addresses.orders),
    ];
    for (flag, field) in cases {
        let mut addresses = Addresses::any();
        *field(&mut addresses) = addr;
        let options = Options {
            addresses,
            databases: Databases::in_folder(folder.path()),
            seed_size: 1,
            timeout: Duration::from_secs(1),
            cache: Caching::Off,
            events: None,
        };
        let error = shop::start(options, Shutdown::new())
            .await
            .err()
            .expect("the port is taken");
        let message = format!("{error:#}");
        assert!(message.contains(&format!("port {}", addr.port())), "{message}");
        assert!(message.contains(flag), "{message}");
    }
    let files = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .count();
    assert_eq!(files, 0, "no database was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_outlive_a_restart_and_the_seed_is_loaded_once() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut totals = Vec::new();
    for _ in 0..2 {
        let options = Options {
            addresses: Addresses::any(),
            databases: Databases::in_folder(folder.path()),
            seed_size: 3,
            timeout: Duration::from_secs(2),
            cache: Caching::Off,
            events: None,
        };
        let running = shop::start(options, Shutdown::new())
            .await
            .expect("the shop starts");
        let client = e2e::Client::new(format!("http://{}/graphql", running.gateway))
            .sign_in("ada")
            .await;
        let place = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }";
        let price = client
            .data(
                "{ product(id: \"p-1\") { price { minor } } }",
                serde_json::json!({}),
            )
            .await;
        let input = serde_json::json!({
            "idempotencyKey": "the first", "lines": [{ "itemId": "p-1", "quantity": 1 }],
            "expectedTotalMinor": price["product"]["price"]["minor"],
        });
        let placed = client.data(place, serde_json::json!({ "input": input })).await;
        assert_eq!(placed["placeOrder"]["__typename"], "Placed");
        let data = client
            .data("{ orders { totalCount } }", serde_json::json!({}))
            .await;
        totals.push(data["orders"]["totalCount"].as_u64().expect("a number"));
        running.stop().await.expect("the shop stops");
    }
    assert_eq!(totals, [19, 19], "18 seeded orders and one that was placed once");
}
