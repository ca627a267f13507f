//! A request for what is not there, made of one for everything.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use causeway_executor::{EntityList, Representations, SubgraphRequest};
use causeway_model::Name;

use crate::{
    asked::{Asked, Kind, Subjects},
    lookup::Part,
    selection::Wanted,
};

/// Sets of missing fields that are asked for apart; with more of them in one list, all get all.
const SETS: usize = 6;

/// Where the answer to a subject's missing fields will stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) list: usize,
    pub(crate) position: usize,
    /// It is asked for everything, whatever is there.
    pub(crate) whole: bool,
}

pub(crate) struct Narrowed {
    pub(crate) request: SubgraphRequest,
    /// By subject. `None`: nothing is missing, or it is a root field.
    pub(crate) places: Vec<Option<Place>>,
}

/// `is_wanted`: which subjects are asked for. Of those that are complete, everything is.
pub(crate) fn narrow(
    asked: &Asked,
    subjects: &Subjects<'_>,
    parts: &[Part],
    request: &SubgraphRequest,
    is_wanted: impl Fn(&Part) -> bool,
) -> Narrowed {
    let mut writer = Writer {
        asked,
        subjects,
        request,
        body: String::from("{"),
        uses: Vec::new(),
    };
    if subjects.is_root {
        for (kind, _) in subjects
            .kinds
            .iter()
            .zip(parts)
            .filter(|(_, part)| is_wanted(part))
        {
            writer.fields(&kind.wanted.iter().collect::<Vec<_>>());
        }
        return Narrowed {
            request: writer.request(Vec::new()),
            places: vec![None; parts.len()],
        };
    }
    let whole = |part: &Part, kind: &Kind<'_>| part.is_complete() || part.missing.len() >= kind.wanted.len();
    let kind_of = |subject: usize| &subjects.kinds[subjects.all[subject].kind];
    let chosen: Vec<usize> = (0..parts.len())
        .filter(|index| is_wanted(&parts[*index]))
        .collect();
    if chosen.iter().all(|index| whole(&parts[*index], kind_of(*index))) {
        return fewer(subjects, request, parts.len(), &chosen);
    }
    let mut places = vec![None; parts.len()];
    let mut entities = Vec::new();
    for list in 0..request.entities.len() {
        let of_list: Vec<usize> = chosen
            .iter()
            .copied()
            .filter(|index| kind_of(*index).list == list)
            .collect();
        let set_of = |index: usize| -> (usize, Vec<usize>) {
            let kind = subjects.all[index].kind;
            let part = &parts[index];
            let all = 0..subjects.kinds[kind].wanted.len();
            match whole(part, &subjects.kinds[kind]) {
                true => (kind, all.collect()),
                false => (kind, part.missing.clone()),
            }
        };
        let mut sets: BTreeSet<(usize, Vec<usize>)> = of_list.iter().map(|index| set_of(*index)).collect();
        let is_many = sets.len() > SETS;
        if is_many {
            let all = |kind: usize| (kind, (0..subjects.kinds[kind].wanted.len()).collect());
            sets = sets.iter().map(|(kind, _)| all(*kind)).collect();
        }
        for (number, (kind, fields)) in sets.iter().enumerate() {
            let own = &request.entities[list];
            let name = |name: &str| match number {
                0 => name.to_owned(),
                _ => free_name(asked, request, name, number),
            };
            let mut representations = Representations::default();
            for index in &of_list {
                let (of_kind, set) = set_of(*index);
                if of_kind == *kind && (is_many || set == *fields) {
                    let position = subjects.all[*index].position;
                    places[*index] = Some(Place {
                        list: entities.len(),
                        position: representations.len(),
                        whole: is_many,
                    });
                    representations.push(own.representations.get(position));
                }
            }
            let (key, variable) = (name(&own.key), name(&own.variable));
            let wanted = &subjects.kinds[*kind].wanted;
            match wanted.is_empty() {
                // Nobody knows what is in it, so that it can only be taken as it is.
                true => writer.list_as_it_is(&key, &variable, list),
                false => writer.list(
                    &key,
                    &variable,
                    &fields.iter().map(|index| &wanted[*index]).collect::<Vec<_>>(),
                ),
            }
            entities.push(EntityList {
                key,
                variable,
                representations,
            });
        }
    }
    Narrowed {
        request: writer.request(entities),
        places,
    }
}

/// A name for another list beside one: no variable's and no list's.
fn free_name(asked: &Asked, request: &SubgraphRequest, name: &str, number: usize) -> String {
    let mut name = format!("{name}_{number}");
    let is_taken = |name: &str| {
        let mut variables = asked.document.definitions.iter();
        let mut lists = request.entities.iter();
        variables.any(|(known, _)| known == name)
            || lists.any(|list| list.key == name || list.variable == name)
    };
    while is_taken(&name) {
        name.push('_');
    }
    name
}

