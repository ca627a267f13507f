//! The HTTP adapter behind [`Catalog`]: catalog's internal reservation API.
//!
//! It trusts nothing it receives: size, form, currency, prices and the match with the request are checked. It does
//! not retry; the saga and the reconciler decide about that.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use reqwest::{Client, Response, StatusCode, Url};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Catalog, ConfirmError, Reservation, ReserveError, Unavailable};
use crate::model::{self, CURRENCY, Kind, Line, MAX_MINOR, Shortage, WantedLine};

/// A bundle of 50 lines is about 10 KiB.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Where catalog's internal API is and how to enter it.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// The root, e.g. `http://127.0.0.1:4002`.
    pub(crate) url: Url,
    /// Sent as `x-internal-token`; without one catalog refuses every call.
    pub(crate) token: Option<String>,
    /// For one call, from connecting to the last byte.
    pub(crate) timeout: Duration,
}

/// Cheap to share; keeps a pool of connections.
pub(crate) struct HttpCatalog {
    client: Client,
    endpoint: Endpoint,
}

impl HttpCatalog {
    /// No connection is made yet: catalog may start later than orders.
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self, reqwest::Error> {
        // Only the first call in a process installs it; a provider that is already there is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .timeout(endpoint.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        // For plain http no certificate store is opened: containers may have none.
        let client = match endpoint.url.scheme() {
            "http" => builder.tls_certs_only([]).build()?,
            _ => builder.build()?,
        };
        Ok(Self { client, endpoint })
    }

    async fn post(&self, path: &[&str], body: Option<&ReserveBody<'_>>) -> Result<Answer, Unavailable> {
        let mut url = self.endpoint.url.clone();
        url.path_segments_mut()
            .map_err(|()| Unavailable::Unreachable(format!("{} cannot be a base URL", self.endpoint.url)))?
            .pop_if_empty()
            .extend(["internal", "reservations"])
            .extend(path);
        let mut request = self.client.post(url);
        if let Some(token) = &self.endpoint.token {
            request = request.header("x-internal-token", token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(unreachable)?;
        Answer::read(response).await
    }
}

impl Catalog for HttpCatalog {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> BoxFuture<'a, Result<Vec<Line>, ReserveError>> {
        async move {
            let answer = self.post(&[], Some(&ReserveBody::new(reservation))).await?;
            match answer.status {
                StatusCode::CREATED | StatusCode::OK => {
                    let held: Held = answer.json()?;
                    Ok(held.into_lines(&reservation.lines)?)
                }
                StatusCode::CONFLICT => match answer.json()? {
                    Refusal::OutOfStock { items } => Err(ReserveError::OutOfStock(items)),
                    Refusal::ReservationReleased => Err(ReserveError::Released),
                    Refusal::UnknownItem { .. } => Err(answer.unusable().into()),
                },
                StatusCode::UNPROCESSABLE_ENTITY => match answer.json()? {
                    Refusal::UnknownItem { items } => Err(ReserveError::UnknownItem(items)),
                    _ => Err(answer.unusable().into()),
                },
                _ => Err(answer.unusable().into()),
            }
        }
        .boxed()
    }

    fn confirm<'a>(&'a self, reservation_id: &'a str) -> BoxFuture<'a, Result<(), ConfirmError>> {
        async move {
            let answer = self.post(&[reservation_id, "confirm"], None).await?;
            match answer.status {
                StatusCode::OK => Ok(answer.in_state("confirmed", reservation_id)?),
                StatusCode::CONFLICT | StatusCode::NOT_FOUND => match answer.json::<Code>()?.code.as_str() {
                    "RESERVATION_RELEASED" | "RESERVATION_EXPIRED" | "UNKNOWN_RESERVATION" => {
                        Err(ConfirmError::Gone)
                    }
                    _ => Err(answer.unusable().into()),
                },
                _ => Err(answer.unusable().into()),
            }
        }
        .boxed()
    }

    fn release<'a>(&'a self, reservation_id: &'a str) -> BoxFuture<'a, Result<(), Unavailable>> {
        async move {
            let answer = self.post(&[reservation_id, "release"], None).await?;
            match answer.status {
                StatusCode::OK => answer.in_state("released", reservation_id),
                _ => Err(answer.unusable()),
            }
        }
        .boxed()
    }
}

fn unreachable(error: reqwest::Error) -> Unavailable {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Unavailable::Unreachable(text)
}

/// A complete answer: status and body.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    async fn read(mut response: Response) -> Result<Self, Unavailable> {
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_BYTES {
                return Err(Unavailable::BadAnswer(format!(
                    "more than {MAX_ANSWER_BYTES} bytes"
                )));
            }
        }
        Ok(Self { status, body })
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Unavailable> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Unavailable::BadAnswer(format!("status {}: {error}", self.status)))
    }

    fn in_state(&self, wanted: &str, id: &str) -> Result<(), Unavailable> {
        let state: State = self.json()?;
        if state.state == wanted && state.id == id {
            return Ok(());
        }
        Err(Unavailable::BadAnswer(format!(
            "reservation {} is {}, not {wanted}",
            state.id, state.state
        )))
    }

    fn unusable(&self) -> Unavailable {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]).into_owned();
        Unavailable::BadAnswer(format!("status {}: {start}", self.status))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReserveBody<'a> {
    id: &'a str,
    lines: Vec<WantedBody<'a>>,
    ttl_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WantedBody<'a> {
    item_id: &'a str,
    quantity: i64,
}

