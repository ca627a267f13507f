//! What is sent: representations gathered from the tree, and the request's body.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use bytes::Bytes;
use causeway_model::{EntityCall, EntityPlace, Fetch, FetchTarget, Name, Piece, ShapeId};
use http::HeaderMap;

use crate::{
    context::{self, Missing},
    data::{Data, FailureId},
    error::write_json,
    port::{EntityList, Representations, RequestKind, SubgraphRequest},
    representation::{self, Unsendable},
    tree::{self, Located, Step, visit_objects},
};

/// The entities that one fetch asks for.
#[derive(Debug, Default)]
pub(crate) struct EntityBatch {
    /// The `_entities` fields that are sent: one for each of the fetch's calls, or, where a call takes values from contexts, one
    /// for each combination of values that occurs.
    pub(crate) calls: Vec<CallBatch>,
    /// Objects that cannot be asked for since another fetch failed, with the shape that they will lack.
    pub(crate) lost: Located<(ShapeId, FailureId)>,
    /// Objects that cannot be asked for since a context is null where it must not be: the call, and its variable.
    pub(crate) without_context: Located<(usize, usize)>,
}

#[derive(Debug, Default)]
pub(crate) struct CallBatch {
    /// Index of the fetch's call.
    pub(crate) call: usize,
    /// How many of the call's fields come before this one.
    repeat: usize,
    /// JSON of the call's context variables.
    contexts: Vec<Vec<u8>>,
    /// In the order in which they were first met. They move on into the request.
    representations: Representations,
    /// Number of representations.
    pub(crate) count: usize,
    /// The objects that were asked for, each with the index of its representation.
    pub(crate) asked: Located<usize>,
    /// Index by representation.
    known: HashMap<Vec<u8>, usize>,
}

impl EntityBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.sent() == 0
    }

    pub(crate) fn sent(&self) -> usize {
        self.calls.iter().map(|call| call.count).sum()
    }

    pub(crate) fn asked(&self) -> usize {
        self.calls.iter().map(|call| call.asked.len()).sum()
    }
}

/// Walks to the entities and builds their representations; equal ones are sent once.
pub(crate) fn gather(root: &Data, truth: u64, calls: &[EntityCall]) -> EntityBatch {
    let mut batch = EntityBatch::default();
    for (index, call) in calls.iter().enumerate() {
        let mut gatherer = Gatherer {
            root,
            truth,
            index,
            call,
            fields: Vec::new(),
            by_contexts: HashMap::new(),
            lost: &mut batch.lost,
            without_context: &mut batch.without_context,
            buffer: Vec::new(),
        };
        if call.contexts.is_empty() {
            gatherer.field(Vec::new());
        }
        call.places.iter().for_each(|place| gatherer.place(place));
        let gathered = gatherer.fields;
        batch.calls.extend(gathered);
    }
    batch
}

struct Gatherer<'g> {
    root: &'g Data,
    truth: u64,
    index: usize,
    call: &'g EntityCall,
    fields: Vec<CallBatch>,
    /// Index in `fields` by the values of the context variables.
    by_contexts: HashMap<Vec<Vec<u8>>, usize>,
    lost: &'g mut Located<(ShapeId, FailureId)>,
    without_context: &'g mut Located<(usize, usize)>,
    buffer: Vec<u8>,
}

impl Gatherer<'_> {
    fn place(&mut self, place: &EntityPlace) {
        visit_objects(self.root, &place.path, &mut |object, at| {
            let target = tree::target(object, &place.targets);
            let Some(target) = target.filter(|target| target.guard.holds(self.truth)) else {
                return;
            };
            self.buffer.clear();
            match representation::write(target, object, self.truth, &mut self.buffer) {
                Ok(()) => {}
                Err(Unsendable::Failed(failure)) => return self.lost.push(at, (self.call.shape, failure)),
                Err(Unsendable::Unknown) => return,
            }
            if let Some(field) = self.field_at(place, at) {
                self.fields[field].add(&self.buffer, at);
            }
        });
    }

    /// The field for the values that the contexts have at a place. `None`: there is a value missing, which is noted.
    fn field_at(&mut self, place: &EntityPlace, at: &[Step]) -> Option<usize> {
        if self.call.contexts.is_empty() {
            return Some(0);
        }
        let above = context::ancestors(self.root, at);
        let mut values = Vec::with_capacity(self.call.contexts.len());
        for (number, (variable, sources)) in self.call.contexts.iter().zip(&place.contexts).enumerate() {
            let mut value = Vec::new();
            match context::write(variable, sources, &above, &mut value) {
                Ok(()) => values.push(value),
                Err(Missing::Failed(failure)) => {
                    self.lost.push(at, (self.call.shape, failure));
                    return None;
                }
                Err(Missing::Null) => {
                    self.without_context.push(at, (self.index, number));
                    return None;
                }
            }
        }
        if let Some(known) = self.by_contexts.get(&values) {
            return Some(*known);
        }
        let index = self.field(values.clone());
        self.by_contexts.insert(values, index);
        Some(index)
    }

    fn field(&mut self, contexts: Vec<Vec<u8>>) -> usize {
        self.fields.push(CallBatch {
            call: self.index,
            repeat: self.fields.len(),
            contexts,
            ..CallBatch::default()
        });
        self.fields.len() - 1
    }
}

