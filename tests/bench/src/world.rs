//! The data behind the subgraphs: the same in every process, so that the load program knows every right answer.

use std::collections::HashMap;

/// Users, each with two orders of four lines.
pub(crate) const USERS: usize = 200;
/// Products that there are; the order [`BIG_ORDER`] has a line for each.
pub(crate) const PRODUCTS: usize = 100;
/// All but the big order are about the first few products.
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
}

/// All objects; values point into it.
#[derive(Debug, Default)]
pub(crate) struct World {
    objects: Vec<Object>,
    by_id: HashMap<(&'static str, String), usize>,
    root: HashMap<&'static str, Value>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        let users: Vec<usize> = (0..USERS).map(|index| world.user(index)).collect();
        let products: Vec<usize> = (0..PRODUCTS).map(|index| world.product(index)).collect();
        for (index, product) in products.iter().enumerate() {
            let reviews = (0..3).map(|number| world.review(index, number, &users)).collect();
            world.objects[*product]
                .fields
                .insert("reviews", Value::Many(reviews));
        }
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
        ];
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

fn text(value: &str) -> Value {
    Value::Leaf(serde_json::Value::from(value).to_string())
}

fn number(value: usize) -> Value {
    Value::Leaf(value.to_string())
}
