//! Small random graphs with an operation each, as plain tables.

use std::{collections::BTreeMap, fmt::Write};

use crate::random::Choices;

/// Fields of one operation.
const FIELDS: usize = 8;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.9\", import: [\"@key\", \"@shareable\", \
                    \"@external\", \"@requires\", \"@provides\"])\n";

/// A graph and an operation on it.
#[derive(Debug)]
pub struct Case {
    pub subgraphs: usize,
    /// The last one is `Query`.
    pub types: Vec<Type>,
    /// What the operation asks for; the first is the root.
    pub places: Vec<Place>,
}

#[derive(Debug, Default)]
pub struct Type {
    pub name: String,
    pub fields: Vec<Field>,
    /// (key fields by index, resolvable) by subgraph.
    pub keys: Vec<Vec<(Vec<usize>, bool)>>,
}

#[derive(Debug, Clone, Default)]
pub struct Field {
    pub name: String,
    /// The type that it leads to; `None`: a leaf.
    pub to: Option<usize>,
    pub owners: Vec<Owner>,
}

/// A subgraph that answers a field.
#[derive(Debug, Clone, Default)]
pub struct Owner {
    pub subgraph: usize,
    /// Leaves of the same type that must be sent with the entity.
    pub requires: Vec<usize>,
    /// Leaves of the type that the field leads to.
    pub provides: Vec<usize>,
}

/// An object in the operation.
#[derive(Debug)]
pub struct Place {
    pub ty: usize,
    /// Indexes of its leaves.
    pub leaves: Vec<usize>,
    /// Field and place.
    pub children: Vec<(usize, usize)>,
}

impl Type {
    fn owned(&self, field: usize, subgraph: usize) -> bool {
        self.fields[field].owner(subgraph).is_some()
    }

    fn is_key(&self, field: usize, subgraph: usize) -> bool {
        self.keys[subgraph].iter().any(|(key, _)| key.contains(&field))
    }

    /// Whether the subgraph says anything of the type.
    fn known_in(&self, subgraph: usize) -> bool {
        (0..self.fields.len()).any(|field| self.owned(field, subgraph))
    }
}

impl Field {
    /// A leaf that somebody answers.
    fn is_leaf(&self) -> bool {
        self.to.is_none() && !self.owners.is_empty()
    }

    pub fn owner(&self, subgraph: usize) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.subgraph == subgraph)
    }
}

impl Case {
    /// `None` when the graph has no root field.
    pub fn draw(tape: &[u8]) -> Option<Self> {
        let mut choices = Choices::new(tape);
        let subgraphs = 2 + choices.below(3);
        let entities = 1 + choices.below(3);
        let values = usize::from(choices.chance(25));
        let mut types: Vec<Type> = (0..entities)
            .map(|number| entity(&mut choices, subgraphs, number))
            .collect();
        types.extend((0..values).map(|_| value(&mut choices, subgraphs)));
        links(&mut choices, subgraphs, &mut types);
        conditions(&mut choices, &mut types);
        types.push(query(&mut choices, subgraphs, &types));
        if types.last().is_none_or(|query| query.fields.is_empty()) {
            return None;
        }
        let mut case = Self {
            subgraphs,
            types,
            places: Vec::new(),
        };
        let mut left = FIELDS;
        case.place(&mut choices, case.types.len() - 1, 4, &mut left);
        Some(case)
    }

    /// (name, SDL) of each subgraph.
    pub fn sdl(&self) -> Vec<(String, String)> {
        (0..self.subgraphs)
            .map(|subgraph| {
                let types = (0..self.types.len()).filter_map(|ty| self.print_type(ty, subgraph));
                let sdl = types.fold(LINK.to_owned(), |sdl, ty| sdl + &ty);
                (NAMES[subgraph].to_owned(), sdl)
            })
            .collect()
    }

    pub fn operation(&self) -> String {
        let mut text = String::new();
        self.print_place(0, &mut text);
        text
    }

