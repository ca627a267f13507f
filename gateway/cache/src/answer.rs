//! Bodies: read, and made of what was there and what came.

use causeway_executor::{EntityList, FetchFailure, SubgraphRequest, write_json_string};
use causeway_json::{JsonError, items, members};
use serde_json::Value;

use crate::{
    asked::Subjects,
    lookup::Found,
    narrow::{Narrowed, Place},
    value::name_of,
};

/// A GraphQL response, as far as a cache looks into it.
pub(crate) struct Answer<'b> {
    /// Members of `data`; `None`: it is missing or null.
    pub(crate) data: Option<Vec<(&'b [u8], &'b [u8])>>,
    /// The list as it stands; `None`: there are no errors.
    pub(crate) errors: Option<&'b [u8]>,
    pub(crate) extensions: Option<&'b [u8]>,
}

impl<'b> Answer<'b> {
    pub(crate) fn read(body: &'b [u8]) -> Result<Self, JsonError> {
        let mut answer = Self {
            data: None,
            errors: None,
            extensions: None,
        };
        for member in members(body)? {
            let (key, value) = member?;
            match name_of(key) {
                b"data" if value.first() == Some(&b'{') => {
                    answer.data = Some(members(value)?.collect::<Result<_, _>>()?);
                }
                b"errors" if !matches!(value, b"null" | b"[]") => answer.errors = Some(value),
                b"extensions" if value.first() == Some(&b'{') => answer.extensions = Some(value),
                _ => {}
            }
        }
        Ok(answer)
    }

    pub(crate) fn field(&self, key: &str) -> Option<&'b [u8]> {
        let data = self.data.as_ref()?;
        let found = data.iter().find(|(name, _)| name_of(name) == key.as_bytes());
        found.map(|(_, value)| *value)
    }

    /// The entities of each list. `None`: it is not a list of as many as were asked for.
    pub(crate) fn lists(&self, asked: &[EntityList]) -> Vec<Option<Vec<&'b [u8]>>> {
        let list = |list: &EntityList| {
            let found: Vec<&[u8]> = items(self.field(&list.key)?)
                .ok()?
                .collect::<Result<_, _>>()
                .ok()?;
            (found.len() == list.representations.len()).then_some(found)
        };
        asked.iter().map(list).collect()
    }
}

/// The body of a request of which everything was there.
pub(crate) fn complete(request: &SubgraphRequest, subjects: &Subjects<'_>, found: &Found) -> Vec<u8> {
    let nothing = Narrowed {
        request: SubgraphRequest {
            entities: Vec::new(),
            ..request.clone()
        },
        places: vec![None; found.parts.len()],
    };
    let empty = Answer {
        data: Some(Vec::new()),
        errors: None,
        extensions: None,
    };
    write(request, subjects, found, &nothing, &empty)
}

/// The body of a request, of what was there and the answer to a request for the rest.
pub(crate) fn together(
    request: &SubgraphRequest,
    subjects: &Subjects<'_>,
    found: &Found,
    narrowed: &Narrowed,
    body: &[u8],
) -> Result<Vec<u8>, FetchFailure> {
    std::str::from_utf8(body).map_err(|_| malformed("its answer is not UTF-8"))?;
    let answer =
        Answer::read(body).map_err(|error| malformed(&format!("its answer is not JSON: {error}")))?;
    if answer.data.is_none() && answer.errors.is_none() {
        return Err(malformed(
            "its answer is not a GraphQL response: it has neither `data` nor `errors`",
        ));
    }
    Ok(write(request, subjects, found, narrowed, &answer))
}

fn malformed(reason: &str) -> FetchFailure {
    FetchFailure::Malformed {
        reason: reason.to_owned(),
    }
}

