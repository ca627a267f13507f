//! A subgraph that does everything a subgraph can do wrong, and keeps a journal of what it was asked and what it did.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use causeway_executor::{
    FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::Merging;
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use rand::{RngExt, rngs::SmallRng, seq::IndexedRandom};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{asked::asked_apart, graphql::root_fields};

pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);
/// Stands where an entity's list does, for questions that have none.
pub(crate) const ROOT: &str = "root";
pub(crate) const EVERYBODY: &str = "everybody";

/// What the loader was told, and what the subgraph may do.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) public: bool,
    pub(crate) across: bool,
    pub(crate) max_batch_size: usize,
    pub(crate) slots: usize,
    pub(crate) share_calls: bool,
    pub(crate) merging: Option<Merging>,
    /// Out of a hundred calls, how many go wrong in some way.
    pub(crate) trouble: u32,
    /// Whether there are answers that cannot be attributed.
    pub(crate) murky: bool,
}

pub(crate) struct Subgraph {
    pub(crate) rules: Rules,
    journal: Mutex<Journal>,
}

pub(crate) struct Journal {
    rng: SmallRng,
    /// What was asked, each question by itself; several may have come in one request.
    pub(crate) calls: Vec<Call>,
    /// Requests.
    pub(crate) requests: usize,
    /// Mutations that were carried out.
    pub(crate) version: u64,
    /// Mutations whose call has ended, one way or another.
    pub(crate) ended: u64,
    last_ended: Option<Instant>,
    /// By question, list and id: how many callers wait for an entity, and since when nobody does.
    pub(crate) waiting: HashMap<(String, String, u32), (usize, Option<Instant>)>,
    under_way: HashMap<String, Vec<usize>>,
    /// What the loader did that it must not.
    pub(crate) breaches: Vec<String>,
}

pub(crate) struct Call {
    pub(crate) question: String,
    pub(crate) kind: RequestKind,
    pub(crate) lists: Vec<(String, Vec<u32>)>,
    /// Mutations that had ended when it came in; unknown if one ended in that very moment, for it may have left before.
    ended: Option<u64>,
    pub(crate) end: End,
    /// How many questions came with it.
    pub(crate) company: usize,
}

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Good,
    ErrorsAt(Vec<u32>),
    Fails(FetchFailure),
    Panics,
    /// An error that names nothing, beside good data.
    LooseError,
    NoData,
    WrongLength,
    Truncated(usize),
    NotJson,
}

impl Call {
    pub(crate) fn has(&self, list: &str, id: u32) -> bool {
        self.lists
            .iter()
            .any(|(name, ids)| name == list && ids.contains(&id))
    }

    pub(crate) fn size(&self) -> usize {
        self.lists.iter().map(|(_, ids)| ids.len()).sum()
    }

    /// Whether it may be the reason for which an entity is missing.
    pub(crate) fn spoils(&self, id: u32) -> bool {
        match &self.end {
            End::Good => false,
            End::ErrorsAt(ids) => ids.contains(&id),
            // Each list may be wrong by itself.
            End::WrongLength => !self.lists.is_empty(),
            // That is nobody's: everybody is asked for again.
            _ if self.company > 0 => false,
            _ => true,
        }
    }
}

