//! The store on a Redis that is well.

use std::time::{Duration, Instant};

use bytes::Bytes;
use causeway_cache::{Claim, Put, RecordKey, Release, SharedStore};
use causeway_redis::{RedisStore, StoreOptions};
use causeway_redis_testing::{RedisServer, eventually};
use redis::AsyncCommands;

const LIMIT: Duration = Duration::from_secs(20);

fn options(server: &RedisServer) -> StoreOptions {
    StoreOptions {
        url: server.url(),
        // No test fails because the machine is busy.
        deadline: Duration::from_secs(5),
        wait: Duration::from_secs(5),
        claim: Duration::from_secs(60),
        ..StoreOptions::default()
    }
}

async fn store(options: StoreOptions) -> RedisStore {
    let store = RedisStore::new(options).unwrap();
    tokio::time::timeout(LIMIT, store.until(true)).await.unwrap();
    store
}

async fn connection(server: &RedisServer) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Claims alone.
pub(crate) async fn claim(store: &RedisStore, keys: &[RecordKey]) -> Vec<Claim> {
    store.claim(keys, &[]).await.0
}

fn put(key: u128, value: impl Into<Bytes>) -> Put {
    Put {
        key: RecordKey(key),
        value: value.into(),
        keep: Duration::from_secs(60),
    }
}

async fn stored(store: &RedisStore, count: u64) {
    eventually("values are stored", LIMIT, async || store.stats().stored >= count).await;
}

#[tokio::test]
async fn values_come_back_in_the_order_of_their_keys() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let (one, two) = (store(options(&server)).await, store(options(&server)).await);
    one.put(vec![put(1, "a"), put(3, vec![7; 100_000]), put(4, "")]);
    stored(&one, 3).await;
    let keys = [4, 3, 2, 1].map(RecordKey);
    let values = two.get(&keys).await;
    assert_eq!(
        values,
        [
            Some(Bytes::new()),
            Some(Bytes::from(vec![7; 100_000])),
            None,
            Some(Bytes::from("a"))
        ]
    );
    let stats = two.stats();
    assert_eq!((stats.hits, stats.misses, stats.garbage), (3, 1, 0));
    assert!(stats.bytes_read < 1000, "not compressed: {stats:?}");
    assert_eq!(one.stats().bytes_written, stats.bytes_read);
    assert_eq!(stats.latencies.iter().sum::<u64>(), 1);
}

#[tokio::test]
async fn values_are_kept_as_long_as_was_said() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = store(options(&server)).await;
    let brief = Duration::from_millis(300);
    store.put(vec![
        Put {
            keep: brief,
            ..put(1, "a")
        },
        put(2, "b"),
        Put {
            keep: Duration::ZERO,
            ..put(3, "c")
        },
    ]);
    stored(&store, 2).await;
    let mut redis = connection(&server).await;
    let keys: Vec<String> = redis.keys("causeway:1:value:*").await.unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let left: u64 = redis.pttl(&key).await.unwrap();
        let limit = if key.contains("01}") { 300 } else { 60_000 };
        assert!(left <= limit && left + 10_000 > limit, "{key}: {left}");
    }
    eventually("the value is gone", LIMIT, async || {
        store.get(&[RecordKey(1)]).await == [None]
    })
    .await;
    assert!(store.get(&[RecordKey(2)]).await[0].is_some());
}

#[tokio::test]
async fn what_others_wrote_there_is_absent() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = store(options(&server)).await;
    store.put(vec![put(1, "a"), put(2, "b"), put(3, "c")]);
    stored(&store, 3).await;
    let mut redis = connection(&server).await;
    let name = |key: u128| format!("causeway:1:value:{{{key:032x}}}");
    let () = redis.set(name(1), "garbage").await.unwrap();
    let two: Vec<u8> = redis.get(name(2)).await.unwrap();
    let () = redis.set(name(3), two).await.unwrap();
    let () = redis.del(name(2)).await.unwrap();
    let () = redis.hset(name(2), "a", "hash").await.unwrap();
    assert_eq!(store.get(&[1, 2, 3].map(RecordKey)).await, [None, None, None]);
    assert_eq!(store.stats().garbage, 2);
}

#[tokio::test]
async fn values_over_the_limit_are_not_written_and_nobody_waits_for_them() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let small = StoreOptions {
        largest: 10,
        ..options(&server)
    };
    let (one, two) = (store(small.clone()).await, store(small).await);
    assert_eq!(claim(&one, &[RecordKey(1)]).await, [Claim::Mine]);
    one.put(vec![put(1, "eleven long"), put(2, "ten is it.")]);
    one.release(vec![Release {
        key: RecordKey(1),
        stored: true,
    }]);
    stored(&one, 1).await;
    assert_eq!(one.stats().too_large, 1);
    eventually("the mark is there", LIMIT, async || {
        claim(&two, &[RecordKey(1)]).await == [Claim::Nobodys]
    })
    .await;
}