    fn print_type(&self, ty: usize, subgraph: usize) -> Option<String> {
        let found = &self.types[ty];
        let external = self.external(ty, subgraph);
        let mut lines = Vec::new();
        for (index, field) in found.fields.iter().enumerate() {
            let mut line = format!(
                "{}: {}",
                field.name,
                field.to.map_or("Int", |to| &self.types[to].name)
            );
            match field.owner(subgraph) {
                Some(owner) => {
                    line.push_str(" @shareable");
                    for (name, of, set) in [
                        ("requires", ty, &owner.requires),
                        ("provides", field.to.unwrap_or(ty), &owner.provides),
                    ] {
                        if !set.is_empty() {
                            let names: Vec<&str> = set
                                .iter()
                                .map(|leaf| &*self.types[of].fields[*leaf].name)
                                .collect();
                            write!(line, " @{name}(fields: \"{}\")", names.join(" "))
                                .expect("a string takes all");
                        }
                    }
                }
                None if external.contains(&index) => line.push_str(" @external"),
                None => continue,
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return None;
        }
        let mut head = format!("type {}", found.name);
        for (key, resolvable) in &found.keys[subgraph] {
            let names: Vec<&str> = key.iter().map(|field| &*found.fields[*field].name).collect();
            let off = if *resolvable { "" } else { ", resolvable: false" };
            write!(head, " @key(fields: \"{}\"{off})", names.join(" ")).expect("a string takes all");
        }
        Some(format!("{head} {{ {} }}\n", lines.join(" ")))
    }

    /// Leaves that the subgraph names in `@requires` and `@provides` only.
    fn external(&self, ty: usize, subgraph: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for (index, other) in self.types.iter().enumerate() {
            for field in &other.fields {
                let Some(owner) = field.owner(subgraph) else {
                    continue;
                };
                if index == ty {
                    found.extend(&owner.requires);
                }
                if field.to == Some(ty) {
                    found.extend(&owner.provides);
                }
            }
        }
        found
    }

    /// Adds a place; gives its index.
    fn place(&mut self, choices: &mut Choices<'_>, ty: usize, depth: usize, left: &mut usize) -> usize {
        let index = self.places.len();
        self.places.push(Place {
            ty,
            leaves: Vec::new(),
            children: Vec::new(),
        });
        let fields = &self.types[ty].fields;
        let leaves: Vec<usize> = (0..fields.len())
            .filter(|field| fields[*field].is_leaf())
            .collect();
        let links: Vec<usize> = (0..fields.len())
            .filter(|field| fields[*field].to.is_some())
            .collect();
        if !leaves.is_empty() {
            let chosen = choices.some_of(&leaves, 45);
            *left = left.saturating_sub(chosen.len());
            self.places[index].leaves = chosen;
        }
        let wanted = if leaves.is_empty() {
            choices.some_of(&links, 45)
        } else {
            links.into_iter().filter(|_| choices.chance(50)).collect()
        };
        for link in wanted {
            // Room for the link and a leaf below it; a root must have one.
            if depth == 0 || (*left < 2 && !(index == 0 && self.places[0].children.is_empty())) {
                break;
            }
            *left = left.saturating_sub(1);
            let to = self.types[ty].fields[link].to.expect("a link leads somewhere");
            let child = self.place(choices, to, depth - 1, left);
            self.places[index].children.push((link, child));
        }
        index
    }

    fn print_place(&self, index: usize, text: &mut String) {
        let place = &self.places[index];
        let fields = &self.types[place.ty].fields;
        text.push_str("{ ");
        for leaf in &place.leaves {
            text.push_str(&fields[*leaf].name);
            text.push(' ');
        }
        for (link, child) in &place.children {
            text.push_str(&fields[*link].name);
            text.push(' ');
            self.print_place(*child, text);
        }
        text.push_str("} ");
    }
}

fn entity(choices: &mut Choices<'_>, subgraphs: usize, number: usize) -> Type {
    let mut ty = Type {
        name: format!("E{number}"),
        fields: vec![leaf("id"), leaf("sku"), leaf("zip")],
        keys: vec![Vec::new(); subgraphs],
    };
    for subgraph in 0..subgraphs {
        if choices.chance(10) {
            continue;
        }
        let candidates: [&[usize]; 5] = [&[0], &[0], &[1], &[1, 2], &[0, 2]];
        let mut keys = vec![*choices.pick(&candidates)];
        if choices.chance(35) {
            keys.push(*choices.pick(&candidates));
        }
        keys.dedup();
        for key in keys {
            ty.keys[subgraph].push((key.to_vec(), !choices.chance(12)));
        }
        for field in 0..3 {
            if ty.is_key(field, subgraph) || choices.chance(15) {
                own(&mut ty.fields[field], subgraph);
            }
        }
    }
    for leaf_number in 0..1 + choices.below(4) {
        let mut field = leaf(&format!("f{leaf_number}"));
        owners(choices, subgraphs, &mut field);
        ty.fields.push(field);
    }
    ty
}

fn value(choices: &mut Choices<'_>, subgraphs: usize) -> Type {
    let mut ty = Type {
        name: "V".to_owned(),
        fields: Vec::new(),
        keys: vec![Vec::new(); subgraphs],
    };
    for number in 0..1 + choices.below(3) {
        let mut field = leaf(&format!("v{number}"));
        owners(choices, subgraphs, &mut field);
        ty.fields.push(field);
    }
    ty
}

/// Fields between the types.
fn links(choices: &mut Choices<'_>, subgraphs: usize, types: &mut [Type]) {
    for from in 0..types.len() {
        for number in 0..choices.below(3) {
            let to = choices.below(types.len());
            let mut field = leaf(&format!("to{number}"));
            field.to = Some(to);
            owners(choices, subgraphs, &mut field);
            field.owners.retain(|owner| types[to].known_in(owner.subgraph));
            if !field.owners.is_empty() {
                types[from].fields.push(field);
            }
        }
    }
}

/// `@requires` and `@provides`.
fn conditions(choices: &mut Choices<'_>, types: &mut [Type]) {
    for ty in 0..types.len() {
        for field in 0..types[ty].fields.len() {
            let found = &types[ty].fields[field];
            let to = found.to;
            for at in 0..found.owners.len() {
                let subgraph = types[ty].fields[field].owners[at].subgraph;
                let foreign = |of: usize| -> Vec<usize> {
                    let leaves = (0..types[of].fields.len()).filter(|leaf| types[of].fields[*leaf].is_leaf());
                    leaves.filter(|leaf| !types[of].owned(*leaf, subgraph)).collect()
                };
                let is_entity = types[ty].keys[subgraph].iter().any(|(_, resolvable)| *resolvable);
                let is_key = types[ty].is_key(field, subgraph);
                let requires = foreign(ty);
                if is_entity && !is_key && !requires.is_empty() && choices.chance(25) {
                    types[ty].fields[field].owners[at].requires = choices.some_of(&requires, 30);
                    continue;
                }
                let provides = to.map(foreign).unwrap_or_default();
                if !provides.is_empty() && choices.chance(20) {
                    types[ty].fields[field].owners[at].provides = choices.some_of(&provides, 30);
                }
            }
        }
    }
}

fn query(choices: &mut Choices<'_>, subgraphs: usize, types: &[Type]) -> Type {
    let mut query = Type {
        name: "Query".to_owned(),
        fields: Vec::new(),
        keys: vec![Vec::new(); subgraphs],
    };
    for (to, ty) in types.iter().enumerate() {
        let mut field = leaf(&format!("q{to}"));
        field.to = Some(to);
        owners(choices, subgraphs, &mut field);
        field.owners.retain(|owner| ty.known_in(owner.subgraph));
        if !field.owners.is_empty() && (query.fields.is_empty() || choices.chance(60)) {
            query.fields.push(field);
        }
    }
    query
}

fn leaf(name: &str) -> Field {
    Field {
        name: name.to_owned(),
        ..Field::default()
    }
}

fn own(field: &mut Field, subgraph: usize) {
    if field.owner(subgraph).is_none() {
        field.owners.push(Owner {
            subgraph,
            ..Owner::default()
        });
    }
}

fn owners(choices: &mut Choices<'_>, subgraphs: usize, field: &mut Field) {
    let all: Vec<usize> = (0..subgraphs).collect();
    let chosen = if choices.chance(50) {
        vec![*choices.pick(&all)]
    } else {
        choices.some_of(&all, 45)
    };
    chosen.into_iter().for_each(|subgraph| own(field, subgraph));
}

/// Types by name that the report needs.
impl Case {
    /// How large it is, to tell small examples from large ones.
    pub fn size(&self) -> usize {
        let sdl: usize = self.sdl().iter().map(|(_, sdl)| sdl.len() - LINK.len()).sum();
        sdl + self.operation().len()
    }

    /// Subgraphs and operation, to be read.
    pub fn print(&self) -> String {
        let sdl: BTreeMap<String, String> = self.sdl().into_iter().collect();
        let mut text = String::new();
        for (name, sdl) in sdl {
            let types = &sdl[LINK.len()..];
            write!(text, "# {name}\n{}", types.replace(" @shareable", "")).expect("a string takes all");
        }
        text + &self.operation()
    }
}
