//! One caller's side of a question.

use std::sync::{Arc, atomic::Ordering};

use causeway_executor::{CacheReport, Dispatch, FetchFailure, SubgraphReply, SubgraphRequest};
use tokio::time::{Instant, timeout};

use super::{Call, Departure, flight};
use crate::Inner;

pub(super) struct Asker<'l> {
    loader: &'l Arc<Inner>,
    call: Arc<Call>,
    /// Somebody else had asked already.
    joined: bool,
    started: Instant,
}

impl<'l> Asker<'l> {
    pub(super) fn new(loader: &'l Arc<Inner>, request: SubgraphRequest) -> Self {
        let started = Instant::now();
        let (call, joined) = find(loader, request);
        let subgraph = loader.subgraph(call.request.subgraph);
        match (joined, &call.group) {
            (true, _) => subgraph.counters.shared_calls.add(1),
            (false, Some(group)) => group.take(loader, &call),
            (false, None) => {
                call.depart(Departure {
                    at: started,
                    epoch: loader.epoch(),
                    size: 1,
                    leads: true,
                });
                flight::start(loader, vec![Arc::clone(&call)]);
            }
        }
        Self {
            loader,
            call,
            joined,
            started,
        }
    }

    /// Of a question that nobody else can join.
    pub(super) fn of_batch(loader: &'l Arc<Inner>, call: Call) -> Self {
        let call = Arc::new(call);
        if let Some(group) = &call.group {
            group.take(loader, &call);
        }
        Self {
            loader,
            started: call.asked,
            call,
            joined: false,
        }
    }

    pub(super) async fn reply(self) -> Result<SubgraphReply, FetchFailure> {
        let reply = self.answer().await?;
        Ok(SubgraphReply {
            dispatch: self.dispatch(&reply.dispatch),
            ..reply
        })
    }

    async fn answer(&self) -> Result<SubgraphReply, FetchFailure> {
        let answer = || self.call.outcome.wait();
        let Some(group) = &self.call.group else {
            // It left no later than the question came: the client's own deadline is ours, and sets no timer twice.
            return answer().await.clone();
        };
        let limit = self.loader.subgraph(self.call.request.subgraph).timeout;
        let patience = group.max_wait().saturating_sub(self.call.asked.elapsed());
        if let Ok(outcome) = timeout(patience.min(limit), answer()).await {
            return outcome.clone();
        }
        if self.call.batch.is_some() {
            // Those who wait for it have deadlines of their own, and some may have come later.
            group.hurry(self.loader, &self.call);
            return answer().await.clone();
        }
        let rest = limit.saturating_sub(self.started.elapsed());
        if !rest.is_zero() {
            group.hurry(self.loader, &self.call);
        }
        let late = FetchFailure::Timeout {
            millis: limit.as_millis(),
        };
        let outcome = timeout(rest, answer()).await;
        outcome.map_or(Err(late), Clone::clone)
    }

    /// `last`: of the call that brought the answer.
    fn dispatch(&self, last: &Dispatch) -> Dispatch {
        let repeated = self.call.repeated.load(Ordering::Relaxed);
        let Some(left) = self.call.departure.get() else {
            return Dispatch::default();
        };
        Dispatch {
            calls: match self.joined {
                true => 0,
                false if repeated => usize::from(left.leads) + last.calls,
                false if left.leads => last.calls,
                false => 0,
            },
            joined: usize::from(self.joined),
            batch_size: if left.size > 1 { left.size } else { 0 },
            waited: left.at.saturating_duration_since(self.started),
            // It tells of the whole operation: once.
            cache: if left.leads {
                last.cache
            } else {
                CacheReport::default()
            },
        }
    }
}

impl Drop for Asker<'_> {
    /// What nobody waits for is not sent, and not to be found by who comes later.
    fn drop(&mut self) {
        let call = &self.call;
        let last = call.askers.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && call.departure.get().is_none() {
            self.loader
                .forget(call, || call.askers.load(Ordering::SeqCst) == 0);
        }
    }
}

/// The call to wait for, and whether somebody else has made it.
fn find(loader: &Arc<Inner>, request: SubgraphRequest) -> (Arc<Call>, bool) {
    let question = loader.question(&request);
    let group = || loader.operation_group(&question, &request);
    if !loader.share_calls {
        let group = group();
        return (Arc::new(Call::new(question, request, group)), false);
    }
    let mut shard = loader.calls.shard(&question);
    // Read under the lock: what is found here left no earlier than it seems to have.
    let epoch = loader.epoch();
    if let Some(known) = shard.get(&question).filter(|known| known.admit(epoch)) {
        return (Arc::clone(known), true);
    }
    // One that is too old for those who come now stays with those who wait for it.
    let group = group();
    let call = Arc::new(Call::new(question.clone(), request, group));
    shard.insert(question, Arc::clone(&call));
    (call, false)
}
