//! Before the client: what comes is kept, and what somebody else has loaded is not loaded again.

use std::sync::{Arc, atomic::Ordering};

use causeway_executor::{
    Dispatch, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
use causeway_model::SubgraphId;
use futures::future::BoxFuture;
use http::HeaderMap;

use crate::{
    Inner, REFRESH,
    answer::{complete, together},
    asked::{Asked, Subjects},
    fill::{Filled, Start, fill},
    find::{Claims, find},
    freshness::{Wish, said},
    lookup::Brought,
    mutation,
    narrow::narrow,
    port::{Put, RecordKey},
    record::Record,
    rescue::instead,
};

pub(crate) struct Storing {
    pub(crate) cache: Arc<Inner>,
}

impl SubgraphClient for Storing {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        Box::pin(async move {
            let cache = &*self.cache;
            let wish = cache.wish(&request.headers);
            let request = own(request);
            match (request.kind, wish) {
                (RequestKind::Mutation, _) => mutation::send(cache, request).await,
                (RequestKind::QueryAfterMutation, _) | (RequestKind::Query, Wish::Avoid) => {
                    cache.on.client.send(request).await
                }
                (RequestKind::Query, _) if !cache.hopes(request.subgraph) => self.learn(request).await,
                (RequestKind::Query, wish) => match cache.asked(&request) {
                    Some(asked) => self.load(asked, request, wish).await,
                    None => cache.on.client.send(request).await,
                },
            }
        })
    }

    /// Requests that use the cache in different ways are not answered together.
    fn partition(&self, subgraph: SubgraphId, headers: &HeaderMap) -> Partition {
        let partition = match headers.contains_key(&REFRESH) {
            true => self.cache.partition(subgraph, &outside(headers)),
            false => self.cache.partition(subgraph, headers),
        };
        match self.cache.wish(headers) {
            Wish::Use => partition,
            Wish::Refresh => Partition(partition.0.rotate_left(1) ^ 0x5eed),
            Wish::Avoid => Partition(partition.0.rotate_left(2) ^ 0xfeed),
        }
    }

    /// While nobody tells us of events, nobody waits for us either: what is under way may be too old.
    fn may_join(&self) -> bool {
        self.cache.on.feed.is_current() && self.cache.on.client.may_join()
    }
}

/// The mark of our own is nobody's business outside, and no part of who asks.
fn own(request: SubgraphRequest) -> SubgraphRequest {
    match request.headers.contains_key(&REFRESH) {
        true => SubgraphRequest {
            headers: Arc::new(outside(&request.headers)),
            ..request
        },
        false => request,
    }
}

fn outside(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(&REFRESH);
    headers
}

impl Storing {
    /// Of a subgraph of which nothing could be kept so far.
    async fn learn(&self, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        let cache = &*self.cache;
        let Some(known) = cache.subgraph(request.subgraph) else {
            return cache.on.client.send(request).await;
        };
        let start = cache.start();
        let mut reply = cache.on.client.send(request.clone()).await?;
        let may_be_kept = reply.caching.as_deref().is_some_and(|headers| {
            said(Some(headers), &known.1.vary).is_ok_and(|said| said.lifetime.is_some())
        });
        if may_be_kept && let Some(asked) = cache.asked(&request) {
            cache.hopes[request.subgraph.index()].store(true, Ordering::Relaxed);
            if let Some(subjects) = Subjects::new(known.0, &cache.root_type, &asked, &request) {
                self.keep(
                    (&asked, &subjects),
                    &request,
                    (&mut reply, start),
                    &Brought::new(),
                );
            }
        }
        Ok(reply)
    }