fn write(
    request: &SubgraphRequest,
    subjects: &Subjects<'_>,
    found: &Found,
    narrowed: &Narrowed,
    answer: &Answer<'_>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(found.json.len() + 256);
    out.extend_from_slice(b"{\"data\":");
    match (&answer.data, subjects.is_root) {
        (None, _) => out.extend_from_slice(b"null"),
        (Some(loaded), true) => {
            out.push(b'{');
            for part in &found.parts {
                separate(&mut out);
                out.extend_from_slice(&found.json[part.json.clone()]);
            }
            for (key, value) in loaded {
                separate(&mut out);
                member(&mut out, key, value);
            }
            out.push(b'}');
        }
        (Some(_), false) => {
            let lists = answer.lists(&narrowed.request.entities);
            out.push(b'{');
            for (number, list) in request.entities.iter().enumerate() {
                separate(&mut out);
                write_json_string(&mut out, &list.key);
                out.push(b':');
                write_list(&mut out, subjects, found, &narrowed.places, (number, &lists));
            }
            out.push(b'}');
        }
    }
    if let Some(errors) = answer.errors {
        out.extend_from_slice(b",\"errors\":");
        match subjects.is_root {
            true => out.extend_from_slice(errors),
            false => out.extend_from_slice(&relocated(errors, request, subjects, narrowed)),
        }
    }
    out.push(b'}');
    out
}

/// A list of which a part did not come is null: whoever asks for it has to fail, and it is not known for whom.
fn write_list(
    out: &mut Vec<u8>,
    subjects: &Subjects<'_>,
    found: &Found,
    places: &[Option<Place>],
    (number, loaded): (usize, &[Option<Vec<&[u8]>>]),
) {
    let start = out.len();
    out.push(b'[');
    for (index, subject) in subjects.all.iter().enumerate() {
        if subjects.kinds[subject.kind].list != number {
            continue;
        }
        if subject.position > 0 {
            out.push(b',');
        }
        let part = &found.parts[index];
        let held = &found.json[part.json.clone()];
        match places[index] {
            None if part.absent => out.extend_from_slice(b"null"),
            None => {
                out.push(b'{');
                out.extend_from_slice(held);
                out.push(b'}');
            }
            Some(place) => {
                let Some(entity) = loaded
                    .get(place.list)
                    .and_then(Option::as_ref)
                    .map(|list| list[place.position])
                else {
                    out.truncate(start);
                    out.extend_from_slice(b"null");
                    return;
                };
                // What was there came again, or belongs to an entity that is gone or is spoilt by an error.
                if place.whole || held.is_empty() || entity.first() != Some(&b'{') {
                    out.extend_from_slice(entity);
                    continue;
                }
                out.push(b'{');
                out.extend_from_slice(held);
                let inner = entity[1..entity.len() - 1].trim_ascii();
                if !inner.is_empty() {
                    out.push(b',');
                    out.extend_from_slice(inner);
                }
                out.push(b'}');
            }
        }
    }
    out.push(b']');
}

/// Errors with the paths that they would have had without us.
fn relocated(
    errors: &[u8],
    request: &SubgraphRequest,
    subjects: &Subjects<'_>,
    narrowed: &Narrowed,
) -> Vec<u8> {
    let Ok(Value::Array(mut errors)) = serde_json::from_slice(errors) else {
        // Whoever reads the answer says what is wrong with it.
        return errors.to_vec();
    };
    for error in &mut errors {
        let Some(path) = error.get_mut("path").and_then(Value::as_array_mut) else {
            continue;
        };
        let list = path.first().and_then(Value::as_str).and_then(|key| {
            let mut lists = narrowed.request.entities.iter();
            lists.position(|list| list.key == key)
        });
        let position = path.get(1).and_then(Value::as_u64);
        let subject = list.zip(position).and_then(|(list, position)| {
            let is_this = |place: &Option<Place>| {
                place.is_some_and(|place| place.list == list && place.position as u64 == position)
            };
            narrowed.places.iter().position(is_this)
        });
        match (subject, list) {
            (Some(subject), _) => {
                let subject = &subjects.all[subject];
                path[0] = request.entities[subjects.kinds[subject.kind].list]
                    .key
                    .as_str()
                    .into();
                path[1] = subject.position.into();
            }
            // About a list that nobody but us knows: about all of it.
            (None, Some(_)) => {
                error.as_object_mut().map(|error| error.remove("path"));
            }
            (None, None) => {}
        }
    }
    serde_json::to_vec(&errors).expect("JSON values always serialise")
}

fn separate(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[' | b',')) {
        out.push(b',');
    }
}

fn member(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    out.extend_from_slice(key);
    out.push(b':');
    out.extend_from_slice(value);
}
