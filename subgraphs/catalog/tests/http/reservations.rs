//! The internal API for reservations.

use std::time::Duration;

use serde_json::{Value, json};

use super::Server;
use super::server::TOKEN;

#[tokio::test]
async fn a_reservation_is_held_confirmed_and_released() {
    let server = Server::start().await;
    let stock = server.available("p-1").await;
    let (status, body) = server.reserve("r-1", &[("p-1", 2), ("b-1", 1)], 60_000).await;
    assert_eq!(status, 201);
    assert_eq!((&body["id"], &body["state"]), (&json!("r-1"), &json!("held")));
    assert_eq!(
        body["lines"][0],
        json!({"itemId": "p-1", "kind": "product", "sku": "SKU-00001", "title": "Field Guide to Alpine Flowers",
               "unitPriceMinor": 2490, "currency": "EUR", "quantity": 2})
    );
    assert_eq!(
        (&body["lines"][1]["kind"], &body["lines"][1]["sku"]),
        (&json!("bundle"), &Value::Null)
    );
    assert_eq!(
        server.reserve("r-1", &[("p-1", 2), ("b-1", 1)], 60_000).await,
        (200.try_into().unwrap(), body)
    );
    assert_eq!(server.available("p-1").await, stock - 2);

    for _ in 0..2 {
        let (status, body) = server.internal("/internal/reservations/r-1/confirm", None).await;
        assert_eq!(
            (status.as_u16(), body),
            (200, json!({"id": "r-1", "state": "confirmed"}))
        );
    }
    for _ in 0..2 {
        let (status, body) = server.internal("/internal/reservations/r-1/release", None).await;
        assert_eq!(
            (status.as_u16(), body),
            (200, json!({"id": "r-1", "state": "released"}))
        );
        assert_eq!(server.available("p-1").await, stock);
    }
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_a_status_and_a_code() {
    let server = Server::start().await;
    let (status, body) = server.reserve("r-1", &[("p-19", 1)], 60_000).await;
    let items = json!([{"itemId": "p-19", "requested": 1, "available": 0}]);
    assert_eq!(
        (status.as_u16(), body),
        (409, json!({"code": "OUT_OF_STOCK", "items": items}))
    );
    let (status, body) = server.reserve("r-1", &[("p-1", 1), ("p-0", 1)], 60_000).await;
    assert_eq!(
        (status.as_u16(), body),
        (422, json!({"code": "UNKNOWN_ITEM", "items": ["p-0"]}))
    );

    let (status, body) = server.internal("/internal/reservations/r-2/release", None).await;
    assert_eq!((status.as_u16(), &body["state"]), (200, &json!("released")));
    let (status, body) = server.reserve("r-2", &[("p-1", 1)], 60_000).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (409, &json!("RESERVATION_RELEASED"))
    );
    let (status, body) = server.internal("/internal/reservations/r-2/confirm", None).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (409, &json!("RESERVATION_RELEASED"))
    );
    let (status, body) = server.internal("/internal/reservations/r-3/confirm", None).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (404, &json!("UNKNOWN_RESERVATION"))
    );

    assert_eq!(server.reserve("r-4", &[("p-1", 1)], 60_000).await.0, 201);
    let (status, body) = server.reserve("r-4", &[("p-1", 2)], 60_000).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (409, &json!("RESERVATION_CONFLICT"))
    );
    server.stop().await;
}

