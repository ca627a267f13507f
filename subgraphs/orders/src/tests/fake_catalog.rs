//! A stand-in for catalog's internal API over real HTTP: it keeps stock and reservations by the contract, and fails
//! where a test tells it to. Beside it, the key set of the users service.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{future::pending, stream};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

pub(super) const TOKEN: &str = "between-services";

/// The calls that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Reserve,
    Confirm,
    Release,
}

/// How a call fails. "Lost" cuts the connection.
#[derive(Clone)]
pub(super) enum Fault {
    /// Lost before anything happened, as if the process were dead.
    Dead,
    /// It happens, but the answer is lost.
    LostReply,
    /// Nothing happens, and no answer ever comes.
    Silent,
    /// Nothing happens; this status and body.
    Answers(u16, Value),
    /// Nothing happens; status 200 or 201 and this text.
    Says(String),
    /// It happens, and the JSON answer is changed.
    Edits(fn(&mut Value)),
    /// It waits for a permit, then happens.
    HeldBefore(Arc<Semaphore>),
    /// It happens, and the answer waits for a permit.
    HeldAfter(Arc<Semaphore>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) title: String,
    pub(super) price_minor: i64,
    pub(super) available: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Held,
    Confirmed,
    Released,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Books {
    pub(super) items: HashMap<String, Item>,
    pub(super) reservations: HashMap<String, (Stage, Vec<(String, i64)>)>,
    /// Every call that came in, in order.
    pub(super) calls: Vec<Step>,
}

impl Books {
    pub(super) fn calls_of(&self, step: Step) -> usize {
        self.calls.iter().filter(|call| **call == step).count()
    }

    pub(super) fn stages(&self) -> Vec<Stage> {
        self.reservations.values().map(|(stage, _)| *stage).collect()
    }
}

#[derive(Clone)]
pub(super) struct FakeCatalog {
    pub(super) url: String,
    books: watch::Sender<Books>,
    faults: Arc<std::sync::Mutex<HashMap<Step, Fault>>>,
}

impl FakeCatalog {
    /// Sells `p-1` (a kettle at 10.00, ten pieces), `p-2` (a pot at 25.50, five) and `b-1` (both at 30.00, four).
    pub(super) async fn start(key_set: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self {
            url,
            books: watch::Sender::new(Books::default()),
            faults: Arc::default(),
        };
        for (id, title, price, available) in [
            ("p-1", "Kettle", 1000, 10),
            ("p-2", "Pot", 2550, 5),
            ("b-1", "Kettle Bundle", 3000, 4),
        ] {
            fake.sell(id, title, price, available);
        }
        let router = Router::new()
            .route("/internal/reservations", post(reserve))
            .route("/internal/reservations/{id}/confirm", post(confirm))
            .route("/internal/reservations/{id}/release", post(release))
            .route(
                "/.well-known/jwks.json",
                get(move || async move { Json(key_set) }),
            )
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(super) fn sell(&self, id: &str, title: &str, price_minor: i64, available: i64) {
        let item = Item {
            title: title.into(),
            price_minor,
            available,
        };
        self.books
            .send_modify(|books| drop(books.items.insert(id.into(), item)));
    }

    pub(super) fn fail(&self, step: Step, fault: Fault) {
        self.faults.lock().unwrap().insert(step, fault);
    }

    pub(super) fn recover(&self) {
        self.faults.lock().unwrap().clear();
    }

    pub(super) fn books(&self) -> Books {
        self.books.borrow().clone()
    }

    pub(super) fn available(&self, id: &str) -> i64 {
        self.books.borrow().items[id].available
    }

    /// Waits until the books show it; after a minute it never will, and a hanging test tells nobody why.
    pub(super) async fn until(&self, shown: impl FnMut(&Books) -> bool) {
        let mut books = self.books.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(60), books.wait_for(shown)).await;
        drop(
            waited
                .unwrap_or_else(|_| panic!("the books never showed it: {:?}", self.books()))
                .unwrap(),
        );
    }

