//! The data behind the subgraphs: the same in every process, so that the load program knows every right answer.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::zipf::Zipf;

/// Users, each with two orders of four lines.
pub(crate) const USERS: usize = 200;
/// Products that are listed; the order [`BIG_ORDER`] has a line for each.
pub(crate) const PRODUCTS: usize = 100;
/// Products that there are, most of them found only by their id. The lower the number, the more in demand.
pub(crate) const CATALOGUE: usize = 10_000;
/// Orders `z0`, `z1`, … of four products each, by demand.
pub(crate) const ORDERS_BY_DEMAND: usize = 1_000;
/// Orders `k0`, `k1`, …, each of the product of the same number alone.
pub(crate) const ORDERS_OF_ONE: usize = 200;
/// All other orders but the big one are about the first few products.
pub(crate) const HOT: usize = 12;
/// The id of the order with a line for every product.
pub(crate) const BIG_ORDER: &str = "o-big";

/// An object of the graph, with the fields of all subgraphs.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) ty: &'static str,
    pub(crate) fields: HashMap<&'static str, Value>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// JSON as it is sent.
    Leaf(String),
    One(usize),
    Many(Vec<usize>),
    /// When the product of this number was last changed.
    Changed(usize),
}

/// All objects; values point into it.
#[derive(Debug, Default)]
pub(crate) struct World {
    objects: Vec<Object>,
    by_id: HashMap<(&'static str, String), usize>,
    root: HashMap<&'static str, Value>,
    /// By product, microseconds since 1970: the only thing that ever changes.
    changed: Vec<AtomicU64>,
}

/// As many digits as there are today.
const UNCHANGED: u64 = 1_000_000_000_000_000;

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        let users: Vec<usize> = (0..USERS).map(|index| world.user(index)).collect();
        let mut products: Vec<usize> = (0..CATALOGUE).map(|index| world.product(index)).collect();
        let reviews: Vec<Vec<usize>> = (0..PRODUCTS)
            .map(|index| (0..3).map(|number| world.review(index, number, &users)).collect())
            .collect();
        for (index, product) in products.iter().enumerate() {
            let reviews = Value::Many(reviews[index % PRODUCTS].clone());
            world.objects[*product].fields.insert("reviews", reviews);
        }
        world.by_demand(&users, &products);
        for (number, product) in products.iter().take(ORDERS_OF_ONE).enumerate() {
            world.order(format!("k{number}"), users[number % USERS], vec![*product]);
        }
        products.truncate(PRODUCTS);
        for (index, user) in users.iter().enumerate() {
            let orders = (0..2)
                .map(|number| {
                    let bought = (0..4).map(|line| products[(index * 7 + number * 3 + line * 5) % HOT]);
                    world.order(format!("o{index}-{number}"), *user, bought.collect())
                })
                .collect();
            let fields = &mut world.objects[*user].fields;
            fields.insert("orders", Value::Many(orders));
            fields.insert("lastBought", Value::One(products[index * 5 % HOT]));
        }
        world.order(BIG_ORDER.to_owned(), users[0], products.clone());
        world.root.insert("users", Value::Many(users));
        world.root.insert("products", Value::Many(products));
        world
    }

    /// The object that [`Value`] points to.
    pub(crate) fn object(&self, index: usize) -> &Object {
        &self.objects[index]
    }

    pub(crate) fn find(&self, ty: &str, id: &str) -> Option<&Object> {
        // A type that is not in the table has no objects either.
        let ty = ["User", "Product", "Order"]
            .into_iter()
            .find(|known| *known == ty)?;
        self.by_id
            .get(&(ty, id.to_owned()))
            .map(|index| self.object(*index))
    }

    /// When a product was last changed.
    pub(crate) fn changed(&self, product: usize) -> u64 {
        self.changed[product].load(Ordering::Acquire)
    }

    /// Changes a product, later than it was ever changed before; gives its number, and when.
    pub(crate) fn change(&self, id: &str) -> Option<(usize, u64)> {
        let number: usize = id.strip_prefix('p')?.parse().ok()?;
        let later = |before: u64| Some(micros_now().max(before + 1));
        let before = self
            .changed
            .get(number)?
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
        before.ok()?;
        Some((number, self.changed(number)))
    }

    /// A root field without an `id`.
    pub(crate) fn root(&self, field: &str) -> Option<&Value> {
        self.root.get(field)
    }

    fn add(&mut self, ty: &'static str, id: Option<String>, fields: Vec<(&'static str, Value)>) -> usize {
        let index = self.objects.len();
        let mut fields: HashMap<&'static str, Value> = fields.into_iter().collect();
        if let Some(id) = id {
            fields.insert("id", text(&id));
            self.by_id.insert((ty, id), index);
        }
        self.objects.push(Object { ty, fields });
        index
    }

    fn user(&mut self, index: usize) -> usize {
        let fields = vec![
            ("name", text(&format!("Member Number {index}"))),
            ("tier", text(["GOLD", "SILVER", "BASIC"][index % 3])),
            ("city", text(["Porto", "Gdańsk", "Turku", "Graz"][index % 4])),
        ];
        self.add("User", Some(format!("u{index}")), fields)
    }

    fn product(&mut self, index: usize) -> usize {
        let price = vec![("minor", number(995 + 100 * index)), ("currency", text("EUR"))];
        let price = self.add("Money", None, price);
        let description = format!(
            "A thing of the kind {index}, made with care: “solid”, 100% as shown, and it comes with a cable, a bag and \
             a card with its story.\nNo returns."
        );
        let fields = vec![
            ("name", text(&format!("Useful Thing No. {index}"))),
            ("description", text(&description)),
            ("price", Value::One(price)),
            ("stars", number(index % 5 + 1)),
            ("changed", Value::Changed(index)),
        ];
        self.changed.push(AtomicU64::new(UNCHANGED));
        self.add("Product", Some(format!("p{index}")), fields)
    }

    fn review(&mut self, product: usize, nth: usize, users: &[usize]) -> usize {
        let author = users[(product * 3 + nth * 11) % 20];
        let said = format!(
            "Bought product {product} twice; I would do it again at any time, and this is reason {nth} of three."
        );
        let fields = vec![
            ("text", text(&said)),
            ("stars", number((product + nth) % 5 + 1)),
            ("author", Value::One(author)),
        ];
        self.add("Review", Some(format!("r{product}-{nth}")), fields)
    }

    fn by_demand(&mut self, users: &[usize], products: &[usize]) {
        let zipf = Zipf::new(CATALOGUE, 1.0);
        let mut random = StdRng::seed_from_u64(7);
        for number in 0..ORDERS_BY_DEMAND {
            let bought = (0..4).map(|_| products[zipf.rank(random.random())]);
            let bought = bought.collect();
            self.order(format!("z{number}"), users[number % USERS], bought);
        }
    }

    fn order(&mut self, id: String, buyer: usize, bought: Vec<usize>) -> usize {
        let lines = bought
            .into_iter()
            .enumerate()
            .map(|(line, product)| {
                let fields = vec![
                    ("quantity", number(line % 3 + 1)),
                    ("product", Value::One(product)),
                ];
                self.add("Line", None, fields)
            })
            .collect();
        let fields = vec![
            ("placedAt", text("2026-03-01T12:00:00Z")),
            ("buyer", Value::One(buyer)),
            ("lines", Value::Many(lines)),
        ];
        self.add("Order", Some(id), fields)
    }
}

/// Since 1970, as every process of the machine sees it.
pub(crate) fn micros_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

fn text(value: &str) -> Value {
    Value::Leaf(serde_json::Value::from(value).to_string())
}

fn number(value: usize) -> Value {
    Value::Leaf(value.to_string())
}
