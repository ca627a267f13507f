//! What is sent: representations gathered from the tree, and the request's body.

use std::collections::HashMap;

use bytes::Bytes;
use causeway_model::{EntityCall, EntityPlace, Fetch, ShapeId};

use crate::{
    data::{Data, FailureId},
    error::write_json,
    representation::{self, Unsendable},
    tree::{self, Located, visit_objects},
};

/// The entities that one fetch asks for.
#[derive(Debug, Default)]
pub(crate) struct EntityBatch {
    /// By `_entities` field of the fetch.
    pub(crate) calls: Vec<CallBatch>,
    /// Objects that cannot be asked for since another fetch failed, with the shape that they will lack.
    pub(crate) lost: Located<(ShapeId, FailureId)>,
}

#[derive(Debug, Default)]
pub(crate) struct CallBatch {
    /// JSON of the representations, each one once, in the order in which they were first met.
    representations: Vec<u8>,
    /// Number of representations.
    pub(crate) count: usize,
    /// The objects that were asked for, each with the index of its representation.
    pub(crate) asked: Located<usize>,
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
pub(crate) fn gather(root: &Data, calls: &[EntityCall]) -> EntityBatch {
    let mut batch = EntityBatch::default();
    for call in calls {
        let mut gatherer = Gatherer {
            batch: CallBatch::default(),
            shape: call.shape,
            lost: &mut batch.lost,
            known: HashMap::new(),
            buffer: Vec::new(),
        };
        call.places.iter().for_each(|place| gatherer.place(root, place));
        let gathered = gatherer.batch;
        batch.calls.push(gathered);
    }
    batch
}

struct Gatherer<'l> {
    batch: CallBatch,
    shape: ShapeId,
    lost: &'l mut Located<(ShapeId, FailureId)>,
    /// Index by representation.
    known: HashMap<Vec<u8>, usize>,
    buffer: Vec<u8>,
}

impl Gatherer<'_> {
    fn place(&mut self, root: &Data, place: &EntityPlace) {
        visit_objects(root, &place.path, &mut |object, at| {
            let Some(target) = tree::target(object, &place.targets) else {
                return;
            };
            self.buffer.clear();
            match representation::write(target, object, &mut self.buffer) {
                Ok(()) => {
                    let index = self.index();
                    self.batch.asked.push(at, index);
                }
                Err(Unsendable::Failed(failure)) => self.lost.push(at, (self.shape, failure)),
                Err(Unsendable::Unknown) => {}
            }
        });
    }

    /// The index of the representation in the buffer.
    fn index(&mut self) -> usize {
        if let Some(index) = self.known.get(&self.buffer) {
            return *index;
        }
        let batch = &mut self.batch;
        if batch.count > 0 {
            batch.representations.push(b',');
        }
        batch.representations.extend_from_slice(&self.buffer);
        self.known.insert(self.buffer.clone(), batch.count);
        batch.count += 1;
        batch.count - 1
    }
}

/// `{"query":…,"variables":{…}}`, with only the variables that the document uses.
pub(crate) fn body(fetch: &Fetch, variables: &[(String, Bytes)], batch: Option<&EntityBatch>) -> Bytes {
    let mut body = Vec::with_capacity(fetch.document.len() + 256);
    body.extend_from_slice(b"{\"query\":");
    write_json(&mut body, &fetch.document);
    body.extend_from_slice(b",\"variables\":{");
    let mut first = true;
    let mut name = |body: &mut Vec<u8>, name: &str| {
        if !first {
            body.push(b',');
        }
        first = false;
        write_json(body, &name);
        body.push(b':');
    };
    for variable in &fetch.variables {
        if let Some((_, value)) = variables.iter().find(|(held, _)| held == variable.as_str()) {
            name(&mut body, variable);
            body.extend_from_slice(value);
        }
    }
    if let (Some(batch), causeway_model::FetchTarget::Entities(calls)) = (batch, &fetch.target) {
        for (call, gathered) in calls.iter().zip(&batch.calls) {
            name(&mut body, &call.variable);
            body.push(b'[');
            body.extend_from_slice(&gathered.representations);
            body.push(b']');
        }
    }
    body.extend_from_slice(b"}}");
    body.into()
}
