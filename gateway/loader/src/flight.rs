//! A batch under way: a task that outlives whoever asked for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use causeway_executor::{FetchFailure, SubgraphReply};

use tokio::{task::yield_now, time::Instant};

use crate::{
    Inner,
    batch::{Batch, BatchId, Beside, Departure, Landed, Launch, Outcome},
    group::Group,
    operations,
    split::Split,
};

pub(crate) fn start(loader: &Arc<Inner>, group: &Arc<Group>, launches: Vec<Launch>) {
    for launch in launches {
        tokio::spawn(fly(Landing::new(loader, group, &launch), launch));
    }
}

/// Launches what is queued in a moment: who asks until then comes along, as those do that one answer has woken.
pub(crate) fn soon(loader: &Arc<Inner>, group: &Arc<Group>) {
    let due = Due {
        loader: Arc::clone(loader),
        group: Arc::clone(group),
        done: false,
    };
    tokio::spawn(async move {
        yield_now().await;
        let mut flights = due.launch().into_iter();
        let own = flights.next();
        for (landing, launch) in flights {
            tokio::spawn(fly(landing, launch));
        }
        if let Some((landing, launch)) = own {
            fly(landing, launch).await;
        }
    });
}

async fn fly(landing: Landing, launch: Launch) {
    let batch = operations::BatchOfGroup {
        group: Arc::clone(&landing.group),
        id: landing.id,
        callers: launch.callers,
    };
    let reply = operations::send(&landing.loader, batch, launch.request).await;
    landing.land(reply);
}

/// Sees to it that what is due leaves, or is given up.
struct Due {
    loader: Arc<Inner>,
    group: Arc<Group>,
    done: bool,
}

impl Due {
    fn launch(mut self) -> Vec<(Landing, Launch)> {
        self.done = true;
        let launches = {
            let mut state = self.group.state();
            state.launch(&self.group, self.loader.epoch(), Instant::now())
        };
        let landing = |launch: Launch| (Landing::new(&self.loader, &self.group, &launch), launch);
        launches.into_iter().map(landing).collect()
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        if !self.done {
            let abandoned = self.group.state().abandon();
            for batch in abandoned {
                let _ = batch.outcome.set(Outcome::Failed(FetchFailure::Broken));
            }
        }
        // Whoever was to be sent may have gone.
        self.loader.retire(&self.group);
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
    fn new(loader: &Arc<Inner>, group: &Arc<Group>, launch: &Launch) -> Self {
        Self {
            loader: Arc::clone(loader),
            group: Arc::clone(group),
            id: launch.id,
            batch: Arc::clone(&launch.batch),
            done: false,
        }
    }

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
        let beside = reply.as_ref().ok().map(Beside::of);
        let outcome = catch_unwind(AssertUnwindSafe(|| outcome(&landed, departure, reply)));
        let outcome = outcome.unwrap_or(Outcome::Failed(FetchFailure::Broken));
        // Nobody else sets them.
        if let Some(beside) = beside {
            let _ = self.batch.beside.set(beside);
        }
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
