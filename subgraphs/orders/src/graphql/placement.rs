//! What `placeOrder` takes and answers.

use async_graphql::{Error, ID, InputObject, Result, SimpleObject, Union};
use kit::Money;

use super::{int, order::Order};
use crate::model::{PlaceRequest, Shortage, WantedLine};

/// An order to be placed.
#[derive(InputObject)]
pub(super) struct PlaceOrderInput {
    /// Your name for this call, 1 to 100 characters: a repeated call with the same key and body gives the same reply
    /// and orders nothing again. Keys are kept apart by buyer.
    pub(super) idempotency_key: String,
    /// 1 to 50 lines, no item twice.
    lines: Vec<OrderLineInput>,
    /// The sum you have shown to the buyer, in minor units. Another actual sum orders nothing.
    expected_total_minor: i32,
}

/// An item to be ordered.
#[derive(InputObject)]
pub(super) struct OrderLineInput {
    /// The id of a product or bundle.
    item_id: ID,
    /// How many pieces: 1 to 99.
    quantity: i32,
}

impl From<PlaceOrderInput> for PlaceRequest {
    fn from(input: PlaceOrderInput) -> Self {
        let wanted = |line: OrderLineInput| WantedLine {
            item_id: line.item_id.0,
            quantity: line.quantity.into(),
        };
        Self {
            idempotency_key: input.idempotency_key,
            lines: input.lines.into_iter().map(wanted).collect(),
            expected_total_minor: input.expected_total_minor.into(),
        }
    }
}

/// How placing an order ended.
#[derive(Union)]
pub(super) enum PlaceOrderResult {
    Placed(Placed),
    OutOfStock(OutOfStock),
    PriceChanged(PriceChanged),
    IdempotencyConflict(IdempotencyConflict),
}

/// The order is placed.
#[derive(SimpleObject)]
pub(super) struct Placed {
    /// The new order.
    pub(super) order: Order,
}

/// Nothing was ordered: there are fewer pieces than wanted.
#[derive(SimpleObject)]
pub(super) struct OutOfStock {
    /// The items at fault.
    pub(super) items: Vec<OutOfStockItem>,
}

/// An item that is short.
#[derive(SimpleObject)]
pub(super) struct OutOfStockItem {
    /// The product or bundle.
    item_id: ID,
    /// How many pieces were wanted.
    requested: i32,
    /// How many there were.
    available: i32,
}

impl TryFrom<Shortage> for OutOfStockItem {
    type Error = Error;

    fn try_from(shortage: Shortage) -> Result<Self, Error> {
        Ok(Self {
            item_id: ID(shortage.item_id),
            requested: int(shortage.requested, "OutOfStockItem.requested")?,
            available: int(shortage.available, "OutOfStockItem.available")?,
        })
    }
}

/// Nothing was ordered: the sum is not the one you expected.
#[derive(SimpleObject)]
pub(super) struct PriceChanged {
    /// The sum you named.
    pub(super) expected: Money,
    /// The sum of the current prices.
    pub(super) actual: Money,
}

/// Nothing was ordered: this key was used for another call.
#[derive(SimpleObject)]
pub(super) struct IdempotencyConflict {
    /// The key.
    pub(super) idempotency_key: String,
    /// What to do.
    pub(super) message: String,
}
