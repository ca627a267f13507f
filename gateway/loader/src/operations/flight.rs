//! Operations under way: tasks that outlive whoever asked.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use causeway_executor::{FetchFailure, SubgraphReply};
use tokio::task::yield_now;

use super::{Call, OperationGroup, merge, split};
use crate::{Inner, group::count};

/// Sends what waits in a group, one call after the other, for as long as something does.
pub(super) fn in_slot(loader: &Arc<Inner>, group: &Arc<OperationGroup>) {
    let slot = Slot {
        loader: Arc::clone(loader),
        group: Arc::clone(group),
        free: false,
    };
    tokio::spawn(slot.run());
}

/// Sends questions in one call, without a slot.
pub(super) fn start(loader: &Arc<Inner>, calls: Vec<Arc<Call>>) {
    let landing = Landing {
        loader: Arc::clone(loader),
        calls,
    };
    tokio::spawn(landing.fly());
}

struct Slot {
    loader: Arc<Inner>,
    group: Arc<OperationGroup>,
    free: bool,
}

impl Slot {
    async fn run(mut self) {
        // Who asks in the same moment comes along: those that one answer has woken ask one after the other.
        yield_now().await;
        while let Some(calls) = self.group.next(&self.loader) {
            let landing = Landing {
                loader: Arc::clone(&self.loader),
                calls,
            };
            landing.fly().await;
        }
        self.free = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.free {
            // The task was dropped on its way.
            for call in self.group.abandon() {
                self.loader.settle(&call, Err(FetchFailure::Broken));
            }
        }
        self.loader.retire_operations(&self.group);
    }
}

/// Sees to it that calls end that left together, whatever happens on the way.
struct Landing {
    loader: Arc<Inner>,
    calls: Vec<Arc<Call>>,
}

impl Landing {
    async fn fly(mut self) {
        let Some(first) = self.calls.first() else { return };
        let counters = &self.loader.subgraph(first.request.subgraph).counters;
        let request = match self.calls.len() {
            1 => first.request.clone(),
            several => match merge::request(&self.calls) {
                Some(request) => {
                    counters.merged_calls.add(1);
                    counters.merged_operations.add(several);
                    request
                }
                None => {
                    let calls = std::mem::take(&mut self.calls);
                    return apart(&self.loader, calls, None);
                }
            },
        };
        counters.sent(count(&request.entities));
        let reply = self.loader.call(request).await;
        self.land(reply);
    }

    fn land(mut self, reply: Result<SubgraphReply, FetchFailure>) {
        let calls = std::mem::take(&mut self.calls);
        match (calls.as_slice(), reply) {
            ([call], reply) => self.loader.settle(call, reply),
            // What was wrong may be one question's fault, or that they were asked together.
            (_, Err(_)) => apart(&self.loader, calls, None),
            (several, Ok(reply)) => {
                let count = several.len();
                let parts = catch_unwind(AssertUnwindSafe(|| split::parts(&reply.body, count)));
                // What the subgraph said of the whole holds for each.
                let part = |body: Option<Bytes>| {
                    body.map(|body| SubgraphReply {
                        body,
                        ..reply.clone()
                    })
                };
                let parts = parts.ok().flatten();
                let parts = parts.map(|parts| parts.into_iter().map(part).collect());
                apart(&self.loader, calls, parts);
            }
        }
    }
}

/// Gives each call what is its own. What has nothing is asked once more, alone.
fn apart(loader: &Arc<Inner>, calls: Vec<Arc<Call>>, parts: Option<Vec<Option<SubgraphReply>>>) {
    let mut parts = parts.unwrap_or_default().into_iter();
    for call in calls {
        match parts.next().flatten() {
            Some(reply) => loader.settle(&call, Ok(reply)),
            None => again(loader, &call),
        }
    }
}

fn again(loader: &Arc<Inner>, call: &Arc<Call>) {
    if call.is_given_up() {
        loader.forget(call, || true);
        return;
    }
    let subgraph = loader.subgraph(call.request.subgraph);
    tracing::debug!(
        subgraph = subgraph.name,
        "an answer to several questions cannot be divided; asking one of them again"
    );
    subgraph.counters.isolated.add(1);
    call.repeated.store(true, Ordering::Relaxed);
    start(loader, vec![Arc::clone(call)]);
}

impl Drop for Landing {
    /// What is still in it was dropped on its way.
    fn drop(&mut self) {
        for call in &self.calls {
            self.loader.settle(call, Err(FetchFailure::Broken));
        }
    }
}

impl Inner {
    /// The first outcome counts.
    fn settle(&self, call: &Arc<Call>, outcome: Result<SubgraphReply, FetchFailure>) {
        self.forget(call, || true);
        let _ = call.outcome.set(outcome);
    }
}
