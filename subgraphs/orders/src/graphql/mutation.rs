//! The mutations: place an order, cancel it. Both need a signed-in buyer.

use async_graphql::{Context, ID, Object, Result};
use kit::{Money, auth::Identity, error::from_coded};

use super::{
    or_null,
    order::Order,
    placement::{IdempotencyConflict, OutOfStock, PlaceOrderInput, PlaceOrderResult, Placed, PriceChanged},
    refusal,
};
use crate::{
    error::OrdersError,
    model::{Placement, Reply},
    service::Orders,
};

pub(crate) struct Mutation;

/// Everything that can be changed. A field that fails is null and leaves the other fields of the request alone.
#[Object]
impl Mutation {
    /// Buys items at the expected total, or changes nothing. Safe to repeat with the same idempotency key; on the
    /// error CATALOG_UNAVAILABLE, do.
    async fn place_order(&self, context: &Context<'_>, input: PlaceOrderInput) -> Option<PlaceOrderResult> {
        or_null(context, place(context, input).await.map(Some))
    }

    /// Cancels an order of yours that is still PLACED, and gives its stock back.
    async fn cancel_order(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The order.")] id: ID,
        #[graphql(desc = "The version you have seen; when the order has changed since, nothing happens.")]
        version: i32,
    ) -> Option<Order> {
        or_null(context, cancel(context, &id, version).await.map(Some))
    }
}

async fn place(context: &Context<'_>, input: PlaceOrderInput) -> Result<PlaceOrderResult> {
    let buyer = signed_in(context, "place an order")?;
    let orders = context.data_unchecked::<Orders>();
    let idempotency_key = input.idempotency_key.clone();
    let placement = orders
        .place(&buyer.subject, input.into())
        .await
        .map_err(refusal)?;
    Ok(match placement {
        Placement::Replied(Reply::Placed { order_id }) => {
            // Not through the loader: it may remember the order from before a mutation of this request.
            let order = orders.order(&order_id).await.map_err(refusal)?;
            PlaceOrderResult::Placed(Placed {
                order: Order::new(order),
            })
        }
        Placement::Replied(Reply::OutOfStock { items }) => {
            let items = items.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
            PlaceOrderResult::OutOfStock(OutOfStock { items })
        }
        Placement::Replied(Reply::PriceChanged {
            expected_minor,
            actual_minor,
        }) => {
            let (expected, actual) = (Money(expected_minor), Money(actual_minor));
            PlaceOrderResult::PriceChanged(PriceChanged { expected, actual })
        }
        Placement::Conflict => PlaceOrderResult::IdempotencyConflict(IdempotencyConflict {
            idempotency_key,
            message: "this idempotencyKey was used for another call; use a new key for a new order".into(),
        }),
    })
}

async fn cancel(context: &Context<'_>, id: &str, version: i32) -> Result<Order> {
    let buyer = signed_in(context, "cancel an order")?;
    let orders = context.data_unchecked::<Orders>();
    let order = orders
        .cancel(&buyer.subject, id, version.into())
        .await
        .map_err(refusal)?;
    Ok(Order::new(order))
}

fn signed_in<'c>(context: &Context<'c>, what: &'static str) -> Result<&'c Identity> {
    Identity::of(context).ok_or_else(|| from_coded(OrdersError::Unauthenticated { what }))
}