    /// Runs a call with the fault that is set for its step.
    async fn answer(
        &self,
        step: Step,
        headers: &HeaderMap,
        act: impl FnOnce(&mut Books) -> (u16, Value),
    ) -> Response {
        if headers.get("x-internal-token").is_none_or(|token| token != TOKEN) {
            return (StatusCode::FORBIDDEN, Json(json!({"code": "FORBIDDEN"}))).into_response();
        }
        self.books.send_modify(|books| books.calls.push(step));
        let fault = self.faults.lock().unwrap().get(&step).cloned();
        match &fault {
            Some(Fault::Dead) => return cut(),
            Some(Fault::Silent) => return pending().await,
            Some(Fault::Answers(status, body)) => return reply(*status, body),
            Some(Fault::Says(text)) => return text.clone().into_response(),
            Some(Fault::HeldBefore(gate)) => gate.acquire().await.unwrap().forget(),
            _ => {}
        }
        let mut answer = (0, Value::Null);
        self.books.send_modify(|books| answer = act(books));
        match &fault {
            Some(Fault::LostReply) => return cut(),
            Some(Fault::Edits(edit)) => edit(&mut answer.1),
            Some(Fault::HeldAfter(gate)) => gate.acquire().await.unwrap().forget(),
            _ => {}
        }
        reply(answer.0, &answer.1)
    }
}

fn reply(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// Begins an answer and cuts the connection.
fn cut() -> Response {
    let broken = stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("cut")) });
    ([(header::CONTENT_LENGTH, "100")], Body::from_stream(broken)).into_response()
}

async fn reserve(State(fake): State<FakeCatalog>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let id = body["id"].as_str().unwrap().to_owned();
    assert!(body["ttlMs"].as_u64().is_some_and(|ttl| ttl > 0), "{body}");
    let lines: Vec<(String, i64)> = body["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["itemId"].as_str().unwrap().to_owned(),
                line["quantity"].as_i64().unwrap(),
            )
        })
        .collect();
    fake.answer(Step::Reserve, &headers, |books| books.reserve(&id, lines))
        .await
}

async fn confirm(State(fake): State<FakeCatalog>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    fake.answer(Step::Confirm, &headers, |books| {
        match books.reservations.get_mut(&id) {
            None => (404, json!({"code": "UNKNOWN_RESERVATION"})),
            Some((Stage::Released, _)) => (409, json!({"code": "RESERVATION_RELEASED"})),
            Some((stage, _)) => {
                *stage = Stage::Confirmed;
                (200, json!({"id": id, "state": "confirmed"}))
            }
        }
    })
    .await
}

async fn release(State(fake): State<FakeCatalog>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    fake.answer(Step::Release, &headers, |books| {
        let (stage, lines) = books
            .reservations
            .entry(id.clone())
            .or_insert((Stage::Released, Vec::new()));
        if *stage != Stage::Released {
            *stage = Stage::Released;
            for (item_id, quantity) in std::mem::take(lines) {
                books.items.get_mut(&item_id).unwrap().available += quantity;
            }
        }
        (200, json!({"id": id, "state": "released"}))
    })
    .await
}

impl Books {
    fn reserve(&mut self, id: &str, lines: Vec<(String, i64)>) -> (u16, Value) {
        if let Some((Stage::Released, _)) = self.reservations.get(id) {
            return (409, json!({"code": "RESERVATION_RELEASED"}));
        }
        let unknown: Vec<&String> = lines
            .iter()
            .map(|(item, _)| item)
            .filter(|item| !self.items.contains_key(*item))
            .collect();
        if !unknown.is_empty() {
            return (422, json!({"code": "UNKNOWN_ITEM", "items": unknown}));
        }
        let short: Vec<Value> = lines
            .iter()
            .filter(|(item, quantity)| self.items[item].available < *quantity)
            .map(|(item, quantity)| {
                json!({"itemId": item, "requested": quantity, "available": self.items[item].available})
            })
            .collect();
        if !short.is_empty() {
            return (409, json!({"code": "OUT_OF_STOCK", "items": short}));
        }
        let held: Vec<Value> = lines
            .iter()
            .map(|(item, quantity)| self.hold(item, *quantity))
            .collect();
        self.reservations.insert(id.to_owned(), (Stage::Held, lines));
        (201, json!({"id": id, "state": "held", "lines": held}))
    }

    fn hold(&mut self, id: &str, quantity: i64) -> Value {
        let item = self.items.get_mut(id).unwrap();
        item.available -= quantity;
        let product = id.starts_with("p-");
        json!({
            "itemId": id, "kind": if product { "product" } else { "bundle" },
            "sku": product.then(|| format!("SKU-{id}")), "title": item.title,
            "unitPriceMinor": item.price_minor, "currency": "EUR", "quantity": quantity,
        })
    }
}
