//! What is sent: representations gathered from the tree, and the request's body.

use std::{borrow::Cow, collections::HashMap, hash::BuildHasher, ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use causeway_model::{EntityCall, EntityPlace, Fetch, FetchTarget, Name, Piece, ShapeId};
use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};
use http::HeaderMap;

use crate::{
    context::{self, Missing},
    error::write_string,
    port::{EntityList, Representations, RequestKind, SubgraphRequest},
    representation::{self, Unsendable},
    tree::{FailureId, ObjectId, Parted, Tree},
    walk::{self, Walker, positions},
};

/// The entities that one fetch asks for.
#[derive(Debug, Default)]
pub(crate) struct EntityBatch {
    /// The `_entities` fields that are sent: one for each of the fetch's calls, or, where a call takes values from contexts, one
    /// for each combination of values that occurs.
    pub(crate) calls: Vec<CallBatch>,
    /// Objects that cannot be asked for since another fetch failed, with the shape that they will lack.
    pub(crate) lost: Vec<(ObjectId, ShapeId, FailureId)>,
    /// Objects that cannot be asked for since a context is null where it must not be: the call, and its variable.
    pub(crate) without_context: Vec<(ObjectId, (usize, usize))>,
    /// Positions of the tree that wait for an entity.
    pub(crate) positions: usize,
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
    pub(crate) asked: Vec<Asked>,
    /// Representations by their hash.
    known: HashTable<usize>,
}

/// An object that an entity is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) object: ObjectId,
    /// Index of the representation.
    pub(crate) entity: usize,
    /// Index of the call's place at which it stands.
    pub(crate) place: usize,
}

impl EntityBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.sent() == 0
    }

    pub(crate) fn sent(&self) -> usize {
        self.calls.iter().map(|call| call.count).sum()
    }

    /// Objects that are copies now are to get what their originals are waiting for.
    pub(crate) fn follow(&mut self, tree: &Tree, parted: &Parted) {
        for call in &mut self.calls {
            for number in 0..call.asked.len() {
                let asked = call.asked[number];
                let copies = parted.get(&tree.canonical(asked.object)).into_iter().flatten();
                call.asked.extend(copies.map(|copy| Asked {
                    object: *copy,
                    ..asked
                }));
            }
        }
    }
}

/// Walks to the entities and builds their representations; equal ones are sent once, and objects at one place that have equal ones
/// become one where they can, unless `apart`.
pub(crate) fn gather(
    tree: &mut Tree,
    (walker, hasher): (&mut Walker, &DefaultHashBuilder),
    root: ObjectId,
    (truth, apart): (u64, bool),
    calls: &[EntityCall],
) -> EntityBatch {
    let mut batch = EntityBatch::default();
    for (index, call) in calls.iter().enumerate() {
        let mut gatherer = Gatherer {
            tree,
            hasher,
            truth,
            index,
            call,
            fields: Vec::new(),
            by_contexts: HashMap::new(),
            batch: &mut batch,
            buffer: Vec::new(),
        };
        if call.contexts.is_empty() {
            gatherer.field(Vec::new());
            for (number, place) in call.places.iter().enumerate() {
                gatherer.place(walker, root, (number, place));
            }
        } else {
            for (number, place) in call.places.iter().enumerate() {
                gatherer.place_with_contexts(root, (number, place));
            }
        }
        let mut gathered = gatherer.fields;
        if !apart {
            gathered.iter_mut().for_each(|field| field.unite(tree));
        }
        batch.calls.extend(gathered);
    }
    batch
}

struct Gatherer<'g> {
    tree: &'g Tree,
    hasher: &'g DefaultHashBuilder,
    truth: u64,
    index: usize,
    call: &'g EntityCall,
    fields: Vec<CallBatch>,
    /// Index in `fields` by the values of the context variables.
    by_contexts: HashMap<Vec<Vec<u8>>, usize>,
    batch: &'g mut EntityBatch,
    buffer: Vec<u8>,
}

impl Gatherer<'_> {
    fn place(&mut self, walker: &mut Walker, root: ObjectId, (number, place): (usize, &EntityPlace)) {
        let positions = walker.objects(self.tree, root, &place.path, &mut |object| {
            let sent = self.represent(place, object);
            if sent {
                self.fields[0].add(self.hasher, &self.buffer, (object, number));
            }
            sent
        });
        self.batch.positions = self.batch.positions.saturating_add(positions);
    }

    fn place_with_contexts(&mut self, root: ObjectId, (number, place): (usize, &EntityPlace)) {
        positions(self.tree, root, &place.path, &mut |_, way| {
            let Some(object) = way.last().copied() else {
                return ControlFlow::Continue(());
            };
            if self.represent(place, object)
                && let Some(field) = self.field_below(place, way)
            {
                self.fields[field].add(self.hasher, &self.buffer, (object, number));
                self.batch.positions += 1;
            }
            ControlFlow::Continue(())
        });
    }

    /// Writes the object's representation into the buffer, if there is one to be sent.
    fn represent(&mut self, place: &EntityPlace, object: ObjectId) -> bool {
        let target = walk::target(self.tree, object, &place.targets);
        let Some(target) = target.filter(|target| target.guard.holds(self.truth)) else {
            return false;
        };
        self.buffer.clear();
        match representation::write(self.tree, target, object, self.truth, &mut self.buffer) {
            Ok(()) => true,
            Err(Unsendable::Failed(failure)) => {
                self.batch.lost.push((object, self.call.shape, failure));
                false
            }
            Err(Unsendable::Unknown) => false,
        }
    }

    /// The field for the values that the contexts have above an object. `None`: there is a value missing, which is noted.
    fn field_below(&mut self, place: &EntityPlace, way: &[ObjectId]) -> Option<usize> {
        let (object, above) = way.split_last()?;
        let mut values = Vec::with_capacity(self.call.contexts.len());
        for (number, (variable, sources)) in self.call.contexts.iter().zip(&place.contexts).enumerate() {
            let mut value = Vec::new();
            match context::write(self.tree, variable, sources, above, &mut value) {
                Ok(()) => values.push(value),
                Err(Missing::Failed(failure)) => {
                    self.batch.lost.push((*object, self.call.shape, failure));
                    return None;
                }
                Err(Missing::Null) => {
                    self.batch.without_context.push((*object, (self.index, number)));
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
    fn add(
        &mut self,
        hasher: &DefaultHashBuilder,
        representation: &[u8],
        (object, place): (ObjectId, usize),
    ) {
        let hash = hasher.hash_one(representation);
        let Self {
            known,
            representations,
            ..
        } = self;
        let entry = known.entry(
            hash,
            |index| representations.get(*index) == representation,
            |index| hasher.hash_one(representations.get(*index)),
        );
        let entity = match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                unknown.insert(self.count);
                representations.push(representation);
                self.count += 1;
                self.count - 1
            }
        };
        self.asked.push(Asked {
            object,
            entity,
            place,
        });
    }

    fn unite(&mut self, tree: &mut Tree) {
        let (mut here, mut first) = (0, vec![None; self.count]);
        self.asked.retain(|asked| {
            if std::mem::replace(&mut here, asked.place) != asked.place {
                first.fill(None);
            }
            match first[asked.entity] {
                Some(kept) => !tree.unite(kept, asked.object),
                None => {
                    first[asked.entity] = Some(asked.object);
                    true
                }
            }
        });
    }

    /// By entity, how many objects it was asked for.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        let mut waiting = vec![0; self.count];
        self.asked.iter().for_each(|asked| waiting[asked.entity] += 1);
        waiting
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
        write_string(&mut members, name);
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
        merging: fetch.merging.clone(),
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
