//! Generated orders for an empty database: the same for the same size, everywhere and for ever.
//!
//! Ids, titles and prices follow the rules that users and catalog seed by, so the three databases agree. No clock,
//! no randomness of the system, no SQL.

use kit::seed::Rng;

use crate::model::{self, Kind, Line, MAX_MINOR, Order, Status};

/// `name,category,price_minor,weight_grams` per line.
const PRODUCTS: &str = include_str!("../../seed/products.csv");
/// 2026-01-01T00:00:00Z in milliseconds since the epoch.
const EPOCH: i64 = 1_767_225_600_000;
/// All orders fall within this time after the epoch, whatever their number: none may be newer than a real one.
const SPAN: i64 = 30 * 24 * 3600 * 1000;
const ORDERS_PER_USER: u64 = 6;
const PRODUCTS_PER_USER: u64 = 4;

/// The orders `o-1` to `o-(6 × users)`, oldest first.
pub(crate) fn orders(users: u32) -> Vec<(Order, Vec<Line>)> {
    let shelf = Shelf::new(u64::from(users));
    let count = u64::from(users) * ORDERS_PER_USER;
    let mut rng = Rng::new(4003);
    (1..=count)
        .map(|number| order(number, count, &shelf, &mut rng))
        .collect()
}

fn order(number: u64, count: u64, shelf: &Shelf, rng: &mut Rng) -> (Order, Vec<Line>) {
    let lines = lines(shelf, rng);
    let status = status(number, count, rng);
    let order = Order {
        id: format!("o-{number}"),
        buyer_id: format!("u-{}", number * 7919 % shelf.users + 1),
        status,
        version: match status {
            Status::Placed => 1,
            Status::Shipped | Status::Cancelled => 2,
            Status::Delivered => 3,
        },
        total_minor: model::sum_of(&lines).unwrap_or(MAX_MINOR),
        placed_at: EPOCH + SPAN / as_i64(count) * as_i64(number),
    };
    (order, lines)
}

/// The old ones have arrived, the newest are yet to be sent; some of each age were cancelled.
fn status(number: u64, count: u64, rng: &mut Rng) -> Status {
    if rng.chance(8) {
        return Status::Cancelled;
    }
    match number * 100 / count {
        0..70 => Status::Delivered,
        70..85 => Status::Shipped,
        _ => Status::Placed,
    }
}

/// One to three products, and in one of five orders a bundle.
fn lines(shelf: &Shelf, rng: &mut Rng) -> Vec<Line> {
    let (first, wanted) = (rng.below(shelf.products), 1 + rng.below(3));
    // Steps of one: distinct as long as there are at least three products, and there are four.
    let products = (0..wanted).map(|step| (first + step) % shelf.products + 1);
    let mut lines: Vec<Line> = products
        .map(|number| shelf.product(number, quantity(rng)))
        .collect();
    if rng.chance(20) {
        lines.push(shelf.bundle(1 + rng.below(shelf.bundles), 1));
    }
    lines
}

fn quantity(rng: &mut Rng) -> i64 {
    as_i64(1 + rng.below(3))
}

/// What the seeded catalog sells.
struct Shelf {
    users: u64,
    products: u64,
    bundles: u64,
    rows: Vec<(&'static str, i64)>,
}

impl Shelf {
    fn new(users: u64) -> Self {
        Self {
            users,
            products: users * PRODUCTS_PER_USER,
            bundles: (users / 5).max(1),
            rows: PRODUCTS
                .lines()
                .filter(|line| !line.is_empty())
                .map(name_and_price)
                .collect(),
        }
    }

    /// Products are numbered from 1 and repeat the list with a growing mark.
    fn name_and_price(&self, number: u64) -> (String, i64) {
        let rows = self.rows.len() as u64;
        let (round, row) = ((number - 1) / rows + 1, (number - 1) % rows);
        let (name, price) = self.rows[row as usize];
        match round {
            1 => (name.to_owned(), price),
            _ => (format!("{name} (Mark {round})"), price),
        }
    }

    fn product(&self, number: u64, quantity: i64) -> Line {
        let (title, unit_price_minor) = self.name_and_price(number);
        Line {
            item_id: format!("p-{number}"),
            kind: Kind::Product,
            sku: Some(format!("SKU-{number:05}")),
            title,
            unit_price_minor,
            quantity,
        }
    }

    /// A bundle holds three products and costs 90 % of them.
    fn bundle(&self, number: u64, quantity: i64) -> Line {
        let parts = [0, 3, 5].map(|step| self.name_and_price((number * 7 + step) % self.products + 1));
        let sum: i64 = parts.iter().map(|(_, price)| price).sum();
        Line {
            item_id: format!("b-{number}"),
            kind: Kind::Bundle,
            sku: None,
            title: format!("{} Bundle", parts[0].0),
            unit_price_minor: sum * 90 / 100,
            quantity,
        }
    }
}

fn name_and_price(line: &'static str) -> (&'static str, i64) {
    let mut cells = line.split(',');
    let name = cells.next().expect("split gives at least one piece");
    let price = cells.nth(1).and_then(|cell| cell.trim().parse().ok());
    (
        name,
        price.expect("the embedded list has a price in its third column: a test reads all of it"),
    )
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).expect("counts come from a u32 times a small number")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_of_the_list_has_a_name_and_a_price() {
        let shelf = Shelf::new(50);
        assert!(
            shelf
                .rows
                .iter()
                .all(|(name, price)| !name.is_empty() && *price > 0),
            "{:?}",
            shelf.rows
        );
    }

    #[test]
    fn orders_are_whole_and_the_same_each_time() {
        for users in [1, 2, 50] {
            let orders = orders(users);
            assert_eq!(orders.len(), 6 * users as usize);
            assert_eq!(orders, super::orders(users));
            for (order, lines) in &orders {
                assert_eq!(Some(order.total_minor), model::sum_of(lines));
                let items: HashSet<_> = lines.iter().map(|line| &line.item_id).collect();
                assert_eq!(items.len(), lines.len(), "no item twice in {}", order.id);
            }
        }
    }

    #[test]
    fn the_seed_has_every_state_and_bundles() {
        let orders = orders(50);
        let states: HashSet<_> = orders.iter().map(|(order, _)| order.status).collect();
        assert_eq!(states.len(), 4);
        assert!(
            orders
                .iter()
                .flat_map(|(_, lines)| lines)
                .any(|line| line.kind == Kind::Bundle)
        );
    }

    #[test]
    fn times_grow_with_the_number_and_stay_in_the_span() {
        let orders = orders(50);
        assert!(
            orders
                .windows(2)
                .all(|pair| pair[0].0.placed_at < pair[1].0.placed_at)
        );
        assert!(orders.iter().all(|(order, _)| order.placed_at <= EPOCH + SPAN));
    }

    #[test]
    fn names_repeat_with_a_mark() {
        let shelf = Shelf::new(100);
        let (first, second) = (shelf.product(1, 1), shelf.product(201, 1));
        assert_eq!(second.title, format!("{} (Mark 2)", first.title));
        assert_eq!(second.unit_price_minor, first.unit_price_minor);
        assert_eq!(second.sku.as_deref(), Some("SKU-00201"));
    }
}
