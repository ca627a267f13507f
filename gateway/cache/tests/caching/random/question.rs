//! A question of somebody, and what its answer must be like.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use causeway_executor::SubgraphRequest;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::Value;

use crate::setup::{With, list, root};

pub(super) const THINGS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone)]
pub(super) struct Question {
    user: &'static str,
    lang: &'static str,
    device: &'static str,
    /// `None`: all of them, from the root.
    things: Option<Vec<&'static str>>,
    fields: Arc<[Field]>,
}

struct Field {
    alias: String,
    name: &'static str,
    argument: Option<u8>,
    is_variable: bool,
    below: Vec<Field>,
}

fn pick<T: Copy>(random: &mut StdRng, all: &[T]) -> T {
    all[random.random_range(0..all.len())]
}

fn fields(random: &mut StdRng, depth: usize) -> Vec<Field> {
    let count = random.random_range(1..4);
    let names: &[&'static str] = match depth {
        0 => &["open", "open", "open", "mine", "seen", "inner", "others", "id"],
        // Below `inner`.
        _ => &["open", "open", "mine", "seen"],
    };
    let kinds: &[&'static str] = match random.random_range(0..3) {
        0 => &["open", "inner", "others", "id"],
        _ => names,
    };
    let kinds: Vec<&'static str> = kinds
        .iter()
        .copied()
        .filter(|kind| names.contains(kind))
        .collect();
    let one = |index: usize, random: &mut StdRng| {
        let name = pick(random, &kinds);
        let is_leaf = matches!(name, "open" | "mine" | "seen");
        Field {
            alias: if random.random_bool(0.6) && index == 0 {
                name.to_owned()
            } else {
                format!("x{index}")
            },
            name,
            argument: (is_leaf && random.random_bool(0.4)).then(|| random.random_range(0..2)),
            is_variable: random.random_bool(0.5),
            below: if matches!(name, "inner" | "others") {
                fields(random, 1)
            } else {
                Vec::new()
            },
        }
    };
    (0..count).map(|index| one(index, random)).collect()
}

impl Question {
    pub(super) fn new(random: &mut StdRng) -> Self {
        let things = random.random_bool(0.75).then(|| {
            let all: Vec<&'static str> = THINGS.into_iter().filter(|_| random.random_bool(0.5)).collect();
            if all.is_empty() { vec!["a"] } else { all }
        });
        Self {
            user: pick(random, &["ann", "bob"]),
            lang: pick(random, &["en", "de"]),
            device: pick(random, &["tv", "pc"]),
            things,
            fields: fields(random, 0).into(),
        }
    }

    /// The same, or about other things, by somebody.
    pub(super) fn again(&self, random: &mut StdRng) -> Self {
        let other = Self::new(random);
        Self {
            things: if random.random_bool(0.2) {
                other.things
            } else {
                self.things.clone()
            },
            fields: Arc::clone(&self.fields),
            ..other
        }
    }

    pub(super) fn request(&self) -> SubgraphRequest {
        let mut selection = String::new();
        write(&self.fields, &mut selection);
        let variables = match (selection.contains("$n0"), selection.contains("$n1")) {
            (true, true) => ("$n0:Int,$n1:Int", r#""n0":0,"n1":1"#),
            (true, false) => ("$n0:Int", r#""n0":0"#),
            (false, true) => ("$n1:Int", r#""n1":1"#),
            (false, false) => ("", ""),
        };
        let request = match &self.things {
            Some(things) => {
                let keys: Vec<String> = things.iter().map(|id| format!("Thing:{id}")).collect();
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let defined = variables.0;
                SubgraphRequest {
                    entities: vec![list("_entities", "representations", &keys)],
                    ..root(&format!(
                        "query($representations:[_Any!]!,{defined}){{_entities(representations:$representations){{...on Thing{selection}}}}}"
                    ))
                }
            }
            None if variables.0.is_empty() => root(&format!("{{things{selection}}}")),
            None => root(&format!("query({}){{things{selection}}}", variables.0)),
        };
        request
            .variables(variables.1)
            .header("x-user", self.user)
            .header("x-lang", self.lang)
            .header("x-device", self.device)
    }

    /// `floors`: versions that must be there at least, by thing.
    pub(super) fn check(&self, answer: &Value, floors: &HashMap<String, u64>) {
        let (key, things) = match &self.things {
            Some(things) => ("_entities", &things[..]),
            None => ("things", &THINGS[..]),
        };
        let found = answer["data"][key]
            .as_array()
            .unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(found.len(), things.len());
        for (found, id) in found.iter().zip(things) {
            self.check_thing(found, id, &self.fields, floors);
        }
    }

    fn check_thing(&self, found: &Value, id: &str, fields: &[Field], floors: &HashMap<String, u64>) {
        assert_eq!(
            found.as_object().map(serde_json::Map::len),
            Some(fields.len()),
            "{found}"
        );
        for field in fields {
            let value = &found[&field.alias];
            match field.name {
                "id" => assert_eq!(value, id),
                "inner" => self.check_thing(value, id, &field.below, floors),
                "others" => {
                    let at = THINGS.iter().position(|thing| *thing == id).unwrap();
                    let others = [THINGS[(at + 1) % 4], THINGS[(at + 2) % 4]];
                    for (index, other) in others.into_iter().enumerate() {
                        self.check_thing(&value[index], other, &field.below, floors);
                    }
                }
                _ => self.check_leaf(value.as_str().unwrap(), id, field, floors),
            }
        }
    }

    fn check_leaf(&self, value: &str, id: &str, field: &Field, floors: &HashMap<String, u64>) {
        let argument = field
            .argument
            .map_or(String::new(), |argument| argument.to_string());
        let (lang, user, device) = (self.lang, self.user, self.device);
        let who = match field.name {
            "open" => lang.to_owned(),
            "mine" => format!("{lang} {user}"),
            _ => format!("{lang} {user} {device}"),
        };
        let mut parts = value.splitn(4, ' ');
        assert_eq!(parts.next(), Some(&*format!("{}({argument})", field.name)));
        assert_eq!(parts.next(), Some(id));
        let version: u64 = parts.next().unwrap().parse().unwrap();
        assert!(
            version >= floors.get(id).copied().unwrap_or(0),
            "{value} had ended: {floors:?}"
        );
        assert_eq!(parts.next(), Some(&*who), "it is somebody else's");
    }
}

fn write(fields: &[Field], out: &mut String) {
    out.push('{');
    for field in fields {
        let _ = write!(out, "{}:{}", field.alias, field.name);
        match field.argument {
            Some(argument) if field.is_variable => {
                let _ = write!(out, "(n:$n{argument})");
            }
            Some(argument) => {
                let _ = write!(out, "(n:{argument})");
            }
            None => {}
        }
        if !field.below.is_empty() {
            write(&field.below, out);
        }
        out.push(' ');
    }
    out.push('}');
}
