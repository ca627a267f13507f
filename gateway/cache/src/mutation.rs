//! Mutations: what they make untrue ends before their caller has the answer.

use std::sync::Arc;

use causeway_executor::{FetchFailure, SubgraphReply, SubgraphRequest};
use serde_json::{Map, Value};

use crate::{
    Inner,
    event::{Event, Target},
    options::EventTemplate,
    template::{fill, fill_value},
};

pub(crate) async fn send(cache: &Inner, request: SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
    let events = events(cache, &request);
    let ends = Ends { cache, events };
    let reply = cache.on.client.send(request).await;
    // Whatever came back: it may have been done.
    ends.now().await;
    reply
}

struct Ends<'c> {
    cache: &'c Inner,
    events: Vec<Event>,
}

impl Ends<'_> {
    async fn now(mut self) {
        if let Some(told) = self.tell() {
            // It logs what goes wrong.
            let _ = told.await;
        }
    }

    /// In a task of its own: nobody who gives up takes it along.
    fn tell(&mut self) -> Option<tokio::task::JoinHandle<()>> {
        let events = std::mem::take(&mut self.events);
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let feed = Arc::clone(&self.cache.on.feed);
        let coherence = Arc::clone(&self.cache.on.coherence);
        (!events.is_empty()).then(|| {
            runtime.spawn(async move {
                if let Err(error) = feed.publish(events.clone()).await {
                    tracing::warn!("after a mutation: {error}; it is said again until it has");
                    coherence.untold(feed, events);
                }
            })
        })
    }
}

impl Drop for Ends<'_> {
    /// Nobody waits for the mutation any more, which may have been done all the same.
    fn drop(&mut self) {
        self.tell();
    }
}

/// What is configured for the mutation's fields, with their arguments.
fn events(cache: &Inner, request: &SubgraphRequest) -> Vec<Event> {
    if cache.options.mutations.is_empty() {
        return Vec::new();
    }
    let document = cache
        .document(&request.document)
        .filter(|document| document.is_mutation());
    let node = document.and_then(|document| document.resolve(&request.variables));
    let Some(node) = node else {
        // It may do anything that is configured, with any argument.
        let templates = cache.options.mutations.values().flatten();
        return templates.map(|template| event(template, &Map::new())).collect();
    };
    let mut events = Vec::new();
    for entry in &node.entries {
        let templates = cache.options.mutations.get(entry.name.as_str());
        events.extend(
            templates
                .into_iter()
                .flatten()
                .map(|template| event(template, &entry.arguments)),
        );
    }
    events
}

/// With a hole that nothing fills, it is about as much as it can be about without.
fn event(template: &EventTemplate, arguments: &Map<String, Value>) -> Event {
    let of = |path: &str| {
        let mut names = path.strip_prefix("$args.")?.split('.');
        let first = arguments.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name)).cloned()
    };
    let key = template
        .key
        .as_ref()
        .map(|key| fill_value(&Value::Object(key.clone()), &of));
    let tag = template.tag.as_deref().map(|tag| {
        fill(tag, &|path| match of(path)? {
            Value::String(text) => Some(text.into()),
            Value::Number(number) => Some(number.to_string().into()),
            _ => None,
        })
    });
    let target = match (&template.ty, key, tag) {
        (Some(ty), Some(Some(Value::Object(key))), _) => Target::Entity { ty: ty.clone(), key },
        (Some(ty), _, _) => Target::Type(ty.clone()),
        (None, _, Some(Some(tag))) => Target::Tag(tag),
        (None, _, _) => Target::Subgraph,
    };
    Event {
        subgraph: template.subgraph.clone(),
        target,
    }
}
