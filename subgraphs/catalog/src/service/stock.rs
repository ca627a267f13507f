//! The rules for stock reservations: what a request may look like, and what time it is.

use std::collections::HashSet;
use std::sync::Arc;

use kit::Timestamp;

use super::is_plausible;
use crate::error::CatalogError;
use crate::model::reservation::{ConfirmOutcome, RequestedLine, ReservationRequest, ReserveOutcome};
use crate::repository::StockRepository;

/// Stock is held for an hour at most.
const MAX_TTL_MS: i64 = 3_600_000;
const MAX_LINES: usize = 50;
const MAX_QUANTITY: i64 = 99;
const MAX_ID_BYTES: usize = 64;
/// Reservations expired in one go; a sweep goes on until none is left.
const EXPIRED_AT_ONCE: usize = 100;

/// Holds, confirms and releases stock. Cloning is shallow.
#[derive(Clone)]
pub(crate) struct Stock {
    store: Arc<dyn StockRepository>,
}

/// What a caller asks to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StockRequest {
    pub(crate) id: String,
    pub(crate) lines: Vec<RequestedLine>,
    /// How long to hold the stock, at most an hour (3 600 000 ms); at least 1.
    pub(crate) ttl_ms: i64,
}

impl Stock {
    pub(crate) fn new(store: Arc<dyn StockRepository>) -> Self {
        Self { store }
    }

    /// Holds stock for all lines or for none.
    pub(crate) async fn reserve(&self, request: StockRequest) -> Result<ReserveOutcome, CatalogError> {
        check_id(&request.id)?;
        check_lines(&request.lines)?;
        if !(1..=MAX_TTL_MS).contains(&request.ttl_ms) {
            return Err(CatalogError::bad_input(
                "ttlMs",
                format!("`ttlMs` must be 1 to {MAX_TTL_MS}"),
            ));
        }
        let now = Timestamp::now().millis();
        let request = ReservationRequest {
            id: request.id,
            lines: request.lines,
            expires_at: now + request.ttl_ms,
        };
        Ok(self.store.reserve(&request, now).await?)
    }

    /// Makes a held reservation final.
    pub(crate) async fn confirm(&self, id: &str) -> Result<ConfirmOutcome, CatalogError> {
        check_id(id)?;
        Ok(self.store.confirm(id, Timestamp::now().millis()).await?)
    }

    /// Gives the stock back, now and for any later attempt to reserve under this id.
    pub(crate) async fn release(&self, id: &str) -> Result<(), CatalogError> {
        check_id(id)?;
        Ok(self.store.release(id, Timestamp::now().millis()).await?)
    }

    /// Expires every reservation held past its time and returns how many there were.
    pub(crate) async fn sweep(&self) -> Result<usize, CatalogError> {
        let mut expired = 0;
        loop {
            let now = Timestamp::now().millis();
            match self.store.expire_due(now, EXPIRED_AT_ONCE).await? {
                0 => return Ok(expired),
                more => expired += more,
            }
        }
    }
}

/// Ids become keys of tombstones, so anyone's text must not: letters, digits, `-` and `_`, as in a UUID.
fn check_id(id: &str) -> Result<(), CatalogError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(());
    }
    let message =
        format!("a reservation's id has 1 to {MAX_ID_BYTES} letters, digits, `-` or `_`; use a UUID");
    Err(CatalogError::bad_input("id", message))
}

fn check_lines(lines: &[RequestedLine]) -> Result<(), CatalogError> {
    let refuse = |message: String| Err(CatalogError::bad_input("lines", message));
    if !(1..=MAX_LINES).contains(&lines.len()) {
        return refuse(format!(
            "a reservation has 1 to {MAX_LINES} lines, not {}",
            lines.len()
        ));
    }
    let mut seen = HashSet::new();
    for RequestedLine { item_id, quantity } in lines {
        if !is_plausible(item_id) {
            return refuse("a line's `itemId` must be the id of a product or a bundle".to_owned());
        }
        if !(1..=MAX_QUANTITY).contains(quantity) {
            return refuse(format!(
                "the quantity of {item_id} must be 1 to {MAX_QUANTITY}, not {quantity}"
            ));
        }
        if !seen.insert(item_id) {
            return refuse(format!("{item_id} is in two lines; add their quantities up"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(item: &str, quantity: i64) -> RequestedLine {
        RequestedLine {
            item_id: item.to_owned(),
            quantity,
        }
    }

    #[test]
    fn lines_have_limits() {
        assert!(check_lines(&[line("p-1", 1), line("b-1", 99)]).is_ok());
        let many: Vec<_> = (0..51).map(|n| line(&format!("p-{n}"), 1)).collect();
        assert!(check_lines(&many[..50]).is_ok());
        for bad in [
            vec![],
            vec![line("p-1", 0)],
            vec![line("p-1", 100)],
            vec![line("", 1)],
            vec![line("p-1", 1), line("p-1", 2)],
            many,
        ] {
            assert!(check_lines(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_short_and_plain() {
        assert!(check_id("0197a1b2-0000-7000-8000-000000000001").is_ok());
        for bad in ["", "a b", "a/b", "a\0", &"x".repeat(65)] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
    }
}
