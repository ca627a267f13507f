//! Whole operations: equal root queries share a call, and different questions leave as one operation while many are asked.
//!
//! A question is a root query or a batch of entities. What asks for the same fields, of one subgraph and for one identity, forms a
//! group, so that a slow field keeps none but its like waiting. A group with a free slot sends at once; while its slots are taken,
//! questions gather, and leave as one operation when a slot frees. A question alone is sent as it came.

mod asker;
mod flight;
mod group;
mod merge;
mod split;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use causeway_executor::{FetchFailure, SubgraphReply, SubgraphRequest};
use tokio::{sync::SetOnce, time::Instant};

use crate::{Inner, batch::BatchId, group::Group, registry::Question};
use asker::Asker;
pub(crate) use group::OperationGroup;

/// Asks a root query together with whoever else asks at the same time.
pub(crate) async fn load(
    loader: &Arc<Inner>,
    request: SubgraphRequest,
) -> Result<SubgraphReply, FetchFailure> {
    Asker::new(loader, request).reply().await
}

/// A batch of entities as it leaves its group.
pub(crate) struct BatchOfGroup {
    pub(crate) group: Arc<Group>,
    pub(crate) id: BatchId,
    /// Who waited for it then.
    pub(crate) callers: usize,
}

/// Sends a batch of entities, perhaps with others.
pub(crate) async fn send(
    loader: &Arc<Inner>,
    batch: BatchOfGroup,
    request: SubgraphRequest,
) -> Result<SubgraphReply, FetchFailure> {
    let question = &batch.group.question;
    match loader.operation_group(question, &request) {
        Some(group) => {
            let mut call = Call::new(question.clone(), request, Some(group));
            call.batch = Some(batch);
            Asker::of_batch(loader, call).reply().await
        }
        None => {
            let subgraph = loader.subgraph(request.subgraph);
            loader.pass(subgraph, request).await
        }
    }
}

/// A question with all who wait for its answer.
pub(crate) struct Call {
    question: Question,
    request: SubgraphRequest,
    /// With which it leaves; `None`: by itself, at once.
    group: Option<Arc<OperationGroup>>,
    asked: Instant,
    /// How many wait; [`GIVEN_UP`] once it will not be sent since nobody does.
    askers: AtomicUsize,
    /// Of a batch of entities.
    batch: Option<BatchOfGroup>,
    departure: OnceLock<Departure>,
    /// An answer to several could not be divided: it was sent once more, alone.
    repeated: AtomicBool,
    outcome: SetOnce<Result<SubgraphReply, FetchFailure>>,
}

#[derive(Debug, Clone, Copy)]
struct Departure {
    at: Instant,
    /// Mutations that had been answered.
    epoch: u64,
    /// Questions in the operation.
    size: usize,
    /// Whether it is the one that the others left with.
    leads: bool,
}

const GIVEN_UP: usize = usize::MAX;

impl Call {
    /// With one asker.
    fn new(question: Question, request: SubgraphRequest, group: Option<Arc<OperationGroup>>) -> Self {
        Self {
            question,
            request,
            group,
            asked: Instant::now(),
            askers: AtomicUsize::new(1),
            batch: None,
            departure: OnceLock::new(),
            repeated: AtomicBool::new(false),
            outcome: SetOnce::new(),
        }
    }

    /// Lets somebody join who comes in an epoch, unless its answer will be too old or there will be none.
    fn admit(&self, epoch: u64) -> bool {
        let fresh = self.departure.get().is_none_or(|left| left.epoch >= epoch);
        // `None` of what is given up.
        let one_more = |askers: usize| askers.checked_add(1);
        fresh
            && self
                .askers
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
                .is_ok()
    }

    /// Gives it up if nobody waits for it. From then on nobody can join.
    fn is_given_up(&self) -> bool {
        if let Some(BatchOfGroup { group, id, .. }) = &self.batch {
            let given_up = group.state().give_up(*id);
            if given_up {
                // The task that sends it goes on.
                let _ = self.outcome.set(Err(FetchFailure::Broken));
            }
            return given_up;
        }
        let exchanged = self
            .askers
            .compare_exchange(0, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst);
        matches!(exchanged, Ok(_) | Err(GIVEN_UP))
    }

    /// Callers that wait for it.
    fn carries(&self) -> usize {
        let askers = self.askers.load(Ordering::Relaxed);
        self.batch.as_ref().map_or(askers, |batch| batch.callers)
    }

    fn depart(&self, departure: Departure) {
        // A call leaves its group once.
        let _ = self.departure.set(departure);
    }
}

impl Inner {
    /// From here on nobody joins the call.
    fn forget(&self, call: &Arc<Call>, when: impl FnOnce() -> bool) {
        let mut shard = self.calls.shard(&call.question);
        let is_known = shard
            .get(&call.question)
            .is_some_and(|known| Arc::ptr_eq(known, call));
        if is_known && when() {
            shard.remove(&call.question);
        }
    }
}
