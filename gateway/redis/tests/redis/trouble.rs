//! The store on a Redis that is away, slow, full or not what it should be: nobody waits for it, and it comes back by itself.

use std::time::{Duration, Instant};

use causeway_cache::{Claim, Put, RecordKey, Release, SharedStore};
use causeway_redis::{RedisStore, StoreOptions};
use causeway_redis_testing::{Proxy, RedisServer, Way, eventually};

use crate::lines::Lines;
use crate::store::claim;

const LIMIT: Duration = Duration::from_secs(30);
/// What the deadline of 20 ms may come to on a machine with other things to do.
const SOON: Duration = Duration::from_millis(800);

fn options(url: String) -> StoreOptions {
    StoreOptions {
        url,
        pause: (Duration::from_millis(50), Duration::from_millis(200)),
        ..StoreOptions::default()
    }
}

fn put(key: u128, value: &[u8]) -> Put {
    Put {
        key: RecordKey(key),
        value: value.to_vec().into(),
        keep: Duration::from_secs(60),
    }
}

async fn becomes(store: &RedisStore, up: bool) {
    let change = tokio::time::timeout(LIMIT, store.until(up));
    assert!(change.await.is_ok(), "it stays {}", !up);
}

/// Stores a value and reads it: with patience, for each operation has 20 ms, and the connection may go once more.
async fn serves(store: &RedisStore) {
    let key = rand::random();
    eventually("it serves", LIMIT, async || {
        store.put(vec![put(key, b"value")]);
        store.get(&[RecordKey(key)]).await == [Some("value".into())]
    })
    .await;
}

/// All operations are answered, like by an empty store, and soon.
async fn is_as_if_empty(store: &RedisStore) {
    let keys = [rand::random(), rand::random()].map(RecordKey);
    let since = Instant::now();
    store.put(vec![put(keys[0].0, b"value")]);
    assert_eq!(store.get(&keys).await, [None, None]);
    assert_eq!(claim(store, &keys).await, [Claim::Nobodys, Claim::Nobodys]);
    store.release(vec![Release {
        key: keys[0],
        stored: true,
    }]);
    assert_eq!(store.wait(&keys).await, [None, None]);
    let took = since.elapsed();
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn it_need_not_be_there_at_the_start() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    server.kill();
    let store = RedisStore::new(options(server.url())).unwrap();
    is_as_if_empty(&store).await;
    server.restart();
    becomes(&store, true).await;
    serves(&store).await;
}

#[tokio::test]
async fn it_may_die() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let store = RedisStore::new(options(server.url())).unwrap();
    becomes(&store, true).await;
    for _ in 0..2 {
        serves(&store).await;
        server.kill();
        for _ in 0..5 {
            is_as_if_empty(&store).await;
        }
        assert!(!store.stats().up);
        server.restart();
        becomes(&store, true).await;
    }
    serves(&store).await;
}

#[tokio::test]
async fn it_may_hang() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = RedisStore::new(options(server.url())).unwrap();
    becomes(&store, true).await;
    serves(&store).await;
    server.stop();
    is_as_if_empty(&store).await;
    is_as_if_empty(&store).await;
    becomes(&store, false).await;
    let timeouts = store.stats().timeouts;
    assert!(timeouts >= 3, "{timeouts}");
    let (since, refused) = (Instant::now(), store.stats().refused);
    for _ in 0..1000 {
        assert_eq!(store.get(&[RecordKey(1)]).await, [None]);
    }
    // As many would have taken 20 seconds.
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    assert!(store.stats().refused >= refused + 1000);
    server.resume();
    becomes(&store, true).await;
    serves(&store).await;
}

#[tokio::test]
async fn trouble_that_comes_again_is_over_as_soon_as_the_first() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let pause = (Duration::from_millis(20), Duration::from_secs(600));
    let store = RedisStore::new(StoreOptions {
        pause,
        ..options(server.url())
    });
    let store = store.unwrap();
    becomes(&store, true).await;
    // Were each pause twice the one before, the last would be 41 seconds.
    for _ in 0..12 {
        serves(&store).await;
        tokio::time::sleep(pause.0 * 5).await;
        server.stop();
        for _ in 0..3 {
            is_as_if_empty(&store).await;
        }
        server.resume();
        becomes(&store, true).await;
    }
}

#[tokio::test]
async fn the_way_to_it_may_be_slow_silent_or_cut() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let proxy = Proxy::start(server.port()).await.unwrap();
    let store = RedisStore::new(options(proxy.url())).unwrap();
    becomes(&store, true).await;
    for way in [Way::Slow(Duration::from_secs(1)), Way::Silent, Way::Cut] {
        serves(&store).await;
        proxy.set(way);
        for _ in 0..3 {
            is_as_if_empty(&store).await;
        }
        becomes(&store, false).await;
        proxy.set(Way::Open);
        becomes(&store, true).await;
    }
    serves(&store).await;
}

#[tokio::test]
async fn a_wrong_password_is_like_no_server() {
    let Some(server) = RedisServer::start(&["--requirepass", "right"]) else {
        return;
    };
    let lines = Lines::default();
    let _guard = lines.collect();
    for credentials in ["", ":wrong@"] {
        let url = server.url().replace("://", &format!("://{credentials}"));
        let store = RedisStore::new(options(url)).unwrap();
        is_as_if_empty(&store).await;
        eventually("it is logged", LIMIT, async || {
            lines.take_one("Redis is away").is_some()
        })
        .await;
        assert!(!store.stats().up);
    }
    assert!(!lines.text().contains("wrong"), "{}", lines.text());
    let url = server.url().replace("://", "://:right@");
    let store = RedisStore::new(options(url)).unwrap();
    becomes(&store, true).await;
    serves(&store).await;
}