impl CallBatch {
    /// Adds an object that is asked for by a representation.
    fn add(&mut self, representation: &[u8], at: &[Step]) {
        let index = match self.known.get(representation) {
            Some(index) => *index,
            None => {
                self.representations.push(representation);
                self.known.insert(representation.to_vec(), self.count);
                self.count += 1;
                self.count - 1
            }
        };
        self.asked.push(at, index);
    }

    /// A name of the call, made this field's own.
    fn own_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.repeat {
            0 => Cow::Borrowed(name),
            repeat => Cow::Owned(format!("{name}_{repeat}")),
        }
    }

    /// The field's key in the answer.
    pub(crate) fn alias<'c>(&self, call: &'c EntityCall) -> Cow<'c, str> {
        self.own_name(&call.alias)
    }
}

/// The fetch's document, made for the fields that are sent where they are not each of its calls once.
fn document(fetch: &Fetch, calls: &[EntityCall], batch: &EntityBatch) -> Arc<str> {
    let once = batch.calls.len() == calls.len() && batch.calls.iter().all(|field| field.repeat == 0);
    let template = match &fetch.template {
        Some(template) if !once => template,
        _ => return Arc::clone(&fetch.document),
    };
    let mut definitions = Vec::new();
    let mut fields = String::new();
    for field in &batch.calls {
        let call = &calls[field.call];
        let variable = field.own_name(&call.variable);
        definitions.push(format!("${variable}:[_Any!]!"));
        for context in &call.contexts {
            definitions.push(format!("${}:{}", field.own_name(&context.name), context.ty));
        }
        let alias = field.alias(call);
        if alias != "_entities" {
            fields.push_str(&alias);
            fields.push(':');
        }
        fields.push_str(&format!("_entities(representations:${variable})"));
        for piece in &template.calls[field.call].pieces {
            match piece {
                Piece::Text(text) => fields.push_str(text),
                Piece::Context(index) => fields.push_str(&field.own_name(&call.contexts[*index].name)),
            }
        }
    }
    let used = template.definitions.iter().filter(|(name, _)| {
        let mut calls = batch.calls.iter().map(|field| &template.calls[field.call]);
        calls.any(|call| call.variables.contains(name))
    });
    definitions.extend(used.map(|(_, definition)| definition.clone()));
    format!("query({}){{{fields}}}", definitions.join(",")).into()
}

/// The fetch as it is sent, with only the variables that its document uses. Takes the representations out of the batch.
pub(crate) fn assemble(
    fetch: &Fetch,
    kind: RequestKind,
    variables: &[(String, Bytes)],
    batch: Option<&mut EntityBatch>,
    headers: &Arc<HeaderMap>,
) -> SubgraphRequest {
    let mut members = Vec::new();
    let mut member = |name: &str, value: &[u8]| {
        if !members.is_empty() {
            members.push(b',');
        }
        write_json(&mut members, &name);
        members.push(b':');
        members.extend_from_slice(value);
    };
    for name in fetch
        .variables
        .iter()
        .filter(|name| is_used(fetch, batch.as_deref(), name))
    {
        if let Some((_, value)) = variables.iter().find(|(held, _)| held == name.as_str()) {
            member(name, value);
        }
    }
    let (document, entities) = match (batch, &fetch.target) {
        (Some(batch), FetchTarget::Entities(calls)) => {
            let document = document(fetch, calls, batch);
            let mut entities = Vec::with_capacity(batch.calls.len());
            for field in &mut batch.calls {
                let call = &calls[field.call];
                for (variable, value) in call.contexts.iter().zip(&field.contexts) {
                    member(&field.own_name(&variable.name), value);
                }
                entities.push(EntityList {
                    key: field.alias(call).into_owned(),
                    variable: field.own_name(&call.variable).into_owned(),
                    representations: std::mem::take(&mut field.representations),
                });
            }
            (document, entities)
        }
        _ => (Arc::clone(&fetch.document), Vec::new()),
    };
    SubgraphRequest {
        subgraph: fetch.subgraph,
        kind,
        document,
        variables: members.into(),
        entities,
        headers: Arc::clone(headers),
    }
}

/// Whether any of the fields that are sent uses the variable.
fn is_used(fetch: &Fetch, batch: Option<&EntityBatch>, variable: &Name) -> bool {
    let (Some(template), Some(batch)) = (&fetch.template, batch) else {
        return true;
    };
    let mut calls = batch.calls.iter().map(|field| &template.calls[field.call]);
    calls.any(|call| call.variables.contains(variable))
}
