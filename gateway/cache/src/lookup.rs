//! What is there of what is asked for.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use causeway_executor::{CacheReport, Freshness};

use crate::{
    Inner,
    asked::{Kind, Subjects},
    port::RecordKey,
    record::{Load, Millis, Record, Slot},
    selection::Wanted,
    types::{Known, Types},
    value::{give, unquoted},
};

/// How old something may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allow {
    Nothing,
    Fresh,
    /// Fresh, or served while it is loaded anew.
    Stale,
    /// Better than nothing.
    OnError,
}

/// What was found of one subject.
pub(crate) struct Part {
    /// Members of its object, in [`Found::json`].
    pub(crate) json: Range<usize>,
    /// Indices of what is wanted and not there.
    pub(crate) missing: Vec<usize>,
    /// It is known that there is no such entity.
    pub(crate) absent: bool,
    /// To be loaded anew in the background.
    pub(crate) refresh: bool,
}

impl Part {
    pub(crate) fn is_complete(&self) -> bool {
        self.absent || self.missing.is_empty()
    }
}

/// What was found of a request.
pub(crate) struct Found {
    pub(crate) json: Vec<u8>,
    /// By subject.
    pub(crate) parts: Vec<Part>,
    /// Of all that was found. `None`: there is nothing.
    pub(crate) freshness: Option<Freshness>,
    /// In memory; what was found elsewhere is not told apart here.
    pub(crate) report: CacheReport,
    /// The same by kind.
    pub(crate) by_kind: Vec<CacheReport>,
    /// Loads that are being loaded anew by this request from now on.
    pub(crate) refreshed: Vec<Arc<Load>>,
}

impl Found {
    pub(crate) fn is_complete(&self) -> bool {
        self.parts.iter().all(Part::is_complete)
    }

    pub(crate) fn has_any(&self) -> bool {
        self.freshness.is_some()
    }
}

/// Records that were brought from elsewhere.
pub(crate) type Brought = HashMap<RecordKey, Arc<Record>>;

pub(crate) fn look(cache: &Inner, subjects: &Subjects<'_>, allow: Allow, brought: &Brought) -> Found {
    let mut looking = Looking {
        cache,
        types: subjects.types,
        now: cache.clock.now(),
        allow,
        found: Found {
            json: Vec::new(),
            parts: Vec::with_capacity(subjects.all.len()),
            freshness: None,
            report: CacheReport::default(),
            by_kind: vec![CacheReport::default(); subjects.kinds.len()],
            refreshed: Vec::new(),
        },
    };
    let mut records = Vec::new();
    for subject in &subjects.all {
        let kind = &subjects.kinds[subject.kind];
        records.clear();
        for key in &subject.keys {
            records.extend(brought.get(key).cloned());
            records.extend(cache.memory.get(*key));
        }
        looking.subject((subject.kind, kind), &records);
    }
    let mut found = looking.found;
    found.report = found
        .by_kind
        .iter()
        .fold(CacheReport::default(), |all, one| all.and(*one));
    found
}

struct Looking<'c> {
    cache: &'c Inner,
    types: Types<'c>,
    now: Millis,
    allow: Allow,
    found: Found,
}

