//! The port to catalog's stock: hold items, sell what is held, give it back.
//!
//! The service speaks only to this trait; [`http`] is the adapter to the real catalog. Nothing here knows HTTP.

use std::time::Duration;

use futures::future::BoxFuture;
use thiserror::Error;

use crate::model::{Line, Shortage, WantedLine};

pub(crate) mod http;

/// Stock reservations. Every call may be repeated: each is idempotent for its reservation id.
///
/// An [`Unavailable`] answer is ambiguous: the call may or may not have had its effect. [`Catalog::release`] settles
/// every such doubt, also for an id that catalog has not seen yet (a late `reserve` of it is then refused).
pub(crate) trait Catalog: Send + Sync {
    /// Holds all lines or none. The answer has exactly one line per wanted line, in the same order, all prices in
    /// the shop's currency and not negative; an adapter that receives anything else answers `Unavailable`.
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> BoxFuture<'a, Result<Vec<Line>, ReserveError>>;

    /// Turns the hold into a sale.
    fn confirm<'a>(&'a self, reservation_id: &'a str) -> BoxFuture<'a, Result<(), ConfirmError>>;

    /// Gives held or sold stock back, and bars the id for ever.
    fn release<'a>(&'a self, reservation_id: &'a str) -> BoxFuture<'a, Result<(), Unavailable>>;
}

/// A request to hold stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// A UUID, made by the orders service.
    pub(crate) id: String,
    pub(crate) lines: Vec<WantedLine>,
    /// After this long without `confirm` catalog gives the stock back on its own.
    pub(crate) ttl: Duration,
}

/// Why nothing is held.
#[derive(Debug, Error)]
pub(crate) enum ReserveError {
    #[error("not enough stock of {} item(s)", .0.len())]
    OutOfStock(Vec<Shortage>),
    #[error("unknown item(s): {}", .0.join(", "))]
    UnknownItem(Vec<String>),
    #[error("the reservation was released before")]
    Released,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nothing is sold.
#[derive(Debug, Error)]
pub(crate) enum ConfirmError {
    /// Expired, released or never seen: for certain not sold.
    #[error("the reservation is gone")]
    Gone,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Catalog gave no usable answer. The text is for the log, not for clients.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unavailable {
    /// No answer at all: refused, cut off, or too slow. Further calls would most likely fare the same.
    #[error("catalog cannot be reached: {0}")]
    Unreachable(String),
    /// An answer that the contract does not know.
    #[error("catalog gave an unusable answer: {0}")]
    BadAnswer(String),
}
