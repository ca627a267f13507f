//! What a shop is asked: a few products by many, and most by few. One of twenty requests changes a product.

use std::{collections::HashMap, sync::Arc};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Map, json};

use crate::{
    work::{Judge, Question, Work},
    world::{CATALOGUE, ORDERS_BY_DEMAND},
    zipf::Zipf,
};

/// Of a hundred requests.
const WRITES: u32 = 5;

/// What is invalidated by a change.
pub(crate) const MUTATIONS: &str =
    "  mutations: { changeProduct: [{ subgraph: goods, type: Product, key: { id: \"{$args.id}\" } }] }\n";

/// About a product, as a root field.
const PRODUCT: [&str; 2] = [
    "query Card($id: ID!) { product(id: $id) { id name price { minor currency } } }",
    "query Page($id: ID!) { product(id: $id) {
  id name description changed stars reviews(first: 2) { text author { name } }
} }",
];

/// About an order, and through it about products.
const ORDER: [&str; 2] = [
    "query Order($id: ID!) { order(id: $id) {
  id placedAt lines { quantity product { id name changed price { minor } } }
} }",
    "query Basket($id: ID!) { order(id: $id) { buyer { name } lines { product { id name stars } } } }",
];

pub(crate) const CHANGE: &str = "mutation Change($id: ID!) { changeProduct(id: $id) { id changed } }";

/// Other requests in each round, drawn anew.
pub(crate) fn work(round: usize, requests: usize, judge: &Arc<Judge>) -> anyhow::Result<Work> {
    let mut random = StdRng::seed_from_u64(round as u64);
    let (products, orders) = (Zipf::new(CATALOGUE, 1.0), Zipf::new(ORDERS_BY_DEMAND, 1.0));
    let (mut questions, mut units) = (Vec::new(), Vec::with_capacity(requests));
    let mut known = HashMap::new();
    for _ in 0..requests {
        let drawn = random.random_range(0..100);
        let kind = random.random_range(0..2);
        let (query, id) = match drawn {
            ..WRITES => (CHANGE, format!("p{}", products.rank(random.random()))),
            WRITES..50 => (PRODUCT[kind], format!("p{}", products.rank(random.random()))),
            _ => (ORDER[kind], format!("z{}", orders.rank(random.random()))),
        };
        let number = *known.entry((query, id.clone())).or_insert_with(|| {
            questions.push(about(query, &id));
            questions.len() - 1
        });
        units.push(number);
    }
    Work::walk(questions, &units, Arc::clone(judge))
}

/// A question about one thing.
pub(crate) fn about(query: &str, id: &str) -> Question {
    let mut variables = Map::new();
    variables.insert("id".to_owned(), json!(id));
    Question::with_variables(query, variables)
}
