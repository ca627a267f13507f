//! What came, kept.

use std::{
    collections::HashMap,
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
    marks::{Checked, Stamp},
    options::SubgraphCaching,
    port::RecordKey,
    record::{Load, Millis, Record, Slot, Times},
    selection::Wanted,
    tag::Tags,
    template,
    types::{Known, Types},
    value::{keep, name_of, note_key_part, unquoted},
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

/// `request` is what was sent, and `reply` the answer to it.
pub(crate) fn fill(
    cache: &Inner,
    (subgraph, options): (&Subgraph, &SubgraphCaching),
    (asked, subjects): (&Asked, &Subjects<'_>),
    request: &SubgraphRequest,
    (reply, start): (&SubgraphReply, Start),
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
        private: asked.scopes.is_private(said.audience),
        said,
        start,
        now: cache.clock.now(),
        tags: texts(answer.extensions, "apolloCacheTags"),
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

struct Filling<'c> {
    cache: &'c Inner,
    subgraph: &'c Subgraph,
    options: &'c SubgraphCaching,
    said: Said,
    /// Not for everybody.
    private: bool,
    start: Start,
    now: Millis,
    /// Of everything in the answer.
    tags: Vec<String>,
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
        let mut known: HashMap<&str, Option<Duration>> = HashMap::new();
        let mut freshness: Option<Freshness> = None;
        for subject in &subjects.all {
            let own_tags = own_tags.next().unwrap_or_default();
            let kind = &subjects.kinds[subject.kind];
            let counter = self.cache.counter(self.subgraph, kind.declared);
            let lifetime = *known
                .entry(kind.declared)
                .or_insert_with(|| self.lifetime(kind.declared));
            let this = Freshness {
                lifetime,
                age: self.said.age,
                private: self.private,
            };
            freshness = Some(freshness.map_or(this, |before| before.and(this)));
            let Some(lifetime) = lifetime else {
                filled.not_stored =
                    Some("neither the subgraph nor the configuration says for how long it is good");
                continue;
            };
            let Some(index) = asked.scopes.index(self.said.audience) else {
                filled.not_stored = Some("it is private, and who asked is not known");
                continue;
            };
            let record = match subjects.is_root {
                true => self.root(kind, answer, lifetime),
                false => {
                    let entity = lists[kind.list].as_ref().map(|list| list[subject.position]);
                    let representation = request.entities[kind.list].representations.get(subject.position);
                    entity.and_then(|entity| self.entity(kind, (representation, entity), lifetime, own_tags))
                }
            };
            match record {
                Some(record) if record.size() > self.cache.options.largest_value => {
                    filled.not_stored = Some("it is larger than what is kept");
                }
                Some(record) => {
                    let key = subject.keys[index];
                    counter.stored.fetch_add(1, Ordering::Relaxed);
                    counter
                        .stored_bytes
                        .fetch_add(record.size() as u64, Ordering::Relaxed);
                    let is_usable = |load: &Load| self.cache.is_good(load, self.now);
                    filled
                        .records
                        .push((key, self.cache.memory.add(key, record, is_usable)));
                }
                None => filled.not_stored = Some("it is not what was asked for, or its types cannot be told"),
            }
        }
        filled.freshness = freshness.unwrap_or_default();
    }

    /// How long something of a type is fresh from now on. `None`: nobody says.
    fn lifetime(&self, ty: &str) -> Option<Duration> {
        let configured = || {
            let ttl = self.options.types.get(ty).copied().unwrap_or(self.options.ttl);
            (!ttl.is_zero()).then_some(ttl)
        };
        self.said.lifetime.or_else(configured)
    }

    fn entity(
        &self,
        kind: &Kind<'_>,
        (representation, entity): (&[u8], &[u8]),
        lifetime: Duration,
        own_tags: Vec<String>,
    ) -> Option<Record> {
        let mut tags = Tags::new(Types(self.subgraph));
        let mut fields: Map<String, Value> = serde_json::from_slice(representation).ok()?;
        self.tags.iter().chain(&own_tags).for_each(|text| tags.text(text));
        if entity == b"null" {
            self.object(&mut tags, kind.declared, None, &fields);
            return Some(Record {
                absent: Some(self.load(lifetime.min(self.options.negative_ttl), tags)),
                slots: Vec::new(),
            });
        }
        let members: Vec<(&[u8], &[u8])> = causeway_json::members(entity)
            .ok()?
            .collect::<Result<_, _>>()
            .ok()?;
        let named = kind.typename_key().and_then(|key| unquoted(find(&members, key)?));
        let by_type = match kind.wanted.is_empty() {
            true => Some(kind.wanted_of(Types(self.subgraph), named?)?),
            false => None,
        };
        let wanted = by_type.as_ref().unwrap_or(&kind.wanted);
        let mut values = Vec::with_capacity(wanted.len());
        for field in wanted {
            let entry = field.first;
            let value = find(&members, entry.response.as_str())?;
            if entry.arguments.is_empty() && !fields.contains_key(entry.name.as_str()) {
                note_key_part(&field.nodes, value, entry.name.as_str(), &mut fields);
            }
            values.push((field, value));
        }
        self.object(&mut tags, kind.declared, named, &fields);
        let known = Known {
            declared: kind.declared,
            named,
        };
        self.record(known, values, lifetime, tags)
    }

    fn root(&self, kind: &Kind<'_>, answer: &Answer<'_>, lifetime: Duration) -> Option<Record> {
        let mut tags = Tags::new(Types(self.subgraph));
        self.tags.iter().for_each(|text| tags.text(text));
        let field = kind.wanted.first()?;
        let value = answer.field(field.first.response.as_str())?;
        let known = self.subgraph.field(kind.declared, &field.first.name);
        for format in known.map_or(&[][..], |known| &known.cache_tags) {
            let filled = template::fill(format, &|path| {
                let args = path.strip_prefix("$args.")?;
                template::at(&field.first.arguments, args)
            });
            // Of several tags one may be for arguments that were not given.
            if let Some(text) = filled {
                tags.text(&text);
            }
        }
        let known = Known {
            declared: kind.declared,
            named: None,
        };
        self.record(known, vec![(field, value)], lifetime, tags)
    }

    fn object(&self, tags: &mut Tags<'_>, declared: &str, named: Option<&str>, fields: &Map<String, Value>) {
        tags.object(Known { declared, named }, fields);
        let ty = self.subgraph.types.get(named.unwrap_or(declared));
        for format in ty.map_or(&[][..], |ty| &ty.cache_tags) {
            let filled = template::fill(format, &|path| {
                let key = path.strip_prefix("$key.")?;
                template::at(fields, key)
            });
            if let Some(text) = filled {
                tags.text(&text);
            }
        }
    }

    fn record(
        &self,
        known: Known<'_>,
        values: Vec<(&Wanted<'_>, &[u8])>,
        lifetime: Duration,
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
        let load = self.load(lifetime, tags);
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

    fn load(&self, lifetime: Duration, tags: Tags<'_>) -> Arc<Load> {
        let options = &self.cache.options;
        let cut = 1.0 - options.jitter.clamp(0.0, 1.0) * (options.draw)().clamp(0.0, 1.0);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let fresh = self.now.saturating_add(millis(lifetime.mul_f64(cut)));
        let stale = self
            .said
            .stale_while_revalidate
            .unwrap_or(self.options.stale_while_revalidate);
        let on_error = self.said.stale_if_error.unwrap_or(self.options.stale_if_error);
        let stale = fresh.saturating_add(millis(stale));
        Arc::new(Load {
            stamp: self.start.stamp,
            made: self.start.at.saturating_sub(millis(self.said.age)),
            times: Times {
                fresh,
                stale,
                on_error: stale.max(fresh.saturating_add(millis(on_error))),
            },
            cost: u32::try_from(self.now.saturating_sub(self.start.at)).unwrap_or(u32::MAX),
            private: self.private,
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

fn find<'v>(members: &[(&[u8], &'v [u8])], key: &str) -> Option<&'v [u8]> {
    let mut found = members.iter().filter(|(name, _)| name_of(name) == key.as_bytes());
    let (_, value) = found.next()?;
    found.next().is_none().then_some(*value)
}