#[tokio::test]
async fn a_replica_does_not_serve_until_it_is_the_master() {
    let Some(server) = RedisServer::start(&["--replicaof", "127.0.0.1", "1"]) else {
        return;
    };
    let store = RedisStore::new(options(server.url())).unwrap();
    is_as_if_empty(&store).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let mut replica_of = async |of: [&str; 2]| {
        let () = redis::cmd("REPLICAOF")
            .arg(&of)
            .query_async(&mut redis)
            .await
            .unwrap();
    };
    replica_of(["NO", "ONE"]).await;
    becomes(&store, true).await;
    serves(&store).await;
    replica_of(["127.0.0.1", "1"]).await;
    // A write tells.
    eventually("it is noticed", LIMIT, async || {
        store.put(vec![put(1, b"value")]);
        !store.stats().up
    })
    .await;
    replica_of(["NO", "ONE"]).await;
    becomes(&store, true).await;
    serves(&store).await;
}

/// Fills a server of few megabytes with values of random bytes; how many were stored.
async fn fill(store: &RedisStore, count: u128) -> u64 {
    for key in 0..count {
        let value: Vec<u8> = rand::random_iter().take(50_000).collect();
        let done = || store.stats().stored + store.stats().dropped;
        let before = done();
        store.put(vec![put(key, &value)]);
        eventually("it is written or not", LIMIT, async || done() > before).await;
    }
    store.stats().stored
}

#[tokio::test]
async fn one_that_is_full_still_gives_what_it_has() {
    let memory = ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"];
    let Some(server) = RedisServer::start(&memory) else {
        return;
    };
    let lines = Lines::default();
    let _guard = lines.collect();
    let patient = StoreOptions {
        deadline: Duration::from_secs(5),
        ..options(server.url())
    };
    let store = RedisStore::new(patient).unwrap();
    becomes(&store, true).await;
    let stored = fill(&store, 60).await;
    assert!((5..60).contains(&stored), "{stored}");
    let keys: Vec<RecordKey> = (0..60).map(RecordKey).collect();
    let found = store.get(&keys).await.iter().flatten().count() as u64;
    assert_eq!(found, stored);
    let client = redis::Client::open(server.url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", "1"])
        .query_async(&mut redis)
        .await
        .unwrap();
    // Claims cannot be made: each loads for itself.
    assert_eq!(claim(&store, &[RecordKey(100)]).await, [Claim::Nobodys]);
    assert!(store.stats().up);
    assert!(lines.take_one("takes no values").is_some(), "{}", lines.text());
    assert!(
        lines.take_one("takes no values").is_none(),
        "said for each: {}",
        lines.text()
    );
    let () = redis::cmd("CONFIG")
        .arg(&["SET", "maxmemory", "0"])
        .query_async(&mut redis)
        .await
        .unwrap();
    serves(&store).await;
    assert!(lines.take_one("takes values").is_some(), "{}", lines.text());
}

#[tokio::test]
async fn what_was_evicted_is_absent() {
    let memory = ["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = RedisServer::start(&memory) else {
        return;
    };
    let patient = StoreOptions {
        deadline: Duration::from_secs(5),
        ..options(server.url())
    };
    let store = RedisStore::new(patient).unwrap();
    becomes(&store, true).await;
    assert_eq!(fill(&store, 60).await, 60);
    let keys: Vec<RecordKey> = (0..60).map(RecordKey).collect();
    let found = store.get(&keys).await.iter().flatten().count();
    assert!((5..60).contains(&found), "{found}");
}

#[tokio::test]
async fn a_server_of_another_kind_is_like_none() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ =
                tokio::io::AsyncWriteExt::write_all(&mut client, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let store = RedisStore::new(options(url)).unwrap();
    for _ in 0..5 {
        is_as_if_empty(&store).await;
    }
    assert!(!store.stats().up);
}

#[tokio::test]
async fn what_waits_to_be_written_has_a_limit() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = RedisStore::new(StoreOptions {
        queue: (1000, 100_000),
        // It does not give up while this test looks.
        deadline: Duration::from_secs(30),
        ..options(server.url())
    })
    .unwrap();
    becomes(&store, true).await;
    server.stop();
    store.put((0..2000).map(|key| put(key, b"small")).collect());
    let dropped = store.stats().dropped;
    assert!((1000..=1000 + 128).contains(&dropped), "{dropped}");
    server.resume();
    eventually("the rest is written", LIMIT, async || {
        store.stats().stored + dropped == 2000
    })
    .await;
    server.stop();
    store.put((0..20).map(|key| put(key, &[7; 10_000])).collect());
    assert_eq!(store.stats().dropped, dropped + 10);
    server.resume();
}

#[tokio::test]
async fn the_log_has_a_line_for_each_change_and_none_for_requests() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let lines = Lines::default();
    let _guard = lines.collect();
    let store = RedisStore::new(options(server.url())).unwrap();
    becomes(&store, true).await;
    for _ in 0..3 {
        serves(&store).await;
        server.kill();
        eventually("it is noticed", LIMIT, async || {
            is_as_if_empty(&store).await;
            !store.stats().up
        })
        .await;
        // The keeper fails some times.
        for _ in 0..20 {
            is_as_if_empty(&store).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.restart();
        becomes(&store, true).await;
    }
    let text = lines.text();
    assert!(text.matches('\n').count() <= 7, "{text}");
    assert_eq!(text.matches("Redis is away").count(), 3, "{text}");
    assert_eq!(text.matches("Redis is there").count(), 4, "{text}");
}
