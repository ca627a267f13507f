//! What clients ask, and how old the answer may be.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::subgraph::{PAGE, page, slug};
use crate::who::Who;

/// A request, and where in its answer which entity's version stands.
pub struct Read {
    pub who: Who,
    pub body: String,
    places: Vec<Place>,
}

struct Place {
    pointer: String,
    thing: usize,
    says: Says,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy)]
enum Says {
    Version,
    /// Whose it is, too.
    Mine,
    /// And what else the subgraph sees of him.
    Seen,
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
    fn new(who: Who, query: &str, variables: &Value, places: Vec<Place>) -> Self {
        Self {
            who,
            body: json!({ "query": query, "variables": variables }).to_string(),
            places,
        }
    }

    /// Whether something in the answer is about who asks.
    pub fn is_personal(&self) -> bool {
        let mut places = self.places.iter();
        places.any(|place| !matches!(place.says, Says::Version))
    }

    /// Something about an entity, in one of many ways.
    pub fn about(random: &mut StdRng, thing: usize, ledger: &Ledger) -> Self {
        let is_item = thing.is_multiple_of(2);
        let (one, other) = match is_item {
            true => ("items", "part"),
            false => ("parts", "item"),
        };
        let who = Who::draw(random);
        match random.random_range(0..10) {
            0..6 => Self::entities(random, (who, thing), ledger, (one, other)),
            6 if is_item => Self::page((who, thing), ledger, "id version"),
            7 if is_item => Self::page(
                (who, thing),
                ledger,
                ["version", "mine"][random.random_range(0..2)],
            ),
            // The entity in a field of its twin.
            8 => Self::new(
                who,
                &format!(
                    "query($ids: [ID!]!) {{ {} (ids: $ids) {{ again {} {{ version }} }} }}",
                    twin(one),
                    twin(other)
                ),
                &json!({ "ids": [(thing ^ 1).to_string()] }),
                vec![
                    Place::new(format!("/{}/0/again", twin(one)), thing ^ 1),
                    Place::new(format!("/{}/0/{}/version", twin(one), twin(other)), thing),
                ],
            ),
            _ => Self::root(
                (who, thing),
                other,
                ["version", "version", "mine", "seen"][random.random_range(0..4)],
            ),
        }
    }

    fn root((who, thing): (Who, usize), other: &str, field: &str) -> Self {
        let (root, variable, value) = match thing % 2 {
            0 => ("item(id: $key)", "ID!", thing.to_string()),
            _ => ("part(slug: $key)", "String!", slug(thing)),
        };
        Self::new(
            who,
            &format!(
                "query($key: {variable}) {{ thing: {root} {{ again {field} {other} {{ id {field} }} }} }}"
            ),
            &json!({ "key": value }),
            vec![
                Place::new("/thing/again".to_owned(), thing),
                Place::new(format!("/thing/{field}"), thing),
                Place::new(format!("/thing/{other}/{field}"), thing ^ 1),
            ],
        )
    }

    /// Several, and each by its own: so that some are there and others are not, fields likewise.
    fn entities(
        random: &mut StdRng,
        (who, thing): (Who, usize),
        ledger: &Ledger,
        (one, other): (&str, &str),
    ) -> Self {
        let mut things = vec![thing];
        for _ in 0..random.random_range(0..4) {
            things.push(2 * random.random_range(0..ledger.count() / 2) + thing % 2);
        }
        let twin = format!("{other} {{ id version }}");
        let fields = match random.random_range(0..8) {
            0 => &["id version", "version"][..],
            1 => &["again", "again"],
            2 => &["version again", "version", "again"],
            3 => &["text(times: 2)", "text"],
            4 => &["again text(times: 1)", "again", "text"],
            5 => &["mine version", "mine", "version"],
            6 => &["seen mine", "seen", "mine"],
            _ => &[twin.as_str(), ""],
        };
        let places = things.iter().enumerate().flat_map(|(index, thing)| {
            fields[1..].iter().map(move |field| match field.is_empty() {
                true => Place::new(format!("/{one}/{index}/{other}/version"), thing ^ 1),
                false => Place::new(format!("/{one}/{index}/{field}"), *thing),
            })
        });
        let places = places.collect();
        let ids: Vec<String> = things.iter().map(ToString::to_string).collect();
        let query = format!("query($ids: [ID!]!) {{ {one}(ids: $ids) {{ {} }} }}", fields[0]);
        Self::new(who, &query, &json!({ "ids": ids }), places)
    }

    /// A page that the item is on.
    fn page((who, item): (Who, usize), ledger: &Ledger, fields: &str) -> Self {
        let number = item / 2 / PAGE;
        let places = page(number, ledger.count()).enumerate();
        let field = fields.rsplit(' ').next().unwrap_or_default();
        Self::new(
            who,
            &format!("query($number: Int!) {{ page(number: $number) {{ {fields} }} }}"),
            &json!({ "number": number }),
            places
                .map(|(index, thing)| Place::new(format!("/page/{index}/{field}"), thing))
                .collect(),
        )
    }

    pub fn floors(&self, ledger: &Ledger) -> Floors {
        Floors(
            self.places
                .iter()
                .map(|place| ledger.floor(place.thing))
                .collect(),
        )
    }

    /// Every place whose version is older than its floor, not there, from the future, or another client's.
    pub fn judge(&self, floors: &Floors, answer: &[u8], ledger: &Ledger) -> Vec<Wrong> {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let places = self.places.iter().zip(&floors.0);
        let wrong = places.filter_map(|(Place { pointer, thing, says }, floor)| {
            let got = answer["data"]
                .pointer(pointer)
                .and_then(|value| says.version(self.who, value));
            let version = ledger.version(*thing);
            let is_right = got.is_some_and(|got| (*floor..=version).contains(&got));
            (!is_right).then(|| Wrong {
                thing: *thing,
                place: pointer.clone(),
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

impl Place {
    fn new(pointer: String, thing: usize) -> Self {
        let says = match pointer.rsplit('/').next() {
            Some("mine") => Says::Mine,
            Some("seen") => Says::Seen,
            _ => Says::Version,
        };
        Self { pointer, thing, says }
    }
}

impl Says {
    /// `None`: there is none, or it is not for who asked.
    fn version(self, who: Who, value: &Value) -> Option<u64> {
        let rest = match self {
            Self::Version => return version(value),
            Self::Mine => value.as_str()?.strip_prefix(who.user)?,
            Self::Seen => {
                let rest = value.as_str()?.strip_prefix(who.user)?.strip_prefix('/')?;
                rest.strip_prefix(who.plan)?
            }
        };
        rest.strip_prefix(':')?.parse().ok()
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
