//! The nouns of the orders service: orders, lines, what a caller may ask for and what placing an order answers.
//!
//! Plain values and the rules that need nothing but them. No SQL, no HTTP, no GraphQL here.

use serde::{Deserialize, Serialize};

/// The only currency of the shop.
pub(crate) const CURRENCY: &str = "EUR";
/// Most lines an order may have.
pub(crate) const MAX_LINES: usize = 50;
/// Most pieces of one item in an order.
pub(crate) const MAX_QUANTITY: i64 = 99;
/// Longest idempotency key, in characters.
pub(crate) const MAX_KEY_CHARS: usize = 100;
/// Longest item id, in characters.
pub(crate) const MAX_ITEM_ID_CHARS: usize = 100;
/// Largest sum of money, in minor units: what a GraphQL `Int` can carry.
pub(crate) const MAX_MINOR: i64 = i32::MAX as i64;

/// The life of a visible order. The internal states of the placing are the repository's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Placed,
    Shipped,
    Delivered,
    Cancelled,
}

impl Status {
    /// The stored form.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "PLACED",
            Self::Shipped => "SHIPPED",
            Self::Delivered => "DELIVERED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The inverse of [`Status::as_str`]; `None` for internal states and anything unknown.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Placed, Self::Shipped, Self::Delivered, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A visible order without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) buyer_id: String,
    pub(crate) status: Status,
    /// Starts at 1 and grows with every change; `cancelOrder` names the one it has seen.
    pub(crate) version: i64,
    /// Sum of the lines, `0..=MAX_MINOR`.
    pub(crate) total_minor: i64,
    /// Milliseconds since the Unix epoch.
    pub(crate) placed_at: i64,
}

/// What a line sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Product,
    Bundle,
}

/// One line of an order, as bought: later changes in the catalog do not reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) item_id: String,
    pub(crate) kind: Kind,
    /// Present exactly for products.
    pub(crate) sku: Option<String>,
    pub(crate) title: String,
    pub(crate) unit_price_minor: i64,
    pub(crate) quantity: i64,
}

impl Line {
    /// Unit price times quantity. A stored line's fits an `Int`: its order's total does.
    pub(crate) fn total_minor(&self) -> i64 {
        self.unit_price_minor.saturating_mul(self.quantity)
    }
}

/// Sum over the lines; `None` when it is more than `i64` can carry. May be more than [`MAX_MINOR`].
pub(crate) fn sum_of(lines: &[Line]) -> Option<i64> {
    lines.iter().try_fold(0_i64, |sum, line| {
        sum.checked_add(line.unit_price_minor.checked_mul(line.quantity)?)
    })
}

/// An item somebody wants to buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WantedLine {
    pub(crate) item_id: String,
    pub(crate) quantity: i64,
}

/// A `placeOrder` call as received; [`crate::service::Orders::place`] checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaceRequest {
    pub(crate) idempotency_key: String,
    pub(crate) lines: Vec<WantedLine>,
    pub(crate) expected_total_minor: i64,
}

/// An item whose stock does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shortage {
    pub(crate) item_id: String,
    pub(crate) requested: i64,
    pub(crate) available: i64,
}

/// The reply bound to an idempotency key. Stored as JSON: its form outlives a release of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Reply {
    Placed { order_id: String },
    OutOfStock { items: Vec<Shortage> },
    PriceChanged { expected_minor: i64, actual_minor: i64 },
}

/// What `placeOrder` answers when nothing failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    Replied(Reply),
    /// The key is bound to a call with another body.
    Conflict,
}

/// A place in the order "newest first": time of placing, then id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    pub(crate) placed_at: i64,
    pub(crate) id: String,
}

/// Which end of the range a page is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Newest,
    Oldest,
}

/// A piece of the list "newest first": the `limit` orders nearest to one end of the open range between two positions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) from: End,
    pub(crate) limit: u32,
    /// Only orders older than this.
    pub(crate) after: Option<Position>,
    /// Only orders newer than this.
    pub(crate) before: Option<Position>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(unit_price_minor: i64, quantity: i64) -> Line {
        Line {
            item_id: "p-1".into(),
            kind: Kind::Product,
            sku: Some("SKU-00001".into()),
            title: "Kettle".into(),
            unit_price_minor,
            quantity,
        }
    }

    #[test]
    fn a_sum_beyond_i64_is_none() {
        assert_eq!(sum_of(&[line(200, 2), line(5, 1)]), Some(405));
        assert_eq!(sum_of(&[line(i64::MAX, 1), line(1, 1)]), None);
        assert_eq!(sum_of(&[line(i64::MAX / 2, 3)]), None);
    }

    #[test]
    fn stored_replies_keep_their_form() {
        let items = vec![Shortage {
            item_id: "p-1".into(),
            requested: 2,
            available: 1,
        }];
        for (reply, form) in [
            (
                Reply::Placed { order_id: "o".into() },
                r#"{"reply":"placed","orderId":"o"}"#,
            ),
            (
                Reply::OutOfStock { items },
                r#"{"reply":"outOfStock","items":[{"itemId":"p-1","requested":2,"available":1}]}"#,
            ),
            (
                Reply::PriceChanged {
                    expected_minor: 5,
                    actual_minor: 7,
                },
                r#"{"reply":"priceChanged","expectedMinor":5,"actualMinor":7}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&reply).unwrap(), form);
            assert_eq!(serde_json::from_str::<Reply>(form).unwrap(), reply);
        }
    }

    #[test]
    fn internal_states_have_no_visible_status() {
        assert_eq!(Status::parse("PENDING"), None);
        assert_eq!(Status::parse("FAILED"), None);
        assert_eq!(Status::parse("SHIPPED"), Some(Status::Shipped));
    }
}
