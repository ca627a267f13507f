//! The placing of an order: a saga over the order database and catalog's stock.
//!
//! 1. claim the idempotency key and write a PENDING order, in one transaction;
//! 2. hold the stock in catalog; 3. check the price; 4. turn the hold into a sale;
//! 5. PENDING to PLACED with the stored reply, in one transaction.
//!
//! Any failure after 1 marks the order FAILED with its release due, in one transaction; catalog's `release` undoes 2
//! and 4 whether or not their answers arrived. A saga that dies on its way is finished so by the reconciler. Step 5
//! and the failure both start from PENDING, so exactly one of them happens.

use std::collections::HashSet;

use kit::Timestamp;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Orders;
use crate::{
    catalog::{ConfirmError, Reservation, ReserveError, Unavailable},
    error::OrdersError,
    model::{
        self, Line, MAX_ITEM_ID_CHARS, MAX_KEY_CHARS, MAX_LINES, MAX_MINOR, MAX_QUANTITY, PlaceRequest,
        Placement, Reply, WantedLine,
    },
    repository::{Bound, Claim, Completion},
};

/// Why a saga ends without an order.
enum Refusal {
    /// An answer for good: the key stays bound to it.
    Reply(Reply),
    /// A failure: the key is free again.
    Error(OrdersError),
}

impl From<OrdersError> for Refusal {
    fn from(error: OrdersError) -> Self {
        Self::Error(error)
    }
}

impl Orders {
    /// Places an order, or gives the reply that an earlier call with the same key got.
    ///
    /// Once begun it runs to its end even when the caller goes away. It takes at most about two catalog timeouts, or
    /// [`super::Timing::reply_wait`] when another call with the key is running.
    pub(crate) async fn place(
        &self,
        buyer_id: &str,
        request: PlaceRequest,
    ) -> Result<Placement, OrdersError> {
        check(&request)?;
        let (orders, buyer_id) = (self.clone(), buyer_id.to_owned());
        tokio::spawn(async move { orders.place_or_repeat(&buyer_id, request).await })
            .await
            .unwrap_or_else(|error| Err(OrdersError::Internal(error.to_string())))
    }

    async fn place_or_repeat(&self, buyer_id: &str, request: PlaceRequest) -> Result<Placement, OrdersError> {
        let body = canonical(&request);
        let give_up = Instant::now() + self.timing.reply_wait;
        loop {
            match self.repository.bound(buyer_id, &request.idempotency_key).await? {
                Some(bound) if bound.request != body => return Ok(Placement::Conflict),
                Some(Bound {
                    reply: Some(reply), ..
                }) => return stored(&reply).map(Placement::Replied),
                Some(_) if Instant::now() >= give_up => return Err(OrdersError::InProgress),
                Some(_) => sleep(self.timing.reply_poll).await,
                None => {
                    let claim = new_claim(buyer_id, &request, &body);
                    if self.repository.claim(&claim).await? {
                        return self.run(&claim, &request).await.map(Placement::Replied);
                    }
                }
            }
        }
    }

    async fn run(&self, claim: &Claim, request: &PlaceRequest) -> Result<Reply, OrdersError> {
        let lines = match self.reserve_and_confirm(claim, request).await {
            Ok(lines) => lines,
            Err(refusal) => return self.give_up(claim, refusal).await,
        };
        let reply = Reply::Placed {
            order_id: claim.order_id.clone(),
        };
        let completion = Completion {
            order_id: claim.order_id.clone(),
            lines,
            total_minor: request.expected_total_minor,
            placed_at: Timestamp::now().millis(),
            reply: encoded(&reply),
        };
        match self.repository.complete(&completion).await {
            Ok(true) => Ok(reply),
            Ok(false) => {
                self.give_up(claim, OrdersError::PlacementInterrupted.into())
                    .await
            }
            Err(error) => self.give_up(claim, OrdersError::from(error).into()).await,
        }
    }

    async fn reserve_and_confirm(&self, claim: &Claim, request: &PlaceRequest) -> Result<Vec<Line>, Refusal> {
        let reservation = Reservation {
            id: claim.reservation_id.clone(),
            lines: request.lines.clone(),
            ttl: self.timing.hold,
        };
        let lines = self
            .catalog
            .reserve(&reservation)
            .await
            .map_err(|error| match error {
                ReserveError::OutOfStock(items) => Refusal::Reply(Reply::OutOfStock { items }),
                ReserveError::UnknownItem(ids) => OrdersError::UnknownItem { ids }.into(),
                ReserveError::Released => OrdersError::PlacementInterrupted.into(),
                ReserveError::Unavailable(cause) => unavailable("reserve", claim, cause),
            })?;
        let actual_minor = model::sum_of(&lines).filter(|sum| (0..=MAX_MINOR).contains(sum));
        let actual_minor = actual_minor.ok_or(OrdersError::MoneyOutOfRange)?;
        if actual_minor != request.expected_total_minor {
            let expected_minor = request.expected_total_minor;
            return Err(Refusal::Reply(Reply::PriceChanged {
                expected_minor,
                actual_minor,
            }));
        }
        match self.catalog.confirm(&claim.reservation_id).await {
            Ok(()) => Ok(lines),
            Err(ConfirmError::Gone) => Err(OrdersError::PlacementInterrupted.into()),
            Err(ConfirmError::Unavailable(cause)) => Err(unavailable("confirm", claim, cause)),
        }
    }

