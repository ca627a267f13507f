//! Equal queries of clients that are under way at the same time are executed once.
//!
//! Only between clients whom none of the subgraphs that the query asks could tell apart, and never across a mutation: who
//! asks after one was answered does not get what was being read before.

use std::{
    collections::HashMap,
    future::Future,
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
    /// Where the prepared operation is in memory; an execution under way keeps it there.
    operation: usize,
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
            operation: Arc::as_ptr(operation).addr(),
            variables: variables.to_vec(),
            partitions,
        }
    }
}

/// Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Sharing {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Mutations that have been answered.
    epoch: AtomicU64,
    flights: Mutex<HashMap<Question, Weak<Flight>>>,
}

/// Held by those who wait: when the last of them goes away, the execution ends.
struct Flight {
    epoch: u64,
    /// `None`: it broke off.
    answer: Arc<SetOnce<Option<Bytes>>>,
    task: AbortHandle,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sharing {
    /// To be told before the client gets a mutation's answer.
    pub(crate) fn mutated(&self) {
        self.inner.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// The answer to a question: the one that is being worked out already, or that of `execution`. `None`: it broke off.
    pub(crate) async fn answer(
        &self,
        question: Question,
        execution: impl Future<Output = Bytes> + Send + 'static,
    ) -> Option<Bytes> {
        let flight = self.join_or_start(question, execution);
        flight.answer.wait().await.clone()
    }

    fn join_or_start(
        &self,
        question: Question,
        execution: impl Future<Output = Bytes> + Send + 'static,
    ) -> Arc<Flight> {
        let epoch = self.inner.epoch.load(Ordering::SeqCst);
        let mut flights = self.inner.flights();
        let known = flights.get(&question).and_then(Weak::upgrade);
        if let Some(flight) = known.filter(|flight| flight.epoch == epoch) {
            return flight;
        }
        let landing = Landing {
            inner: Arc::clone(&self.inner),
            question: question.clone(),
            answer: Arc::default(),
        };
        let answer = Arc::clone(&landing.answer);
        let task = tokio::spawn(async move {
            let body = execution.await;
            landing.land(body);
        });
        let flight = Arc::new(Flight {
            epoch,
            answer,
            task: task.abort_handle(),
        });
        flights.insert(question, Arc::downgrade(&flight));
        flight
    }

    #[cfg(test)]
    fn under_way(&self) -> usize {
        self.inner.flights().len()
    }
}

impl Inner {
    fn flights(&self) -> MutexGuard<'_, HashMap<Question, Weak<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it that nobody waits for ever, and that nothing is left behind.
struct Landing {
    inner: Arc<Inner>,
    question: Question,
    answer: Arc<SetOnce<Option<Bytes>>>,
}

impl Landing {
    fn land(self, body: Bytes) {
        // First nobody can join any more, then it is answered: nobody gets what was finished before they asked.
        self.take_off();
        let _ = self.answer.set(Some(body));
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

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.answer.initialized() {
            self.take_off();
            let _ = self.answer.set(None);
        }
    }
}

#[cfg(test)]
mod tests;
