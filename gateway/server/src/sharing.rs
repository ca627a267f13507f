//! Equal queries of clients that are under way at the same time are executed once.
//!
//! Only between clients whom none of the subgraphs that the query asks could tell apart, and never across a mutation: who
//! asks after one was answered does not get what was being read before.

use std::{
    any::Any,
    collections::HashMap,
    future::Future,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::body::Bytes;
use causeway_executor::Partition;
use tokio::{sync::SetOnce, task::AbortHandle};

use crate::prepare::PreparedOperation;

/// What makes two executions equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    operation: Identity,
    variables: Vec<(String, Bytes)>,
    /// By fetch of the plan.
    partitions: Vec<Partition>,
}

impl Question {
    pub(crate) fn new(
        operation: &Arc<PreparedOperation>,
        variables: &[(String, Bytes)],
        partitions: Vec<Partition>,
    ) -> Self {
        Self {
            operation: Identity(Arc::clone(operation) as _),
            variables: variables.to_vec(),
            partitions,
        }
    }
}

/// Where something is in memory. It is kept there: nothing else can come to have the same identity.
#[derive(Clone)]
struct Identity(Arc<dyn Any + Send + Sync>);

impl Identity {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

/// Cheap to clone; clones are the same.
pub(crate) struct Sharing<A> {
    inner: Arc<Inner<A>>,
}

impl<A> Clone for Sharing<A> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<A> Default for Sharing<A> {
    fn default() -> Self {
        let inner = Inner {
            epoch: AtomicU64::new(0),
            joined: AtomicU64::new(0),
            flights: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

struct Inner<A> {
    /// Mutations that have ended, and whatever else parts.
    epoch: AtomicU64,
    /// Questions whose answer was being worked out already.
    joined: AtomicU64,
    flights: Mutex<HashMap<Question, Weak<Flight<A>>>>,
}

/// Held by those who wait: when the last of them goes away, the execution ends.
struct Flight<A> {
    epoch: u64,
    /// `None`: it broke off.
    answer: Arc<SetOnce<Option<A>>>,
    task: AbortHandle,
}

impl<A> Drop for Flight<A> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<A: Clone + Send + Sync + 'static> Sharing<A> {
    /// To be held while a mutation is executed, and to be let go of before the client gets its answer. Whatever becomes of it, and
    /// of who waits for it: a subgraph may have done it.
    pub(crate) fn mutating(&self) -> NextEpoch<'_> {
        NextEpoch(&self.inner.epoch)
    }

    /// From now on nobody joins what is under way.
    pub(crate) fn part(&self) {
        self.inner.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// The answer to a question: the one that is being worked out already, or that of `execution`. `None`: it broke off.
    pub(crate) async fn answer(
        &self,
        question: Question,
        execution: impl Future<Output = A> + Send + 'static,
    ) -> Option<A> {
        let flight = self.join_or_start(question, execution);
        flight.answer.wait().await.clone()
    }

    fn join_or_start(
        &self,
        question: Question,
        execution: impl Future<Output = A> + Send + 'static,
    ) -> Arc<Flight<A>> {
        let epoch = self.inner.epoch.load(Ordering::SeqCst);
        let mut flights = self.inner.flights();
        let known = flights.get(&question).and_then(Weak::upgrade);
        if let Some(flight) = known.filter(|flight| flight.epoch == epoch) {
            self.inner.joined.fetch_add(1, Ordering::Relaxed);
            return flight;
        }
        let landing = Landing {
            inner: Arc::clone(&self.inner),
            question: question.clone(),
            answer: Arc::default(),
        };
        let answer = Arc::clone(&landing.answer);
        let task = tokio::spawn(async move {
            let answer = execution.await;
            landing.land(answer);
        });
        let flight = Arc::new(Flight {
            epoch,
            answer,
            task: task.abort_handle(),
        });
        flights.insert(question, Arc::downgrade(&flight));
        flight
    }

    /// How often an answer went to more than the one for whom it was worked out.
    pub(crate) fn joined(&self) -> u64 {
        self.inner.joined.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    fn under_way(&self) -> usize {
        self.inner.flights().len()
    }
}

pub(crate) struct NextEpoch<'e>(&'e AtomicU64);

impl Drop for NextEpoch<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<A> Inner<A> {
    fn flights(&self) -> MutexGuard<'_, HashMap<Question, Weak<Flight<A>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it that nobody waits for ever, and that nothing is left behind.
struct Landing<A> {
    inner: Arc<Inner<A>>,
    question: Question,
    answer: Arc<SetOnce<Option<A>>>,
}

impl<A> Landing<A> {
    fn land(self, answer: A) {
        // First nobody can join any more, then it is answered: nobody gets what was finished before they asked.
        self.take_off();
        let _ = self.answer.set(Some(answer));
    }

    fn take_off(&self) {
        let mut flights = self.inner.flights();
        let is_this = flights.get(&self.question).is_some_and(|known| {
            // One that nobody waits for is gone; one of a later epoch may stand in its place.
            known
                .upgrade()
                .is_none_or(|flight| Arc::ptr_eq(&flight.answer, &self.answer))
        });
        if is_this {
            flights.remove(&self.question);
        }
    }
}

impl<A> Drop for Landing<A> {
    fn drop(&mut self) {
        if !self.answer.initialized() {
            self.take_off();
            let _ = self.answer.set(None);
        }
    }
}

#[cfg(test)]
mod tests;
