//! Whether a caller got what is its own, all of it, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use causeway_executor::{FetchFailure, RequestKind, SubgraphReply, SubgraphRequest};
use serde_json::Value;

use crate::subgraph::{Call, End, Subgraph, TIMEOUT, ids_of};

pub(crate) struct Asked {
    pub(crate) question: String,
    pub(crate) kind: RequestKind,
    pub(crate) lists: Vec<(String, Vec<u32>)>,
    /// Older than this is too old: the mutations whose end somebody could have known.
    pub(crate) floor: u64,
    pub(crate) elapsed: Duration,
}

impl Asked {
    pub(crate) fn new(subgraph: &Subgraph, request: &SubgraphRequest, floor: u64) -> Self {
        Self {
            question: subgraph.question(request),
            kind: request.kind,
            lists: ids_of(request),
            floor,
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn judge(
        &self,
        subgraph: &Subgraph,
        reply: &Result<SubgraphReply, FetchFailure>,
    ) -> Result<(), String> {
        if self.elapsed > TIMEOUT {
            return Err(format!("waited {:?}", self.elapsed));
        }
        let journal = subgraph.journal();
        let calls = journal.calls.iter().filter(|call| call.question == self.question);
        let case = Case {
            asked: self,
            calls: calls.collect(),
            version: journal.version,
        };
        match reply {
            Err(failure) => case.failure(failure),
            Ok(reply) => case.body(std::str::from_utf8(&reply.body).map_err(|error| error.to_string())?),
        }
    }

    fn keys(&self) -> impl Iterator<Item = (&str, u32)> {
        let lists = self.lists.iter();
        lists.flat_map(|(list, ids)| ids.iter().map(|id| (list.as_str(), *id)))
    }
}

struct Case<'c> {
    asked: &'c Asked,
    /// Calls with the caller's question.
    calls: Vec<&'c Call>,
    version: u64,
}

impl Case<'_> {
    fn late(&self) -> bool {
        self.asked.elapsed == TIMEOUT
    }

    fn about(&self, list: &str, id: u32) -> impl Iterator<Item = &&Call> {
        self.calls.iter().filter(move |call| call.has(list, id))
    }

    fn spoilt(&self, list: &str, id: u32) -> Result<(), String> {
        if self.late() || self.about(list, id).any(|call| call.spoils(id)) {
            return Ok(());
        }
        Err(format!("{list} {id} is missing for no reason"))
    }

    fn failure(&self, failure: &FetchFailure) -> Result<(), String> {
        let is_root = self.asked.lists.is_empty();
        let known = |call: &&&Call| is_root || self.asked.keys().any(|(list, id)| call.has(list, id));
        let explains = |call: &&Call| match (&call.end, failure) {
            (End::Fails(told), failure) => told == failure,
            (End::Panics, FetchFailure::Broken) => true,
            (End::Truncated(_) | End::NotJson, FetchFailure::Malformed { .. }) => true,
            _ => false,
        };
        let late = self.late() && matches!(failure, FetchFailure::Timeout { .. });
        let alone = |call: &&&Call| call.company == 0;
        if !late && !self.calls.iter().filter(known).filter(alone).any(explains) {
            return Err(format!("no call of this question failed with {failure:?}"));
        }
        self.asked.keys().try_for_each(|(list, id)| self.spoilt(list, id))
    }

    fn body(&self, text: &str) -> Result<(), String> {
        self.nothing_foreign(text)?;
        let is_root = self.asked.lists.is_empty();
        let Ok(body) = serde_json::from_str::<Value>(text) else {
            // Passed on as it came: the executor says what is to be said about it.
            let bad = |call: &Call| call.company == 0 && matches!(call.end, End::Truncated(_) | End::NotJson);
            return match self.calls.iter().any(|call| bad(call)) {
                true => self.asked.keys().try_for_each(|(list, id)| self.spoilt(list, id)),
                false => Err("it is not JSON, though no answer was so".to_owned()),
            };
        };
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        if is_root {
            return self.root(&body["data"], &errors);
        }
        for (list, ids) in &self.asked.lists {
            let Some(entities) = body["data"][list]
                .as_array()
                .filter(|found| found.len() == ids.len())
            else {
                // As it came, too.
                ids.iter().try_for_each(|id| self.spoilt(list, *id))?;
                continue;
            };
            for (index, (entity, id)) in entities.iter().zip(ids).enumerate() {
                self.entity(list, index, *id, entity, &errors)?;
            }
        }
        Ok(())
    }

