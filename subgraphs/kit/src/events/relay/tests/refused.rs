//! Events that a real HTTP endpoint refuses, and whom that holds up.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;

use super::*;

/// The status and body with which events are refused; `None` where they are taken.
type Refusal = Option<(u16, String)>;
type Refuses = dyn Fn(&[Value]) -> Refusal + Send + Sync;

/// Takes what it does not refuse.
struct Endpoint {
    refuses: Box<Refuses>,
    /// What it was sent, and whether it took it.
    came: Mutex<Vec<(Vec<Value>, bool)>>,
}

impl Endpoint {
    fn sent(&self) -> Vec<Vec<Value>> {
        let came = self.came.lock().unwrap();
        came.iter().map(|(events, _)| events.clone()).collect()
    }

    fn taken(&self) -> Vec<Value> {
        let came = self.came.lock().unwrap();
        let taken = came.iter().filter(|(_, taken)| *taken);
        taken.flat_map(|(events, _)| events.clone()).collect()
    }
}

async fn take(State(endpoint): State<Arc<Endpoint>>, Json(events): Json<Vec<Value>>) -> (StatusCode, String) {
    let refusal = (endpoint.refuses)(&events);
    endpoint.came.lock().unwrap().push((events, refusal.is_none()));
    let (status, body) = refusal.unwrap_or((202, String::new()));
    (StatusCode::from_u16(status).unwrap(), body)
}

async fn endpoint(
    refuses: impl Fn(&[Value]) -> Refusal + Send + Sync + 'static,
) -> (Box<dyn Publisher>, Arc<Endpoint>) {
    let endpoint = Arc::new(Endpoint {
        refuses: Box::new(refuses),
        came: Mutex::default(),
    });
    let router = axum::Router::new()
        .route("/invalidation", post(take))
        .with_state(Arc::clone(&endpoint));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/invalidation", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let target = Target::http(&url, "the key").unwrap();
    (target.publisher().unwrap(), endpoint)
}

/// Refuses whatever has one of these among it.
fn refusing(status: u16, ids: &[i64]) -> impl Fn(&[Value]) -> Refusal + use<> {
    let refused = events(ids.iter().copied());
    move |sent| {
        let has = sent.iter().any(|event| refused.contains(event));
        has.then(|| (status, "no such type".to_owned()))
    }
}

/// One transaction's events.
async fn wait_in_the_outbox(database: &Database, ids: std::ops::Range<i64>) {
    let first = ids.start;
    let tags = ids.map(|id| tag(&id.to_string())).collect();
    change(database, first, tags, false).await.unwrap();
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a thread logs is its own.
struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// From now on. The subscriber is the whole process's: beside one that only this thread has, a line that a thread without any
/// comes by first is taken to interest nobody.
fn collect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| ThisThread);
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    });
    LOGGED.take();
}

/// Since [`collect`], on this thread.
fn errors() -> Vec<String> {
    let text = String::from_utf8(LOGGED.take()).unwrap();
    let errors = text.lines().filter(|line| line.contains("ERROR"));
    errors.map(str::to_owned).collect()
}

#[tokio::test]
async fn events_refused_for_good_are_given_up_and_all_others_arrive_in_order() {
    let all: Vec<i64> = (0..250).collect();
    let cases: [(u16, &[i64]); 8] = [
        (400, &[0]),
        (400, &[249]),
        (413, &[133]),
        (422, &[199, 200]),
        (400, &[0, 7, 8, 9, 133, 248]),
        (422, &[100, 150, 175, 187, 193]),
        (400, &all[..200]),
        (400, &all),
    ];
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let mut thing = 0;
        for (status, refused) in cases {
            thing += 1000;
            wait_in_the_outbox(&database, thing..thing + 250).await;
            let refused: Vec<i64> = refused.iter().map(|id| thing + id).collect();
            let (mut publisher, endpoint) = endpoint(refusing(status, &refused)).await;
            collect();
            drain(&database, publisher.as_mut()).await.unwrap();
            let errors = errors();

            let others = (thing..thing + 250).filter(|id| !refused.contains(id));
            assert_eq!(endpoint.taken(), events(others), "{status} {refused:?}");
            assert_eq!(testing::outbox(&database).await, events([]));
            assert_eq!(errors.len(), refused.len(), "one line each: {errors:?}");
            for (error, event) in errors.iter().zip(events(refused.iter().copied())) {
                for part in [&event.to_string(), &status.to_string(), "no such type"] {
                    assert!(error.contains(part), "no {part} in {error}");
                }
            }
            // Down to a refused one by halves and up again, with steps back; among many of them, two requests each.
            let limit = (2 + refused.len() * 27).min(510);
            let sent = endpoint.sent().len();
            assert!(sent <= limit, "{sent} requests for {refused:?}");
        }
    }
}

