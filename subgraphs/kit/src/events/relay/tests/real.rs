//! A relay against a real Redis, and against a real HTTP endpoint.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;
use crate::testing::Redis;

fn to(database: &Database, target: &Target) -> Relay {
    Relay::with(database.clone(), target.publisher().unwrap(), QUICK)
}

/// The first events of the stream; waits until there are `count`, half a minute at most.
async fn read(port: u16, count: usize) -> Vec<Value> {
    let reading = tokio::time::timeout(Duration::from_secs(30), read_on(port, count));
    reading.await.expect("the events come")
}

async fn read_on(port: u16, count: usize) -> Vec<Value> {
    type Entries = Vec<(String, Vec<(String, Vec<(String, String)>)>)>;
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
    // No limit to how long an answer may take: XREAD waits for an entry.
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connection.await.unwrap();
    let (mut found, mut last) = (Vec::new(), "0".to_owned());
    while found.len() < count {
        let mut read = redis::cmd("XREAD");
        read.arg(&["BLOCK", "0", "STREAMS", "test:events", &last]);
        let read: Entries = read.query_async(&mut connection).await.unwrap();
        for (id, fields) in read.into_iter().flat_map(|(_, entries)| entries) {
            let [(name, event)] = fields.as_slice() else {
                panic!("one field: {fields:?}")
            };
            assert_eq!(name, "event");
            found.push(serde_json::from_str(event).unwrap());
            last = id;
        }
    }
    found
}

#[tokio::test]
async fn a_redis_stream_gets_the_events_and_survives_its_servers_end() {
    let Some(server) = Redis::start() else { return };
    let port = server.port();
    let (_folder, url) = testing::sqlite();
    let database = open(&url).await;
    let relay = to(&database, &Target::redis(&server.url(), "test").unwrap());
    commit(&database, 1).await;
    commit(&database, 2).await;
    assert_eq!(read(port, 2).await, events([1, 2]));

    drop(server);
    commit(&database, 3).await;
    commit(&database, 4).await;
    assert!(
        testing::outbox(&database).await.ends_with(&events([3, 4])),
        "nobody takes them"
    );
    let server = Redis::start_on(port).unwrap();
    let of_the_new = read(port, 2).await;
    assert!(of_the_new.ends_with(&events([4])), "{of_the_new:?}");
    relay.stop().await;
    assert_eq!(testing::outbox(&database).await, events([]));
    drop(server);
}

#[tokio::test]
async fn what_redis_refuses_stays() {
    let Some(server) = Redis::start() else { return };
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut run = async |words: &[&str]| {
        let mut command = redis::cmd(words[0]);
        let run = command.arg(&words[1..]);
        run.query_async::<redis::Value>(&mut connection).await.unwrap()
    };
    run(&["SET", "test:events", "no stream"]).await;
    let (_folder, url) = testing::sqlite();
    let database = open(&url).await;
    let mut publisher = Target::redis(&server.url(), "test").unwrap().publisher().unwrap();
    commit(&database, 1).await;
    let error = drain(&database, publisher.as_mut()).await.unwrap_err();
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert_eq!(testing::outbox(&database).await, events([1]));

    run(&["DEL", "test:events"]).await;
    drain(&database, publisher.as_mut()).await.unwrap();
    assert_eq!(testing::outbox(&database).await, events([]));
    assert_eq!(read(server.port(), 1).await, events([1]));
}

/// Answers with the statuses given, then with 202, and tells what came: the key and the body.
struct Endpoint {
    statuses: Mutex<Vec<StatusCode>>,
    came: mpsc::UnboundedSender<(String, Value)>,
}

async fn endpoint(statuses: &[StatusCode]) -> (Target, mpsc::UnboundedReceiver<(String, Value)>) {
    let (came, coming) = mpsc::unbounded_channel();
    let statuses = Mutex::new(statuses.iter().rev().copied().collect());
    let take = |State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: axum::Json<Value>| async move {
        assert_eq!(headers["content-type"], "application/json");
        let key = headers["authorization"].to_str().unwrap().to_owned();
        endpoint.came.send((key, body.0)).unwrap();
        let next = endpoint.statuses.lock().unwrap().pop();
        next.unwrap_or(StatusCode::ACCEPTED)
    };
    let router = axum::Router::new()
        .route("/invalidate", post(take))
        .with_state(Arc::new(Endpoint { statuses, came }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/invalidate", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Target::http(&url, "the key").unwrap(), coming)
}

#[tokio::test]
async fn an_endpoint_gets_an_array_with_the_key_and_only_202_is_taken_for_taken() {
    let (_folder, url) = testing::sqlite();
    let database = open(&url).await;
    let refusals = [200, 204, 301, 401, 503].map(|status| StatusCode::from_u16(status).unwrap());
    let (target, mut coming) = endpoint(&refusals).await;
    commit(&database, 1).await;
    commit(&database, 2).await;
    let relay = to(&database, &target);
    let mut next = async || {
        let coming = tokio::time::timeout(Duration::from_secs(30), coming.recv()).await;
        coming.expect("the relay posts something").unwrap()
    };
    for _ in 0..=refusals.len() {
        let (key, body) = next().await;
        assert_eq!((key.as_str(), body), ("the key", json!(events([1, 2]))));
    }
    commit(&database, 3).await;
    assert_eq!(next().await.1, json!(events([3])));
    relay.stop().await;
    assert_eq!(testing::outbox(&database).await, events([]));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_an_error_without_its_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret", listener.local_addr().unwrap());
    drop(listener);
    let mut publisher = Target::http(&url, "key").unwrap().publisher().unwrap();
    let published = publisher.publish(&["{}".to_owned()]).await;
    let error = published.unwrap_err().to_string();
    assert!(!error.contains("secret") && error.contains("refused"), "{error}");
}
