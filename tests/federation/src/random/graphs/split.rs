//! One subgraph's part of the universe.

use std::fmt::Write;

use super::{
    super::choices::Choices,
    sdl::{Draft, FieldDraft, Kind, TypeDraft},
    universe::{Field, HIDDEN, NAMES, Universe, field, is_leaf, wrap},
};

pub(super) fn draft(universe: &Universe, choices: &mut Choices<'_>, index: usize) -> Draft {
    let mut split = Split {
        universe,
        choices,
        draft: Draft {
            is_v1: universe.is_v1[index],
            ..Draft::default()
        },
        index,
    };
    split.fill();
    split.draft
}

struct Split<'a, 'b, 'c> {
    universe: &'a Universe,
    choices: &'b mut Choices<'c>,
    draft: Draft,
    index: usize,
}

impl Split<'_, '_, '_> {
    fn fill(&mut self) {
        for number in 0..self.universe.entities.len() {
            let fields = &self.universe.entities[number].fields;
            if fields.iter().any(|field| field.owned_by(self.index)) {
                self.entity(number);
            }
        }
        if self.is_interface_object() {
            self.interface_object();
        } else if self.universe.interface_object == Some((self.index + 1) % self.universe.subgraphs) {
            // Somebody must know the interface's types.
            self.reference("Node");
        }
        self.roots();
        self.input();
    }

    /// The input type, where an argument has it.
    fn input(&mut self) {
        let mut fields = self.draft.types.values().flat_map(|ty| ty.fields.values());
        if !fields.any(|field| field.head.contains("in: In")) {
            return;
        }
        let ty = self.ty("In");
        ty.kind = Kind::Input;
        put(ty, "a", "a: Int = 2");
        put(ty, "b", "b: [Int!]");
        put(ty, "c", "c: In");
    }

    fn is_interface_object(&self) -> bool {
        self.universe.interface_object == Some(self.index)
    }

    fn ty(&mut self, name: &str) -> &mut TypeDraft {
        self.draft.types.entry(name.to_owned()).or_default()
    }

    fn interface_object(&mut self) {
        let required = self.choices.chance(40);
        let composite = self.choices.chance(40) && self.reference("E0");
        let ty = self.ty("Node");
        ty.kind = Kind::InterfaceObject;
        ty.keys = vec![("id".to_owned(), true)];
        put(ty, "id", "id: ID!");
        put(ty, "extra", "extra(n: Int): Int");
        if composite {
            put(ty, "extraLink", "extraLink: [E0]");
        }
        if required {
            put(ty, "name", "name: String").is_external = true;
            put(ty, "shout", "shout: String").requires = Some("name".to_owned());
        }
    }

    fn roots(&mut self) {
        let mut types: Vec<String> = (0..self.universe.entities.len())
            .map(|at| format!("E{at}"))
            .collect();
        types.extend((0..self.universe.values.len()).map(|at| format!("V{at}")));
        let abstracts = [
            ("Node", !self.universe.node.is_empty()),
            ("Any", !self.universe.union.is_empty()),
            ("Thing", !self.universe.thing.is_empty()),
        ];
        types.extend(
            abstracts
                .iter()
                .filter(|(_, exists)| *exists)
                .map(|(name, _)| (*name).to_owned()),
        );
        let here = self.index;
        let minimum = usize::from(here == 0);
        for number in 0..minimum + self.choices.below(3) {
            let named = self.choices.pick(&types).clone();
            let mut root = field(&format!("q{here}{number}"), &named);
            root.wrap = wrap(self.choices);
            root.has_argument = self.choices.chance(20);
            if self.reference(&named) {
                let provides = if self.choices.chance(30) {
                    self.provides(&named)
                } else {
                    None
                };
                put(self.ty("Query"), &root.name, &root.head()).provides = provides;
            }
        }
        for (name, named) in [("sharedE", "E0"), ("sharedV", "V0"), ("sharedA", "Any")] {
            if types.iter().any(|ty| ty == named) && self.choices.chance(30) && self.reference(named) {
                put(self.ty("Query"), name, &format!("{name}: {named}")).is_shareable = true;
            }
        }
        if self.choices.chance(20) && self.reference("E0") {
            for number in 0..2 {
                let name = format!("m{here}{number}");
                put(self.ty("Mutation"), &name, &format!("{name}(n: Int): E0"));
            }
        }
    }

    /// The keys and the fields that this subgraph answers.
    fn entity(&mut self, number: usize) {
        if !self.stub(number, true) {
            return;
        }
        for at in 0..self.universe.entities[number].fields.len() {
            let field = self.universe.entities[number].fields[at].clone();
            if !field.owned_by(self.index) || !self.reference(&field.named) {
                continue;
            }
            let mut draft = FieldDraft {
                head: field.head(),
                // A field that another subgraph may provide is shared, too.
                is_shareable: true,
                ..FieldDraft::default()
            };
            if field.owners.len() == 1 && self.choices.chance(30) {
                draft.requires = self.requires(number, at);
            } else if field.owners.len() == 2
                && field.owners[0] == self.index
                && !self.draft.is_v1
                && self.choices.chance(30)
            {
                let label = if self.choices.chance(25) {
                    ", label: \"percent(50)\""
                } else {
                    ""
                };
                draft.overrides = Some(format!("from: \"{}\"{label}", NAMES[field.owners[1]]));
            } else if field.owners.len() > 1 && field.wrap.1.is_empty() && self.choices.chance(20) {
                draft.head.push('!');
            }
            if self.choices.chance(30) {
                draft.provides = self.provides(&field.named);
            }
            draft.is_inaccessible = self.choices.chance(5);
            self.ty(&format!("E{number}")).fields.insert(field.name, draft);
        }
    }

    /// `@requires` of other fields of the entity, which become external here.
    fn requires(&mut self, number: usize, except: usize) -> Option<String> {
        let mut wanted = Vec::new();
        for at in 0..self.universe.entities[number].fields.len() {
            let field = self.universe.entities[number].fields[at].clone();
            if at == except || field.owned_by(self.index) || !self.choices.chance(45) {
                continue;
            }
            if let Some(text) = self.required(&format!("E{number}"), &field, 2) {
                wanted.push(text);
            }
        }
        (!wanted.is_empty()).then(|| wanted.join(" "))
    }

    /// The selection of one field in a `@requires`, and the external definitions that it needs.
    fn required(&mut self, ty: &str, field: &Field, depth: usize) -> Option<String> {
        if !self.reference(&field.named) {
            return None;
        }
        let mut text = field.name.clone();
        if field.has_argument && self.choices.chance(60) {
            write!(text, "(n: {})", 2 + self.choices.below(3)).expect("writing to a string cannot fail");
        }
        if !is_leaf(&field.named) {
            let below = self.required_below(&field.named, depth)?;
            write!(text, " {{ {below} }}").expect("as above");
        }
        if !self.ty(ty).fields.contains_key(&field.name) {
            put(self.ty(ty), &field.name, &field.head()).is_external = true;
        }
        Some(text)
    }

    fn required_below(&mut self, named: &str, depth: usize) -> Option<String> {
        match named {
            "Node" => {
                let member = *self.choices.pick(&self.universe.node);
                if self.is_interface_object() || !self.choices.chance(50) || depth == 0 {
                    return Some("id".to_owned());
                }
                let below = self.required_below(&format!("E{member}"), depth - 1)?;
                Some(format!("id ... on E{member} {{ {below} }}"))
            }
            "Any" => {
                let members = self.ty("Any").members.clone();
                let member = self.choices.pick(&members).clone();
                let below = self.required_below(&member, depth.saturating_sub(1))?;
                Some(format!("... on {member} {{ {below} }}"))
            }
            "Thing" => Some("label".to_owned()),
            HIDDEN => Some("n".to_owned()),
            value if value.starts_with('V') => Some("x".to_owned()),
            entity => {
                let number: usize = entity[1..].parse().expect("a numbered type");
                let fields = &self.universe.entities[number].fields;
                if depth == 0 || !self.choices.chance(50) {
                    return Some("id".to_owned());
                }
                let field = self.choices.pick(fields).clone();
                if field.owned_by(self.index)
                    && self.ty(entity).fields.contains_key(&field.name)
                    && field.is_leaf()
                {
                    return Some(field.name);
                }
                if field.owned_by(self.index) {
                    return Some("id".to_owned());
                }
                self.required(entity, &field, depth - 1)
            }
        }
    }

    /// `@provides` of a scalar field of the entity that a field leads to, directly or as a member of the union or interface.
    fn provides(&mut self, named: &str) -> Option<String> {
        let (number, is_member) = match named {
            "Any" => {
                let members = self.ty("Any").members.clone();
                let member = members.iter().find(|name| name.starts_with('E'))?;
                (member[1..].parse().ok()?, true)
            }
            "Node" if !self.is_interface_object() => (*self.universe.node.first()?, true),
            entity => (entity.strip_prefix('E')?.parse().ok()?, false),
        };
        let fields: &Vec<Field> = &self.universe.entities[number].fields;
        let foreign: Vec<&Field> = fields
            .iter()
            .filter(|field| field.is_leaf() && !field.owned_by(self.index) && !field.has_argument)
            .collect();
        if foreign.is_empty() {
            return None;
        }
        let field = (*self.choices.pick(&foreign)).clone();
        if !self.reference(&field.named) {
            return None;
        }
        put(self.ty(&format!("E{number}")), &field.name, &field.head()).is_external = true;
        Some(if is_member {
            format!("... on E{number} {{ {} }}", field.name)
        } else {
            field.name
        })
    }

    /// Makes sure that a type can be named here; false when it cannot.
    fn reference(&mut self, named: &str) -> bool {
        match named {
            "Color" => {
                let colors = &self.universe.colors[self.index];
                let plain = |value: &str| match value.split_once(' ') {
                    Some((name, _)) if self.draft.is_v1 => name.to_owned(),
                    _ => value.to_owned(),
                };
                let values = colors.iter().map(|value| plain(value)).collect();
                let ty = self.ty("Color");
                ty.kind = Kind::Enum;
                ty.members = values;
                true
            }
            HIDDEN => {
                let ty = self.ty(HIDDEN);
                ty.is_inaccessible = true;
                ty.is_shareable = true;
                put(ty, "n", "n: Int");
                true
            }
            name if is_leaf(name) => true,
            "Node" if self.draft.types.contains_key("Node") || self.is_interface_object() => true,
            "Node" => self.node(),
            "Any" => self.union(),
            "Thing" => self.thing(),
            value if value.starts_with('V') => self.value(value),
            entity => {
                let number: usize = entity[1..].parse().expect("a numbered type");
                self.stub(number, false)
            }
        }
    }

    fn union(&mut self) -> bool {
        if self.draft.types.contains_key("Any") {
            return true;
        }
        let wanted = if self.choices.chance(35) {
            self.choices.some_of(&self.universe.union, 50)
        } else {
            self.universe.union.clone()
        };
        self.ty("Any").kind = Kind::Union;
        let members: Vec<String> = wanted
            .into_iter()
            .filter(|member| self.reference(member))
            .collect();
        if members.is_empty() {
            self.draft.types.remove("Any");
            return false;
        }
        self.ty("Any").members = members;
        true
    }

    /// A keyless interface; a subgraph may know some of its types only.
    fn thing(&mut self) -> bool {
        if self.draft.types.contains_key("Thing") {
            return true;
        }
        let wanted = if self.choices.chance(35) {
            self.choices.some_of(&self.universe.thing, 50)
        } else {
            self.universe.thing.clone()
        };
        let ty = self.ty("Thing");
        ty.kind = Kind::Interface;
        put(ty, "label", "label: String");
        let members: Vec<String> = wanted
            .into_iter()
            .filter(|member| self.reference(member))
            .collect();
        if members.is_empty() {
            self.draft.types.remove("Thing");
            return false;
        }
        for member in members {
            // Not null here, maybe null there: equal names of one response may differ in shape.
            let strict = if self.choices.chance(25) { "!" } else { "" };
            let ty = self.ty(&member);
            ty.implements.push("Thing".to_owned());
            put(ty, "label", &format!("label: String{strict}")).is_shareable = true;
        }
        true
    }

    fn node(&mut self) -> bool {
        // Where there is an interface object, interfaces need a key, which federation 1 does not know.
        if self.universe.interface_object.is_some() && self.draft.is_v1 {
            return false;
        }
        let has_key = self.universe.interface_object.is_some();
        let ty = self.ty("Node");
        ty.kind = Kind::Interface;
        if has_key {
            ty.keys = vec![("id".to_owned(), true)];
        }
        put(ty, "id", "id: ID!");
        put(ty, "name", "name: String");
        for number in self.universe.node.clone() {
            self.stub(number, true);
            let ty = self.ty(&format!("E{number}"));
            ty.implements.push("Node".to_owned());
            put(ty, "id", "id: ID!").is_shareable = true;
            put(ty, "name", "name: String").is_shareable = true;
            match ty.keys.iter_mut().find(|(key, _)| key == "id") {
                Some(key) => key.1 |= has_key,
                None => ty.keys.push(("id".to_owned(), true)),
            }
        }
        true
    }

    fn value(&mut self, name: &str) -> bool {
        if self.draft.types.contains_key(name) {
            return true;
        }
        let number: usize = name[1..].parse().expect("a numbered type");
        self.ty(name).is_shareable = true;
        for field in self.universe.values[number].fields.clone() {
            if field.owned_by(self.index) && self.reference(&field.named) {
                put(self.ty(name), &field.name, &field.head());
            }
        }
        true
    }

    /// The entity with its keys; where its fields are answered (`full`), keys of all kinds, else a reference.
    fn stub(&mut self, number: usize, full: bool) -> bool {
        if self.is_interface_object() && self.universe.node.contains(&number) {
            return false;
        }
        let name = format!("E{number}");
        if self.draft.types.contains_key(&name) {
            return true;
        }
        let candidates = &self.universe.entities[number].keys;
        let mut keys: Vec<&str> = candidates
            .iter()
            .copied()
            .filter(|_| self.choices.chance(50))
            .collect();
        if keys.is_empty() || self.choices.chance(70) {
            keys.insert(0, "id");
        }
        let is_v1 = self.draft.is_v1;
        if !full || is_v1 {
            keys.truncate(1);
        }
        let resolvable = full || is_v1 || self.choices.chance(40);
        let extends = is_v1 && self.choices.chance(60);
        let mut parts: Vec<&str> = Vec::new();
        for key in &keys {
            let off = !is_v1 && (!resolvable || (keys.len() > 1 && self.choices.chance(20)));
            self.ty(&name).keys.push(((*key).to_owned(), !off));
            parts.extend(["id", "sku", "org"].iter().filter(|part| key.contains(**part)));
        }
        if !extends {
            parts.push("id");
        }
        for part in parts {
            let head = match part {
                "org" => "org: Org!",
                "sku" if self.universe.has_null_keys => "sku: String",
                "sku" => "sku: String!",
                _ => "id: ID!",
            };
            let ty = self.ty(&name);
            ty.extends = extends;
            let made = put(ty, part, head);
            made.is_shareable = true;
            made.is_external = extends;
            if part == "org" {
                let org = self.ty("Org");
                org.is_shareable = true;
                put(org, "code", "code: String!");
            }
        }
        true
    }
}

fn put<'t>(ty: &'t mut TypeDraft, name: &str, head: &str) -> &'t mut FieldDraft {
    ty.fields.entry(name.to_owned()).or_insert_with(|| FieldDraft {
        head: head.to_owned(),
        ..FieldDraft::default()
    })
}
