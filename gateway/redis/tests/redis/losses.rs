//! The feed on a Redis that forgets, or is away.

use std::time::{Duration, Instant};

use causeway_cache::Feed;
use causeway_redis_testing::{Proxy, RedisServer, Way, eventually};

use crate::model::{Gateway, LIMIT, Stamp, add, event, gateways, options, redis};

fn stamps(all: &[Gateway]) -> Vec<Stamp> {
    all.iter().map(|gateway| gateway.model.stamp().unwrap()).collect()
}

/// All are in a new epoch, the same one, and nothing of before may be used.
async fn begin_anew(all: &[Gateway], before: &[Stamp]) {
    for gateway in all {
        eventually("it begins anew", LIMIT, async || {
            !before
                .iter()
                .any(|stamp| gateway.model.may_use(*stamp, "anything"))
        })
        .await;
        gateway.becomes_current().await;
    }
    let now = all[0].model.resets().last().unwrap().0;
    for gateway in all {
        assert_eq!(gateway.model.resets().last().unwrap().0, now);
    }
}

#[tokio::test]
async fn an_emptied_redis_is_a_new_epoch() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 3).await;
    all[0].publish("a").await;
    let before = stamps(&all);
    redis(&server.url(), &["FLUSHALL"]).await;
    begin_anew(&all, &before).await;
    all[1].publish("b").await;
    assert!(all.iter().all(|gateway| gateway.model.knows("b")));
}

/// Whoever has not noticed yet may still hold a lease, and is no member any more.
#[tokio::test]
async fn what_is_published_right_after_the_loss_is_known_to_those_who_have_not_noticed() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    for lost in [
        &["FLUSHALL"] as &[&str],
        &["DEL", "{causeway:events}:1:members"],
        &["DEL", "{causeway:events}:1:members", "causeway:events"],
    ] {
        let proxy = Proxy::start(server.port()).await.unwrap();
        let unaware = &gateways(&proxy.url(), 1).await[0];
        let publisher = &gateways(&server.url(), 1).await[0];
        let stamp = unaware.model.stamp().unwrap();
        // The ghost of the last round is not to wait for.
        publisher.publish("warm").await;
        eventually("it is current", LIMIT, async || unaware.feed.is_current()).await;
        proxy.set(Way::Silent);
        redis(&server.url(), lost).await;
        publisher.publish("a").await;
        assert!(!unaware.uses(stamp, "a"), "{lost:?}");
    }
}

#[tokio::test]
async fn a_restart_is_a_new_epoch() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    all[0].publish("a").await;
    let before = stamps(&all);
    server.kill();
    for gateway in &all {
        eventually("its lease ends", LIMIT, async || !gateway.feed.is_current()).await;
    }
    let since = Instant::now();
    let failed = all[0].feed.publish(vec![event("b")]).await.unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(1), "{failed}");
    assert_eq!(all[0].feed.stats().unspread, 1);
    server.restart();
    begin_anew(&all, &before).await;
    eventually("it publishes", LIMIT, async || {
        all[0].feed.publish(vec![event("c")]).await.is_ok()
    })
    .await;
    assert!(all[1].model.knows("c"));
}

/// It comes back with everything but what it did not write in time; its name for itself tells.
#[tokio::test]
async fn a_restart_that_kept_the_data_is_a_new_epoch() {
    let Some(mut server) = RedisServer::start(&["--appendonly", "yes"]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    all[0].publish("a").await;
    let before = stamps(&all);
    server.restart();
    let redis::Value::Int(1) = redis(&server.url(), &["XLEN", "causeway:events"]).await else {
        panic!("it has kept nothing");
    };
    begin_anew(&all, &before).await;
    assert!(all[1].model.knows("a"));
}

#[tokio::test]
async fn one_that_hangs_ends_leases_and_nothing_else() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let all = gateways(&server.url(), 2).await;
    all[0].publish("a").await;
    let before = all[0].model.stamp().unwrap();
    server.stop();
    for gateway in &all {
        eventually("its lease ends", LIMIT, async || !gateway.feed.is_current()).await;
    }
    let since = Instant::now();
    all[0].feed.publish(vec![event("b")]).await.unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    // Long enough for connections to be given up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!all[0].feed.is_current());
    server.resume();
    for gateway in &all {
        gateway.becomes_current().await;
        assert_eq!(gateway.model.resets().len(), 1);
        assert!(gateway.model.may_use(before, "anything"));
    }
    eventually("it publishes", LIMIT, async || {
        all[0].feed.publish(vec![event("c")]).await.is_ok()
    })
    .await;
    assert!(all[1].model.knows("c"));
}

#[tokio::test]
async fn a_stream_that_begins_again_is_a_new_epoch() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let url = server.url();
    let all = gateways(&url, 2).await;
    all[0].publish("a").await;
    let before = stamps(&all);
    redis(&url, &["DEL", "causeway:events"]).await;
    begin_anew(&all, &before).await;
    // In one step, so that nobody sees it without entries: as many as before, and more.
    for count in ["2", "9"] {
        all[0].publish("a").await;
        all[0].publish("b").await;
        let before = stamps(&all);
        let script = "redis.call('DEL', KEYS[1])
            for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'event', ARGV[2]) end";
        redis(
            &url,
            &[
                "EVAL",
                script,
                "1",
                "causeway:events",
                count,
                r#"{"subgraph":"b"}"#,
            ],
        )
        .await;
        begin_anew(&all, &before).await;
    }
}

