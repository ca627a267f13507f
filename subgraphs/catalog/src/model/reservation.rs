//! Stock reservations: what is asked for, what is held, and every way an attempt can end.

use serde::{Deserialize, Serialize};

/// A request to hold stock. Checked by the service: 1..=50 lines, each item once, quantity 1..=99.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReservationRequest {
    /// Chosen by the caller; asking again with the same id and lines changes nothing.
    pub(crate) id: String,
    pub(crate) lines: Vec<RequestedLine>,
    /// Epoch milliseconds after which the stock goes back unless confirmed.
    pub(crate) expires_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RequestedLine {
    /// A product's or a bundle's id.
    pub(crate) item_id: String,
    pub(crate) quantity: i64,
}

/// One line as it was priced when the stock was taken. This is also its stored and its HTTP form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReservedLine {
    pub(crate) item_id: String,
    pub(crate) kind: ItemKind,
    /// Only products have one.
    pub(crate) sku: Option<String>,
    pub(crate) title: String,
    pub(crate) unit_price_minor: i64,
    pub(crate) currency: String,
    pub(crate) quantity: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ItemKind {
    Product,
    Bundle,
}

/// held -> confirmed -> released, held -> released, held -> expired (-> released). Nothing leads back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReservationState {
    Held,
    Confirmed,
    Released,
    Expired,
}

impl ReservationState {
    /// The name in the database and on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ReservationState::Held => "held",
            ReservationState::Confirmed => "confirmed",
            ReservationState::Released => "released",
            ReservationState::Expired => "expired",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Held, Self::Confirmed, Self::Released, Self::Expired]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reservation {
    pub(crate) id: String,
    pub(crate) state: ReservationState,
    pub(crate) lines: Vec<ReservedLine>,
}

/// A line for which the stock does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shortage {
    pub(crate) item_id: String,
    pub(crate) requested: i64,
    /// What is left for this line once the lines before it are served; of a bundle: whole bundles.
    pub(crate) available: i64,
}

/// How an attempt to reserve ended. All but the first two leave the stock as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReserveOutcome {
    Held(Reservation),
    /// The same id with the same lines was reserved before: its present state.
    Repeated(Reservation),
    OutOfStock(Vec<Shortage>),
    /// Ids that are neither a product nor a bundle.
    UnknownItems(Vec<String>),
    /// The id was released before (perhaps before it was ever reserved).
    Released,
    Expired,
    /// The id is taken by a reservation of other lines.
    OtherLines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfirmOutcome {
    Confirmed,
    Released,
    Expired,
    Unknown,
}
