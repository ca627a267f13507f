//! Before the client: what comes is kept, and what somebody else has loaded is not loaded again.

use std::sync::{Arc, atomic::Ordering};

use causeway_executor::{
    CacheReport, Dispatch, FetchFailure, Partition, RequestKind, SubgraphClient, SubgraphReply,
    SubgraphRequest,
};
use causeway_model::SubgraphId;
use futures::future::BoxFuture;
use http::HeaderMap;

use crate::{
    Inner, REFRESH,
    answer::{complete, together},
    asked::{Asked, Kind, Subjects},
    fill::{Filled, Start, fill},
    flights::Flight,
    freshness::{Wish, said},
    lookup::{Allow, Brought, Found, look},
    mutation,
    narrow::narrow,
    port::{Claim, Put, RecordKey, Release, SharedStore},
    record::Record,
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
                self.keep((&asked, &subjects), &request, (&mut reply, start));
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
            return self.fetch(&asked, &subjects, request.clone(), None).await;
        }
        let mut found = self.find(&subjects).await;
        let claims = found.claims.take();
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
            let mut reply = self.fetch(&asked, &subjects, request.clone(), claims).await?;
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
            Some((asked, subjects)) => self.fetch(asked, &subjects, sent.clone(), claims).await,
            None => cache.on.client.send(sent.clone()).await,
        }?;
        let mut dispatch = loaded.dispatch;
        dispatch.cache = dispatch.cache.and(found.report);
        Ok(SubgraphReply {
            body: together(&request, &subjects, &found.found, &narrowed, &loaded.body)?.into(),
            dispatch,
            caching: None,
            freshness: found.found.freshness.unwrap_or_default().and(loaded.freshness),
        })
    }

    /// Looks in memory, then in the store; then becomes the one who loads the rest, or waits for who does.
    async fn find(&self, subjects: &Subjects<'_>) -> Lookup<'_> {
        let cache = &*self.cache;
        let mut brought = Brought::new();
        let mut lookup = Lookup {
            found: self.look(subjects, &brought),
            report: CacheReport::default(),
            claims: None,
            _flight: None,
        };
        self.board(subjects, &mut lookup).await;
        let Some(store) = cache.on.store.as_deref() else {
            return lookup;
        };
        if lookup.found.is_complete() || !cache.on.feed.is_current() {
            return lookup;
        }
        let in_memory = complete_parts(&lookup.found);
        let before = lookup.found.by_kind.clone();
        self.bring(store, subjects, &lookup.found, &mut brought).await;
        lookup.found = self.look(subjects, &brought);
        if !lookup.found.is_complete() {
            let keys = open_claims(subjects, &lookup.found, |_| true);
            let claims = store.claim(&keys).await;
            let which = |wanted: Claim| -> Vec<RecordKey> {
                let all = keys.iter().zip(&claims);
                let wanted = all.filter(|(_, claim)| **claim == wanted);
                wanted.map(|(key, _)| *key).collect()
            };
            let mine = which(Claim::Mine);
            let theirs = which(Claim::Theirs);
            // Who asks anyway asks for all of it: nobody waits for one who waits himself.
            let waits = mine.is_empty() && !theirs.is_empty();
            // From here on whoever gives up gives them back.
            lookup.claims = Some(Claims {
                store,
                keys: mine,
                pointless: false,
            });
            if waits {
                store.wait(&theirs).await;
            }
            // Between the look and the claim somebody may have brought it, and gone.
            self.bring(store, subjects, &lookup.found, &mut brought).await;
            lookup.found = self.look(subjects, &brought);
        }
        // Something may have ended meanwhile.
        lookup.report.shared = complete_parts(&lookup.found).saturating_sub(in_memory);
        let reports = lookup.found.by_kind.iter().zip(&before);
        for (kind, (now, before)) in subjects.kinds.iter().zip(reports) {
            let shared = now.memory.saturating_sub(before.memory);
            cache
                .counter(subjects.types.0, kind.declared)
                .looked(CacheReport {
                    shared,
                    ..CacheReport::default()
                });
        }
        if lookup.found.is_complete() {
            lookup.claims = None;
        }
        lookup
    }

    /// Waits for who loads something of it in this gateway, for it to be in memory then; takes what nobody loads.
    async fn board<'c>(&'c self, subjects: &Subjects<'_>, lookup: &mut Lookup<'c>) {
        let cache = &*self.cache;
        if !cache.memory.keeps() || !cache.on.feed.is_current() {
            return;
        }
        // What was loaded before it was invalidated is there in vain: once more, then.
        for _ in 0..2 {
            if lookup.found.is_complete() {
                return;
            }
            let is_kept = |kind: &Kind<'_>| {
                let counter = cache.counter(subjects.types.0, kind.declared);
                counter.is_kept.load(Ordering::Relaxed)
            };
            let keys = open_claims(subjects, &lookup.found, is_kept);
            if keys.is_empty() {
                return;
            }
            // Not for ourselves.
            lookup._flight = None;
            let (flight, has_waited) = cache.flights.board(&keys).await;
            // Even who has not waited: it may have come since the look.
            lookup.found = self.look(subjects, &Brought::new());
            lookup._flight = Some(flight);
            if !has_waited {
                return;
            }
        }
    }

    fn look(&self, subjects: &Subjects<'_>, brought: &Brought) -> Found {
        // What is not current is as good as not there.
        match self.cache.on.feed.is_current() {
            true => look(&self.cache, subjects, Allow::Fresh, brought),
            false => look(&self.cache, subjects, Allow::Nothing, brought),
        }
    }

    /// Brings records from the store, and keeps them in memory as well.
    async fn bring(
        &self,
        store: &dyn SharedStore,
        subjects: &Subjects<'_>,
        found: &Found,
        brought: &mut Brought,
    ) {
        let cache = &*self.cache;
        let open = subjects
            .all
            .iter()
            .zip(&found.parts)
            .filter(|(_, part)| !part.is_complete());
        let mut keys: Vec<RecordKey> = open
            .flat_map(|(subject, _)| subject.keys.iter().copied())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let values = store.get(&keys).await;
        let now = cache.clock.now();
        for (key, value) in keys.into_iter().zip(values) {
            let Some(record) = value.and_then(|value| Record::decode(&value)) else {
                continue;
            };
            let is_usable = |load: &crate::record::Load| cache.is_good(load, now);
            // What has ended is not worth its place.
            let record = record.only(is_usable);
            brought.insert(key, cache.memory.add(key, record, is_usable));
        }
    }

    /// Asks the subgraph, and keeps what comes.
    async fn fetch(
        &self,
        asked: &Asked,
        subjects: &Subjects<'_>,
        request: SubgraphRequest,
        mut claims: Option<Claims<'_>>,
    ) -> Result<SubgraphReply, FetchFailure> {
        let cache = &*self.cache;
        let start = cache.start();
        let reply = cache.on.client.send(request.clone()).await;
        if let (Err(_), Some(claims)) = (&reply, &mut claims) {
            claims.pointless = true;
        }
        let mut reply = reply?;
        self.keep((asked, subjects), &request, (&mut reply, start));
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
    ) {
        let cache = &*self.cache;
        let Some(known) = cache.subgraph(request.subgraph) else {
            return;
        };
        let Filled {
            freshness,
            not_stored,
            records,
        } = fill(cache, known, (asked, subjects), request, (reply, start));
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

/// What nobody else loads as long as we do. Gives it back, whatever becomes of who holds it.
struct Claims<'s> {
    store: &'s dyn SharedStore,
    keys: Vec<RecordKey>,
    /// It came, and cannot be stored: others are not to wait for each other. Of who gave up nothing of the kind is known.
    pointless: bool,
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        let release = |key: &RecordKey| Release {
            key: *key,
            stored: !self.pointless,
        };
        let releases: Vec<Release> = self.keys.iter().map(release).collect();
        if !releases.is_empty() {
            self.store.release(releases);
        }
    }
}

struct Lookup<'s> {
    found: Found,
    report: CacheReport,
    /// What no other gateway loads as long as we do.
    claims: Option<Claims<'s>>,
    /// The same within this one.
    _flight: Option<Flight<'s>>,
}

fn complete_parts(found: &Found) -> usize {
    found.parts.iter().filter(|part| part.is_complete()).count()
}

/// One key for each subject that is to be loaded: those who see the same look there.
fn open_claims(
    subjects: &Subjects<'_>,
    found: &Found,
    is_meant: impl Fn(&Kind<'_>) -> bool,
) -> Vec<RecordKey> {
    let meant: Vec<bool> = subjects.kinds.iter().map(is_meant).collect();
    let open = subjects
        .all
        .iter()
        .zip(&found.parts)
        .filter(|(subject, part)| meant[subject.kind] && !part.is_complete());
    let mut keys: Vec<RecordKey> = open
        .filter_map(|(subject, _)| subject.keys.last().copied())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
