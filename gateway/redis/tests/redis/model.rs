//! What a cache makes of a feed: which stamps may still be used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use causeway_cache::{Epoch, Event, Feed, Follower, Position, Target};
use causeway_redis::{FeedOptions, RedisFeed};
use causeway_redis_testing::eventually;

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// When something was loaded that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    epoch: Epoch,
    at: Position,
}

#[derive(Default)]
pub(crate) struct Model {
    state: Mutex<State>,
    /// Held by a test that wants this one to get stuck.
    pub(crate) gate: Mutex<()>,
}

#[derive(Default)]
struct State {
    epoch: Option<Epoch>,
    at: Position,
    floor: Position,
    resets: Vec<(Epoch, Position)>,
    /// Of each event, the last position.
    known: BTreeMap<String, Position>,
    order: Vec<Position>,
}

pub(crate) fn event(tag: &str) -> Event {
    Event {
        subgraph: "a".to_owned(),
        target: Target::Tag(tag.to_owned()),
    }
}

impl Model {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Of what is loaded from now on.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let state = self.state();
        Some(Stamp {
            epoch: state.epoch?,
            at: state.at,
        })
    }

    /// Whether something that has a tag may be used, wherever it was loaded.
    pub(crate) fn may_use(&self, stamp: Stamp, tag: &str) -> bool {
        let state = self.state();
        state.epoch == Some(stamp.epoch)
            && stamp.at >= state.floor
            && state.known.get(tag).is_none_or(|event| *event <= stamp.at)
    }

    pub(crate) fn knows(&self, tag: &str) -> bool {
        self.state().known.contains_key(tag)
    }

    pub(crate) fn resets(&self) -> Vec<(Epoch, Position)> {
        self.state().resets.clone()
    }

    pub(crate) fn order(&self) -> Vec<Position> {
        self.state().order.clone()
    }
}

impl Follower for Model {
    fn reset(&self, epoch: Epoch, floor: Position) {
        let mut state = self.state();
        state.resets.push((epoch, floor));
        (state.epoch, state.at, state.floor) = (Some(epoch), floor, floor);
        state.known.clear();
        state.order.clear();
    }

    fn apply(&self, position: Position, events: &[Event]) {
        drop(self.gate.lock().unwrap());
        let mut state = self.state();
        assert!(position > state.at, "{position:?} after {:?}", state.at);
        state.at = position;
        state.order.push(position);
        for event in events {
            if let Target::Tag(tag) = &event.target {
                state.known.insert(tag.clone(), position);
            }
        }
    }
}

/// A gateway, as far as the feed knows it.
pub(crate) struct Gateway {
    pub(crate) feed: RedisFeed,
    pub(crate) model: Arc<Model>,
}

impl Gateway {
    pub(crate) fn start(options: FeedOptions) -> Self {
        let model = Arc::new(Model::default());
        let feed = RedisFeed::start(options, model.clone()).unwrap();
        Self { feed, model }
    }

    pub(crate) async fn becomes_current(&self) {
        eventually("it is current", LIMIT, async || self.feed.is_current()).await;
    }

    pub(crate) async fn publish(&self, tag: &str) {
        self.feed.publish(vec![event(tag)]).await.unwrap();
    }

    /// Whether it answers from what was loaded before.
    pub(crate) fn uses(&self, stamp: Stamp, tag: &str) -> bool {
        // A stamp that may not be used never may again, so that both hold at the first moment if they hold one after the other.
        self.feed.is_current() && self.model.may_use(stamp, tag)
    }
}

pub(crate) fn options(url: String) -> FeedOptions {
    FeedOptions {
        url,
        pause: (Duration::from_millis(20), Duration::from_millis(100)),
        ..FeedOptions::default()
    }
}

pub(crate) async fn gateways(url: &str, count: usize) -> Vec<Gateway> {
    let gateways: Vec<Gateway> = (0..count)
        .map(|_| Gateway::start(options(url.to_owned())))
        .collect();
    for gateway in &gateways {
        gateway.becomes_current().await;
    }
    gateways
}

/// What a service or an operator does.
pub(crate) async fn redis(url: &str, command: &[&str]) -> redis::Value {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut line = redis::cmd(command[0]);
    line.arg(&command[1..]);
    line.query_async(&mut connection).await.unwrap()
}

/// `XADD`, as services do it.
pub(crate) async fn add(url: &str, tag: &str) {
    let event = format!(r#"{{"subgraph":"a","tag":"{tag}"}}"#);
    redis(url, &["XADD", "causeway:events", "*", "event", &event]).await;
}
