//! What is sent: representations gathered from the tree, and the request's body.

use std::collections::HashMap;

use bytes::Bytes;
use causeway_model::{EntityCall, Fetch, Shape};

use crate::{
    data::Data,
    error::write_json,
    representation::{self, Unsendable},
    tree::{self, visit_objects},
};

/// The entities that one fetch asks for.
#[derive(Debug)]
pub(crate) struct EntityBatch {
    /// By `_entities` field of the fetch.
    pub(crate) calls: Vec<CallBatch>,
}

#[derive(Debug, Default)]
pub(crate) struct CallBatch {
    /// JSON of the representations, each one once, in the order in which they were first met.
    representations: Vec<u8>,
    pub(crate) count: usize,
    /// By place of the call: for each object met there, the index of its representation. `None`: not asked for.
    pub(crate) assigned: Vec<Vec<Option<usize>>>,
}

impl EntityBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.sent() == 0
    }

    pub(crate) fn sent(&self) -> usize {
        self.calls.iter().map(|call| call.count).sum()
    }

    pub(crate) fn asked(&self) -> usize {
        self.calls.iter().flat_map(|call| call.assigned.iter().flatten()).filter(|index| index.is_some()).count()
    }
}

/// Walks to the entities and builds their representations; equal ones are sent once. Entities that lack what
/// the subgraph needs since another fetch failed are marked as failed, too.
pub(crate) fn gather(root: &mut Data, calls: &[EntityCall], shape: &Shape, names: &[String]) -> EntityBatch {
    let calls = calls.iter().map(|call| gather_call(root, call, shape, names)).collect();
    EntityBatch { calls }
}

fn gather_call(root: &mut Data, call: &EntityCall, shape: &Shape, names: &[String]) -> CallBatch {
    let mut batch = CallBatch::default();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut buffer = Vec::new();
    for place in &call.places {
        let mut assigned = Vec::new();
        visit_objects(root, &place.path, names, &mut |object, _| {
            let Some(target) = tree::target(object, &place.targets) else {
                assigned.push(None);
                return;
            };
            buffer.clear();
            match representation::write(&target.representation, object, &mut buffer) {
                Ok(()) => {
                    let index = match known.get(&buffer) {
                        Some(index) => *index,
                        None => {
                            if batch.count > 0 {
                                batch.representations.push(b',');
                            }
                            batch.representations.extend_from_slice(&buffer);
                            known.insert(buffer.clone(), batch.count);
                            batch.count += 1;
                            batch.count - 1
                        }
                    };
                    assigned.push(Some(index));
                }
                Err(reason) => {
                    if let Unsendable::Failed(failure) = reason {
                        tree::fail_missing(object, shape, call.shape, failure);
                    }
                    assigned.push(None);
                }
            }
        });
        batch.assigned.push(assigned);
    }
    batch
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
