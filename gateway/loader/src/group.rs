//! The loads of one document with one set of variables for one identity: what is gathered, what is under way, and who waits.
//!
//! Everything here is done under the group's lock and none of it waits or looks into an answer.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use causeway_executor::{EntityList, Representations, RequestKind, SubgraphRequest};
use causeway_model::MergeTemplate;
use http::HeaderMap;
use tokio::time::Instant;

use crate::{
    batch::{Audience, Batch, BatchId, Flight, Forming, Gathered, Landed, Launch},
    options::{Limits, open_slots},
    registry::{Question, lock},
    sources::{Part, Source, Sources},
};

pub(crate) struct Group {
    pub(crate) question: Question,
    pub(crate) kind: RequestKind,
    pub(crate) limits: Limits,
    /// The lists of the document, without entities.
    pub(crate) lists: Vec<EntityList>,
    /// How its batches are asked with those of other groups.
    merging: Option<Arc<MergeTemplate>>,
    /// Callers that wait.
    pub(crate) callers: AtomicUsize,
    state: Mutex<State>,
}

/// Invariant: while something is queued, all slots are taken, or a launch is due.
#[derive(Default)]
pub(crate) struct State {
    /// A task is on its way to launch what is queued.
    due: bool,
    /// In the order of their ids.
    queue: VecDeque<Forming>,
    /// Asked again for one caller; they go first and nobody joins them.
    isolated: VecDeque<Forming>,
    flights: Vec<Flight>,
    /// Callers of the batch that left last.
    carried: usize,
    /// By list and representation, what is gathered or under way; but for what is known to stand in a flight that is not indexed.
    /// The default hasher, since clients choose what they ask for.
    index: Vec<HashMap<Box<[u8]>, Place>>,
    next_id: BatchId,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    batch: BatchId,
    position: usize,
}

/// Where a caller's entities come from.
pub(crate) struct Taken {
    pub(crate) parts: Vec<Part>,
    pub(crate) sources: Sources,
    /// Entities that were gathered or under way for somebody else.
    pub(crate) joined: usize,
    /// Batches that would not be without this caller.
    pub(crate) calls: usize,
    /// Their ids are above this.
    pub(crate) own_above: BatchId,
}

pub(crate) fn count(entities: &[EntityList]) -> usize {
    entities.iter().map(|list| list.representations.len()).sum()
}