#[tokio::test]
async fn one_claims_and_the_others_wait_for_its_value() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let (one, two) = (store(options(&server)).await, store(options(&server)).await);
    let keys = [1, 2, 3].map(RecordKey);
    assert_eq!(claim(&one, &keys[..2]).await, [Claim::Mine, Claim::Mine]);
    assert_eq!(one.stats().failed, 0, "without values nothing is asked for");
    assert_eq!(
        claim(&two, &keys).await,
        [Claim::Theirs, Claim::Theirs, Claim::Mine]
    );
    assert_eq!(
        claim(&one, &keys[..1]).await,
        [Claim::Theirs],
        "one's own as well"
    );
    let waiters: Vec<_> = (0..50)
        .map(|_| {
            let two = two.clone();
            tokio::spawn(async move { two.wait(&[RecordKey(1), RecordKey(2)]).await })
        })
        .collect();
    let asked = || two.stats().latencies.iter().sum::<u64>();
    let before = asked();
    eventually("it asks", LIMIT, async || asked() > before + 3).await;
    one.put(vec![put(1, "a")]);
    let both = keys[..2].iter().map(|key| Release {
        key: *key,
        stored: *key == RecordKey(1),
    });
    one.release(both.collect());
    let since = asked();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), [Some(Bytes::from("a")), None]);
    }
    assert!(asked() < since + 50, "each asked for itself");
    assert_eq!(claim(&two, &keys[..2]).await, [Claim::Mine, Claim::Nobodys]);
}

#[tokio::test]
async fn who_claims_sees_what_was_brought_since_he_looked() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let store = store(options(&server)).await;
    let keys = [1, 2].map(RecordKey);
    assert_eq!(store.get(&keys).await, [None, None]);
    store.put(vec![put(2, "b")]);
    stored(&store, 1).await;
    let (claims, values) = store.claim(&keys[..1], &keys).await;
    assert_eq!(claims, [Claim::Mine]);
    assert_eq!(values, [None, Some(Bytes::from("b"))]);
}

#[tokio::test]
async fn of_many_that_claim_at_once_one_is_told_that_it_is_his() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let (one, two) = (store(options(&server)).await, store(options(&server)).await);
    for round in 0..20 {
        let keys: Vec<RecordKey> = (0..10).map(|key| RecordKey(round * 10 + key)).collect();
        let all = (0..8).map(|number| {
            let (store, keys) = (if number % 2 == 0 { &one } else { &two }, keys.clone());
            async move { claim(store, &keys).await }
        });
        let claims = futures::future::join_all(all).await;
        for place in 0..keys.len() {
            let mine = claims.iter().filter(|claims| claims[place] == Claim::Mine);
            assert_eq!(mine.count(), 1);
            assert!(claims.iter().all(|claims| claims[place] != Claim::Nobodys));
        }
    }
}

#[tokio::test]
async fn a_claim_that_lapsed_is_not_given_back_for_its_next_holder() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let brief = StoreOptions {
        claim: Duration::from_millis(50),
        ..options(&server)
    };
    let (one, two) = (store(brief).await, store(options(&server)).await);
    let release = || {
        vec![Release {
            key: RecordKey(1),
            stored: true,
        }]
    };
    assert_eq!(claim(&one, &[RecordKey(1)]).await, [Claim::Mine]);
    eventually("the claim lapses", LIMIT, async || {
        claim(&two, &[RecordKey(1)]).await == [Claim::Mine]
    })
    .await;
    one.release(release());
    one.put(vec![put(2, "written after the release")]);
    stored(&one, 1).await;
    assert_eq!(claim(&one, &[RecordKey(1)]).await, [Claim::Theirs]);
    two.release(release());
    eventually("the claim is given back", LIMIT, async || {
        claim(&one, &[RecordKey(1)]).await == [Claim::Mine]
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_nobody_waited_for_is_given_back() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let (one, two) = (store(options(&server)).await, store(options(&server)).await);
    let keys = [RecordKey(1)];
    let mut asking = one.claim(&keys, &[]);
    // Sent, and then its caller loses interest.
    assert!(futures::poll!(&mut asking).is_pending());
    let mut redis = connection(&server).await;
    let lease = format!("causeway:1:lease:{{{:032x}}}", 1);
    eventually("it is sent", LIMIT, async || redis.exists(&lease).await.unwrap()).await;
    drop(asking);
    eventually("it is given back", LIMIT, async || {
        claim(&two, &keys).await == [Claim::Mine]
    })
    .await;
}

#[tokio::test]
async fn the_wait_has_a_limit() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let impatient = StoreOptions {
        wait: Duration::from_millis(100),
        ..options(&server)
    };
    let (one, two) = (store(options(&server)).await, store(impatient).await);
    assert_eq!(claim(&one, &[RecordKey(1)]).await, [Claim::Mine]);
    let since = Instant::now();
    assert_eq!(two.wait(&[1, 2].map(RecordKey)).await, [None, None]);
    let waited = since.elapsed();
    assert!(
        waited >= Duration::from_millis(100) && waited < Duration::from_secs(3),
        "{waited:?}"
    );
}

#[tokio::test]
async fn prefixes_keep_gateways_apart() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let other = StoreOptions {
        prefix: "other".to_owned(),
        ..options(&server)
    };
    let (one, two) = (store(options(&server)).await, store(other).await);
    one.put(vec![put(1, "a")]);
    stored(&one, 1).await;
    assert_eq!(two.get(&[RecordKey(1)]).await, [None]);
    assert!(
        RedisStore::new(StoreOptions {
            prefix: "a{b}".to_owned(),
            ..options(&server)
        })
        .is_err()
    );
}
