//! The feed on a Redis that forgets nothing.

use std::time::{Duration, Instant};

use causeway_cache::{Event, Feed, Position, Target};
use causeway_redis_testing::{Proxy, RedisServer, Way, eventually};

use crate::model::{Gateway, LIMIT, add, event, gateways, options, redis};

const LEASE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_published_is_known_everywhere_by_then() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 4).await;
    let mut fastest = LEASE;
    for round in 0..50 {
        let tag = format!("tag-{round}");
        let stamps: Vec<_> = all.iter().map(|gateway| gateway.model.stamp().unwrap()).collect();
        let since = Instant::now();
        all[round % 4].publish(&tag).await;
        fastest = fastest.min(since.elapsed());
        for gateway in &all {
            assert!(stamps.iter().all(|stamp| !gateway.uses(*stamp, &tag)));
            assert!(
                gateway.model.knows(&tag) || !gateway.feed.is_current(),
                "round {round}"
            );
        }
    }
    // It does not wait for leases to end.
    assert!(fastest < LEASE / 4, "{fastest:?}");
    let resets = all[0].model.resets();
    assert_eq!(resets.len(), 1);
    assert_eq!(resets[0].1, Position::START);
    for gateway in &all {
        assert_eq!(gateway.model.resets(), resets);
        assert_eq!(gateway.model.order().len(), 50);
    }
    let stats = all[1].feed.stats();
    assert_eq!((stats.applied, stats.resets, stats.unspread), (50, 1, 0));
}

#[tokio::test]
async fn many_events_keep_their_order() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    let events = (0..2500).map(|number| event(&format!("{number:04}"))).collect();
    all[0].feed.publish(events).await.unwrap();
    all[1].feed.publish(Vec::new()).await.unwrap();
    for gateway in &all {
        // The model takes positions only as they rise.
        assert_eq!(gateway.model.order().len(), 2500);
        assert!(gateway.model.knows("0000") && gateway.model.knows("2499"));
    }
}

#[tokio::test]
async fn services_publish_with_redis_alone() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    add(&server.url(), "theirs").await;
    for gateway in &all {
        eventually("it is applied", LIMIT, async || gateway.model.knows("theirs")).await;
    }
}

#[tokio::test]
async fn an_entry_that_is_not_understood_ends_everything_before_it() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 1).await;
    all[0].publish("a").await;
    let before = all[0].model.stamp().unwrap();
    assert!(all[0].model.may_use(before, "anything"));
    redis(
        &server.url(),
        &["XADD", "causeway:events", "*", "event", "nonsense"],
    )
    .await;
    eventually("it is dropped", LIMIT, async || {
        !all[0].model.may_use(before, "anything")
    })
    .await;
    all[0].publish("b").await;
    assert_eq!(all[0].feed.stats().unknown, 1);
    // Who comes later treats it the same way.
    let late = gateways(&server.url(), 1).await;
    assert!(!late[0].model.may_use(before, "anything"));
    assert!(late[0].model.knows("b") && !late[0].model.knows("a"));
}

#[tokio::test]
async fn who_comes_later_learns_what_was_said() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let first = gateways(&server.url(), 1).await;
    let stamp = first[0].model.stamp().unwrap();
    for number in 0..10 {
        first[0].publish(&format!("tag-{number}")).await;
    }
    let late = gateways(&server.url(), 1).await;
    assert_eq!(late[0].model.resets(), first[0].model.resets());
    assert!(!late[0].model.may_use(stamp, "tag-0"));
    assert!(late[0].model.may_use(stamp, "other"));
    // With a shorter memory.
    let forgetful = Gateway::start(causeway_redis::FeedOptions {
        backlog: 3,
        ..options(server.url())
    });
    forgetful.becomes_current().await;
    assert!(!forgetful.model.knows("tag-6") && forgetful.model.knows("tag-7"));
    assert!(!forgetful.model.may_use(stamp, "other"));
    // What was loaded after all that is known there.
    assert!(forgetful.model.may_use(late[0].model.stamp().unwrap(), "tag-9"));
    // And the stream has a shorter one.
    redis(&server.url(), &["XTRIM", "causeway:events", "MAXLEN", "2"]).await;
    let later = gateways(&server.url(), 1).await;
    assert!(!later[0].model.knows("tag-7") && later[0].model.knows("tag-8"));
    assert!(!later[0].model.may_use(stamp, "other"));
    assert_eq!(
        later[0].model.resets()[0].0,
        first[0].model.resets()[0].0,
        "the epoch is the same"
    );
    assert_eq!(first[0].model.resets().len(), 1);
}

#[tokio::test]
async fn publishers_trim_the_stream() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let gateway = Gateway::start(causeway_redis::FeedOptions {
        length: 100,
        ..options(server.url())
    });
    gateway.becomes_current().await;
    // What is trimmed before it is read is lost, and noticed: see `losses`.
    for _ in 0..20 {
        let events = (0..50).map(|number| event(&format!("{number}"))).collect();
        gateway.feed.publish(events).await.unwrap();
    }
    let redis::Value::Int(length) = redis(&server.url(), &["XLEN", "causeway:events"]).await else {
        panic!("XLEN has no number");
    };
    assert!(length < 400, "{length}");
    assert_eq!(gateway.feed.stats().applied, 1000);
    assert_eq!(gateway.model.resets().len(), 1);
}