impl Subgraph {
    pub(crate) fn new(rules: Rules, rng: SmallRng) -> Self {
        let journal = Journal {
            rng,
            calls: Vec::new(),
            requests: 0,
            version: 0,
            ended: 0,
            last_ended: None,
            waiting: HashMap::new(),
            under_way: HashMap::new(),
            breaches: Vec::new(),
        };
        Self {
            rules,
            journal: Mutex::new(journal),
        }
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn question(&self, request: &SubgraphRequest) -> String {
        let who = if self.rules.public {
            EVERYBODY
        } else {
            who(&request.headers)
        };
        let variables = std::str::from_utf8(&request.variables).unwrap();
        format!("{who} {} {variables}", request.document)
    }

    /// Notes a request, holds the loader to the rules, and decides how it ends.
    fn receive(&self, request: &SubgraphRequest) -> Received {
        let parts = asked_apart(request);
        let mut journal = self.journal();
        journal.requests += 1;
        if request.kind == RequestKind::Mutation {
            journal.version += 1;
        }
        let lists: Vec<_> = parts.iter().flat_map(ids_of).collect();
        let end = journal.draw_end(&self.rules, request.kind, &lists);
        let mut received = Received {
            numbers: Vec::new(),
            delay: Duration::ZERO,
            right: json!({ "data": {} }),
        };
        journal.hold_all(self, &parts);
        for (place, part) in parts.iter().enumerate() {
            let number = journal.calls.len();
            let call = Call {
                question: self.question(part),
                kind: request.kind,
                lists: ids_of(part),
                ended: (journal.last_ended != Some(Instant::now())).then_some(journal.ended),
                end: end.clone(),
                company: parts.len() - 1,
            };
            if request.kind == RequestKind::Query {
                journal.hold(&self.rules, &call);
            }
            let keys = keys_of(part);
            let prefix = if parts.len() > 1 {
                format!("q{place}_")
            } else {
                String::new()
            };
            add(
                &mut received.right,
                &prefix,
                answer(&call, &keys, number, journal.version),
            );
            journal
                .under_way
                .entry(call.question.clone())
                .or_default()
                .push(number);
            journal.calls.push(call);
            received.numbers.push(number);
        }
        let delay = match journal.rng.random_range(0..20) {
            0 => journal.rng.random_range(200..700),
            1..5 => 0,
            _ => journal.rng.random_range(1..40),
        };
        received.delay = Duration::from_millis(delay);
        received
    }

    fn end(&self, number: usize) {
        let mut journal = self.journal();
        let question = journal.calls[number].question.clone();
        if let Some(under_way) = journal.under_way.get_mut(&question) {
            under_way.retain(|other| *other != number);
        }
        if journal.calls[number].kind == RequestKind::Mutation {
            journal.ended += 1;
            journal.last_ended = Some(Instant::now());
        }
    }
}

struct Received {
    /// Of its calls.
    numbers: Vec<usize>,
    delay: Duration,
    right: Value,
}

/// Adds a question's answer to that of an operation.
fn add(to: &mut Value, prefix: &str, answer: Value) {
    for (key, value) in answer["data"].as_object().unwrap() {
        to["data"][format!("{prefix}{key}")] = value.clone();
    }
    for mut error in answer["errors"].as_array().cloned().unwrap_or_default() {
        error["path"][0] = json!(format!("{prefix}{}", error["path"][0].as_str().unwrap()));
        if to["errors"].is_null() {
            to["errors"] = json!([]);
        }
        to["errors"].as_array_mut().unwrap().push(error);
    }
}

/// Of the fields at the root, but for entities.
fn keys_of(request: &SubgraphRequest) -> Vec<String> {
    if !request.document.contains('{') {
        return vec!["root".to_owned()];
    }
    let fields = root_fields(&request.document, &Value::Null).into_iter();
    fields.map(|field| field.key).collect()
}

impl Journal {
    /// What holds for questions in one operation.
    fn hold_all(&mut self, subgraph: &Subgraph, parts: &[SubgraphRequest]) {
        if parts.len() == 1 {
            return;
        }
        let rules = &subgraph.rules;
        let most = rules.merging.map_or(1, |merging| merging.max_operations);
        let entities: usize = parts.iter().flat_map(ids_of).map(|(_, ids)| ids.len()).sum();
        if parts.len() > most || entities > rules.max_batch_size || !rules.across {
            self.breaches
                .push(format!("{} questions with {entities} entities", parts.len()));
        }
        if parts.iter().any(|part| part.kind != RequestKind::Query) {
            self.breaches.push("a mutation in company".to_owned());
        }
        for (place, part) in parts.iter().enumerate() {
            let equal = |other: &SubgraphRequest| subgraph.question(other) == subgraph.question(part);
            if part.entities.is_empty()
                && rules.share_calls
                && !rules.murky
                && parts[..place].iter().any(equal)
            {
                self.breaches.push(format!("{} twice", subgraph.question(part)));
            }
        }
    }

