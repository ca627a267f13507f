//! The whole service over HTTP, as a gateway sees it: a real server on a free port, signed tokens, a stand-in catalog.

mod events;
mod freshness;

use kit::{Running, Shutdown, events::Target, testing::TestIssuer};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::fake_catalog::{FakeCatalog, Fault, Stage, Step, TOKEN};
use crate::{Options, start};

struct Server {
    url: String,
    catalog: FakeCatalog,
    issuer: TestIssuer,
    client: Client,
    running: Running,
    shutdown: Shutdown,
    _folder: TempDir,
}

impl Server {
    async fn start(seed_size: u32) -> Self {
        Self::start_telling(seed_size, None).await
    }

    async fn start_telling(seed_size: u32, events: Option<Target>) -> Self {
        let issuer = TestIssuer::new();
        let catalog = FakeCatalog::start(issuer.jwks()).await;
        let (folder, database) = kit::testing::sqlite();
        let options = Options {
            seed_size,
            catalog_url: catalog.url.clone(),
            catalog_token: Some(TOKEN.into()),
            users_jwks_url: format!("{}/.well-known/jwks.json", catalog.url),
            events,
            ..Options::new(database)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let running = start(listener, options, shutdown.clone()).await.unwrap();
        let client = Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let url = format!("http://{}", running.addr);
        Self {
            url,
            catalog,
            issuer,
            client,
            running,
            shutdown,
            _folder: folder,
        }
    }

    async fn send(&self, token: Option<&str>, body: &Value) -> (StatusCode, Value) {
        let mut request = self.client.post(format!("{}/graphql", self.url)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn anybody(&self, query: &str) -> Value {
        let (status, answer) = self.send(None, &json!({"query": query})).await;
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        answer
    }

    async fn buyer(&self, subject: &str, query: &str, variables: Value) -> Value {
        let token = self.issuer.token(subject, &[]);
        let (status, answer) = self
            .send(Some(&token), &json!({"query": query, "variables": variables}))
            .await;
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        answer
    }

    async fn place(&self, subject: &str, key: &str, quantity: i64, expected: i64) -> Value {
        let input = json!({
            "idempotencyKey": key, "lines": [{"itemId": "p-1", "quantity": quantity}], "expectedTotalMinor": expected,
        });
        self.buyer(subject, PLACE, json!({"input": input})).await
    }
}

const PLACE: &str = "mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
    ...on Placed { order { id status version total { minor currency } buyer { id } placedAt
        lines { titleAtPurchase quantity unitPrice { minor } lineTotal { minor } product { id sku } } } }
    ...on OutOfStock { items { itemId requested available } }
    ...on PriceChanged { expected { minor } actual { minor } }
    ...on IdempotencyConflict { idempotencyKey message } } }";

const CANCEL: &str =
    "mutation ($id: ID!, $version: Int!) { cancelOrder(id: $id, version: $version) { id status version } }";

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("an error expected: {answer:#}"))
}

#[tokio::test]
async fn a_buyer_orders_reads_and_cancels() {
    let server = Server::start(5).await;
    let answer = server.place("u-1", "k", 2, 2000).await;
    let placed = &answer["data"]["placeOrder"];
    assert_eq!(placed["__typename"], "Placed", "{answer:#}");
    let order = &placed["order"];
    let line = json!({
        "titleAtPurchase": "Kettle", "quantity": 2, "unitPrice": {"minor": 1000}, "lineTotal": {"minor": 2000},
        "product": {"id": "p-1", "sku": "SKU-p-1"},
    });
    assert_eq!(order["lines"], json!([line]));
    assert_eq!(order["total"], json!({"minor": 2000, "currency": "EUR"}));
    assert_eq!(
        (&order["status"], &order["version"]),
        (&json!("PLACED"), &json!(1))
    );
    assert_eq!(order["buyer"]["id"], "u-1");
    assert!(order["placedAt"].as_str().unwrap().ends_with('Z'));

    let id = order["id"].as_str().unwrap();
    let newest = server
        .anybody("{ orders(first: 1) { totalCount nodes { id } } }")
        .await;
    assert_eq!(
        newest["data"]["orders"],
        json!({"totalCount": 31, "nodes": [{"id": id}]})
    );

    let cancel = async |subject: &str, version: i64| {
        server
            .buyer(subject, CANCEL, json!({"id": id, "version": version}))
            .await
    };
    assert_eq!(code(&cancel("u-1", 9).await), "VERSION_CONFLICT");
    assert_eq!(code(&cancel("u-2", 1).await), "FORBIDDEN");
    let cancelled = cancel("u-1", 1).await;
    let expected = json!({"id": id, "status": "CANCELLED", "version": 2});
    assert_eq!(cancelled["data"]["cancelOrder"], expected);
    assert_eq!(code(&cancel("u-1", 2).await), "ORDER_NOT_CANCELLABLE");
    assert_eq!(server.catalog.available("p-1"), 10);
    let read = server
        .anybody(&format!("{{ order(id: \"{id}\") {{ status }} }}"))
        .await;
    assert_eq!(read["data"]["order"]["status"], "CANCELLED");
}

