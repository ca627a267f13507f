//! The whole graph, before it is split.

use super::super::choices::Choices;

pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];
/// A member of the union that clients do not see.
pub(super) const HIDDEN: &str = "Hidden";
const WRAPS: [(&str, &str); 6] = [
    ("", ""),
    ("", "!"),
    ("[", "]"),
    ("[", "!]!"),
    ("[", "]!"),
    ("[[", "]!]"),
];

pub(super) struct Universe {
    pub(super) subgraphs: usize,
    /// By subgraph.
    pub(super) is_v1: Vec<bool>,
    pub(super) entities: Vec<Entity>,
    pub(super) values: Vec<ValueType>,
    /// Entities, by index, that implement `Node`; empty: there is no such interface.
    pub(super) node: Vec<usize>,
    /// The subgraph that knows `Node` as an interface object.
    pub(super) interface_object: Option<usize>,
    /// Type names of the members of the union `Any`; empty: there is none.
    pub(super) union: Vec<String>,
    /// Type names that implement the keyless `Thing`; empty: there is none.
    pub(super) thing: Vec<String>,
    /// Values of the enum `Color`, by subgraph.
    pub(super) colors: Vec<Vec<&'static str>>,
    /// Some objects have no `sku`, though it is a key.
    pub(super) has_null_keys: bool,
}

pub(super) struct Entity {
    /// Key field sets that this entity may have, beside `id`.
    pub(super) keys: Vec<&'static str>,
    pub(super) fields: Vec<Field>,
}

pub(super) struct ValueType {
    pub(super) fields: Vec<Field>,
}

#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) named: String,
    pub(super) wrap: (&'static str, &'static str),
    pub(super) has_argument: bool,
    /// Subgraphs that answer it.
    pub(super) owners: Vec<usize>,
}

impl Field {
    pub(super) fn head(&self) -> String {
        let argument = if self.has_argument {
            "(n: Int = 1, s: String, in: In)"
        } else {
            ""
        };
        format!(
            "{}{argument}: {}{}{}",
            self.name, self.wrap.0, self.named, self.wrap.1
        )
    }

    pub(super) fn is_leaf(&self) -> bool {
        is_leaf(&self.named)
    }

    pub(super) fn owned_by(&self, subgraph: usize) -> bool {
        self.owners.contains(&subgraph)
    }
}

pub(super) fn is_leaf(named: &str) -> bool {
    matches!(named, "Int" | "String" | "Boolean" | "ID" | "Color")
}

impl Universe {
    pub(super) fn draw(choices: &mut Choices<'_>) -> Self {
        let subgraphs = 2 + choices.below(3);
        let is_v1: Vec<bool> = (0..subgraphs).map(|_| choices.chance(20)).collect();
        let entity_count = 1 + choices.below(4);
        let value_count = choices.below(3);
        let indexes: Vec<usize> = (0..entity_count).collect();
        let node = if choices.chance(45) {
            choices.some_of(&indexes, 60)
        } else {
            Vec::new()
        };
        let v2: Vec<usize> = (0..subgraphs).filter(|index| !is_v1[*index]).collect();
        let interface_object =
            (!node.is_empty() && !v2.is_empty() && choices.chance(50)).then(|| *choices.pick(&v2));
        let mut objects: Vec<String> = indexes.iter().map(|index| format!("E{index}")).collect();
        objects.extend((0..value_count).map(|index| format!("V{index}")));
        let union = if choices.chance(40) {
            let mut members = choices.some_of(&objects, 60);
            if choices.chance(20) {
                members.push(HIDDEN.to_owned());
            }
            members
        } else {
            Vec::new()
        };
        let thing = if choices.chance(35) {
            choices.some_of(&objects, 60)
        } else {
            Vec::new()
        };
        let mut named = objects.clone();
        for (name, exists) in [
            ("Node", !node.is_empty()),
            ("Any", !union.is_empty()),
            ("Thing", !thing.is_empty()),
        ] {
            if exists {
                named.push(name.to_owned());
            }
        }
        let mut universe = Self {
            subgraphs,
            is_v1,
            entities: Vec::new(),
            values: Vec::new(),
            node,
            interface_object,
            union,
            thing,
            colors: Vec::new(),
            has_null_keys: false,
        };
        for index in 0..value_count {
            let value = universe.value(choices, index, &named);
            universe.values.push(value);
        }
        for index in 0..entity_count {
            let entity = universe.entity(choices, index, &named);
            universe.entities.push(entity);
        }
        universe.has_null_keys = choices.chance(10);
        let has_secret = choices.chance(15);
        for _ in 0..subgraphs {
            let mut values = vec!["RED"];
            values.extend(["GREEN", "BLUE"].into_iter().filter(|_| !choices.chance(15)));
            values.extend(has_secret.then_some("SECRET @inaccessible"));
            universe.colors.push(values);
        }
        universe
    }

    fn value(&self, choices: &mut Choices<'_>, index: usize, named: &[String]) -> ValueType {
        let all: Vec<usize> = (0..self.subgraphs).collect();
        let is_partial = choices.chance(25);
        let mut fields = vec![field("x", "Int"), field("y", "String")];
        if choices.chance(50) {
            let mut made = field("of", choices.pick::<String>(named));
            made.wrap = WRAPS[choices.below(3)];
            // A value of its own type without an end cannot be.
            if made.wrap.1 == "!" && !made.named.starts_with('E') {
                made.wrap = WRAPS[0];
            }
            fields.push(made);
        }
        if index > 0 && choices.chance(30) {
            fields.push(field("deep", "V0"));
        }
        for field in &mut fields {
            field.owners = if is_partial && field.name != "x" {
                choices.some_of(&all, 60)
            } else {
                all.clone()
            };
        }
        ValueType { fields }
    }

    fn entity(&self, choices: &mut Choices<'_>, index: usize, named: &[String]) -> Entity {
        let homes: Vec<usize> = (0..self.subgraphs)
            .filter(|home| !(self.node.contains(&index) && self.interface_object == Some(*home)))
            .collect();
        let mut keys = Vec::new();
        for (key, chance) in [
            ("sku", 35),
            ("id sku", 15),
            ("org { code }", 15),
            ("sku org { code }", 10),
        ] {
            if choices.chance(chance) {
                keys.push(key);
            }
        }
        let mut fields = Vec::new();
        for number in 0..1 + choices.below(6) {
            let named = if choices.chance(50) {
                choices.pick(named).clone()
            } else {
                (*choices.pick(&["Int", "String", "Boolean", "Color"])).to_owned()
            };
            let mut made = field(&format!("f{number}"), &named);
            made.wrap = *choices.pick(&WRAPS);
            made.has_argument = choices.chance(18);
            made.owners = if choices.chance(30) {
                // Federation 1 has no way to say that a field is shared.
                let mut owners = choices.some_of(&homes, 50);
                let modern: Vec<usize> = owners
                    .iter()
                    .copied()
                    .filter(|owner| !self.is_v1[*owner])
                    .collect();
                if owners.len() > 1 {
                    owners = if modern.is_empty() {
                        vec![owners[0]]
                    } else {
                        modern
                    };
                }
                owners
            } else {
                vec![*choices.pick(&homes)]
            };
            fields.push(made);
        }
        Entity { keys, fields }
    }
}

pub(super) fn field(name: &str, named: &str) -> Field {
    Field {
        name: name.to_owned(),
        named: named.to_owned(),
        wrap: WRAPS[0],
        has_argument: false,
        owners: Vec::new(),
    }
}

pub(super) fn wrap(choices: &mut Choices<'_>) -> (&'static str, &'static str) {
    WRAPS[choices.below(3)]
}
