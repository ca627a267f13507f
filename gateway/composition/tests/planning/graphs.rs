//! Random sets of subgraphs that mostly compose: entities with keys of all kinds, value types, interfaces, unions, interface
//! objects, and fields that are shared, required, provided and overridden.
//!
//! A universe is drawn first (which types there are, which fields, of which type), then split over subgraphs, so that what two
//! subgraphs say of one element fits together.

use super::choices::Choices;
use super::universe::{Universe, WRAPS, field, universe};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// One subgraph's SDL in the making: type -> (head, field -> text).
#[derive(Default)]
struct Draft {
    types: BTreeMap<String, Def>,
    queries: BTreeMap<String, String>,
    mutations: BTreeMap<String, String>,
}

#[derive(Default)]
struct Def {
    head: String,
    directives: BTreeSet<String>,
    implements: bool,
    fields: BTreeMap<String, String>,
}

/// (name, SDL) of each subgraph.
pub(crate) fn subgraphs(choices: &mut Choices<'_>) -> Vec<(String, String)> {
    let universe = universe(choices);
    let mut drafts: Vec<Draft> = (0..universe.subgraphs).map(|_| Draft::default()).collect();
    for (index, draft) in drafts.iter_mut().enumerate() {
        let mut split = Split {
            universe: &universe,
            choices,
            draft,
            index,
        };
        split.fill();
    }
    drafts
        .iter()
        .enumerate()
        .map(|(index, draft)| (NAMES[index].to_owned(), print(draft)))
        .collect()
}

struct Split<'a, 'b, 'c> {
    universe: &'a Universe,
    choices: &'b mut Choices<'c>,
    draft: &'a mut Draft,
    index: usize,
}