impl Looking<'_> {
    fn subject(&mut self, (number, kind): (usize, &Kind<'_>), records: &[Arc<Record>]) {
        let start = self.found.json.len();
        let mut part = Part {
            json: start..start,
            missing: Vec::new(),
            absent: false,
            refresh: false,
        };
        let (before, mut is_stale) = (self.found.refreshed.len(), false);
        if let Some(load) = self.absent(records) {
            part.absent = true;
            is_stale |= self.use_load(load);
        } else if kind.wanted.is_empty() {
            is_stale |= self.by_type(kind, records, &mut part);
        } else {
            let known = Known {
                declared: kind.declared,
                named: None,
            };
            is_stale |= self.fields(known, &kind.wanted, records, &mut part);
        }
        part.json = start..self.found.json.len();
        part.refresh = self.found.refreshed.len() > before;
        let report = &mut self.found.by_kind[number];
        if part.is_complete() {
            report.memory += 1;
            report.stale += usize::from(is_stale);
        } else if part.missing.len() < kind.wanted.len() {
            report.partial += 1;
        } else {
            report.missed += 1;
        }
        self.found.parts.push(part);
    }

    /// That there is no such entity, if nobody knows better since.
    fn absent<'r>(&self, records: &'r [Arc<Record>]) -> Option<&'r Arc<Load>> {
        let absent = records.iter().filter_map(|record| record.absent.as_ref());
        let gone = absent
            .filter(|load| self.is_usable(load))
            .max_by_key(|load| load.made)?;
        let mut slots = records.iter().flat_map(|record| &record.slots);
        let is_back = slots.any(|slot| slot.load.made > gone.made && self.is_usable(&slot.load));
        (!is_back).then_some(gone)
    }

    /// Appends what is there of what is wanted. Gives whether any of it is stale.
    fn fields(
        &mut self,
        known: Known<'_>,
        wanted: &[Wanted<'_>],
        records: &[Arc<Record>],
        part: &mut Part,
    ) -> bool {
        let mut is_stale = false;
        for (index, field) in wanted.iter().enumerate() {
            match self.field(known, field, records, part.json.start) {
                Some(load) => is_stale |= self.use_load(load),
                None => part.missing.push(index),
            }
        }
        is_stale
    }

    /// What is wanted hangs on the type, which is kept with the rest. All of it is there, or as good as nothing.
    fn by_type(&mut self, kind: &Kind<'_>, records: &[Arc<Record>], part: &mut Part) -> bool {
        let slots = records.iter().flat_map(|record| &record.slots);
        let mut named = slots.filter(|slot| *slot.key == *"__typename" && self.is_usable(&slot.load));
        let named = named.next().and_then(|slot| unquoted(&slot.value));
        let wanted = named.and_then(|named| kind.wanted_of(self.types, named));
        let before = self.found.refreshed.len();
        let is_stale = match wanted {
            Some(wanted) => {
                let known = Known {
                    declared: kind.declared,
                    named,
                };
                self.fields(known, &wanted, records, part)
            }
            None => {
                part.missing.push(usize::MAX);
                false
            }
        };
        if !part.missing.is_empty() {
            part.missing = vec![usize::MAX];
            self.found.json.truncate(part.json.start);
            for load in self.found.refreshed.drain(before..) {
                load.refreshing.store(false, Ordering::Release);
            }
        }
        is_stale
    }

    /// Appends a field from wherever it is. Gives with what it came.
    fn field<'r>(
        &mut self,
        known: Known<'_>,
        field: &Wanted<'_>,
        records: &'r [Arc<Record>],
        start: usize,
    ) -> Option<&'r Arc<Load>> {
        for slot in records.iter().flat_map(|record| &record.slots) {
            if *slot.key == *field.first.key
                && self.is_usable(&slot.load)
                && give_slot(self.types, known, field, slot, start, &mut self.found.json)
            {
                return Some(&slot.load);
            }
        }
        None
    }

    fn is_usable(&self, load: &Load) -> bool {
        let until = match self.allow {
            Allow::Nothing => return false,
            Allow::Fresh => load.times.fresh,
            Allow::Stale => load.times.stale,
            Allow::OnError => load.times.on_error,
        };
        self.now < until && self.cache.marks().allow(load.stamp, &load.tags, &load.checked)
    }

    /// Notes that something of a load is used, and whether it is to be loaded anew. Gives whether it is stale.
    fn use_load(&mut self, load: &Arc<Load>) -> bool {
        let left = load.times.fresh.saturating_sub(self.now);
        let this = Freshness {
            lifetime: Some(Duration::from_millis(left)),
            age: Duration::from_millis(self.now.saturating_sub(load.made)),
            private: load.private,
        };
        self.found.freshness = Some(self.found.freshness.map_or(this, |known| known.and(this)));
        let ends_soon = self.allow == Allow::Stale && (left == 0 || self.is_due_early(load, left));
        if ends_soon && !load.refreshing.swap(true, Ordering::AcqRel) {
            self.found.refreshed.push(Arc::clone(load));
        }
        left == 0
    }

    /// XFetch: the nearer the end and the dearer the load, the likelier.
    fn is_due_early(&self, load: &Load, left: Millis) -> bool {
        let reach = f64::from(load.cost) * self.cache.options.early_refresh;
        // Beyond that, it is not worth drawing a number.
        if reach <= 0.0 || left as f64 > reach * 12.0 {
            return false;
        }
        let draw = (self.cache.options.draw)().max(f64::MIN_POSITIVE);
        -draw.ln() * reach >= left as f64
    }
}

/// Appends a field as a member to what begins at `start`, if the slot has all of it.
fn give_slot(
    types: Types<'_>,
    known: Known<'_>,
    field: &Wanted<'_>,
    slot: &Slot,
    start: usize,
    out: &mut Vec<u8>,
) -> bool {
    let before = out.len();
    if before > start {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(field.first.response.as_bytes());
    out.extend_from_slice(b"\":");
    let is_as_kept = match &field.nodes[..] {
        [] => true,
        [node] => node.plain && node.signature == slot.signature,
        _ => false,
    };
    if is_as_kept {
        out.extend_from_slice(&slot.value);
        return true;
    }
    let ty = types.of_field(known, &field.first.name);
    let given = give(types, &field.nodes, ty, &slot.value, out);
    if given.is_err() {
        out.truncate(before);
    }
    given.is_ok()
}
