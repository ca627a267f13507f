//! The questions for the same fields: what waits to leave, and how many calls are under way.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use causeway_executor::SubgraphRequest;
use tokio::time::Instant;

use super::{Call, Departure, flight, merge};
use crate::{
    Inner,
    group::count,
    options::{MergeLimits, open_slots},
    registry::{Question, lock},
};

pub(crate) struct OperationGroup {
    /// With the fields in place of a document, and no variables.
    question: Question,
    limits: MergeLimits,
    /// Calls that were made for it and have not left yet.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Arc<Call>>,
    /// Slots that are taken.
    taken: usize,
    /// A slot was taken just now, and whoever waits will be picked up by it.
    due: bool,
    /// Callers whose questions left last.
    carried: usize,
}

impl Inner {
    /// The group that a request waits in, which then expects a call. `None`: it is not asked with others.
    pub(super) fn operation_group(
        &self,
        question: &Question,
        request: &SubgraphRequest,
    ) -> Option<Arc<OperationGroup>> {
        let limits = self.subgraph(request.subgraph).batching.merge_limits()?;
        let question = question.of_fields(&self.hasher, &request.merging.as_ref()?.fields);
        let mut shard = self.operation_groups.shard(&question);
        let group = shard.entry(question).or_insert_with_key(|question| {
            Arc::new(OperationGroup {
                question: question.clone(),
                limits,
                waiting: AtomicUsize::new(0),
                state: Mutex::default(),
            })
        });
        // Under the shard's lock: from here on nobody takes the group away.
        group.waiting.fetch_add(1, Ordering::SeqCst);
        Some(Arc::clone(group))
    }

    /// Takes a group away that nobody waits in and that has nothing under way.
    pub(super) fn retire_operations(&self, group: &Arc<OperationGroup>) {
        let mut shard = self.operation_groups.shard(&group.question);
        let is_known = shard
            .get(&group.question)
            .is_some_and(|known| Arc::ptr_eq(known, group));
        if is_known && group.is_idle() {
            shard.remove(&group.question);
        }
    }
}

impl OperationGroup {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn is_idle(&self) -> bool {
        let state = self.state();
        self.waiting.load(Ordering::SeqCst) == 0 && state.taken == 0
    }

    pub(super) fn max_wait(&self) -> Duration {
        self.limits.max_wait
    }

    /// A call that the group expects.
    pub(super) fn take(self: &Arc<Self>, loader: &Arc<Inner>, call: &Arc<Call>) {
        let free = {
            let mut state = self.state();
            state.queue.push_back(Arc::clone(call));
            let free = !state.due && state.taken < open_slots(self.limits.slots, state.carried);
            if free {
                state.taken += 1;
                state.due = true;
            }
            free
        };
        if free {
            flight::in_slot(loader, self);
        }
    }

    /// What leaves next in a slot. `None`: nothing waits, and the slot is free.
    pub(super) fn next(&self, loader: &Inner) -> Option<Vec<Arc<Call>>> {
        let mut state = self.state();
        state.due = false;
        // More slots may have been open when this one was taken.
        let is_open = state.taken <= open_slots(self.limits.slots, state.carried);
        let leaving = is_open.then(|| self.depart(&mut state, loader)).flatten();
        if leaving.is_none() {
            state.taken -= 1;
        }
        leaving
    }

    /// A call has waited long enough: it leaves though all slots are taken, and whoever waits with it.
    pub(super) fn hurry(&self, loader: &Arc<Inner>, call: &Arc<Call>) {
        let leaving = {
            let mut state = self.state();
            if call.departure.get().is_some() {
                return;
            }
            self.depart(&mut state, loader)
        };
        if let Some(leaving) = leaving {
            flight::start(loader, leaving);
        }
    }

    fn depart(&self, state: &mut State, loader: &Inner) -> Option<Vec<Arc<Call>>> {
        let mut leaving: Vec<Arc<Call>> = Vec::new();
        let (mut bytes, mut entities) = (0, 0);
        while let Some(call) = state.queue.front() {
            if !call.is_given_up() {
                bytes += merge::size(&call.request);
                entities += count(&call.request.entities);
                let full = leaving.len() == self.limits.max_operations
                    || entities > self.limits.max_entities
                    || bytes > merge::MOST_BYTES;
                if full && !leaving.is_empty() {
                    break;
                }
                leaving.push(Arc::clone(call));
            }
            state.queue.pop_front();
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        // However they came, the same questions make the same document: whoever reads it has often read it before.
        leaving.sort_by(|one, other| one.request.document.cmp(&other.request.document));
        let (at, epoch) = (Instant::now(), loader.epoch());
        for (number, call) in leaving.iter().enumerate() {
            call.depart(Departure {
                at,
                epoch,
                size: leaving.len(),
                leads: number == 0,
            });
        }
        // What did not fit shall not wait for it.
        let all = state.queue.is_empty();
        let carried = leaving.iter().map(|call| call.carries());
        state.carried = if all { carried.sum() } else { 0 };
        (!leaving.is_empty()).then_some(leaving)
    }

    /// Frees a slot that can send no more, for the runtime shuts down, and gives up what waits.
    pub(super) fn abandon(&self) -> Vec<Arc<Call>> {
        let mut state = self.state();
        state.taken -= 1;
        state.due = false;
        self.waiting.fetch_sub(state.queue.len(), Ordering::SeqCst);
        state.queue.drain(..).collect()
    }
}