    fn hold(&mut self, rules: &Rules, call: &Call) {
        let mut breaches = Vec::new();
        if call.size() > rules.max_batch_size {
            breaches.push(format!("a batch of {}", call.size()));
        }
        let others = self.under_way.get(&call.question).into_iter().flatten();
        let others: Vec<&Call> = others
            .map(|number| &self.calls[*number])
            .filter(|call| call.kind == RequestKind::Query)
            .collect();
        if rules.across && others.len() >= rules.slots && call.size() > 0 {
            breaches.push(format!("{} calls at once", others.len() + 1));
        }
        let mut unwanted = Vec::new();
        let root = (ROOT.to_owned(), vec![0]);
        let lists = match call.lists.as_slice() {
            [] => std::slice::from_ref(&root),
            lists => lists,
        };
        for (list, ids) in lists {
            for (position, id) in ids.iter().enumerate() {
                let key = (call.question.clone(), list.clone(), *id);
                // A batch that has left may come in a moment after the last caller has gone.
                let known = self.waiting.get(&key);
                let (waiting, left) = known.copied().unwrap_or_default();
                if waiting == 0 && left != Some(Instant::now()) {
                    unwanted.push(format!("nobody waits for {key:?}"));
                }
                if ids[..position].contains(id) {
                    breaches.push(format!("{key:?} twice in one call"));
                }
                let again = |other: &&Call| {
                    other.has(list, *id)
                        && !call.lists.is_empty()
                        && other.ended.is_some()
                        && other.ended == call.ended
                };
                // What waited for company may have left its group before a mutation and come in after it.
                let exact = rules.across && !rules.murky && rules.merging.is_none();
                if exact && others.iter().any(again) {
                    breaches.push(format!("{key:?} is under way already"));
                }
            }
        }
        // A batch that waits for company is not gathered any more: it goes as it is, or not at all.
        let asked: usize = lists.iter().map(|(_, ids)| ids.len()).sum();
        if rules.merging.is_none() || unwanted.len() == asked {
            breaches.append(&mut unwanted);
        }
        self.breaches.extend(breaches);
    }

    fn draw_end(&mut self, rules: &Rules, kind: RequestKind, lists: &[(String, Vec<u32>)]) -> End {
        let rng = &mut self.rng;
        if rng.random_range(0..100) >= rules.trouble {
            return End::Good;
        }
        if kind == RequestKind::Mutation {
            return End::Fails(FetchFailure::BadStatus { status: 500 });
        }
        let kinds = if rules.murky { 9 } else { 4 };
        match rng.random_range(0..kinds) {
            0 => {
                let ids: Vec<u32> = lists.iter().flat_map(|(_, ids)| ids).copied().collect();
                let bad = ids.into_iter().filter(|_| rng.random_bool(0.4));
                End::ErrorsAt(bad.collect())
            }
            1 => End::Fails(FetchFailure::Unreachable {
                reason: format!("call {}", self.calls.len()),
            }),
            2 => End::Fails(FetchFailure::BadStatus {
                status: *[401, 500, 503].choose(rng).unwrap(),
            }),
            3 => End::Panics,
            4 => End::LooseError,
            5 => End::NoData,
            6 => End::WrongLength,
            7 => End::Truncated(rng.random_range(0..200)),
            _ if rng.random_bool(0.5) => End::Fails(FetchFailure::TooLarge { limit: 7 }),
            _ => End::NotJson,
        }
    }
}

impl SubgraphClient for Subgraph {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            let Received {
                numbers,
                delay,
                right,
            } = self.receive(&request);
            let number = numbers[0];
            let _ends: Vec<_> = numbers.iter().map(|number| Ending(self, *number)).collect();
            if delay >= TIMEOUT {
                sleep(TIMEOUT).await;
                let failure = FetchFailure::Timeout { millis: 500 };
                for number in &numbers {
                    self.journal().calls[*number].end = End::Fails(failure.clone());
                }
                return Err(failure);
            }
            sleep(delay).await;
            let end = self.journal().calls[number].end.clone();
            spoil(right, end, number, &self.question(&request)).map(SubgraphReply::new)
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, headers: &HeaderMap) -> Partition {
        let mut hasher = DefaultHasher::new();
        who(headers).hash(&mut hasher);
        Partition(u128::from(hasher.finish()) << 1 | 1)
    }
}