impl<'a> ReserveBody<'a> {
    fn new(reservation: &'a Reservation) -> Self {
        let line = |line: &'a WantedLine| WantedBody {
            item_id: &line.item_id,
            quantity: line.quantity,
        };
        Self {
            id: &reservation.id,
            lines: reservation.lines.iter().map(line).collect(),
            ttl_ms: u64::try_from(reservation.ttl.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[derive(Deserialize)]
struct Held {
    lines: Vec<HeldLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeldLine {
    item_id: String,
    kind: Kind,
    sku: Option<String>,
    title: String,
    unit_price_minor: i64,
    currency: String,
    quantity: i64,
}

impl Held {
    /// The held lines in the order of the wanted ones.
    fn into_lines(self, wanted: &[WantedLine]) -> Result<Vec<Line>, Unavailable> {
        if self.lines.len() != wanted.len() {
            let text = format!("{} lines held, {} wanted", self.lines.len(), wanted.len());
            return Err(Unavailable::BadAnswer(text));
        }
        let mut held = self.lines;
        wanted
            .iter()
            .map(|want| {
                let at = held.iter().position(|line| line.item_id == want.item_id);
                let line = at.map(|at| held.swap_remove(at));
                line.and_then(|line| line.checked(want)).ok_or_else(|| {
                    Unavailable::BadAnswer(format!("no honest line for {} x {}", want.quantity, want.item_id))
                })
            })
            .collect()
    }
}

impl HeldLine {
    fn checked(self, want: &WantedLine) -> Option<model::Line> {
        let honest = self.quantity == want.quantity
            && self.currency == CURRENCY
            && (0..=MAX_MINOR).contains(&self.unit_price_minor)
            && (self.kind == Kind::Product) == self.sku.is_some();
        honest.then_some(Line {
            item_id: self.item_id,
            kind: self.kind,
            sku: self.sku,
            title: self.title,
            unit_price_minor: self.unit_price_minor,
            quantity: self.quantity,
        })
    }
}

#[derive(Deserialize)]
#[serde(tag = "code", rename_all = "SCREAMING_SNAKE_CASE")]
enum Refusal {
    OutOfStock { items: Vec<Shortage> },
    UnknownItem { items: Vec<String> },
    ReservationReleased,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct State {
    id: String,
    state: String,
}