#[tokio::test]
async fn malformed_requests_change_nothing() {
    let server = Server::start().await;
    let stock = server.available("p-1").await;
    let line = json!({"itemId": "p-1", "quantity": 1});
    for body in [
        json!({"id": "", "lines": [line], "ttlMs": 1000}),
        json!({"id": "a/b", "lines": [line], "ttlMs": 1000}),
        json!({"id": "r", "lines": [], "ttlMs": 1000}),
        json!({"id": "r", "lines": [line, line], "ttlMs": 1000}),
        json!({"id": "r", "lines": [line], "ttlMs": 0}),
        json!({"id": "r", "lines": [line], "ttlMs": 3_600_001}),
        json!({"id": "r", "lines": [{"itemId": "p-1", "quantity": -1}], "ttlMs": 1000}),
        json!({"id": "r", "lines": [{"itemId": "p-1", "quantity": 100}], "ttlMs": 1000}),
        json!({"id": "r", "lines": [{"itemId": "p\u{0}", "quantity": 1}], "ttlMs": 1000}),
    ] {
        let (status, answer) = server.internal("/internal/reservations", Some(&body)).await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (400, &json!("BAD_USER_INPUT")),
            "{body}"
        );
    }
    for body in [
        json!({"id": "r", "lines": [line]}),
        json!({"id": "r", "lines": [line], "ttlMs": "1000"}),
        json!({"id": "r", "lines": [line], "ttlMs": 1000, "extra": 1}),
        json!({"id": "r", "lines": [{"itemId": "p-1", "quantity": 1.5}], "ttlMs": 1000}),
    ] {
        let (status, answer) = server.internal("/internal/reservations", Some(&body)).await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (422, &json!("BAD_REQUEST")),
            "{body}"
        );
    }
    let request = server
        .post("/internal/reservations")
        .header("x-internal-token", TOKEN);
    let response = request
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(server.available("p-1").await, stock);
    server.stop().await;
}

#[tokio::test]
async fn stock_held_too_long_comes_back_by_itself() {
    let server = Server::start().await;
    let stock = server.available("p-1").await;
    assert_eq!(server.reserve("r-1", &[("p-1", 3)], 1).await.0, 201);
    let sweep = async {
        while server.available("p-1").await != stock {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), sweep)
        .await
        .expect("the sweeper gives the stock back");
    let (status, body) = server.internal("/internal/reservations/r-1/confirm", None).await;
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (409, &json!("RESERVATION_EXPIRED"))
    );
    server.stop().await;
}

#[tokio::test]
async fn only_callers_with_the_token_get_in() {
    let server = Server::start().await;
    let paths = [
        "/internal/reservations",
        "/internal/reservations/r/confirm",
        "/internal/reservations/r/release",
    ];
    for path in paths {
        for token in [
            None,
            Some(""),
            Some("wrong"),
            Some(&TOKEN[1..]),
            Some("Internal-token-for-tests"),
        ] {
            let mut request = server.post(path);
            if let Some(token) = token {
                request = request.header("x-internal-token", token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path} with {token:?}");
            let body: Value = response.json().await.unwrap();
            assert_eq!(body["code"], "WRONG_INTERNAL_TOKEN");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn without_a_configured_token_the_api_is_closed() {
    for internal_token in [None, Some(String::new())] {
        let (_folder, database) = kit::testing::sqlite();
        let sweep_every = Duration::from_secs(1);
        let options = catalog::Options {
            database,
            seed_size: 1,
            internal_token,
            sweep_every,
            events: None,
        };
        let server = Server::start_with(options).await;
        let request = server
            .post("/internal/reservations/r/release")
            .header("x-internal-token", "");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["code"], "INTERNAL_API_CLOSED");
        assert!(
            body["message"]
                .as_str()
                .unwrap()
                .contains("CATALOG_INTERNAL_TOKEN")
        );
        server.stop().await;
    }
}

/// The last ten items, over HTTP, on the engine that production runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_concurrent_orders_for_the_last_items_never_oversell_on_postgres() {
    let Some(database) = kit::testing::postgres().await else {
        return;
    };
    let server = Server::start_on(database, 10).await;
    let stock = server.available("p-1").await;
    // 99 items an order; leave ten.
    let mut left = stock - 10;
    let mut order = 0;
    while left > 0 {
        let quantity = left.min(99);
        assert_eq!(
            server
                .reserve(&format!("first-{order}"), &[("p-1", quantity)], 60_000)
                .await
                .0,
            201
        );
        (left, order) = (left - quantity, order + 1);
    }
    let callers: Vec<_> = (0..50)
        .map(|n| {
            let body =
                json!({"id": format!("r-{n}"), "lines": [{"itemId": "p-1", "quantity": 1}], "ttlMs": 60_000});
            let request = server
                .post("/internal/reservations")
                .header("x-internal-token", TOKEN)
                .json(&body);
            tokio::spawn(async move { request.send().await.unwrap().status() })
        })
        .collect();
    let mut sold = 0;
    for caller in callers {
        match caller.await.unwrap().as_u16() {
            201 => sold += 1,
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!((sold, server.available("p-1").await), (10, 0));
    server.stop().await;
}