impl Split<'_, '_, '_> {
    fn fill(&mut self) {
        for (number, entity) in self.universe.entities.iter().enumerate() {
            if entity.owners.iter().any(|owners| owners.contains(&self.index)) {
                self.stub(number, true);
            }
        }
        for (number, entity) in self.universe.entities.iter().enumerate() {
            if entity.owners.iter().any(|owners| owners.contains(&self.index)) {
                self.entity(number);
            }
        }
        if self.universe.interface_object == Some(self.index) {
            let def = self.draft.types.entry("Node".to_owned()).or_default();
            def.head = "type Node @key(fields: \"id\") @interfaceObject".to_owned();
            def.fields.insert("id".to_owned(), "id: ID!".to_owned());
            def.fields.insert("extra".to_owned(), "extra: Int".to_owned());
            if self.choices.chance(30) {
                def.fields
                    .insert("name".to_owned(), "name: String @external".to_owned());
                def.fields.insert(
                    "shout".to_owned(),
                    "shout: String @requires(fields: \"name\")".to_owned(),
                );
            }
        }
        // Somebody must know the interface's types.
        if self.universe.interface_object == Some((self.index + 1) % self.universe.subgraphs) {
            self.reference("Node");
        }
        self.roots();
    }

    fn roots(&mut self) {
        let mut types: Vec<String> = (0..self.universe.entities.len())
            .map(|at| format!("E{at}"))
            .collect();
        if !self.universe.node.is_empty() {
            types.push("Node".to_owned());
        }
        if !self.universe.union.is_empty() {
            types.push("Any".to_owned());
        }
        types.extend((0..self.universe.values.len()).map(|at| format!("V{at}")));
        let here = self.index;
        let minimum = usize::from(here == 0);
        for number in 0..minimum + self.choices.below(3) {
            let named = self.choices.pick(&types).clone();
            let mut root = field(&format!("q{here}{number}"), &named, WRAPS[self.choices.below(3)]);
            root.argument = self.choices.chance(20);
            if self.reference(&named) {
                self.draft.queries.insert(root.name.clone(), root.head());
            }
        }
        if self.choices.chance(25) && self.reference("E0") {
            self.draft
                .queries
                .insert("shared".to_owned(), "shared: E0 @shareable".to_owned());
        }
        if self.choices.chance(20) && self.reference("E0") {
            self.draft
                .mutations
                .insert(format!("m{here}"), format!("m{here}(n: Int): E0"));
        }
    }

    /// The keys and the fields that this subgraph answers.
    fn entity(&mut self, number: usize) {
        self.stub(number, true);
        let entity = &self.universe.entities[number];
        for (at, field) in entity.fields.iter().enumerate() {
            let owners = &entity.owners[at];
            if !owners.contains(&self.index) || !self.reference(&field.named) {
                continue;
            }
            let mut text = field.head();
            // Shared fields need not agree on being null.
            if owners.len() > 1 && !text.ends_with('!') && self.choices.chance(20) {
                text.push('!');
            }
            // A field that another subgraph may provide is shared, too.
            if owners.len() > 1 || field.named == "Int" {
                text.push_str(" @shareable");
            }
            if owners.len() > 1 {
                if owners[0] == self.index && self.choices.chance(25) && owners.len() == 2 {
                    let label = match self.choices.chance(60) {
                        true => ["percent(50)", "one", "two"][self.choices.below(3)],
                        false => "",
                    };
                    let label = if label.is_empty() {
                        String::new()
                    } else {
                        format!(", label: \"{label}\"")
                    };
                    write!(text, " @override(from: \"{}\"{label})", NAMES[owners[1]]).unwrap();
                }
            } else if self.choices.chance(25) {
                text.push_str(&self.requires(number, at));
            }
            if self.choices.chance(25) {
                text.push_str(&self.provides(&field.named));
            }
            self.define(number, &field.name, text);
        }
    }

    fn define(&mut self, number: usize, name: &str, text: String) {
        let def = self
            .draft
            .types
            .get_mut(&format!("E{number}"))
            .expect("the stub was made");
        def.fields.insert(name.to_owned(), text);
    }

    /// `@requires` of other fields of the entity, which become external here.
    fn requires(&mut self, number: usize, except: usize) -> String {
        let entity = &self.universe.entities[number];
        let mut wanted = Vec::new();
        for (at, field) in entity.fields.iter().enumerate() {
            let foreign = at != except && !entity.owners[at].contains(&self.index);
            if !foreign || !self.choices.chance(40) || !self.reference(&field.named) {
                continue;
            }
            wanted.push(match field.named.as_str() {
                "Int" => field.name.clone(),
                "Any" => {
                    let member = self.members()[0];
                    format!("{} {{ ... on E{member} {{ id }} }}", field.name)
                }
                named if named.starts_with('V') => format!("{} {{ x }}", field.name),
                _ => format!("{} {{ id }}", field.name),
            });
            self.define(number, &field.name, format!("{} @external", field.head()));
        }
        if wanted.is_empty() {
            String::new()
        } else {
            format!(" @requires(fields: \"{}\")", wanted.join(" "))
        }
    }

    /// `@provides` of a scalar field of the entity that a field leads to.
    fn provides(&mut self, named: &str) -> String {
        let Some(number) = named
            .strip_prefix('E')
            .and_then(|text| text.parse::<usize>().ok())
        else {
            return String::new();
        };
        let entity = &self.universe.entities[number];
        let foreign: Vec<usize> = (0..entity.fields.len())
            .filter(|at| {
                entity.fields[*at].named == "Int"
                    && !entity.fields[*at].argument
                    && !entity.owners[*at].contains(&self.index)
            })
            .collect();
        if foreign.is_empty() {
            return String::new();
        }
        let field = &entity.fields[*self.choices.pick(&foreign)];
        self.define(number, &field.name, format!("{} @external", field.head()));
        format!(" @provides(fields: \"{}\")", field.name)
    }

    /// Makes sure that a type can be named here; false when it cannot.
    fn reference(&mut self, named: &str) -> bool {
        match named {
            "Int" | "String" => return true,
            "Node" if self.draft.types.contains_key("Node") => return true,
            "Node" if self.universe.interface_object == Some(self.index) => return true,
            "Node" => self.node(),
            "Any" if self.draft.types.contains_key("Any") => return true,
            "Any" => {
                if self.universe.interface_object == Some(self.index)
                    && self
                        .universe
                        .union
                        .iter()
                        .any(|member| self.universe.node.contains(member))
                {
                    return false;
                }
                let members = self.members();
                let names: Vec<String> = members.iter().map(|member| format!("E{member}")).collect();
                let def = self.draft.types.entry("Any".to_owned()).or_default();
                def.head = format!("union Any = {}", names.join(" | "));
                members.iter().for_each(|member| self.stub(*member, false));
            }
            _ => {
                let number: usize = named[1..].parse().expect("a numbered type");
                if named.starts_with('V') {
                    return self.value(number);
                }
                if self.universe.interface_object == Some(self.index) && self.universe.node.contains(&number)
                {
                    return false;
                }
                self.stub(number, false);
            }
        }
        true
    }

    /// The union's members here: those named in the union where it is already there, else drawn.
    fn members(&mut self) -> Vec<usize> {
        if let Some(def) = self.draft.types.get("Any") {
            return def
                .head
                .matches(char::is_numeric)
                .filter_map(|number| number.parse().ok())
                .collect();
        }
        if self.choices.chance(30) {
            self.choices.some_of(&self.universe.union, 50)
        } else {
            self.universe.union.clone()
        }
    }

    fn node(&mut self) {
        let entity = self.universe.interface_object.is_some();
        let def = self.draft.types.entry("Node".to_owned()).or_default();
        let key = if entity { " @key(fields: \"id\")" } else { "" };
        def.head = format!("interface Node{key}");
        def.fields.insert("id".to_owned(), "id: ID!".to_owned());
        def.fields.insert("name".to_owned(), "name: String".to_owned());
        for number in &self.universe.node {
            let strict = self.choices.chance(20);
            self.stub(*number, true);
            let def = self
                .draft
                .types
                .get_mut(&format!("E{number}"))
                .expect("the stub was made");
            def.implements = true;
            let name = if strict {
                "name: String! @shareable"
            } else {
                "name: String @shareable"
            };
            def.fields.insert("name".to_owned(), name.to_owned());
            if entity {
                def.directives.insert("@key(fields: \"id\")".to_owned());
            }
        }
    }

    fn value(&mut self, number: usize) -> bool {
        let name = format!("V{number}");
        if self.draft.types.contains_key(&name) {
            return true;
        }
        let def = self.draft.types.entry(name.clone()).or_default();
        def.head = format!("type {name} @shareable");
        for field in &self.universe.values[number] {
            if self.reference(&field.named) {
                let def = self.draft.types.get_mut(&name).expect("made above");
                def.fields.insert(field.name.clone(), field.head());
            }
        }
        true
    }

    /// The entity with its keys; where its fields are answered (`full`), keys of all kinds, else a reference.
    fn stub(&mut self, number: usize, full: bool) {
        let name = format!("E{number}");
        if self
            .draft
            .types
            .get(&name)
            .is_some_and(|def| !full || !def.head.is_empty())
            && !full
        {
            return;
        }
        let fresh = !self.draft.types.contains_key(&name);
        let keys: Vec<String> = if !fresh {
            Vec::new()
        } else if full {
            let mut kinds = vec!["id", "sku", "id sku"];
            if !self.universe.values.is_empty() {
                kinds.extend(["v { x }", "id v { x y }"]);
            }
            let first = if self.choices.chance(40) {
                *self.choices.pick(&kinds)
            } else {
                "id"
            };
            let mut keys = vec![first.to_owned()];
            if self.choices.chance(50) {
                keys.push((*self.choices.pick(&kinds)).to_owned());
            }
            keys.dedup();
            keys
        } else {
            vec![(*self.choices.pick(&["id", "id", "sku"])).to_owned()]
        };
        let resolvable = full || self.choices.chance(30);
        let def = self.draft.types.entry(name.clone()).or_default();
        def.head = format!("type {name}");
        def.fields
            .insert("id".to_owned(), "id: ID! @shareable".to_owned());
        let mut values = false;
        for (at, key) in keys.iter().enumerate() {
            let off = if resolvable && (at == 0 || !self.choices.chance(20)) {
                ""
            } else {
                ", resolvable: false"
            };
            def.directives.insert(format!("@key(fields: \"{key}\"{off})"));
            if key.contains("sku") {
                def.fields
                    .insert("sku".to_owned(), "sku: String @shareable".to_owned());
            }
            values |= key.contains('v');
        }
        if values {
            def.fields.insert("v".to_owned(), "v: V0 @shareable".to_owned());
            self.value(0);
        }
    }
}

fn print(draft: &Draft) -> String {
    let mut sdl = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@key\", \"@shareable\", \
                   \"@external\", \"@requires\", \"@provides\", \"@override\", \"@interfaceObject\"])\n"
        .to_owned();
    for (root, fields) in [("Query", &draft.queries), ("Mutation", &draft.mutations)] {
        if !fields.is_empty() {
            let fields: Vec<&str> = fields.values().map(String::as_str).collect();
            writeln!(sdl, "type {root} {{\n  {}\n}}", fields.join("\n  ")).unwrap();
        }
    }
    for def in draft.types.values() {
        sdl.push_str(&def.head);
        if def.implements {
            sdl.push_str(" implements Node");
        }
        for directive in &def.directives {
            write!(sdl, " {directive}").unwrap();
        }
        if !def.fields.is_empty() {
            let fields: Vec<&str> = def.fields.values().map(String::as_str).collect();
            write!(sdl, " {{\n  {}\n}}", fields.join("\n  ")).unwrap();
        }
        sdl.push('\n');
    }
    sdl
}