impl Group {
    pub(crate) fn new(question: Question, request: &SubgraphRequest, limits: Limits) -> Self {
        let lists = request.entities.iter().map(|list| EntityList {
            key: list.key.clone(),
            variable: list.variable.clone(),
            representations: Representations::default(),
        });
        Self {
            question,
            kind: request.kind,
            limits,
            lists: lists.collect(),
            merging: match request.kind {
                RequestKind::Query => request.merging.clone(),
                _ => None,
            },
            callers: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Equal documents have equal lists. Should they ever not, their entities are not each other's.
    pub(crate) fn has_lists_of(&self, request: &SubgraphRequest) -> bool {
        let pairs = self.lists.iter().zip(&request.entities);
        self.lists.len() == request.entities.len()
            && pairs
                .into_iter()
                .all(|(known, asked)| known.key == asked.key && known.variable == asked.variable)
    }

    /// Whether its batches wait for no company, once they have left.
    pub(crate) fn sends_what_leaves(&self) -> bool {
        self.merging.is_none()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// To be asked under the state's lock, lest the last caller and the last flight each take the other for still there.
    pub(crate) fn is_idle(&self, state: &State) -> bool {
        self.callers.load(Ordering::SeqCst) == 0 && state.flights.is_empty() && !state.due
    }
}

impl State {
    /// Finds a source for each entity. What left under an older epoch is too old; the epoch must have been read under this lock.
    pub(crate) fn take(
        &mut self,
        group: &Group,
        entities: Vec<EntityList>,
        headers: &Arc<HeaderMap>,
        epoch: u64,
    ) -> Taken {
        let total = count(&entities);
        if let Some(flight) = self
            .flights
            .iter_mut()
            .find(|flight| flight.answers(&entities, epoch))
        {
            flight.admit(total);
            return Taken {
                parts: vec![Part::new(flight.id, &flight.batch)],
                sources: Sources::Same(0),
                joined: total,
                calls: 0,
                own_above: self.next_id,
            };
        }
        let nothing_to_join =
            self.queue.is_empty() && !self.flights.iter().any(|flight| flight.is_open(epoch));
        if nothing_to_join && total <= group.limits.max_batch_size {
            return self.take_whole(entities, headers);
        }
        self.index_all(group, epoch);
        self.take_each(group, &entities, headers, epoch)
    }

    /// A batch of all that one caller asks for, which leaves as it is unless others come before it does.
    fn take_whole(&mut self, entities: Vec<EntityList>, headers: &Arc<HeaderMap>) -> Taken {
        let own_above = self.next_id;
        let size = count(&entities);
        let forming = self.form(entities, headers, size);
        let part = Part::new(forming.id, &forming.batch);
        self.queue.push_back(forming);
        Taken {
            parts: vec![part],
            sources: Sources::Same(0),
            joined: 0,
            calls: 1,
            own_above,
        }
    }

    fn take_each(
        &mut self,
        group: &Group,
        entities: &[EntityList],
        headers: &Arc<HeaderMap>,
        epoch: u64,
    ) -> Taken {
        let first_own = self.next_id;
        let mut taken = Taken {
            parts: Vec::new(),
            sources: Sources::Same(0),
            joined: 0,
            calls: 0,
            own_above: first_own,
        };
        let mut each = Vec::with_capacity(entities.len());
        for (list, asked) in entities.iter().enumerate() {
            let mut sources = Vec::with_capacity(asked.representations.len());
            for representation in asked.representations.iter() {
                let place = match self.join(list, representation, epoch) {
                    Some(place) => {
                        taken.joined += 1;
                        place
                    }
                    None => self.gather(group, list, representation, headers),
                };
                sources.push(Source {
                    part: self.part(&mut taken.parts, place.batch),
                    position: place.position,
                });
            }
            each.push(sources);
        }
        taken.calls = usize::try_from(self.next_id - first_own).expect("no request has so many batches");
        taken.sources = Sources::Each(each).simplified(&taken.parts);
        let common = match taken.sources {
            Sources::Same(_) => count(entities),
            Sources::Each(_) => 0,
        };
        for part in &taken.parts {
            self.admit(part.id, common);
        }
        taken
    }

    /// Somebody else's entity, if its answer is not too old.
    fn join(&mut self, list: usize, representation: &[u8], epoch: u64) -> Option<Place> {
        let place = *self.index[list].get(representation)?;
        if let Ok(queued) = self.queued(place.batch) {
            self.queue[queued].lists[list].wanted[place.position] += 1;
            return Some(place);
        }
        let mut flights = self.flights.iter();
        flights
            .any(|flight| flight.id == place.batch && flight.is_open(epoch))
            .then_some(place)
    }

    fn gather(
        &mut self,
        group: &Group,
        list: usize,
        representation: &[u8],
        headers: &Arc<HeaderMap>,
    ) -> Place {
        let has_room = |forming: &Forming| forming.live < group.limits.max_batch_size;
        if !self.queue.back().is_some_and(has_room) {
            let mut forming = self.form(group.lists.clone(), headers, usize::MAX);
            forming.audience = Audience::NONE;
            forming.indexed = true;
            self.queue.push_back(forming);
        }
        let forming = self.queue.back_mut().expect("there is one now");
        let place = Place {
            batch: forming.id,
            position: forming.push(list, representation),
        };
        self.index[list].insert(representation.into(), place);
        place
    }

    /// A batch of one caller's entities.
    fn form(&mut self, entities: Vec<EntityList>, headers: &Arc<HeaderMap>, common: usize) -> Forming {
        self.next_id += 1;
        Forming {
            id: self.next_id,
            batch: Arc::default(),
            live: count(&entities),
            lists: entities
                .into_iter()
                .map(|list| Gathered {
                    wanted: vec![1; list.representations.len()],
                    list,
                })
                .collect(),
            headers: Arc::clone(headers),
            audience: Audience { callers: 1, common },
            alone: false,
            indexed: false,
        }
    }

    /// Asks for entities once more, for one caller alone.
    pub(crate) fn isolate(
        &mut self,
        entities: Vec<EntityList>,
        headers: &Arc<HeaderMap>,
        common: usize,
    ) -> Part {
        let mut forming = self.form(entities, headers, common);
        forming.alone = true;
        let part = Part::new(forming.id, &forming.batch);
        self.isolated.push_back(forming);
        part
    }

    fn part(&self, parts: &mut Vec<Part>, id: BatchId) -> usize {
        if let Some(known) = parts.iter().rposition(|part| part.id == id) {
            return known;
        }
        let batch = match self.queued(id) {
            Ok(queued) => &self.queue[queued].batch,
            Err(_) => {
                let mut flights = self.flights.iter();
                let flight = flights.find(|flight| flight.id == id);
                &flight.expect("a source is queued or under way").batch
            }
        };
        parts.push(Part::new(id, batch));
        parts.len() - 1
    }

    fn queued(&self, id: BatchId) -> Result<usize, usize> {
        self.queue.binary_search_by_key(&id, |forming| forming.id)
    }

    fn flight(&mut self, id: BatchId) -> Option<&mut Flight> {
        self.flights.iter_mut().find(|flight| flight.id == id)
    }

    /// A caller takes something of a batch that is queued or under way.
    fn admit(&mut self, id: BatchId, common: usize) {
        if let Ok(queued) = self.queued(id) {
            self.queue[queued].audience.admit(common);
        } else if let Some(flight) = self.flight(id) {
            flight.admit(common);
        }
    }

    /// Gives a batch up that left and was not sent yet, if nobody waits for it. From then on nobody joins it.
    pub(crate) fn give_up(&mut self, id: BatchId) -> bool {
        let flight = self.flight(id);
        flight.is_none_or(|flight| {
            flight.given_up = flight.waiting == 0;
            flight.given_up
        })
    }

    /// Makes all that may be joined findable. Most flights land before anybody asks for this.
    fn index_all(&mut self, group: &Group, epoch: u64) {
        self.index.resize_with(group.lists.len(), HashMap::new);
        let index = &mut self.index;
        let mut insert = |batch, number: usize, representations: &Representations| {
            for (position, representation) in representations.iter().enumerate() {
                index[number].insert(representation.into(), Place { batch, position });
            }
        };
        let unindexed = |flight: &&mut Flight| flight.is_open(epoch) && !flight.indexed;
        for flight in self.flights.iter_mut().filter(unindexed) {
            flight.indexed = true;
            for (number, list) in flight.departure().entities.iter().enumerate() {
                insert(flight.id, number, &list.representations);
            }
        }
        for forming in self.queue.iter_mut().filter(|forming| !forming.indexed) {
            // It has one caller: nothing in it has been given up.
            forming.indexed = true;
            for (number, gathered) in forming.lists.iter().enumerate() {
                insert(forming.id, number, &gathered.list.representations);
            }
        }
    }

    /// Whether somebody has to see to it that what is queued leaves. Whoever is told so must.
    pub(crate) fn falls_due(&mut self, group: &Group) -> bool {
        let falls_due = !self.due && !self.queue.is_empty() && self.has_slot(group);
        self.due |= falls_due;
        falls_due
    }

    fn has_slot(&self, group: &Group) -> bool {
        self.flights.len() < open_slots(group.limits.slots, self.carried)
    }

    /// Lets batches leave while there are slots for them. `epoch` must have been read under this lock.
    pub(crate) fn launch(&mut self, group: &Group, epoch: u64, now: Instant) -> Vec<Launch> {
        self.due = false;
        let mut launches = Vec::new();
        while self.has_slot(group) {
            let Some(forming) = self.isolated.pop_front().or_else(|| self.queue.pop_front()) else {
                break;
            };
            let (flight, headers) = forming.depart(now, epoch);
            // What did not fit shall not wait for it.
            let all = self.queue.is_empty();
            self.carried = if all { flight.audience.callers } else { 0 };
            launches.push(Launch::new(group, &flight, headers));
            self.flights.push(flight);
        }
        launches
    }

    /// From here on nobody joins the batch, and its slot is free.
    pub(crate) fn land(&mut self, group: &Group, id: BatchId) -> Option<Landed> {
        let position = self.flights.iter().position(|flight| flight.id == id)?;
        let flight = self.flights.swap_remove(position);
        let departure = flight.departure();
        if flight.indexed {
            for (list, index) in departure.entities.iter().zip(&mut self.index) {
                for representation in list.representations.iter() {
                    // The place may have been given to a later batch, when this one was too old to be joined.
                    if index.get(representation).is_some_and(|place| place.batch == id) {
                        index.remove(representation);
                    }
                }
            }
        }
        Some(Landed {
            audience: flight.audience,
            mixed: departure.moved.is_some() || flight.audience.common != departure.size,
            idle: group.is_idle(self),
        })
    }

    /// Takes a caller's interest out of what is still queued.
    pub(crate) fn leave(&mut self, parts: &[Part], sources: &Sources, counts: &[usize]) {
        for (number, part) in parts.iter().enumerate() {
            if let Some(alone) = self.isolated.iter().position(|forming| forming.id == part.id) {
                self.isolated.remove(alone);
            } else if let Ok(queued) = self.queued(part.id) {
                self.withdraw(queued, number, sources, counts);
            } else if let Some(flight) = self.flight(part.id) {
                flight.waiting -= 1;
            }
        }
    }

    fn withdraw(&mut self, queued: usize, part: usize, sources: &Sources, counts: &[usize]) {
        let forming = &mut self.queue[queued];
        forming.audience.callers -= 1;
        for (number, gathered) in forming.lists.iter_mut().enumerate() {
            let mut given_up = false;
            sources.positions(part, number, counts[number], |position| {
                gathered.wanted[position] -= 1;
                given_up |= gathered.wanted[position] == 0;
            });
            if !given_up {
                continue;
            }
            let Some(index) = self.index.get_mut(number) else {
                continue;
            };
            for (position, representation) in gathered.list.representations.iter().enumerate() {
                let here = Place {
                    batch: forming.id,
                    position,
                };
                if gathered.wanted[position] == 0 && index.get(representation) == Some(&here) {
                    index.remove(representation);
                }
            }
        }
        let wanted = forming.lists.iter().flat_map(|gathered| &gathered.wanted);
        forming.live = wanted.filter(|wanted| **wanted > 0).count();
        if forming.live == 0 {
            self.queue.remove(queued);
        }
    }

    /// Gives up what is queued, because nothing will ever be sent again.
    pub(crate) fn abandon(&mut self) -> Vec<Arc<Batch>> {
        self.due = false;
        self.index.clear();
        let queued = self.isolated.drain(..).chain(self.queue.drain(..));
        queued.map(|forming| forming.batch).collect()
    }
}

impl Launch {
    fn new(group: &Group, flight: &Flight, headers: Arc<HeaderMap>) -> Self {
        let departure = flight.departure();
        Self {
            id: flight.id,
            batch: Arc::clone(&flight.batch),
            callers: flight.audience.callers,
            request: SubgraphRequest {
                subgraph: group.question.subgraph,
                kind: group.kind,
                document: Arc::clone(&group.question.document),
                variables: group.question.variables.clone(),
                entities: departure.entities.clone(),
                // What is asked again alone is so in every respect.
                merging: group.merging.clone().filter(|_| !flight.alone),
                headers,
            },
        }
    }
}
