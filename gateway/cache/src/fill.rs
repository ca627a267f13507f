//! What came, kept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use causeway_executor::{Freshness, SubgraphReply, SubgraphRequest};
use causeway_model::Subgraph;
use serde_json::{Map, Value};

use crate::{
    Inner,
    answer::Answer,
    asked::{Asked, Kind, Subjects},
    freshness::{Said, said},
    hint,
    lookup::Brought,
    marks::{Checked, Stamp},
    options::SubgraphCaching,
    port::RecordKey,
    record::{Load, Millis, Record, Slot, Times},
    selection::Wanted,
    stats::Counter,
    tag::Tags,
    template,
    types::{Known, Types},
    value::{Members, keep, note_key_part, unquoted},
};

/// What became of an answer.
pub(crate) struct Filled {
    pub(crate) freshness: Freshness,
    /// Why it is not kept.
    pub(crate) not_stored: Option<&'static str>,
    /// What is known now, for those with whom we share it.
    pub(crate) records: Vec<(RecordKey, Arc<Record>)>,
}

/// When it was asked for, and what had been applied by then.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) stamp: Stamp,
    pub(crate) at: Millis,
}

/// `request` is what was sent, and `reply` the answer to it. To what was `brought` before, what came is added.
pub(crate) fn fill(
    cache: &Inner,
    (subgraph, options): (&Subgraph, &SubgraphCaching),
    (asked, subjects): (&Asked, &Subjects<'_>),
    request: &SubgraphRequest,
    (reply, start): (&SubgraphReply, Start),
    brought: &Brought,
) -> Filled {
    let mut filled = Filled {
        freshness: Freshness::default(),
        not_stored: None,
        records: Vec::new(),
    };
    let judged = said(reply.caching.as_deref(), &options.vary).and_then(|said| {
        let text = std::str::from_utf8(&reply.body).map_err(|_| "it cannot be read")?;
        Answer::read(text.as_bytes())
            .map(|answer| (said, answer))
            .map_err(|_| "it cannot be read")
    });
    let (said, answer) = match judged {
        Ok(judged) => judged,
        Err(why) => {
            filled.not_stored = Some(why);
            filled.freshness.lifetime = Some(Duration::ZERO);
            return filled;
        }
    };
    if answer.errors.is_some() || answer.data.is_none() {
        filled.not_stored = Some("it has errors");
        return filled;
    }
    let filling = Filling {
        cache,
        subgraph,
        options,
        said,
        start,
        now: cache.clock.now(),
        tags: texts(answer.extensions, "apolloCacheTags"),
        brought,
    };
    filling.all(asked, subjects, request, &answer, &mut filled);
    filled
}

/// A list of texts of the extensions; anything else is no tag.
fn texts(extensions: Option<&[u8]>, name: &str) -> Vec<String> {
    let read =
        extensions.and_then(|extensions| serde_json::from_slice::<Map<String, Value>>(extensions).ok());
    let list = read.and_then(|mut read| read.remove(name));
    list.map(strings).unwrap_or_default()
}

fn strings(list: Value) -> Vec<String> {
    let Value::Array(items) = list else {
        return Vec::new();
    };
    let text = |item: Value| match item {
        Value::String(text) => Some(text),
        _ => None,
    };
    items.into_iter().filter_map(text).collect()
}

const UNEXPECTED: &str = "it is not what was asked for, or its types cannot be told";

/// For how long and for whom something is kept.
#[derive(Clone, Copy)]
struct Terms {
    lifetime: Option<Duration>,
    /// Which of a subject's keys it is kept under; or why it is not.
    index: Result<usize, &'static str>,
    /// Not for everybody.
    private: bool,
}

struct Filling<'c> {
    cache: &'c Inner,
    subgraph: &'c Subgraph,
    options: &'c SubgraphCaching,
    said: Said,
    start: Start,
    now: Millis,
    /// Of everything in the answer.
    tags: Vec<String>,
    brought: &'c Brought,
}