#[tokio::test]
async fn the_other_results_are_types_too() {
    let server = Server::start(0).await;
    let short = server.place("u-1", "a", 11, 11000).await;
    let items = json!([{"itemId": "p-1", "requested": 11, "available": 10}]);
    assert_eq!(
        short["data"]["placeOrder"],
        json!({"__typename": "OutOfStock", "items": items})
    );
    let price = server.place("u-1", "b", 1, 999).await;
    let expected =
        json!({"__typename": "PriceChanged", "expected": {"minor": 999}, "actual": {"minor": 1000}});
    assert_eq!(price["data"]["placeOrder"], expected);
    let conflict = server.place("u-1", "b", 2, 2000).await;
    assert_eq!(
        conflict["data"]["placeOrder"]["__typename"],
        "IdempotencyConflict"
    );
    assert_eq!(conflict["data"]["placeOrder"]["idempotencyKey"], "b");
}

#[tokio::test]
async fn failures_carry_their_codes() {
    let server = Server::start(0).await;
    assert_eq!(code(&server.place("u-1", "", 1, 1000).await), "BAD_USER_INPUT");
    assert_eq!(code(&server.place("u-1", "k", 100, 1000).await), "BAD_USER_INPUT");
    server.catalog.fail(Step::Confirm, Fault::LostReply);
    let answer = server.place("u-1", "k", 1, 1000).await;
    assert_eq!(code(&answer), "CATALOG_UNAVAILABLE");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("retry with the same idempotencyKey"),
        "{message}"
    );
    assert!(!message.contains("127.0.0.1"), "{message}");
    // The service's own reconciler does it, without being asked.
    server
        .catalog
        .until(|books| books.stages() == [Stage::Released])
        .await;
    server.catalog.recover();
    assert_eq!(
        server.place("u-1", "k", 1, 1000).await["data"]["placeOrder"]["__typename"],
        "Placed"
    );
}

#[tokio::test]
async fn who_is_not_signed_in_changes_nothing() {
    let server = Server::start(0).await;
    let input =
        json!({"idempotencyKey": "k", "lines": [{"itemId": "p-1", "quantity": 1}], "expectedTotalMinor": 1});
    for (query, variables) in [
        (PLACE, json!({"input": input})),
        (CANCEL, json!({"id": "o-1", "version": 1})),
    ] {
        let body = json!({"query": query, "variables": variables});
        let (status, answer) = server.send(None, &body).await;
        assert_eq!((status, code(&answer)), (StatusCode::OK, "UNAUTHENTICATED"));
        let (status, answer) = server.send(Some("not.a.token"), &body).await;
        assert_eq!(
            (status, code(&answer)),
            (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
        );
    }
    assert!(server.catalog.books().calls.is_empty());
}

#[tokio::test]
async fn pages_walk_both_ways_over_the_wire() {
    let server = Server::start(5).await;
    let page = async |arguments: &str| -> Value {
        let query = format!(
            "{{ orders({arguments}) {{ edges {{ cursor node {{ id }} }} nodes {{ id }} totalCount
                pageInfo {{ hasPreviousPage hasNextPage startCursor endCursor }} }} }}"
        );
        server.anybody(&query).await["data"]["orders"].clone()
    };
    let first = page("first: 12").await;
    assert_eq!(first["totalCount"], 30);
    assert_eq!(first["nodes"][0]["id"], "o-30");
    assert_eq!(first["pageInfo"]["hasPreviousPage"], false);
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    assert_eq!(first["pageInfo"]["endCursor"], first["edges"][11]["cursor"]);
    let end = first["pageInfo"]["endCursor"].as_str().unwrap();
    let second = page(&format!("first: 100, after: \"{end}\"")).await;
    assert_eq!(second["nodes"][0]["id"], "o-18");
    assert_eq!(second["nodes"].as_array().unwrap().len(), 18);
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let start = second["pageInfo"]["startCursor"].as_str().unwrap();
    let back = page(&format!("last: 12, before: \"{start}\"")).await;
    assert_eq!(back["edges"], first["edges"]);
    assert_eq!(back["pageInfo"]["hasPreviousPage"], false);
    assert_eq!(back["pageInfo"]["hasNextPage"], true);
    assert_eq!(page("last: 1").await["nodes"], json!([{"id": "o-1"}]));
    let cancelled = page("first: 100, status: CANCELLED").await;
    assert_eq!(
        cancelled["totalCount"],
        cancelled["nodes"].as_array().unwrap().len()
    );
}