/// The same document for fewer entities: it stays a question that others ask too.
fn fewer(subjects: &Subjects<'_>, request: &SubgraphRequest, count: usize, chosen: &[usize]) -> Narrowed {
    let mut places = vec![None; count];
    let empty = |list: &EntityList| EntityList {
        key: list.key.clone(),
        variable: list.variable.clone(),
        representations: Representations::default(),
    };
    let mut entities: Vec<EntityList> = request.entities.iter().map(empty).collect();
    for index in chosen {
        let subject = &subjects.all[*index];
        let list = subjects.kinds[subject.kind].list;
        let representations = &mut entities[list].representations;
        places[*index] = Some(Place {
            list,
            position: representations.len(),
            whole: true,
        });
        representations.push(request.entities[list].representations.get(subject.position));
    }
    Narrowed {
        request: SubgraphRequest {
            entities,
            ..request.clone()
        },
        places,
    }
}

struct Writer<'w> {
    asked: &'w Asked,
    subjects: &'w Subjects<'w>,
    request: &'w SubgraphRequest,
    body: String,
    uses: Vec<Name>,
}

impl Writer<'_> {
    fn list(&mut self, key: &str, variable: &str, fields: &[&Wanted<'_>]) {
        self.head(key, variable);
        self.body.push('{');
        self.fields(fields);
        self.body.push('}');
    }

    fn list_as_it_is(&mut self, key: &str, variable: &str, list: usize) {
        self.head(key, variable);
        let own = self.request.entities[list].key.as_str();
        let entry = self.asked.node.entries.iter().find(|entry| entry.response == own);
        if let Some(entry) = entry {
            // After the arguments there is the selection.
            let text = &entry.text;
            self.body.push_str(text.find('{').map_or("", |at| &text[at..]));
            self.uses.extend(entry.uses.iter().cloned());
        }
    }

    fn head(&mut self, key: &str, variable: &str) {
        if key != "_entities" {
            self.body.push_str(key);
            self.body.push(':');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.body, "_entities(representations:${variable})");
    }

    fn fields(&mut self, fields: &[&Wanted<'_>]) {
        let mut open: &[Name] = &[];
        for entry in fields.iter().flat_map(|field| &field.entries) {
            if *entry.on != *open {
                self.body.push_str(&"}".repeat(open.len()));
                for on in &*entry.on {
                    let _ = write!(self.body, "...on {on}{{");
                }
                open = &entry.on;
            }
            if !self.body.ends_with(['{', '}']) {
                self.body.push(' ');
            }
            self.body.push_str(&entry.text);
            self.uses.extend(entry.uses.iter().cloned());
        }
        self.body.push_str(&"}".repeat(open.len()));
    }

    fn request(mut self, entities: Vec<EntityList>) -> SubgraphRequest {
        self.body.push('}');
        debug_assert_eq!(self.subjects.is_root, entities.is_empty());
        let lists = entities.iter().map(|list| format!("${}:[_Any!]!", list.variable));
        let known = self.asked.document.definitions.iter();
        let used = known.filter(|(name, _)| self.uses.contains(name));
        let own = |name: &Name| {
            self.request
                .entities
                .iter()
                .any(|list| list.variable == name.as_str())
        };
        let used = used.filter(|(name, _)| !own(name)).map(|(_, text)| text.clone());
        let definitions: Vec<String> = lists.chain(used).collect();
        let document: Arc<str> = match definitions.is_empty() {
            true => self.body.into(),
            false => format!("query({}){}", definitions.join(","), self.body).into(),
        };
        SubgraphRequest {
            document,
            variables: used_variables(&self.request.variables, &self.uses),
            entities,
            // It speaks of the document as it was.
            merging: None,
            ..self.request.clone()
        }
    }
}

/// Of a JSON object's members, those of the names.
fn used_variables(members: &bytes::Bytes, uses: &[Name]) -> bytes::Bytes {
    if members.is_empty() {
        return members.clone();
    }
    let object = [b"{", &members[..], b"}"].concat();
    let Ok(all) = causeway_json::members(&object) else {
        return members.clone();
    };
    let mut kept = Vec::with_capacity(members.len());
    for (key, value) in all.flatten() {
        if uses
            .iter()
            .any(|name| name.as_bytes() == crate::value::name_of(key))
        {
            if !kept.is_empty() {
                kept.push(b',');
            }
            kept.extend_from_slice(key);
            kept.push(b':');
            kept.extend_from_slice(value);
        }
    }
    kept.into()
}