impl<'c> Filling<'c> {
    fn all(
        &self,
        asked: &Asked,
        subjects: &Subjects<'_>,
        request: &SubgraphRequest,
        answer: &Answer<'_>,
        filled: &mut Filled,
    ) {
        let lists = answer.lists(&request.entities);
        let mut own_tags = own_tags(answer.extensions).into_iter();
        let kinds = &subjects.kinds;
        let mut terms: Vec<Option<Terms>> = vec![None; kinds.len()];
        let counter = |kind: &Kind<'_>| self.cache.counter(self.subgraph, kind.declared);
        let counters: Vec<Arc<Counter>> = kinds.iter().map(counter).collect();
        let mut freshness: Option<Freshness> = None;
        for subject in &subjects.all {
            let own_tags = own_tags.next().unwrap_or_default();
            let kind = &subjects.kinds[subject.kind];
            let counter = &counters[subject.kind];
            let terms = *terms[subject.kind].get_or_insert_with(|| self.terms(kind, asked, subjects.is_root));
            let this = Freshness {
                lifetime: terms.lifetime,
                age: self.said.age,
                private: terms.private,
            };
            freshness = Some(freshness.map_or(this, |before| before.and(this)));
            let index = match terms.index {
                Ok(index) => index,
                Err(why) => {
                    filled.not_stored = Some(why);
                    continue;
                }
            };
            let record = match subjects.is_root {
                true => self.root(kind, answer, terms),
                false => {
                    let entity = lists[kind.list].as_ref().map(|list| list[subject.position]);
                    let representation = request.entities[kind.list].representations.get(subject.position);
                    let entity = entity.ok_or(UNEXPECTED);
                    entity.and_then(|entity| self.entity(kind, (representation, entity), terms, own_tags))
                }
            };
            match record {
                Ok(record) if record.size() > self.cache.options.largest_value => {
                    filled.not_stored = Some("it is larger than what is kept");
                }
                Ok(record) => {
                    let key = subject.keys[index];
                    counter.is_kept.store(true, Ordering::Relaxed);
                    counter.stored.fetch_add(1, Ordering::Relaxed);
                    counter
                        .stored_bytes
                        .fetch_add(record.size() as u64, Ordering::Relaxed);
                    let is_usable = |load: &Load| self.cache.is_good(load, self.now);
                    let brought = self.brought.get(&key);
                    let record = self.cache.memory.add(key, record, brought, is_usable);
                    filled.records.push((key, record));
                }
                Err(why) => filled.not_stored = Some(why),
            }
        }
        filled.freshness = freshness.unwrap_or_default();
    }

    /// How something is kept: as the answer says, then the configuration of its type, then the schema, then the configuration.
    fn terms(&self, kind: &Kind<'_>, asked: &Asked, is_root: bool) -> Terms {
        let hint = hint::of(Types(self.subgraph), kind, is_root);
        let of_type = self.options.types.get(kind.declared).copied();
        let ttl = || (!self.options.ttl.is_zero()).then_some(self.options.ttl);
        let lifetime = self.said.lifetime.or(of_type).or(hint.max_age).or_else(ttl);
        let audience = self.said.audience(hint.audience);
        let index = match (lifetime, audience) {
            (_, Err(why)) => Err(why),
            (None, _) => Err("neither the subgraph nor the configuration says for how long it is good"),
            (Some(Duration::ZERO), _) => Err("it is not to be kept, by its type or its fields"),
            (_, Ok(audience)) => {
                let index = asked.scopes.index(audience);
                index.ok_or("it is private, and who asked is not known")
            }
        };
        Terms {
            lifetime,
            index,
            private: audience.map_or(true, |audience| asked.scopes.is_private(audience)),
        }
    }