/// Nobody who knew the stream is left; what was stored meanwhile is.
#[tokio::test]
async fn a_stream_that_was_removed_is_a_new_epoch_for_who_never_saw_it() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let url = server.url();
    let and_add = "redis.call('DEL', KEYS[1]); redis.call('XADD', KEYS[1], '*', 'event', ARGV[1])";
    let and_trim = format!("{and_add}; redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)");
    for script in ["redis.call('DEL', KEYS[1])", and_add, &and_trim] {
        let first = gateways(&url, 1).await.remove(0);
        for tag in ["a", "b"] {
            first.publish(tag).await;
        }
        let stamp = first.model.stamp().unwrap();
        first.feed.leave().await;
        let event = r#"{"subgraph":"b"}"#;
        redis(&url, &["EVAL", script, "1", "causeway:events", event]).await;
        let late = &gateways(&url, 1).await[0];
        assert!(!late.model.may_use(stamp, "anything"), "{script}");
        assert_ne!(late.model.resets()[0].0, first.model.resets()[0].0, "{script}");
    }
}

#[tokio::test]
async fn what_was_trimmed_unread_is_noticed() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let url = server.url();
    let first = gateways(&url, 1).await;
    first[0].publish("first").await;
    let cut: [&[&str]; 4] = [
        &[],
        &["XTRIM", "causeway:events", "MAXLEN", "3"],
        &["XTRIM", "causeway:events", "MAXLEN", "0"],
        // The last entry alone.
        &[
            "EVAL",
            "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]
            redis.call('XDEL', KEYS[1], last)",
            "1",
            "causeway:events",
        ],
    ];
    for (round, cut) in cut.into_iter().enumerate() {
        let proxy = Proxy::start(server.port()).await.unwrap();
        let away = &gateways(&proxy.url(), 1).await[0];
        let stamp = away.model.stamp().unwrap();
        proxy.set(Way::Cut);
        for number in 0..10 {
            add(&url, &format!("tag-{round}-{number}")).await;
        }
        let lost = format!("tag-{round}-{}", if round == 3 { 9 } else { 0 });
        if !cut.is_empty() {
            redis(&url, cut).await;
        }
        eventually("its lease ends", LIMIT, async || !away.feed.is_current()).await;
        proxy.set(Way::Open);
        away.becomes_current().await;
        assert!(!away.uses(stamp, &lost), "{cut:?}");
        assert_eq!(away.model.knows(&lost), cut.is_empty(), "{cut:?}");
        let resets = away.model.resets();
        assert_eq!(resets.len(), if cut.is_empty() { 1 } else { 2 }, "{cut:?}");
        // Nobody else has to forget anything.
        assert_eq!(resets.last().unwrap().0, resets[0].0);
        // Nor has who comes later reason to use it.
        let late = &gateways(&url, 1).await[0];
        assert!(!late.uses(stamp, &lost), "{cut:?}");
    }
    assert_eq!(first[0].model.resets().len(), 1);
}

#[tokio::test]
async fn an_epoch_that_ends_while_one_waits_is_waited_for_again() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let proxy = Proxy::start(server.port()).await.unwrap();
    let all = gateways(&server.url(), 2).await;
    let silent = &gateways(&proxy.url(), 1).await[0];
    all[0].publish("warm").await;
    let stamp = silent.model.stamp().unwrap();
    proxy.set(Way::Silent);
    let publish = all[0].feed.publish(vec![event("a")]);
    let lose = async {
        // It waits for the one that is silent.
        eventually("it is added", LIMIT, async || all[1].model.knows("a")).await;
        redis(&server.url(), &["FLUSHALL"]).await;
    };
    let (published, ()) = tokio::join!(publish, lose);
    published.unwrap();
    assert!(!silent.uses(stamp, "a"));
    // It was added again: who has begun anew knows it.
    for gateway in &all {
        gateway.becomes_current().await;
        assert!(gateway.model.knows("a"));
    }
}

#[tokio::test]
async fn a_feed_that_cannot_be_is_never_current() {
    let Some(server) = RedisServer::start(&["--replicaof", "127.0.0.1", "1"]) else {
        return;
    };
    let gateway = Gateway::start(options(server.url()));
    let failed = gateway.feed.publish(vec![event("a")]).await.unwrap_err();
    assert!(failed.to_string().contains("may not have reached"), "{failed}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!gateway.feed.is_current());
    redis(&server.url(), &["REPLICAOF", "NO", "ONE"]).await;
    gateway.becomes_current().await;
    redis(&server.url(), &["CONFIG", "SET", "maxmemory", "1"]).await;
    eventually("its lease ends", LIMIT, async || !gateway.feed.is_current()).await;
    assert!(gateway.feed.publish(vec![event("a")]).await.is_err());
    redis(&server.url(), &["CONFIG", "SET", "maxmemory", "0"]).await;
    gateway.becomes_current().await;
    // A key of another kind in its place.
    redis(&server.url(), &["SET", "causeway:events", "mine"]).await;
    eventually("its lease ends", LIMIT, async || !gateway.feed.is_current()).await;
    redis(&server.url(), &["DEL", "causeway:events"]).await;
    gateway.becomes_current().await;
}
