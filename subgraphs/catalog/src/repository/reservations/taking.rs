//! Taking stock for a new reservation: claim the id, price the lines, decrement each product if it has enough.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::connection::Connection;
use super::super::statement::{Bind, Statement};
use super::{Abort, read_state, stock_changes};
use crate::error::StoreError;
use crate::model::CURRENCY;
use crate::model::reservation::{
    ItemKind, RequestedLine, Reservation, ReservationRequest, ReservationState, ReserveOutcome, ReservedLine,
    Shortage,
};

/// A line with the products that one of it takes from stock.
struct PricedLine {
    line: ReservedLine,
    parts: Vec<String>,
}

/// Runs inside a transaction; an `Err` must roll it back.
pub(super) async fn take(
    connection: &mut Connection<'_>,
    request: &ReservationRequest,
    now: i64,
) -> Result<ReserveOutcome, Abort> {
    if !claim(connection, request, now).await? {
        return earlier(connection, request, now).await.map_err(Abort::Failed);
    }
    let priced = price(connection, &request.lines).await?;
    let mut needs: BTreeMap<&str, i64> = BTreeMap::new();
    for PricedLine { line, parts } in &priced {
        for part in parts {
            *needs.entry(part).or_default() += line.quantity;
        }
    }
    decrement(connection, &needs, &priced).await?;
    note_items(connection, &request.id, &needs).await?;
    let lines: Vec<ReservedLine> = priced.into_iter().map(|priced| priced.line).collect();
    let stored = serde_json::to_string(&lines).expect("lines of strings and numbers serialise");
    let statement = Statement::new("UPDATE reservations SET lines = ").bind(stored);
    connection
        .execute(statement.push(" WHERE id = ").bind(&request.id))
        .await?;
    Ok(ReserveOutcome::Held(Reservation {
        id: request.id.clone(),
        state: ReservationState::Held,
        lines,
    }))
}

/// Inserts the reservation's row, which serialises all calls for this id. False when there is one already.
async fn claim(
    connection: &mut Connection<'_>,
    request: &ReservationRequest,
    now: i64,
) -> sqlx::Result<bool> {
    let row: [Bind; 5] = [
        request.id.as_str().into(),
        ReservationState::Held.name().into(),
        "[]".into(),
        now.into(),
        request.expires_at.into(),
    ];
    let statement =
        Statement::new("INSERT INTO reservations (id, state, lines, created_at, expires_at) VALUES ")
            .list(row)
            .push(" ON CONFLICT (id) DO NOTHING");
    Ok(connection.execute(statement).await? == 1)
}

/// What became of the earlier reservation with this id.
async fn earlier(
    connection: &mut Connection<'_>,
    request: &ReservationRequest,
    now: i64,
) -> Result<ReserveOutcome, StoreError> {
    let statement =
        Statement::new("SELECT state, lines, expires_at FROM reservations WHERE id = ").bind(&request.id);
    let row: Option<(String, String, i64)> = connection.fetch_optional(statement).await?;
    let (state, lines, expires_at) =
        row.ok_or_else(|| StoreError::Unreadable(format!("reservation {} vanished", request.id)))?;
    let state = read_state(&state)?;
    match state {
        ReservationState::Released => return Ok(ReserveOutcome::Released),
        ReservationState::Expired => return Ok(ReserveOutcome::Expired),
        ReservationState::Held if expires_at <= now => return Ok(ReserveOutcome::Expired),
        ReservationState::Held | ReservationState::Confirmed => {}
    }
    let lines: Vec<ReservedLine> = serde_json::from_str(&lines)
        .map_err(|error| StoreError::Unreadable(format!("lines of reservation {}: {error}", request.id)))?;
    let before: BTreeSet<(&str, i64)> = lines.iter().map(|line| (&*line.item_id, line.quantity)).collect();
    let asked: BTreeSet<(&str, i64)> = request
        .lines
        .iter()
        .map(|line| (&*line.item_id, line.quantity))
        .collect();
    if before != asked {
        return Ok(ReserveOutcome::OtherLines);
    }
    Ok(ReserveOutcome::Repeated(Reservation {
        id: request.id.clone(),
        state,
        lines,
    }))
}

