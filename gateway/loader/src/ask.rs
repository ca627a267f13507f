//! One caller's question for entities: where its answers come from, how long it waits, and what it takes along when it goes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use causeway_executor::{
    Dispatch, EntityList, FetchFailure, Freshness, Representations, SubgraphReply, SubgraphRequest,
};
use http::HeaderMap;
use tokio::time::{Instant, timeout};

use crate::{
    Inner,
    batch::{BatchId, Beside, Departure, Outcome},
    flight,
    group::{Group, count},
    reply::{self, Piece},
    sources::{Part, Source, Sources},
};

/// Loads entities together with whoever else asks the same at the same time.
pub(crate) async fn among_others(
    loader: &Arc<Inner>,
    request: SubgraphRequest,
) -> Result<SubgraphReply, FetchFailure> {
    let started = Instant::now();
    let question = loader.question(&request);
    let group = {
        let mut shard = loader.groups.shard(&question);
        let limits = loader.subgraph(request.subgraph).batching.limits();
        let group = shard
            .entry(question)
            .or_insert_with_key(|question| Arc::new(Group::new(question.clone(), &request, limits)));
        // Under the shard's lock: from here on nobody takes the group away.
        group.callers.fetch_add(1, Ordering::SeqCst);
        Arc::clone(group)
    };
    let mut ask = Ask::new(loader, group, true, &request, started);
    if !ask.group.has_lists_of(&request) {
        drop(ask);
        return alone(loader, request).await;
    }
    ask.take(request.entities);
    ask.reply().await
}

/// Loads a request's entities in no company but their own.
pub(crate) async fn alone(
    loader: &Arc<Inner>,
    request: SubgraphRequest,
) -> Result<SubgraphReply, FetchFailure> {
    let subgraph = loader.subgraph(request.subgraph);
    let limits = subgraph.batching.limits();
    let entities = count(&request.entities);
    if entities <= limits.max_batch_size {
        subgraph.counters.entities_asked.add(entities);
        return loader.pass(subgraph, request).await;
    }
    let started = Instant::now();
    let group = Arc::new(Group::new(loader.question(&request), &request, limits));
    group.callers.fetch_add(1, Ordering::SeqCst);
    let mut ask = Ask::new(loader, group, false, &request, started);
    ask.take(request.entities);
    ask.reply().await
}

struct Ask<'l> {
    loader: &'l Arc<Inner>,
    group: Arc<Group>,
    /// Whether others can find the group.
    registered: bool,
    headers: Arc<HeaderMap>,
    /// Entities asked for, by list.
    counts: Vec<usize>,
    parts: Vec<Part>,
    sources: Sources,
    /// Parts before this one were asked among others, those after it are their repetitions, alone.
    repeated_from: usize,
    joined: usize,
    calls: usize,
    /// Batches with higher ids would not be without the caller.
    own_above: BatchId,
    started: Instant,
}

impl<'l> Ask<'l> {
    /// The group counts the caller already.
    fn new(
        loader: &'l Arc<Inner>,
        group: Arc<Group>,
        registered: bool,
        request: &SubgraphRequest,
        started: Instant,
    ) -> Self {
        let lists = request.entities.iter();
        Self {
            loader,
            group,
            registered,
            headers: Arc::clone(&request.headers),
            counts: lists.map(|list| list.representations.len()).collect(),
            parts: Vec::new(),
            sources: Sources::Same(0),
            repeated_from: 0,
            joined: 0,
            calls: 0,
            own_above: BatchId::MAX,
            started,
        }
    }

    fn take(&mut self, entities: Vec<EntityList>) {
        let falls_due = {
            let mut state = self.group.state();
            let epoch = self.loader.epoch();
            let taken = state.take(&self.group, entities, &self.headers, epoch);
            self.parts = taken.parts;
            self.sources = taken.sources;
            self.joined = taken.joined;
            self.calls = taken.calls;
            self.own_above = taken.own_above;
            state.falls_due(&self.group)
        };
        self.repeated_from = self.parts.len();
        let counters = &self.loader.subgraph(self.group.question.subgraph).counters;
        counters.entities_asked.add(self.counts.iter().sum());
        counters.joined.add(self.joined);
        if falls_due {
            flight::soon(self.loader, &self.group);
        }
    }

    async fn reply(mut self) -> Result<SubgraphReply, FetchFailure> {
        let has_left = |part: &Part| part.batch.departure.get().is_some();
        if self.group.sends_what_leaves() && self.parts.iter().all(has_left) {
            // They left no later than the question came: the client's own deadline is ours, and sets no timer twice.
            for part in &self.parts {
                part.batch.outcome.wait().await;
            }
        }
        if !(0..self.parts.len()).all(|part| self.is_settled(part)) {
            let limit = self.loader.subgraph(self.group.question.subgraph).timeout;
            let rest = limit.saturating_sub(self.started.elapsed());
            // What is not there in time is late; the rest is as good as ever.
            let _ = timeout(rest, self.settle()).await;
        }
        let body = self.body()?;
        Ok(SubgraphReply {
            dispatch: self.dispatch(),
            freshness: self.freshness(),
            ..SubgraphReply::new(body)
        })
    }

    async fn settle(&mut self) {
        let mut part = 0;
        while let Some(Part { batch, .. }) = self.parts.get(part) {
            batch.outcome.wait().await;
            if !self.is_settled(part) {
                self.repeat(part);
            }
            part += 1;
        }
    }

