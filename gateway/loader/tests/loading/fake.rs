//! A subgraph in process: it answers what it is told to, and notes what it was asked.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use causeway_executor::{
    EntityList, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_loader::{Batching, Loader, LoaderOptions, Merging, SubgraphLoading};
use causeway_model::SubgraphId;
use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::graphql::{RootField, root_fields, template};

pub(crate) struct Fake {
    script: Box<dyn Fn(&Seen) -> Answer + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) calls: Vec<Seen>,
    /// Goes up with every mutation that is carried out.
    pub(crate) version: u64,
    under_way: HashMap<String, usize>,
    /// The most calls that were under way at the same time for one question of one identity.
    pub(crate) peak: usize,
}

/// One call as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) number: usize,
    pub(crate) kind: RequestKind,
    pub(crate) document: String,
    pub(crate) who: String,
    /// What it asks of the root, as far as it is a document.
    pub(crate) roots: Vec<RootField>,
    pub(crate) variables: String,
    /// By list, each representation.
    pub(crate) lists: Vec<(String, Vec<String>)>,
}

impl Seen {
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.lists
            .iter()
            .flat_map(|(_, list)| list)
            .map(String::as_str)
            .collect()
    }
}

pub(crate) struct Answer {
    pub(crate) after: Duration,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// Every entity, or the root, as of the moment in which the call came in.
    Good,
    /// The same, with an error for each of the entities whose representation is given.
    ErrorsAt(Vec<String>),
    Body(String),
    /// The first bytes of what would be right.
    Truncated(usize),
    Fails(FetchFailure),
    Panics,
}

impl What {
    pub(crate) fn after(self, millis: u64) -> Answer {
        Answer {
            after: Duration::from_millis(millis),
            what: self,
        }
    }
}

impl Fake {
    pub(crate) fn new(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            state: Mutex::default(),
        })
    }

    /// Answers well, after ten milliseconds.
    pub(crate) fn good() -> Arc<Self> {
        Self::new(|_| What::Good.after(10))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.state().calls.clone()
    }

    fn note(&self, request: &SubgraphRequest) -> (Seen, u64) {
        let sent: Value = serde_json::from_slice(&request.body()).unwrap();
        let lists = request.entities.iter().map(|list| {
            let sent = sent["variables"][&list.variable].as_array().unwrap();
            assert_eq!(sent.len(), list.representations.len());
            let one = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
            (list.key.clone(), list.representations.iter().map(one).collect())
        });
        let mut state = self.state();
        let seen = Seen {
            number: state.calls.len(),
            kind: request.kind,
            document: request.document.to_string(),
            who: who(&request.headers),
            roots: match request.document.contains('{') {
                true => root_fields(&request.document, &sent["variables"]),
                false => Vec::new(),
            },
            variables: String::from_utf8(request.variables.to_vec()).unwrap(),
            lists: lists.collect(),
        };
        state.calls.push(seen.clone());
        if request.kind == RequestKind::Mutation {
            state.version += 1;
        }
        let version = state.version;
        if request.kind == RequestKind::Query {
            let under_way = state.under_way.entry(question(&seen)).or_default();
            *under_way += 1;
            let now = *under_way;
            state.peak = state.peak.max(now);
        }
        (seen, version)
    }
}

fn question(seen: &Seen) -> String {
    if let Some(field) = seen.roots.first() {
        return format!("{} {}", seen.who, field.name);
    }
    format!("{} {}", seen.who, seen.document)
}

pub(crate) fn who(headers: &HeaderMap) -> String {
    headers
        .get("who")
        .map_or(String::new(), |who| who.to_str().unwrap().to_owned())
}

/// What is answered for a key.
pub(crate) fn entity(seen: &Seen, key: &str, version: u64) -> Value {
    let representation: Value = serde_json::from_str(key).unwrap();
    json!({ "key": representation, "who": seen.who, "document": seen.document, "version": version })
}

/// What is answered for a field of the root.
pub(crate) fn root_value(who: &str, meaning: &str, version: u64) -> Value {
    json!({ "is": meaning, "who": who, "version": version })
}

fn body(seen: &Seen, version: u64, bad: &[String]) -> Value {
    if !seen.roots.is_empty() && seen.lists.is_empty() {
        return roots_body(seen, version, bad);
    }
    if seen.lists.is_empty() {
        return json!({ "data": { "root": entity(seen, "{}", version) } });
    }
    let mut data = serde_json::Map::new();
    let mut errors = Vec::new();
    for (list, keys) in &seen.lists {
        let entities = keys.iter().enumerate().map(|(index, key)| {
            if !bad.contains(key) {
                return entity(seen, key, version);
            }
            errors.push(json!({
                "path": [list, index, "name"],
                "message": format!("no {key} for {}", seen.who),
                "extensions": { "code": "GONE" },
            }));
            Value::Null
        });
        data.insert(list.clone(), entities.collect());
    }
    if errors.is_empty() {
        json!({ "data": data })
    } else {
        json!({ "data": data, "errors": errors })
    }
}

fn roots_body(seen: &Seen, version: u64, bad: &[String]) -> Value {
    let mut data = serde_json::Map::new();
    let mut errors = Vec::new();
    for field in &seen.roots {
        let is_bad = bad.contains(&field.meaning);
        if is_bad {
            errors.push(json!({
                "message": format!("no {} for {}", field.meaning, seen.who),
                "path": [field.key, "name"],
                "extensions": { "code": "GONE" },
            }));
        }
        let value = match is_bad {
            true => Value::Null,
            false => root_value(&seen.who, &field.meaning, version),
        };
        data.insert(field.key.clone(), value);
    }
    match errors.is_empty() {
        true => json!({ "data": data }),
        false => json!({ "errors": errors, "data": data }),
    }
}

