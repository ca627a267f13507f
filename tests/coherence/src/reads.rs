//! What clients ask, and how old the answer may be.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::subgraph::{PAGE, page, slug};

/// A request, and where in its answer which entity's version stands.
pub struct Read {
    pub body: String,
    places: Vec<(String, usize)>,
}

/// The least that each place of an answer may say; to be noted before the request is sent.
pub struct Floors(Vec<u64>);

/// An answer that should not have been given.
#[derive(Debug)]
pub struct Wrong {
    pub thing: usize,
    pub place: String,
    pub floor: u64,
    pub version: u64,
    pub got: Option<u64>,
}

impl Read {
    fn new(query: &str, variables: &Value, places: Vec<(String, usize)>) -> Self {
        Self {
            body: json!({ "query": query, "variables": variables }).to_string(),
            places,
        }
    }

    /// Something about an entity, in one of many ways.
    pub fn about(random: &mut StdRng, thing: usize, ledger: &Ledger) -> Self {
        let is_item = thing.is_multiple_of(2);
        let (one, other) = match is_item {
            true => ("items", "part"),
            false => ("parts", "item"),
        };
        match random.random_range(0..10) {
            0..6 => Self::entities(random, thing, ledger, (one, other)),
            6 if is_item => Self::page(thing, ledger, "id version"),
            7 if is_item => Self::page(thing, ledger, "version"),
            // The entity in a field of its twin.
            8 => Self::new(
                &format!(
                    "query($ids: [ID!]!) {{ {} (ids: $ids) {{ again {} {{ version }} }} }}",
                    twin(one),
                    twin(other)
                ),
                &json!({ "ids": [(thing ^ 1).to_string()] }),
                vec![
                    (format!("/{}/0/again", twin(one)), thing ^ 1),
                    (format!("/{}/0/{}/version", twin(one), twin(other)), thing),
                ],
            ),
            _ => Self::root(thing, other),
        }
    }

    fn root(thing: usize, other: &str) -> Self {
        let (root, variable, value) = match thing % 2 {
            0 => ("item(id: $key)", "ID!", thing.to_string()),
            _ => ("part(slug: $key)", "String!", slug(thing)),
        };
        Self::new(
            &format!(
                "query($key: {variable}) {{ thing: {root} {{ again version {other} {{ id version }} }} }}"
            ),
            &json!({ "key": value }),
            vec![
                ("/thing/again".to_owned(), thing),
                ("/thing/version".to_owned(), thing),
                (format!("/thing/{other}/version"), thing ^ 1),
            ],
        )
    }

    /// Several, and each by its own: so that some are there and others are not, fields likewise.
    fn entities(random: &mut StdRng, thing: usize, ledger: &Ledger, (one, other): (&str, &str)) -> Self {
        let mut things = vec![thing];
        for _ in 0..random.random_range(0..4) {
            things.push(2 * random.random_range(0..ledger.count() / 2) + thing % 2);
        }
        let twin = format!("{other} {{ id version }}");
        let fields = match random.random_range(0..6) {
            0 => &["id version", "version"][..],
            1 => &["again", "again"],
            2 => &["version again", "version", "again"],
            3 => &["text(times: 2)", "text"],
            4 => &["again text(times: 1)", "again", "text"],
            _ => &[twin.as_str(), ""],
        };
        let places = things.iter().enumerate().flat_map(|(index, thing)| {
            fields[1..].iter().map(move |field| match field.is_empty() {
                true => (format!("/{one}/{index}/{other}/version"), thing ^ 1),
                false => (format!("/{one}/{index}/{field}"), *thing),
            })
        });
        let places = places.collect();
        let ids: Vec<String> = things.iter().map(ToString::to_string).collect();
        let query = format!("query($ids: [ID!]!) {{ {one}(ids: $ids) {{ {} }} }}", fields[0]);
        Self::new(&query, &json!({ "ids": ids }), places)
    }

    /// A page that the item is on.
    fn page(item: usize, ledger: &Ledger, fields: &str) -> Self {
        let number = item / 2 / PAGE;
        let places = page(number, ledger.count()).enumerate();
        Self::new(
            &format!("query($number: Int!) {{ page(number: $number) {{ {fields} }} }}"),
            &json!({ "number": number }),
            places
                .map(|(index, thing)| (format!("/page/{index}/version"), thing))
                .collect(),
        )
    }

    pub fn floors(&self, ledger: &Ledger) -> Floors {
        Floors(
            self.places
                .iter()
                .map(|(_, thing)| ledger.floor(*thing))
                .collect(),
        )
    }

    /// Every place whose version is older than its floor, not there, or from the future.
    pub fn judge(&self, floors: &Floors, answer: &[u8], ledger: &Ledger) -> Vec<Wrong> {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let places = self.places.iter().zip(&floors.0);
        let wrong = places.filter_map(|((place, thing), floor)| {
            let got = answer["data"].pointer(place).and_then(version);
            let version = ledger.version(*thing);
            let is_right = got.is_some_and(|got| (*floor..=version).contains(&got));
            (!is_right).then(|| Wrong {
                thing: *thing,
                place: place.clone(),
                floor: *floor,
                version,
                got,
            })
        });
        wrong.collect()
    }
}

fn twin(name: &str) -> &'static str {
    match name {
        "items" => "parts",
        "parts" => "items",
        "item" => "part",
        _ => "item",
    }
}

/// `7`, or the first of `"7,7"`, which have to be the same.
fn version(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => {
            let mut parts = text.split(',');
            let first = parts.next()?;
            parts
                .all(|part| part == first)
                .then(|| first.parse().ok())
                .flatten()
        }
        _ => None,
    }
}