#[tokio::test]
async fn nobody_waits_behind_a_refused_event() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        let (publisher, endpoint) = endpoint(refusing(400, &[1])).await;
        let relay = Relay::with(database.clone(), publisher, QUICK);
        for id in 1..=3 {
            commit(&database, id).await;
        }
        relay.stop().await;
        assert_eq!(endpoint.taken(), events([2, 3]));
        assert_eq!(testing::outbox(&database).await, events([]));
    }
}

#[tokio::test]
async fn too_many_at_once_come_in_parts_and_none_is_given_up() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        wait_in_the_outbox(&database, 1..100).await;
        let too_large = |sent: &[Value]| (sent.len() > 3).then(|| (413, String::new()));
        let (mut publisher, endpoint) = endpoint(too_large).await;
        drain(&database, publisher.as_mut()).await.unwrap();
        assert_eq!(endpoint.taken(), events(1..100));
        assert_eq!(testing::outbox(&database).await, events([]));
    }
}

#[tokio::test]
async fn what_an_operator_can_mend_is_neither_divided_nor_given_up() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        wait_in_the_outbox(&database, 1..4).await;
        for status in [200, 302, 401, 403, 404, 405, 408, 409, 429, 500, 501, 503] {
            let (mut publisher, endpoint) = endpoint(refusing(status, &[2])).await;
            let error = drain(&database, publisher.as_mut())
                .await
                .unwrap_err()
                .to_string();
            assert!(error.contains(&status.to_string()), "{error}");
            assert!(error.contains("no such type"), "{error}");
            assert_eq!(endpoint.sent(), [events(1..4)], "{status}");
            assert_eq!(testing::outbox(&database).await, events(1..4), "{status}");
        }
    }
}

#[tokio::test]
async fn a_target_that_goes_away_meanwhile_gets_the_rest_when_it_is_back() {
    for (url, _folder) in databases().await {
        let database = open(&url).await;
        wait_in_the_outbox(&database, 1..9).await;
        // 8 refused, 4 refused, 2 taken, then it is gone.
        let refuses = refusing(400, &[4]);
        let away = Arc::new(Mutex::new(false));
        let asked = Arc::clone(&away);
        let (mut publisher, endpoint) = endpoint(move |sent| {
            let mut away = asked.lock().unwrap();
            if *away {
                return Some((503, String::new()));
            }
            let refusal = refuses(sent);
            *away = refusal.is_none();
            refusal
        })
        .await;
        for (taken, left) in [(1..3, 3..9), (1..4, 4..9)] {
            drain(&database, publisher.as_mut()).await.unwrap_err();
            assert_eq!(endpoint.taken(), events(taken));
            assert_eq!(testing::outbox(&database).await, events(left));
            *away.lock().unwrap() = false;
        }
        while drain(&database, publisher.as_mut()).await.is_err() {
            *away.lock().unwrap() = false;
        }
        assert_eq!(endpoint.taken(), events([1, 2, 3, 5, 6, 7, 8]));
        assert_eq!(testing::outbox(&database).await, events([]));
    }
}

#[tokio::test]
async fn a_reason_is_short_and_stands_on_one_line() {
    let long = format!("\r\n  no such\ntype{}", "ä".repeat(1 << 20));
    let shown = format!("no such type{}…", "ä".repeat(300 - 12));
    for (body, shown) in [(long, shown), (" \n".into(), "it gives no reason".to_owned())] {
        let (mut publisher, _endpoint) = endpoint(move |_| Some((422, body.clone()))).await;
        let refusal = publisher.publish(&["{}".to_owned()]).await.unwrap_err();
        let expected = format!("it answered 422 Unprocessable Entity, not 202: {shown}");
        assert_eq!(refusal.to_string(), expected);
    }
}