    fn root(&self, data: &Value, errors: &[Value]) -> Result<(), String> {
        let own = |call: &&&Call| call.company == 0 || matches!(call.end, End::ErrorsAt(_));
        if data.is_null()
            || data
                .as_object()
                .is_some_and(|data| data.values().any(Value::is_null))
        {
            let spoilt = self.calls.iter().filter(own).any(|call| call.end != End::Good);
            return match (errors.is_empty(), spoilt) {
                (true, _) => Err("no data and no error".to_owned()),
                (false, true) => Ok(()),
                (false, false) => Err(format!("spoilt by nobody: {errors:?}")),
            };
        }
        let data = data.as_object().ok_or("no data")?;
        let count = self.asked.question.matches("shelf(").count().max(1);
        if data.len() != count || data.keys().any(|key| key.starts_with('q')) {
            return Err(format!("other keys than were asked for: {data:?}"));
        }
        data.values().try_for_each(|value| self.value(value, None))
    }

    fn entity(
        &self,
        list: &str,
        index: usize,
        id: u32,
        entity: &Value,
        errors: &[Value],
    ) -> Result<(), String> {
        let about = |error: &&Value| error["path"][0] == list && error["path"][1] == index;
        let mut own = errors.iter().filter(about);
        if !entity.is_null() {
            self.value(entity, Some(id))?;
            let murky = self.about(list, id).any(|call| call.end == End::LooseError);
            return match own.next() {
                Some(error) if !murky => Err(format!("{list} {id} is there, and yet: {error}")),
                _ => Ok(()),
            };
        }
        self.spoilt(list, id)?;
        let Some(error) = own.next() else {
            return Err(format!("{list} {id} is null without an error"));
        };
        let placed = error["extensions"]["x"].as_array();
        if placed.is_some_and(|placed| placed[0] != id) {
            return Err(format!("the error of another entity at {list} {id}: {error}"));
        }
        Ok(())
    }

    fn value(&self, value: &Value, id: Option<u32>) -> Result<(), String> {
        let found = value["id"].as_str().map(|id| id.parse::<u32>().unwrap_or(0));
        let version = value["version"].as_u64().unwrap_or(u64::MAX);
        if found != id || value["question"] != *self.asked.question {
            return Err(format!(
                "{value} where {id:?} of {:?} belongs",
                self.asked.question
            ));
        }
        if version < self.asked.floor || version > self.version {
            return Err(format!("{value} where versions begin at {}", self.asked.floor));
        }
        Ok(())
    }

    /// Whatever form it has: no other identity, no other question, no entity that was not asked for.
    fn nothing_foreign(&self, text: &str) -> Result<(), String> {
        let plain = text.replace('\\', "");
        let known: BTreeSet<u32> = self.asked.keys().map(|(_, id)| id).collect();
        for found in plain.split("\"id\":\"").skip(1) {
            let digits: String = found.chars().take_while(char::is_ascii_digit).collect();
            // At the end of a text that was cut, a number may be cut as well.
            let complete = found.len() > digits.len();
            if complete && !known.contains(&digits.parse::<u32>().unwrap_or(0)) {
                return Err(format!("{digits} was not asked for: {text}"));
            }
        }
        for found in plain.split("\"question\":\"").skip(1) {
            let own = self.asked.question.replace('"', "");
            let found: String = found.replace('"', "");
            let length = own.len().min(found.len());
            if found[..length] != own[..length] {
                return Err(format!("another question's: {text}"));
            }
        }
        Ok(())
    }
}