/// Publishes; how long it took.
async fn time_to_publish(gateway: &Gateway, tag: &str) -> Duration {
    let since = Instant::now();
    gateway.publish(tag).await;
    since.elapsed()
}

/// A gateway on threads of its own, for what is done to it stops them.
async fn elsewhere(url: String) -> (tokio::runtime::Runtime, Gateway) {
    let started = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let gateway = runtime.block_on(gateways(&url, 1)).remove(0);
        (runtime, gateway)
    });
    started.await.unwrap()
}

#[tokio::test]
async fn one_that_is_stuck_is_waited_for_once_and_uses_nothing_from_then_on() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    let (runtime, stuck) = elsewhere(server.url()).await;
    let publisher = &all[0];
    let stamp = stuck.model.stamp().unwrap();
    let model = stuck.model.clone();
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    let gate = std::thread::spawn(move || {
        let _gate = model.gate.lock().unwrap();
        closed.send(()).unwrap();
        let _ = opened.recv();
    });
    is_closed.await.unwrap();
    let took = time_to_publish(publisher, "a").await;
    assert!(took >= LEASE && took < 2 * LEASE, "{took:?}");
    assert!(!stuck.feed.is_current());
    assert!(!stuck.model.knows("a"));
    assert!(all[1].model.knows("a"));
    let again = time_to_publish(publisher, "b").await;
    assert!(again < LEASE / 2, "{again:?}");
    assert!(!stuck.uses(stamp, "a"));
    drop(open);
    gate.join().unwrap();
    stuck.becomes_current().await;
    assert!(stuck.model.knows("a") && stuck.model.knows("b"));
    assert_eq!(stuck.model.resets().len(), 1);
    assert!(!stuck.uses(stamp, "a"));
    assert!(time_to_publish(publisher, "c").await < LEASE / 2);
    runtime.shutdown_background();
}

#[tokio::test]
async fn one_that_is_cut_off_is_not_current_when_publish_returns() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let proxy = Proxy::start(server.port()).await.unwrap();
    let publisher = &gateways(&server.url(), 1).await[0];
    let cut = &gateways(&proxy.url(), 1).await[0];
    for (number, way) in [Way::Silent, Way::Cut, Way::Slow(2 * LEASE)]
        .into_iter()
        .enumerate()
    {
        let tag = format!("tag-{number}");
        let stamp = cut.model.stamp().unwrap();
        proxy.set(way);
        let took = time_to_publish(publisher, &tag).await;
        assert!(!cut.uses(stamp, &tag), "{way:?}");
        assert!(took < 2 * LEASE, "{took:?}");
        proxy.set(Way::Open);
        cut.becomes_current().await;
        assert!(cut.model.knows(&tag), "{way:?}");
    }
    // It was away and read on.
    assert_eq!(cut.model.resets().len(), 1);
}

#[tokio::test]
async fn one_that_leaves_is_not_waited_for_and_one_that_was_killed_is_once() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut all = gateways(&server.url(), 4).await;
    all[3].feed.leave().await;
    assert!(!all[3].feed.is_current());
    all.truncate(2);
    let members = async || match redis(&server.url(), &["HLEN", "{causeway:events}:1:members"]).await {
        // Beside them: run, epoch, last, added, first.
        redis::Value::Int(fields) => fields - 5,
        other => panic!("{other:?}"),
    };
    // The one that stands for those of before the epoch, and two.
    eventually("it has left", LIMIT, async || members().await == 3).await;
    // The first to publish waits for the former.
    all[0].publish("a").await;
    assert_eq!(members().await, 2);
    assert!(time_to_publish(&all[0], "b").await < LEASE / 2);

    let (killed, gone) = elsewhere(server.url()).await;
    killed.shutdown_background();
    let took = time_to_publish(&all[0], "c").await;
    assert!(took < 2 * LEASE, "{took:?}");
    assert!(!gone.feed.is_current());
    assert!(time_to_publish(&all[0], "d").await < LEASE / 2);
}

#[tokio::test]
async fn all_fields_of_an_entry_count() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 1).await;
    let stamp = all[0].model.stamp().unwrap();
    let widened = r#"{"subgraph":"a","type":[]}"#;
    redis(
        &server.url(),
        &["XADD", "causeway:events", "*", "trace", "1", "event", widened],
    )
    .await;
    eventually("it is applied", LIMIT, async || all[0].feed.stats().applied == 1).await;
    assert_ne!(all[0].model.stamp().unwrap(), stamp);
    all[0]
        .feed
        .publish(vec![Event {
            subgraph: "a".to_owned(),
            target: Target::Subgraph,
        }])
        .await
        .unwrap();
    assert_eq!(all[0].feed.stats().unknown, 0);
}