    async fn load(
        &self,
        asked: Asked,
        request: SubgraphRequest,
        wish: Wish,
    ) -> Result<SubgraphReply, FetchFailure> {
        let cache = &*self.cache;
        let Some((subgraph, _)) = cache.subgraph(request.subgraph) else {
            return cache.on.client.send(request).await;
        };
        let Some(subjects) = Subjects::new(subgraph, &cache.root_type, &asked, &request) else {
            return cache.on.client.send(request).await;
        };
        if wish == Wish::Refresh {
            return self
                .fetch(&asked, &subjects, request.clone(), (None, &Brought::new()))
                .await;
        }
        let mut found = find(cache, &subjects).await;
        let held = (found.claims.take(), &found.brought);
        // Where there is memory, it is looked for above, for each caller.
        let rescued = |failure, brought: &Brought| match cache.memory.keeps() {
            true => Err(failure),
            false => instead(cache, &subjects, &request, brought, failure),
        };
        if found.found.is_complete() {
            return Ok(SubgraphReply {
                body: complete(&request, &subjects, &found.found).into(),
                dispatch: Dispatch {
                    calls: 0,
                    cache: found.report,
                    ..Dispatch::default()
                },
                caching: None,
                freshness: found.found.freshness.unwrap_or_default(),
            });
        }
        if !found.found.has_any() {
            let loaded = self.fetch(&asked, &subjects, request.clone(), held).await;
            let mut reply = loaded.or_else(|failure| rescued(failure, &found.brought))?;
            reply.dispatch.cache = reply.dispatch.cache.and(found.report);
            return Ok(reply);
        }
        let narrowed = narrow(&asked, &subjects, &found.found.parts, &request, |part| {
            !part.is_complete()
        });
        let sent = narrowed.request.clone();
        let asked_rest = cache.asked(&sent);
        let rest = asked_rest
            .as_ref()
            .and_then(|asked| Some((asked, Subjects::new(subgraph, &cache.root_type, asked, &sent)?)));
        let loaded = match rest {
            Some((asked, subjects)) => self.fetch(asked, &subjects, sent.clone(), held).await,
            None => cache.on.client.send(sent.clone()).await,
        };
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(failure) => return rescued(failure, &found.brought),
        };
        let mut dispatch = loaded.dispatch;
        dispatch.cache = dispatch.cache.and(found.report);
        Ok(SubgraphReply {
            body: together(&request, &subjects, &found.found, &narrowed, &loaded.body)?.into(),
            dispatch,
            caching: None,
            freshness: found.found.freshness.unwrap_or_default().and(loaded.freshness),
        })
    }

    /// Asks the subgraph, and keeps what comes.
    async fn fetch(
        &self,
        asked: &Asked,
        subjects: &Subjects<'_>,
        request: SubgraphRequest,
        (mut claims, brought): (Option<Claims<'_>>, &Brought),
    ) -> Result<SubgraphReply, FetchFailure> {
        let cache = &*self.cache;
        let start = cache.start();
        let reply = cache.on.client.send(request.clone()).await;
        if let (Err(_), Some(claims)) = (&reply, &mut claims) {
            claims.pointless = true;
        }
        let mut reply = reply?;
        self.keep((asked, subjects), &request, (&mut reply, start), brought);
        if let Some(claims) = &mut claims {
            claims.pointless = reply.dispatch.cache.not_stored.is_some();
        }
        Ok(reply)
    }

    fn keep(
        &self,
        (asked, subjects): (&Asked, &Subjects<'_>),
        request: &SubgraphRequest,
        (reply, start): (&mut SubgraphReply, Start),
        brought: &Brought,
    ) {
        let cache = &*self.cache;
        let Some(known) = cache.subgraph(request.subgraph) else {
            return;
        };
        let Filled {
            freshness,
            not_stored,
            records,
        } = fill(cache, known, (asked, subjects), request, (reply, start), brought);
        if not_stored.is_some() {
            for kind in &subjects.kinds {
                let counter = cache.counter(subjects.types.0, kind.declared);
                counter.not_stored.fetch_add(1, Ordering::Relaxed);
                counter.is_kept.store(false, Ordering::Relaxed);
            }
        }
        if let Some(store) = &cache.on.store {
            store.put(puts(cache, records));
        }
        reply.freshness = freshness;
        reply.dispatch.cache.not_stored = not_stored;
    }
}

fn puts(cache: &Inner, records: Vec<(RecordKey, Arc<Record>)>) -> Vec<Put> {
    let now = cache.clock.now();
    let put = |(key, record): (RecordKey, Arc<Record>)| {
        Some(Put {
            key,
            value: record.encode()?,
            keep: std::time::Duration::from_millis(record.ends().saturating_sub(now).max(1)),
        })
    };
    records.into_iter().filter_map(put).collect()
}
