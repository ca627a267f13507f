//! A batch under way: a task that outlives whoever asked for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use causeway_executor::{FetchFailure, SubgraphReply};

use tokio::time::Instant;

use crate::{
    Inner,
    batch::{Batch, BatchId, Beside, Departure, Outcome},
    group::{Group, Landed, Launch},
    split::Split,
};

pub(crate) fn start(loader: &Arc<Inner>, group: &Arc<Group>, launches: Vec<Launch>) {
    for launch in launches {
        let subgraph = loader.subgraph(group.question.subgraph);
        subgraph.counters.sent(launch.size);
        let landing = Landing {
            loader: Arc::clone(loader),
            group: Arc::clone(group),
            id: launch.id,
            batch: launch.batch,
            done: false,
        };
        tokio::spawn(async move {
            let reply = landing.loader.call(launch.request).await;
            landing.land(reply);
        });
    }
}

/// Sees to it that a batch that left comes down, whatever happens on the way.
struct Landing {
    loader: Arc<Inner>,
    group: Arc<Group>,
    id: BatchId,
    batch: Arc<Batch>,
    done: bool,
}

impl Landing {
    fn land(mut self, reply: Result<SubgraphReply, FetchFailure>) {
        self.done = true;
        let (landed, launches) = {
            let mut state = self.group.state();
            let landed = state.land(&self.group, self.id);
            // Before the answer is looked into: the next batch need not wait for that.
            let launches = state.launch(&self.group, self.loader.epoch(), Instant::now());
            (landed, launches)
        };
        start(&self.loader, &self.group, launches);
        let (Some(landed), Some(departure)) = (landed, self.batch.departure.get()) else {
            return;
        };
        let beside = reply.as_ref().map(Beside::of).unwrap_or_default();
        let outcome = catch_unwind(AssertUnwindSafe(|| outcome(&landed, departure, reply)));
        let outcome = outcome.unwrap_or(Outcome::Failed(FetchFailure::Broken));
        // Nobody else sets them.
        let _ = self.batch.beside.set(beside);
        let _ = self.batch.outcome.set(outcome);
        if landed.idle {
            self.loader.retire(&self.group);
        }
    }
}

impl Drop for Landing {
    /// Not done: the task was dropped on its way, for its runtime shuts down. Nothing can be sent any more.
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let abandoned = {
            let mut state = self.group.state();
            state.land(&self.group, self.id);
            state.abandon()
        };
        for batch in abandoned.iter().chain([&self.batch]) {
            let _ = batch.outcome.set(Outcome::Failed(FetchFailure::Broken));
        }
        self.loader.retire(&self.group);
    }
}

fn outcome(landed: &Landed, departure: &Departure, reply: Result<SubgraphReply, FetchFailure>) -> Outcome {
    let several = landed.audience.callers > 1;
    let body = match reply {
        // Together they asked for too much. Each for itself may not.
        Err(failure @ FetchFailure::TooLarge { .. }) if several => {
            return Outcome::Unattributable(Err(failure));
        }
        Err(failure) => return Outcome::Failed(failure),
        Ok(reply) if !landed.mixed => return Outcome::Whole(reply.body),
        Ok(reply) => reply.body,
    };
    let lists: Vec<_> = departure
        .entities
        .iter()
        .map(|list| (list.key.as_str(), list.representations.len()))
        .collect();
    match Split::new(body.clone(), &lists) {
        Ok(split) if split.is_complete() || !several => Outcome::Split(split),
        Ok(_) => Outcome::Unattributable(Ok(body)),
        Err(_) if several => Outcome::Unattributable(Ok(body)),
        Err(why) => Outcome::Unreadable(body, why.into()),
    }
}

impl Inner {
    /// Takes a group away that nobody waits for and that has nothing under way.
    pub(crate) fn retire(&self, group: &Arc<Group>) {
        let mut shard = self.groups.shard(&group.question);
        let is_known = shard
            .get(&group.question)
            .is_some_and(|known| Arc::ptr_eq(known, group));
        if is_known && group.is_idle(&group.state()) {
            shard.remove(&group.question);
        }
    }
}