impl SubgraphClient for Fake {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move {
            let (seen, version) = self.note(&request);
            let Answer { after, what } = (self.script)(&seen);
            let _under_way = UnderWay(self, &seen);
            tokio::time::sleep(after).await;
            let text = match what {
                What::Good => body(&seen, version, &[]).to_string(),
                What::ErrorsAt(bad) => body(&seen, version, &bad).to_string(),
                What::Body(text) => text,
                What::Truncated(length) => {
                    let text = body(&seen, version, &[]).to_string();
                    text[..length.min(text.len() - 1)].to_owned()
                }
                What::Fails(failure) => return Err(failure),
                What::Panics => panic!("the fake subgraph was told to panic"),
            };
            Ok(SubgraphReply::new(text))
        }
        .boxed()
    }

    fn partition(&self, _: SubgraphId, headers: &HeaderMap) -> Partition {
        let mut hasher = DefaultHasher::new();
        who(headers).hash(&mut hasher);
        Partition(u128::from(hasher.finish()) << 1 | 1)
    }
}

struct UnderWay<'f>(&'f Fake, &'f Seen);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.1.kind == RequestKind::Query {
            let mut state = self.0.state();
            if let Some(under_way) = state.under_way.get_mut(&question(self.1)) {
                *under_way -= 1;
            }
        }
    }
}

pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

pub(crate) fn across(max_batch_size: usize, slots: usize) -> Batching {
    Batching::On {
        across_requests: true,
        max_batch_size,
        slots,
        public: false,
        merging: Some(Merging::default()),
    }
}

pub(crate) fn loader(fake: &Arc<Fake>, batching: Batching) -> Loader {
    let options = LoaderOptions {
        subgraphs: vec![SubgraphLoading {
            name: "shelf".to_owned(),
            timeout: TIMEOUT,
            batching,
        }],
        share_calls: true,
    };
    Loader::new(Arc::clone(fake) as Arc<dyn SubgraphClient>, options)
}

/// A representation.
pub(crate) fn key(id: u32) -> String {
    format!(r#"{{"__typename":"Book","id":"{id}"}}"#)
}

pub(crate) fn ask_lists(who: &str, document: &str, lists: &[(&str, &[u32])]) -> SubgraphRequest {
    let entities = lists.iter().map(|(name, ids)| {
        let keys: Vec<String> = ids.iter().map(|id| key(*id)).collect();
        EntityList {
            key: (*name).to_owned(),
            variable: format!("of{name}"),
            representations: keys.iter().map(String::as_bytes).collect(),
        }
    });
    let mut headers = HeaderMap::new();
    headers.insert("who", who.parse().unwrap());
    SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: document.into(),
        variables: Bytes::from_static(b"\"first\":3"),
        entities: entities.collect(),
        merging: None,
        headers: Arc::new(headers),
    }
}

pub(crate) fn ask(who: &str, ids: &[u32]) -> SubgraphRequest {
    ask_lists(who, "books", &[("_entities", ids)])
}

pub(crate) fn root(who: &str) -> SubgraphRequest {
    ask_lists(who, "root", &[])
}

/// A root query that can be asked with others. `variables`: members of a JSON object.
pub(crate) fn query(who: &str, document: &str, variables: &str) -> SubgraphRequest {
    SubgraphRequest {
        variables: Bytes::copy_from_slice(variables.as_bytes()),
        merging: Some(Arc::new(template(document))),
        ..ask_lists(who, document, &[])
    }
}

/// `user` of an id.
pub(crate) fn user(who: &str, id: u32) -> SubgraphRequest {
    query(who, "query($id:ID!){user(id:$id){name}}", &format!("\"id\":{id}"))
}

/// The one field that a user's answer has to have.
pub(crate) fn the_user(who: &str, id: u32) -> Value {
    json!({ "user": root_value(who, &format!("user(id:{id}){{name}}"), 0) })
}

pub(crate) fn mutation(who: &str) -> SubgraphRequest {
    SubgraphRequest {
        kind: RequestKind::Mutation,
        ..ask_lists(who, "change", &[])
    }
}

/// Ids of the entities that a body brings in a list, each `None` if it is null.
pub(crate) fn ids_in(body: &Bytes, list: &str) -> Vec<Option<u32>> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let entities = body["data"][list].as_array().unwrap();
    let id = |entity: &Value| entity["key"]["id"].as_str().map(|id| id.parse().unwrap());
    entities.iter().map(id).collect()
}

pub(crate) fn errors_in(body: &Bytes) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["errors"].as_array().cloned().unwrap_or_default()
}

/// Lets everything run that can run without time passing.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Asks when what was asked before has left.
pub(crate) async fn later<F: Future>(asked: F) -> F::Output {
    settle().await;
    asked.await
}

impl Seen {
    /// As many keys, whichever.
    pub(crate) fn of_keys(count: u32) -> Self {
        Self {
            number: 0,
            kind: RequestKind::Query,
            document: String::new(),
            who: String::new(),
            roots: Vec::new(),
            variables: String::new(),
            lists: vec![("_entities".to_owned(), (0..count).map(key).collect())],
        }
    }
}
