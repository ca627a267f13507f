//! A subgraph that fails: what is over is better than nothing, if the subgraph or the configuration says so.

use std::sync::atomic::Ordering;

use causeway_executor::{FetchFailure, SubgraphReply, SubgraphRequest};

use crate::{
    Inner,
    answer::complete,
    asked::Subjects,
    lookup::{Allow, Brought, look},
    reading::{count, reply},
};

/// An answer of what is kept, if it is complete; the failure, if it is not.
pub(crate) fn instead(
    cache: &Inner,
    subjects: &Subjects<'_>,
    request: &SubgraphRequest,
    brought: &Brought,
    failure: FetchFailure,
) -> Result<SubgraphReply, FetchFailure> {
    if !cache.on.feed.is_current() {
        return Err(failure);
    }
    let found = look(cache, subjects, Allow::OnError, brought);
    if !found.is_complete() {
        return Err(failure);
    }
    let subgraph = &cache.on.supergraph.subgraph(request.subgraph).name;
    tracing::warn!(
        subgraph,
        code = failure.code(),
        "subgraph `{subgraph}` {failure}; answered with what was kept, which is over"
    );
    let of_kind = |kind: usize| subjects.all.iter().filter(|subject| subject.kind == kind).count();
    count(cache, subjects, |counter, kind| {
        counter
            .served_on_error
            .fetch_add(of_kind(kind) as u64, Ordering::Relaxed);
    });
    Ok(reply(complete(request, subjects, &found), &found, 1))
}