    /// Marks the order failed and gives the stock back; answers the caller.
    async fn give_up(&self, claim: &Claim, refusal: Refusal) -> Result<Reply, OrdersError> {
        let (reply, outcome) = match refusal {
            Refusal::Reply(reply) => (Some(encoded(&reply)), Ok(reply)),
            Refusal::Error(error) => (None, Err(error)),
        };
        match self.repository.abandon(&claim.order_id, reply.as_deref()).await {
            Ok(true) if matches!(outcome, Err(OrdersError::CatalogUnavailable(_))) => {
                self.release_bell.notify_one()
            }
            Ok(true) => self.release_now(&claim.order_id).await,
            // The order left PENDING before: the reconciler gave it up, or step 5 happened although it seemed to
            // fail. If it did, its reply is what counts.
            Ok(false) => {
                let bound = self
                    .repository
                    .bound(&claim.buyer_id, &claim.idempotency_key)
                    .await?;
                if let Some(Bound {
                    reply: Some(reply),
                    request,
                }) = bound
                    && request == claim.request
                {
                    return stored(&reply);
                }
            }
            Err(error) => {
                tracing::error!(
                    order = claim.order_id,
                    ?error,
                    "a failed placing stays pending for the reconciler"
                );
                return Err(error.into());
            }
        }
        outcome
    }
}

fn unavailable(step: &str, claim: &Claim, cause: Unavailable) -> Refusal {
    tracing::warn!(order = claim.order_id, reservation = claim.reservation_id, step, %cause, "catalog unavailable");
    OrdersError::CatalogUnavailable(cause).into()
}

fn new_claim(buyer_id: &str, request: &PlaceRequest, body: &str) -> Claim {
    Claim {
        order_id: format!("o_{}", Uuid::now_v7()),
        reservation_id: Uuid::now_v7().to_string(),
        buyer_id: buyer_id.to_owned(),
        idempotency_key: request.idempotency_key.clone(),
        request: body.to_owned(),
        created_at: Timestamp::now().millis(),
    }
}

/// Everything of the call but its key. The order of the lines counts: it is the order of the order's lines.
fn canonical(request: &PlaceRequest) -> String {
    encoded(&(&request.lines, request.expected_total_minor))
}

fn encoded(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("strings and numbers always have a JSON form")
}

fn stored(reply: &str) -> Result<Reply, OrdersError> {
    serde_json::from_str(reply)
        .map_err(|error| OrdersError::Internal(format!("unreadable stored reply: {error}")))
}

fn check(request: &PlaceRequest) -> Result<(), OrdersError> {
    let bad = |text: String| Err(OrdersError::BadInput(text));
    let key_chars = request.idempotency_key.chars().count();
    if !(1..=MAX_KEY_CHARS).contains(&key_chars) {
        return bad(format!(
            "idempotencyKey has {key_chars} characters; it needs 1 to {MAX_KEY_CHARS}"
        ));
    }
    if request.idempotency_key.contains('\0') {
        return bad("idempotencyKey contains a NUL character; leave it out".into());
    }
    if request.expected_total_minor < 0 {
        return bad(format!(
            "expectedTotalMinor is {}; it cannot be negative",
            request.expected_total_minor
        ));
    }
    if !(1..=MAX_LINES).contains(&request.lines.len()) {
        return bad(format!(
            "lines has {} entries; an order needs 1 to {MAX_LINES}",
            request.lines.len()
        ));
    }
    let mut seen = HashSet::new();
    for (at, WantedLine { item_id, quantity }) in request.lines.iter().enumerate() {
        let id_chars = item_id.chars().count();
        if !(1..=MAX_ITEM_ID_CHARS).contains(&id_chars) || item_id.contains('\0') {
            return bad(format!(
                "lines[{at}].itemId is not an item id: 1 to {MAX_ITEM_ID_CHARS} characters, no NUL"
            ));
        }
        if !(1..=MAX_QUANTITY).contains(quantity) {
            return bad(format!(
                "lines[{at}].quantity is {quantity}; it must be 1 to {MAX_QUANTITY}"
            ));
        }
        if !seen.insert(item_id.as_str()) {
            return bad(format!(
                "lines[{at}] repeats the item {item_id:?}; put it in one line"
            ));
        }
    }
    Ok(())
}
