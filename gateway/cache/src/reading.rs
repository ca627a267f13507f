//! Above everything: what is in memory is answered at once.

use std::sync::{Arc, atomic::Ordering};

use causeway_executor::{
    CacheReport, Dispatch, FetchFailure, Partition, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_model::SubgraphId;
use futures::future::BoxFuture;
use http::HeaderMap;

use crate::{
    Inner, REFRESH,
    answer::{complete, together},
    asked::{Asked, Subjects},
    freshness::Wish,
    lookup::{Allow, Brought, Found, look},
    narrow::narrow,
    record::Load,
    rescue::instead,
    stats::Counter,
};

pub(crate) struct Reading {
    pub(crate) cache: Arc<Inner>,
    pub(crate) next: Arc<dyn SubgraphClient>,
}

impl SubgraphClient for Reading {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        let cache = &self.cache;
        if !cache.hopes(request.subgraph)
            || cache.wish(&request.headers) != Wish::Use
            || !cache.on.feed.is_current()
        {
            return self.next.send(request);
        }
        if !cache.memory.keeps() {
            return Box::pin(self.pass(request));
        }
        match cache.asked(&request) {
            Some(asked) => Box::pin(self.answer(asked, request)),
            None => self.next.send(request),
        }
    }

    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        self.next.partition(subgraph, headers)
    }

    fn may_join(&self) -> bool {
        self.next.may_join()
    }
}

impl Reading {
    /// Here is nothing; below there may be.
    async fn pass(&self, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        let missed = match request.entities.is_empty() {
            true => {
                let document = self.cache.document(&request.document);
                document.map_or(0, |document| document.fields())
            }
            false => request
                .entities
                .iter()
                .map(|list| list.representations.len())
                .sum(),
        };
        let mut reply = self.next.send(request).await?;
        reply.dispatch.cache.missed += missed;
        Ok(reply)
    }

    async fn answer(&self, asked: Asked, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        let cache = &*self.cache;
        let Some((subgraph, _)) = cache.subgraph(request.subgraph) else {
            return self.next.send(request).await;
        };
        let Some(subjects) = Subjects::new(subgraph, &cache.root_type, &asked, &request) else {
            return self.next.send(request).await;
        };
        let found = look(cache, &subjects, Allow::Stale, &Brought::new());
        count(cache, &subjects, |counter, kind| {
            counter.looked(found.by_kind[kind])
        });
        self.refresh(&asked, &subjects, &found, &request);
        if found.is_complete() {
            return Ok(reply(complete(&request, &subjects, &found), &found, 0));
        }
        let narrowed = found.has_any().then(|| {
            narrow(&asked, &subjects, &found.parts, &request, |part| {
                !part.is_complete()
            })
        });
        let sent = match &narrowed {
            Some(narrowed) => narrowed.request.clone(),
            None => request.clone(),
        };
        let loaded = match self.next.send(sent).await {
            Ok(loaded) => loaded,
            Err(failure) => return instead(cache, &subjects, &request, &Brought::new(), failure),
        };
        let mut dispatch = loaded.dispatch;
        dispatch.cache = found.report.and(below(loaded.dispatch.cache));
        Ok(match narrowed {
            Some(narrowed) => SubgraphReply {
                body: together(&request, &subjects, &found, &narrowed, &loaded.body)?.into(),
                dispatch,
                caching: None,
                freshness: found.freshness.unwrap_or_default().and(loaded.freshness),
            },
            None => SubgraphReply { dispatch, ..loaded },
        })
    }

    /// Loads anew, in the background, what is over or about to be.
    fn refresh(&self, asked: &Asked, subjects: &Subjects<'_>, found: &Found, request: &SubgraphRequest) {
        if found.refreshed.is_empty() {
            return;
        }
        count(&self.cache, subjects, |counter, kind| {
            let pairs = subjects.all.iter().zip(&found.parts);
            let of_kind = pairs.filter(|(subject, part)| subject.kind == kind && part.refresh);
            counter
                .refreshed
                .fetch_add(of_kind.count() as u64, Ordering::Relaxed);
        });
        // What is missing beside it is loaded for this request anyway.
        let mut again = narrow(asked, subjects, &found.parts, request, |part| {
            part.refresh && part.is_complete()
        })
        .request;
        let nothing = !subjects.is_root && again.entities.iter().all(|list| list.representations.is_empty());
        let guard = Refreshing(found.refreshed.clone());
        if nothing || !found.parts.iter().any(|part| part.refresh && part.is_complete()) {
            return;
        }
        let mut headers = HeaderMap::clone(&request.headers);
        headers.insert(REFRESH, self.cache.refresh.clone());
        again.headers = Arc::new(headers);
        let next = Arc::clone(&self.next);
        tokio::spawn(async move {
            // Whether it worked shows in what is kept.
            let _ = next.send(again).await;
            drop(guard);
        });
    }
}

pub(crate) fn count(cache: &Inner, subjects: &Subjects<'_>, add: impl Fn(&Counter, usize)) {
    for (number, kind) in subjects.kinds.iter().enumerate() {
        add(&cache.counter(subjects.types.0, kind.declared), number);
    }
}

/// While it lives, nobody else loads them anew.
struct Refreshing(Vec<Arc<Load>>);

impl Drop for Refreshing {
    fn drop(&mut self) {
        for load in &self.0 {
            load.refreshing.store(false, Ordering::Release);
        }
    }
}

/// What the tier below says of entities that were looked for above already.
fn below(report: CacheReport) -> CacheReport {
    CacheReport {
        missed: 0,
        partial: 0,
        ..report
    }
}

pub(crate) fn reply(body: Vec<u8>, found: &Found, calls: usize) -> SubgraphReply {
    SubgraphReply {
        body: body.into(),
        dispatch: Dispatch {
            calls,
            cache: found.report,
            ..Dispatch::default()
        },
        caching: None,
        freshness: found.freshness.unwrap_or_default(),
    }
}
