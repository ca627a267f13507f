//! Root queries: equal ones that are under way at the same time share one call.

use std::{collections::hash_map::Entry, sync::Arc};

use causeway_executor::{Dispatch, FetchFailure, SubgraphReply, SubgraphRequest};
use tokio::sync::SetOnce;

use crate::{Inner, registry::Question};

pub(crate) struct Call {
    /// Mutations that had been answered when it left.
    epoch: u64,
    outcome: SetOnce<Result<SubgraphReply, FetchFailure>>,
}

pub(crate) async fn load(
    loader: &Arc<Inner>,
    request: SubgraphRequest,
) -> Result<SubgraphReply, FetchFailure> {
    let subgraph = loader.subgraph(request.subgraph);
    let question = loader.question(&request);
    let (call, joined) = find(loader, &question);
    if joined {
        subgraph.counters.shared_calls.add(1);
    } else {
        subgraph.counters.sent(0);
        let landing = Landing {
            loader: Arc::clone(loader),
            call: Arc::clone(&call),
            question,
        };
        tokio::spawn(async move {
            let reply = landing.loader.call(request).await;
            landing.land(reply);
        });
    }
    // It left no later than the question came: the client's own deadline is ours, and sets no timer twice.
    let reply = call.outcome.wait().await.clone()?;
    Ok(SubgraphReply {
        dispatch: Dispatch {
            calls: if joined { 0 } else { reply.dispatch.calls },
            joined: usize::from(joined),
            cache: reply.dispatch.cache,
            ..Dispatch::default()
        },
        ..reply
    })
}

/// The call to wait for, and whether somebody else has made it.
fn find(loader: &Inner, question: &Question) -> (Arc<Call>, bool) {
    let epoch = loader.epoch();
    let new = || {
        Arc::new(Call {
            epoch,
            outcome: SetOnce::new(),
        })
    };
    let mut shard = loader.calls.shard(question);
    match shard.entry(question.clone()) {
        Entry::Occupied(known) if known.get().epoch >= epoch => (Arc::clone(known.get()), true),
        // Too old for those who come now. Who waits for it has it.
        Entry::Occupied(mut known) => {
            known.insert(new());
            (Arc::clone(known.get()), false)
        }
        Entry::Vacant(vacant) => (Arc::clone(vacant.insert(new())), false),
    }
}

/// Sees to it that a call ends, whatever happens on the way.
struct Landing {
    loader: Arc<Inner>,
    call: Arc<Call>,
    question: Question,
}

impl Landing {
    fn land(self, outcome: Result<SubgraphReply, FetchFailure>) {
        self.forget();
        let _ = self.call.outcome.set(outcome);
    }

    fn forget(&self) {
        let mut shard = self.loader.calls.shard(&self.question);
        let is_known = shard
            .get(&self.question)
            .is_some_and(|known| Arc::ptr_eq(known, &self.call));
        if is_known {
            shard.remove(&self.question);
        }
    }
}

impl Drop for Landing {
    /// Without an outcome, the task was dropped on its way.
    fn drop(&mut self) {
        if self.call.outcome.set(Err(FetchFailure::Broken)).is_ok() {
            self.forget();
        }
    }
}