    /// Whether a part has come, and need not be asked for again.
    fn is_settled(&self, part: usize) -> bool {
        let batch = &self.parts[part].batch;
        match batch.outcome.get() {
            None => false,
            Some(Outcome::Unattributable(_)) => {
                part >= self.repeated_from || self.is_exactly(batch.departure.get())
            }
            Some(_) => true,
        }
    }

    /// Whether the caller asked for all that a batch brings, and nothing else.
    fn is_exactly(&self, departure: Option<&Departure>) -> bool {
        let same = |departure: &Departure| {
            departure.moved.is_none() && departure.counts().eq(self.counts.iter().copied())
        };
        matches!(self.sources, Sources::Same(_)) && departure.is_some_and(same)
    }

    /// Asks once more for what should have come with a part.
    fn repeat(&mut self, part: usize) {
        let Some(departure) = self.parts[part].batch.departure.get() else {
            return;
        };
        let new = self.parts.len();
        let mut entities = Vec::with_capacity(self.counts.len());
        let mut each = Vec::with_capacity(self.counts.len());
        for (list, count) in self.counts.iter().enumerate() {
            let sent = &departure.entities[list].representations;
            let mut again = Representations::default();
            let mut sources = Vec::with_capacity(*count);
            for number in 0..*count {
                let mut source = self.sources.of(list, number);
                if source.part == part {
                    let representation = sent.get(departure.place(list, source.position));
                    source = Source {
                        part: new,
                        position: again.len(),
                    };
                    again.push(representation);
                }
                sources.push(source);
            }
            entities.push(EntityList {
                representations: again,
                ..self.group.lists[list].clone()
            });
            each.push(sources);
        }
        let all = count(&entities) == self.counts.iter().sum::<usize>();
        let launches = {
            let mut state = self.group.state();
            // What is asked for alone is exactly the caller's if it is all the caller's.
            let common = if all { count(&entities) } else { 0 };
            self.parts.push(state.isolate(entities, &self.headers, common));
            self.sources = if all {
                Sources::Same(new)
            } else {
                Sources::Each(each)
            };
            state.launch(&self.group, self.loader.epoch(), Instant::now())
        };
        self.calls += 1;
        let subgraph = self.loader.subgraph(self.group.question.subgraph);
        tracing::debug!(
            subgraph = subgraph.name,
            "an answer to several callers cannot be attributed; asking again for one"
        );
        subgraph.counters.isolated.add(1);
        flight::start(self.loader, &self.group, launches);
    }

    fn body(&self) -> Result<Bytes, FetchFailure> {
        if let Sources::Same(part) = self.sources {
            let batch = &self.parts[part].batch;
            let exactly = self.is_exactly(batch.departure.get());
            match batch.outcome.get() {
                Some(Outcome::Whole(body)) => return Ok(body.clone()),
                Some(Outcome::Unattributable(reply)) if exactly => return reply.clone(),
                Some(Outcome::Unreadable(body, _)) if exactly => return Ok(body.clone()),
                Some(Outcome::Split(split)) if exactly => return Ok(split.body().clone()),
                _ => {}
            }
        }
        let subgraph = self.loader.subgraph(self.group.question.subgraph);
        let late = FetchFailure::Timeout {
            millis: subgraph.timeout.as_millis(),
        };
        let pieces =
            self.parts.iter().map(
                |part| match (part.batch.departure.get(), part.batch.outcome.get()) {
                    (Some(departure), Some(Outcome::Split(split))) => Piece::Split(departure, split),
                    (_, Some(Outcome::Failed(failure) | Outcome::Unreadable(_, failure))) => {
                        Piece::Failed(failure.clone())
                    }
                    (_, Some(Outcome::Unattributable(_))) | (_, None) => Piece::Failed(late.clone()),
                    (_, Some(Outcome::Whole(_) | Outcome::Split(_))) => Piece::Failed(FetchFailure::Broken),
                },
            );
        let answer = reply::Answer {
            subgraph: &subgraph.name,
            lists: &self.group.lists,
            counts: &self.counts,
            sources: &self.sources,
            pieces: pieces.collect(),
        };
        answer.write()
    }

    fn dispatch(&self) -> Dispatch {
        let mut dispatch = Dispatch {
            calls: self.calls,
            joined: self.joined,
            ..Dispatch::default()
        };
        for part in &self.parts {
            let Some(departure) = part.batch.departure.get() else {
                continue;
            };
            let beside = part.batch.beside.get();
            dispatch.batch_size = dispatch.batch_size.max(departure.size);
            let waited = departure.at.saturating_duration_since(self.started)
                + beside.map_or(Duration::ZERO, |beside| beside.waited);
            dispatch.waited = dispatch.waited.max(waited);
            // It left in a call of somebody else's, or somebody below knew it already.
            let carried = beside.is_some_and(|beside| beside.calls == 0);
            dispatch.calls -= usize::from(carried && part.id > self.own_above);
        }
        for beside in self.beside() {
            dispatch.cache = dispatch.cache.and(beside.cache);
        }
        dispatch
    }

    fn beside(&self) -> impl Iterator<Item = Beside> {
        let parts = self.parts.iter();
        parts.map(|part| part.batch.beside.get().copied().unwrap_or_default())
    }

    fn freshness(&self) -> Freshness {
        let all = self.beside().map(|beside| beside.freshness);
        all.reduce(Freshness::and).unwrap_or_default()
    }
}

impl Drop for Ask<'_> {
    fn drop(&mut self) {
        let idle = {
            let mut state = self.group.state();
            state.leave(&self.parts, &self.sources, &self.counts);
            self.group.callers.fetch_sub(1, Ordering::SeqCst);
            self.group.is_idle(&state)
        };
        if idle && self.registered {
            self.loader.retire(&self.group);
        }
    }
}