    fn entity(
        &self,
        kind: &Kind<'_>,
        (representation, entity): (&[u8], &[u8]),
        terms: Terms,
        own_tags: Vec<String>,
    ) -> Result<Record, &'static str> {
        let mut tags = Tags::new(Types(self.subgraph));
        let fields: Map<String, Value> = serde_json::from_slice(representation).map_err(|_| UNEXPECTED)?;
        self.tags.iter().chain(&own_tags).for_each(|text| tags.text(text));
        if entity == b"null" {
            tags.object(
                Known {
                    declared: kind.declared,
                    named: None,
                },
                &fields,
            );
            return self.absent(terms, tags);
        }
        self.present(kind, entity, (terms, tags, fields))
            .ok_or(UNEXPECTED)
    }

    fn absent(&self, terms: Terms, tags: Tags<'_>) -> Result<Record, &'static str> {
        let lifetime = terms.lifetime.unwrap_or_default().min(self.options.negative_ttl);
        if lifetime.is_zero() {
            return Err("there is no such entity, which is not kept");
        }
        let terms = Terms {
            lifetime: Some(lifetime),
            ..terms
        };
        Ok(Record {
            absent: Some(self.load(terms, tags, false)),
            slots: Vec::new(),
        })
    }

    /// `None`: it is not what was asked for, or its types cannot be told.
    fn present(
        &self,
        kind: &Kind<'_>,
        entity: &[u8],
        (terms, mut tags, mut fields): (Terms, Tags<'c>, Map<String, Value>),
    ) -> Option<Record> {
        let members = Members::read(entity).ok()?;
        let named = kind.typename_key().and_then(|key| unquoted(members.only(key)?));
        let by_type = match kind.wanted.is_empty() {
            true => Some(kind.wanted_of(Types(self.subgraph), named?)?),
            false => None,
        };
        let wanted = by_type.as_ref().unwrap_or(&kind.wanted);
        let mut values = Vec::with_capacity(wanted.len());
        for field in wanted {
            let entry = field.first;
            let value = members.only(&entry.response)?;
            if entry.arguments.is_empty() && !fields.contains_key(entry.name.as_str()) {
                note_key_part(&field.nodes, value, entry.name.as_str(), &mut fields);
            }
            values.push((field, value));
        }
        let known = Known {
            declared: kind.declared,
            named,
        };
        tags.object(known, &fields);
        self.record(known, values, terms, tags)
    }

    fn root(&self, kind: &Kind<'_>, answer: &Answer<'_>, terms: Terms) -> Result<Record, &'static str> {
        let mut tags = Tags::new(Types(self.subgraph));
        self.tags.iter().for_each(|text| tags.text(text));
        tags.list(kind.declared);
        let field = kind.wanted.first().ok_or(UNEXPECTED)?;
        let value = answer.field(field.first.response.as_str()).ok_or(UNEXPECTED)?;
        let known = self.subgraph.field(kind.declared, &field.first.name);
        let formats = known.map_or(&[][..], |known| &known.cache_tags);
        let filled = formats.iter().filter_map(|format| {
            template::fill(format, &|path| {
                let args = path.strip_prefix("$args.")?;
                template::at(&field.first.arguments, args)
            })
        });
        let filled: Vec<String> = filled.collect();
        // Of several tags one may be for arguments that were not given. Without any, what is meant to be ended by tags could not be.
        if filled.is_empty() && !formats.is_empty() {
            return Err("none of its tags can be made");
        }
        filled.iter().for_each(|text| tags.text(text));
        let known = Known {
            declared: kind.declared,
            named: None,
        };
        self.record(known, vec![(field, value)], terms, tags)
            .ok_or(UNEXPECTED)
    }

    fn record(
        &self,
        known: Known<'_>,
        values: Vec<(&Wanted<'_>, &[u8])>,
        terms: Terms,
        mut tags: Tags<'c>,
    ) -> Option<Record> {
        let types = Types(self.subgraph);
        let mut slots = Vec::with_capacity(values.len());
        for (field, value) in values {
            let mut kept = Vec::with_capacity(value.len());
            let ty = types.of_field(known, &field.first.name);
            keep((types, &mut tags), &field.nodes, ty, value, &mut kept).ok()?;
            let signature = match &field.nodes[..] {
                [] => 0,
                [node] => node.signature,
                // Several selections together look like none of them.
                _ => u128::MAX,
            };
            // No larger than it is counted.
            let kept = Bytes::from(kept.into_boxed_slice());
            slots.push((Arc::clone(&field.first.key), signature, kept));
        }
        let load = self.load(terms, tags, true);
        let slot = |(key, signature, value)| Slot {
            key,
            signature,
            value,
            load: Arc::clone(&load),
        };
        Some(Record {
            absent: None,
            slots: slots.into_iter().map(slot).collect(),
        })
    }

    /// `may_be_stale`: it is worth something when its time is over.
    fn load(&self, terms: Terms, tags: Tags<'_>, may_be_stale: bool) -> Arc<Load> {
        let options = &self.cache.options;
        let cut = 1.0 - options.jitter.clamp(0.0, 1.0) * (options.draw)().clamp(0.0, 1.0);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let fresh = self
            .now
            .saturating_add(millis(terms.lifetime.unwrap_or_default().mul_f64(cut)));
        let stale = self
            .said
            .stale_while_revalidate
            .unwrap_or(self.options.stale_while_revalidate);
        let on_error = self.said.stale_if_error.unwrap_or(self.options.stale_if_error);
        let window = |time: Duration| if may_be_stale { millis(time) } else { 0 };
        let stale = fresh.saturating_add(window(stale));
        Arc::new(Load {
            stamp: self.start.stamp,
            made: self.start.at.saturating_sub(millis(self.said.age)),
            times: Times {
                fresh,
                stale,
                on_error: stale.max(fresh.saturating_add(window(on_error))),
            },
            cost: u32::try_from(self.now.saturating_sub(self.start.at)).unwrap_or(u32::MAX),
            private: terms.private,
            tags: tags.finish().into(),
            checked: Checked::default(),
            refreshing: AtomicBool::new(false),
        })
    }
}

/// `apolloEntityCacheTags`: a list of tags for each entity, over all lists.
fn own_tags(extensions: Option<&[u8]>) -> Vec<Vec<String>> {
    let read =
        extensions.and_then(|extensions| serde_json::from_slice::<Map<String, Value>>(extensions).ok());
    match read.and_then(|mut read| read.remove("apolloEntityCacheTags")) {
        Some(Value::Array(lists)) => lists.into_iter().map(strings).collect(),
        _ => Vec::new(),
    }
}