#[tokio::test]
async fn bad_page_arguments_are_refused() {
    let server = Server::start(1).await;
    // The cursors hold [1, ["x"]] and [1, [1, "\u0000"]]: well-formed, but of no order.
    for (arguments, expected) in [
        ("first: 0", "BAD_USER_INPUT"),
        ("first: -1", "BAD_USER_INPUT"),
        ("first: 101", "BAD_USER_INPUT"),
        ("first: 1, last: 1", "BAD_USER_INPUT"),
        ("after: \"nonsense\"", "INVALID_CURSOR"),
        ("after: \"WzEsWyJ4Il1d\"", "INVALID_CURSOR"),
        ("after: \"WzEsWzEsIlx1MDAwMCJdXQ\"", "INVALID_CURSOR"),
    ] {
        let answer = server
            .anybody(&format!("{{ orders({arguments}) {{ totalCount }} }}"))
            .await;
        assert_eq!(code(&answer), expected, "{arguments}");
        let query = format!(
            "{{ _entities(representations: [{{__typename: \"User\", id: \"u-1\"}}]) {{
                ...on User {{ id orders({arguments}) {{ totalCount }} }} }} }}"
        );
        let answer = server.anybody(&query).await;
        assert_eq!(code(&answer), expected, "{arguments}");
        assert_eq!(
            answer["data"]["_entities"],
            json!([{"id": "u-1", "orders": null}])
        );
    }
}

#[tokio::test]
async fn a_query_that_multiplies_pages_is_refused() {
    let server = Server::start(5).await;
    let twice = "orders(first: 100) { nodes { buyer { orders(first: 100) { nodes { id status } } } } }";
    let answer = server.anybody(&format!("{{ {twice} }}")).await;
    assert_eq!(answer["data"]["orders"]["nodes"].as_array().unwrap().len(), 30);
    let thrice = twice.replace("id status", "buyer { orders(last: 100) { nodes { id } } }");
    let answer = server.anybody(&format!("{{ {thrice} }}")).await;
    assert_eq!(
        answer["errors"][0]["message"], "Query is too complex.",
        "{answer:#}"
    );
}

#[tokio::test]
async fn entities_and_sdl_come_over_http() {
    let server = Server::start(5).await;
    let query = "query ($r: [_Any!]!) { _service { sdl } _entities(representations: $r) {
        ...on Order { shipTo { zone } lines { product { sku } } } ...on User { discountPct } } }";
    let representations = json!([
        {"__typename": "Order", "id": "o-1", "buyer": {"address": {"country": "AT"}}},
        {"__typename": "User", "id": "u-1", "tier": "SILVER"},
        {"__typename": "Order", "id": "o-none"},
    ]);
    let (status, answer) = server
        .send(
            None,
            &json!({"query": query, "variables": {"r": representations}}),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let entities = &answer["data"]["_entities"];
    assert_eq!(entities[0]["shipTo"]["zone"], "EU");
    assert_eq!(
        (&entities[1], &entities[2]),
        (&json!({"discountPct": 5}), &Value::Null)
    );
    assert_eq!(answer["data"]["_service"]["sdl"], crate::sdl());
}

#[tokio::test]
async fn it_reports_its_health_and_stops_when_asked() {
    let server = Server::start(0).await;
    for path in ["live", "ready"] {
        kit::probe(&format!("{}/health/{path}", server.url))
            .await
            .unwrap();
    }
    server.shutdown.trigger();
    server.running.wait().await.unwrap();
    kit::probe(&format!("{}/health/live", server.url))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_second_start_keeps_the_orders_and_seeds_nothing() {
    let (_folder, database) = kit::testing::sqlite();
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::new();
        let options = Options {
            seed_size: 2,
            ..Options::new(database.clone())
        };
        let running = start(listener, options, shutdown.clone()).await.unwrap();
        let client = Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let body = json!({"query": "{ orders { totalCount } }"});
        let response = client
            .post(format!("http://{}/graphql", running.addr))
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["data"]["orders"]["totalCount"], 12);
        shutdown.trigger();
        running.wait().await.unwrap();
    }
}

#[tokio::test]
async fn unusable_addresses_are_named_at_the_start() {
    for (catalog_url, jwks_url, at_fault) in [
        ("catalog:4002", crate::DEFAULT_JWKS_URL, "catalog:4002"),
        (crate::DEFAULT_CATALOG_URL, "keys", "keys"),
    ] {
        let (_folder, database) = kit::testing::sqlite();
        let options = Options {
            catalog_url: catalog_url.into(),
            users_jwks_url: jwks_url.into(),
            ..Options::new(database)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = start(listener, options, Shutdown::new())
            .await
            .err()
            .expect("a bad address");
        assert!(format!("{error:#}").contains(at_fault), "{error:#}");
    }
}