/// Looks every line's item up, in at most three statements.
async fn price(connection: &mut Connection<'_>, lines: &[RequestedLine]) -> Result<Vec<PricedLine>, Abort> {
    let ids = || lines.iter().map(|line| &line.item_id);
    let statement =
        Statement::new("SELECT id, sku, name, price_minor FROM products WHERE id IN ").list(ids());
    let products: Vec<(String, String, String, i64)> = connection.fetch_all(statement).await?;
    let mut items: HashMap<String, (ItemKind, Option<String>, String, i64)> = products
        .into_iter()
        .map(|(id, sku, name, price)| (id, (ItemKind::Product, Some(sku), name, price)))
        .collect();
    let mut parts: HashMap<String, Vec<String>> =
        items.keys().map(|id| (id.clone(), vec![id.clone()])).collect();
    if items.len() < lines.len() {
        let statement = Statement::new("SELECT id, name, price_minor FROM bundles WHERE id IN ").list(ids());
        let bundles: Vec<(String, String, i64)> = connection.fetch_all(statement).await?;
        items.extend(
            bundles
                .into_iter()
                .map(|(id, name, price)| (id, (ItemKind::Bundle, None, name, price))),
        );
        let statement = Statement::new("SELECT bundle_id, product_id FROM bundle_items WHERE bundle_id IN ");
        let rows: Vec<(String, String)> = connection.fetch_all(statement.list(ids())).await?;
        for (bundle, product) in rows {
            parts.entry(bundle).or_default().push(product);
        }
    }
    let unknown: Vec<String> = ids().filter(|id| !items.contains_key(*id)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Abort::Refused(ReserveOutcome::UnknownItems(unknown)));
    }
    let priced = lines.iter().filter_map(|RequestedLine { item_id, quantity }| {
        let (kind, sku, title, unit_price_minor) = items.remove(item_id)?;
        let line = ReservedLine {
            item_id: item_id.clone(),
            kind,
            sku,
            title,
            unit_price_minor,
            currency: CURRENCY.to_owned(),
            quantity: *quantity,
        };
        Some(PricedLine {
            line,
            parts: parts.remove(item_id).unwrap_or_default(),
        })
    });
    Ok(priced.collect())
}

/// Takes every need from its product's stock, in id order; refuses all when one does not suffice.
async fn decrement(
    connection: &mut Connection<'_>,
    needs: &BTreeMap<&str, i64>,
    priced: &[PricedLine],
) -> Result<(), Abort> {
    let mut stock: BTreeMap<String, i64> = BTreeMap::new();
    let mut short = false;
    for (product, quantity) in needs {
        let statement = Statement::new("UPDATE products SET available = available - ")
            .bind(*quantity)
            .push(", version = version + 1 WHERE id = ")
            .bind(*product)
            .push(" AND available >= ")
            .bind(*quantity)
            .push(" RETURNING available");
        let left: Option<(i64,)> = connection.fetch_optional(statement).await?;
        let before = match left {
            Some((left,)) => {
                connection.changed(stock_changes(product, left + quantity, left));
                left + quantity
            }
            None => {
                short = true;
                let statement = Statement::new("SELECT available FROM products WHERE id = ").bind(*product);
                connection
                    .fetch_optional::<(i64,)>(statement)
                    .await?
                    .map_or(0, |row| row.0)
            }
        };
        stock.insert((*product).to_owned(), before);
    }
    if short {
        return Err(Abort::Refused(ReserveOutcome::OutOfStock(shortages(
            priced, stock,
        ))));
    }
    Ok(())
}

/// Writes down what was taken, for giving it back.
async fn note_items(
    connection: &mut Connection<'_>,
    id: &str,
    needs: &BTreeMap<&str, i64>,
) -> Result<(), sqlx::Error> {
    if needs.is_empty() {
        return Ok(());
    }
    let statement =
        Statement::new("INSERT INTO reservation_items (reservation_id, product_id, quantity) VALUES ");
    let items = needs
        .iter()
        .map(|(product, quantity)| [id.into(), (*product).into(), (*quantity).into()]);
    connection.execute(statement.rows::<3>(items)).await?;
    Ok(())
}

/// Serves the lines one after the other from `stock` and tells which of them it cannot serve in full.
fn shortages(priced: &[PricedLine], mut stock: BTreeMap<String, i64>) -> Vec<Shortage> {
    let mut short = Vec::new();
    for PricedLine { line, parts } in priced {
        let possible = parts
            .iter()
            .filter_map(|part| stock.get(part))
            .min()
            .copied()
            .unwrap_or(0);
        if possible < line.quantity {
            let item_id = line.item_id.clone();
            short.push(Shortage {
                item_id,
                requested: line.quantity,
                available: possible,
            });
            continue;
        }
        for part in parts {
            if let Some(left) = stock.get_mut(part) {
                *left -= line.quantity;
            }
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(item: &str, quantity: i64, parts: &[&str]) -> PricedLine {
        let line = ReservedLine {
            item_id: item.to_owned(),
            kind: ItemKind::Product,
            sku: None,
            title: String::new(),
            unit_price_minor: 1,
            currency: CURRENCY.to_owned(),
            quantity,
        };
        PricedLine {
            line,
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
        }
    }

    #[test]
    fn lines_that_share_a_product_are_served_in_order() {
        let lines = [
            line("p-1", 2, &["p-1"]),
            line("b-1", 1, &["p-1", "p-2"]),
            line("p-2", 5, &["p-2"]),
        ];
        let stock = BTreeMap::from([("p-1".to_owned(), 2), ("p-2".to_owned(), 5)]);
        let short = shortages(&lines, stock);
        assert_eq!(
            short,
            [Shortage {
                item_id: "b-1".to_owned(),
                requested: 1,
                available: 0
            }]
        );
    }
}
