//! The body that a caller gets: its own entities and their errors, out of the bodies of the batches that brought them.

use std::io::Write as _;

use bytes::Bytes;
use causeway_executor::{EntityList, FetchFailure};
use serde_json::{Map, Value, json};

use crate::{
    batch::Departure,
    sources::Sources,
    split::{ErrorText, Split},
};

/// What one batch brought.
pub(crate) enum Piece<'p> {
    Split(&'p Departure, &'p Split),
    Failed(FetchFailure),
}

pub(crate) struct Answer<'p> {
    /// Its name.
    pub(crate) subgraph: &'p str,
    pub(crate) lists: &'p [EntityList],
    /// Entities asked for, by list.
    pub(crate) counts: &'p [usize],
    pub(crate) sources: &'p Sources,
    /// By part.
    pub(crate) pieces: Vec<Piece<'p>>,
}

/// An entity of the caller in a batch's answer.
#[derive(Clone, Copy)]
struct Entity {
    list: usize,
    /// In the caller's list.
    number: usize,
    /// In the batch's list.
    place: usize,
}

impl Answer<'_> {
    /// When nothing came and all for one reason, that is the caller's failure; else each entity that did not come is null and
    /// has an error that says why.
    pub(crate) fn write(&self) -> Result<Bytes, FetchFailure> {
        self.failed_alike()?;
        let mut data = Vec::with_capacity(self.size() + 64);
        let mut errors = Errors::default();
        data.extend_from_slice(b"{\"data\":{");
        for (list, count) in self.counts.iter().enumerate() {
            if list > 0 {
                data.push(b',');
            }
            // A GraphQL name: nothing in it needs escapes.
            data.push(b'"');
            data.extend_from_slice(self.lists[list].key.as_bytes());
            data.extend_from_slice(b"\":[");
            for number in 0..*count {
                if number > 0 {
                    data.push(b',');
                }
                self.entity(list, number, &mut data, &mut errors);
            }
            data.push(b']');
        }
        self.loose_errors(&mut errors);
        data.push(b'}');
        errors.finish(&mut data);
        data.push(b'}');
        Ok(data.into())
    }

    fn failed_alike(&self) -> Result<(), FetchFailure> {
        let mut common = None;
        let mut alike = true;
        self.each(|_, piece| match piece {
            Piece::Failed(failure) if common.is_none_or(|common| common == failure) => common = Some(failure),
            _ => alike = false,
        });
        match common {
            Some(failure) if alike => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    fn size(&self) -> usize {
        let mut size = 0;
        self.each(|entity, piece| {
            if let Piece::Split(_, split) = piece {
                size += split.entity(entity.list, entity.place).map_or(0, <[u8]>::len) + 1;
            }
        });
        size
    }

    fn each<'s>(&'s self, mut each: impl FnMut(Entity, &'s Piece<'s>)) {
        for (list, count) in self.counts.iter().enumerate() {
            for number in 0..*count {
                let (piece, place) = self.at(list, number);
                each(Entity { list, number, place }, piece);
            }
        }
    }

    fn at(&self, list: usize, number: usize) -> (&Piece<'_>, usize) {
        let source = self.sources.of(list, number);
        match &self.pieces[source.part] {
            piece @ Piece::Split(departure, _) => (piece, departure.place(list, source.position)),
            piece @ Piece::Failed(_) => (piece, 0),
        }
    }

    fn entity(&self, list: usize, number: usize, data: &mut Vec<u8>, errors: &mut Errors) {
        let key = &self.lists[list].key;
        let split = match self.at(list, number) {
            (Piece::Split(_, split), place) => Ok((*split, place)),
            (Piece::Failed(failure), _) => Err(failure),
        };
        match split {
            Ok((split, place)) => {
                let found = split.entity(list, place);
                data.extend_from_slice(found.unwrap_or(b"null"));
                let mut explained = split.loose().len() > 0;
                for error in split.errors_of(list, place) {
                    errors.located(error, number);
                    explained = true;
                }
                if found.is_none() && !explained {
                    let reason = "it answered without it".to_owned();
                    errors.failure(self.subgraph, &FetchFailure::Malformed { reason }, key, number);
                }
            }
            Err(failure) => {
                data.extend_from_slice(b"null");
                errors.failure(self.subgraph, failure, key, number);
            }
        }
    }

    /// Errors that name no entity, in a batch that is the caller's alone but not all that the caller asked for. They are about
    /// entities of that batch: those which did not come, if there are any. As many errors as entities: one each. Else the
    /// first is said of each, the others once.
    fn loose_errors(&self, errors: &mut Errors) {
        for piece in &self.pieces {
            let Piece::Split(_, split) = piece else { continue };
            if split.loose().len() == 0 {
                continue;
            }
            let (mut all, mut missing) = (Vec::new(), Vec::new());
            self.each(|entity, of| {
                if std::ptr::eq(of, piece) {
                    all.push(entity);
                    if matches!(split.entity(entity.list, entity.place), None | Some(b"null")) {
                        missing.push(entity);
                    }
                }
            });
            let about = if missing.is_empty() { all } else { missing };
            let one_each = about.len() == split.loose().len();
            for (turn, text) in split.loose().enumerate() {
                for entity in about.iter().enumerate().filter_map(|(position, entity)| {
                    let wanted = if one_each {
                        position == turn
                    } else {
                        turn == 0 || position == 0
                    };
                    wanted.then_some(entity)
                }) {
                    errors.placed(self.subgraph, text, &self.lists[entity.list].key, entity.number);
                }
            }
        }
    }
}

#[derive(Default)]
struct Errors {
    json: Vec<u8>,
}

impl Errors {
    fn next(&mut self) {
        if !self.json.is_empty() {
            self.json.push(b',');
        }
    }

    /// A subgraph's error, verbatim but for the entity's number.
    fn located(&mut self, (before, after): ErrorText<'_>, number: usize) {
        self.next();
        self.json.extend_from_slice(before);
        write!(self.json, "{number}").expect("writing into memory cannot fail");
        self.json.extend_from_slice(after);
    }

    /// A subgraph's error with a path of ours.
    fn placed(&mut self, subgraph: &str, text: &[u8], key: &str, number: usize) {
        match serde_json::from_slice::<Map<String, Value>>(text) {
            Ok(mut error) => {
                error.insert("path".to_owned(), json!([key, number]));
                self.value(&Value::Object(error));
            }
            Err(_) => {
                let reason =
                    "its answer is not a GraphQL response: `errors` is not a list of errors".to_owned();
                self.failure(subgraph, &FetchFailure::Malformed { reason }, key, number);
            }
        }
    }

    fn failure(&mut self, subgraph: &str, failure: &FetchFailure, key: &str, number: usize) {
        self.value(&json!({
            "message": format!("subgraph `{subgraph}` {failure}"),
            "path": [key, number],
            "extensions": { "code": failure.code() },
        }));
    }

    fn value(&mut self, value: &Value) {
        self.next();
        serde_json::to_writer(&mut self.json, value).expect("JSON values serialise into memory");
    }

    fn finish(self, body: &mut Vec<u8>) {
        if !self.json.is_empty() {
            body.extend_from_slice(b",\"errors\":[");
            body.extend_from_slice(&self.json);
            body.push(b']');
        }
    }
}
