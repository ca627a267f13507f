//! Below the loader: what is there of a request, in memory or in what gateways share, and who loads the rest.

use std::sync::atomic::Ordering;

use causeway_executor::CacheReport;

use crate::{
    Inner,
    asked::{Kind, Subjects},
    flights::Flight,
    lookup::{Allow, Brought, Found, look},
    port::{Claim, RecordKey, Release, SharedStore},
    record::{Load, Record},
};

/// What was found, and what is held while the rest is loaded.
pub(crate) struct Lookup<'s> {
    pub(crate) found: Found,
    pub(crate) report: CacheReport,
    /// From the store.
    pub(crate) brought: Brought,
    /// What no other gateway loads as long as we do.
    pub(crate) claims: Option<Claims<'s>>,
    /// The same within this one.
    _flight: Option<Flight<'s>>,
}

/// Looks in memory, then in the store; then becomes the one who loads the rest, or waits for who does.
pub(crate) async fn find<'c>(cache: &'c Inner, subjects: &Subjects<'_>) -> Lookup<'c> {
    let brought = Brought::new();
    let mut lookup = Lookup {
        found: look_now(cache, subjects, &brought),
        report: CacheReport::default(),
        brought,
        claims: None,
        _flight: None,
    };
    if cache.memory.keeps() {
        board(cache, subjects, &mut lookup).await;
    } else {
        // Nobody above has looked.
        count(cache, subjects, |kind| lookup.found.by_kind[kind]);
    }
    let Some(store) = cache.on.store.as_deref() else {
        return lookup;
    };
    if lookup.found.is_complete() || !cache.on.feed.is_current() {
        return lookup;
    }
    let in_memory = complete_parts(&lookup.found);
    let before = lookup.found.by_kind.clone();
    let keys = open_records(subjects, &lookup.found);
    let values = store.get(&keys).await;
    bring(cache, keys.into_iter().zip(values), &mut lookup.brought);
    lookup.found = look_now(cache, subjects, &lookup.brought);
    if !lookup.found.is_complete() {
        claim(cache, store, subjects, &mut lookup).await;
    }
    // Something may have ended meanwhile.
    lookup.report.shared = complete_parts(&lookup.found).saturating_sub(in_memory);
    count(cache, subjects, |kind| CacheReport {
        shared: lookup.found.by_kind[kind]
            .memory
            .saturating_sub(before[kind].memory),
        ..CacheReport::default()
    });
    if lookup.found.is_complete() {
        lookup.claims = None;
    }
    lookup
}

/// Waits for who loads something of it in this gateway, for it to be in memory then; takes what nobody loads.
async fn board<'c>(cache: &'c Inner, subjects: &Subjects<'_>, lookup: &mut Lookup<'c>) {
    if !cache.on.feed.is_current() {
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
        lookup.found = look_now(cache, subjects, &Brought::new());
        lookup._flight = Some(flight);
        if !has_waited {
            return;
        }
    }
}

async fn claim<'c>(
    cache: &'c Inner,
    store: &'c dyn SharedStore,
    subjects: &Subjects<'_>,
    lookup: &mut Lookup<'c>,
) {
    let keys = open_claims(subjects, &lookup.found, |_| true);
    let records = open_records(subjects, &lookup.found);
    let (claims, values) = store.claim(&keys, &records).await;
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
    bring(cache, records.into_iter().zip(values), &mut lookup.brought);
    lookup.found = look_now(cache, subjects, &lookup.brought);
    if waits && !lookup.found.is_complete() {
        let values = store.wait(&theirs).await;
        bring(cache, theirs.iter().copied().zip(values), &mut lookup.brought);
        lookup.found = look_now(cache, subjects, &lookup.brought);
        // What came is perhaps for more people than the claim was.
        let mut others = open_records(subjects, &lookup.found);
        others.retain(|key| theirs.binary_search(key).is_err());
        if !others.is_empty() {
            let values = store.get(&others).await;
            bring(cache, others.into_iter().zip(values), &mut lookup.brought);
            lookup.found = look_now(cache, subjects, &lookup.brought);
        }
    }
}

fn look_now(cache: &Inner, subjects: &Subjects<'_>, brought: &Brought) -> Found {
    // What is not current is as good as not there.
    match cache.on.feed.is_current() {
        true => look(cache, subjects, Allow::Fresh, brought),
        false => look(cache, subjects, Allow::Nothing, brought),
    }
}

/// Takes records from the store, and keeps them in memory as well.
fn bring(
    cache: &Inner,
    values: impl Iterator<Item = (RecordKey, Option<bytes::Bytes>)>,
    brought: &mut Brought,
) {
    let now = cache.clock.now();
    for (key, value) in values {
        let Some(record) = value.and_then(|value| Record::decode(&value)) else {
            continue;
        };
        let is_usable = |load: &Load| cache.is_good(load, now);
        // What has ended is not worth its place.
        let record = record.only(is_usable);
        let record = match cache.memory.keeps() {
            true => record.detached(),
            false => record,
        };
        brought.insert(key, cache.memory.add(key, record, None, is_usable));
    }
}

fn count(cache: &Inner, subjects: &Subjects<'_>, report: impl Fn(usize) -> CacheReport) {
    for (number, kind) in subjects.kinds.iter().enumerate() {
        let counter = cache.counter(subjects.types.0, kind.declared);
        counter.looked(report(number));
    }
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
    sorted(open.filter_map(|(subject, _)| subject.keys.last().copied()))
}

/// Wherever something of a subject may be that is not there completely.
fn open_records(subjects: &Subjects<'_>, found: &Found) -> Vec<RecordKey> {
    let all = subjects.all.iter().zip(&found.parts);
    let open = all.filter(|(_, part)| !part.is_complete());
    sorted(open.flat_map(|(subject, _)| subject.keys.iter().copied()))
}

fn sorted(keys: impl Iterator<Item = RecordKey>) -> Vec<RecordKey> {
    let mut keys: Vec<RecordKey> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What nobody else loads as long as we do. Gives it back, whatever becomes of who holds it.
pub(crate) struct Claims<'s> {
    store: &'s dyn SharedStore,
    keys: Vec<RecordKey>,
    /// It came, and cannot be stored: others are not to wait for each other. Of who gave up nothing of the kind is known.
    pub(crate) pointless: bool,
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