struct Ending<'s>(&'s Subgraph, usize);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end(self.1);
    }
}

fn who(headers: &HeaderMap) -> &str {
    headers["who"].to_str().unwrap()
}

pub(crate) fn ids_of(request: &SubgraphRequest) -> Vec<(String, Vec<u32>)> {
    let id = |representation: &[u8]| {
        let representation: Value = serde_json::from_slice(representation).unwrap();
        representation["id"].as_str().unwrap().parse().unwrap()
    };
    let lists = request.entities.iter();
    lists
        .map(|list| (list.key.clone(), list.representations.iter().map(id).collect()))
        .collect()
}

/// What is right for a call. Each value says to whom and to what question it belongs.
fn answer(call: &Call, keys: &[String], number: usize, version: u64) -> Value {
    let value = |id: Option<u32>| json!({ "id": id.map(|id| id.to_string()), "question": call.question, "version": version });
    let mut errors = Vec::new();
    let mut data = serde_json::Map::new();
    for key in keys.iter().filter(|_| call.lists.is_empty()) {
        let is_bad = matches!(&call.end, End::ErrorsAt(_));
        if is_bad {
            let message = told(&call.question, &[], number);
            errors.push(json!({ "message": message, "path": [key, "x"] }));
        }
        data.insert(key.clone(), if is_bad { Value::Null } else { value(None) });
    }
    for (list, ids) in &call.lists {
        let entities = ids.iter().enumerate().map(|(index, id)| match &call.end {
            End::ErrorsAt(bad) if bad.contains(id) => {
                let message = told(&call.question, &[*id], number);
                errors.push(
                    json!({ "message": message, "path": [list, index], "extensions": { "x": [id, index] } }),
                );
                Value::Null
            }
            _ => value(Some(*id)),
        });
        data.insert(list.clone(), entities.collect());
    }
    if errors.is_empty() {
        json!({ "data": data })
    } else {
        json!({ "errors": errors, "data": data, "extensions": { "ms": 3 } })
    }
}

/// An error's message: whom it is for, and about what.
fn told(question: &str, ids: &[u32], number: usize) -> String {
    let ids: Vec<_> = ids.iter().map(|id| json!({ "id": id.to_string() })).collect();
    format!("call {number}: {}", json!({ "question": question, "ids": ids }))
}

fn spoil(mut right: Value, end: End, number: usize, question: &str) -> Result<String, FetchFailure> {
    let lists = right["data"].as_object().unwrap().values();
    let ids = lists.flat_map(|list| list.as_array().cloned().unwrap_or_default());
    let ids: Vec<u32> = ids
        .filter_map(|entity| entity["id"].as_str().map(|id| id.parse().unwrap()))
        .collect();
    let message = told(question, &ids, number);
    match end {
        End::Good | End::ErrorsAt(_) => {}
        End::Fails(failure) => return Err(failure),
        End::Panics => panic!("the subgraph was told to panic"),
        End::LooseError => right["errors"] = json!([{ "message": message }]),
        End::NoData => {
            right = json!({ "data": null, "errors": [{ "message": message, "path": ["_entities"] }] })
        }
        End::WrongLength => {
            for list in right["data"].as_object_mut().unwrap().values_mut() {
                if let Some(list) = list.as_array_mut() {
                    list.pop();
                }
            }
        }
        End::Truncated(length) => {
            let text = right.to_string();
            return Ok(text[..length.min(text.len() - 1)].to_owned());
        }
        End::NotJson => return Ok(message),
    }
    Ok(right.to_string())
}
