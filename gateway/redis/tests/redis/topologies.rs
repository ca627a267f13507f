//! Sentinels and clusters.

use std::time::Duration;

use causeway_cache::{Claim, Feed, Put, RecordKey, Release, SharedStore};
use causeway_redis::{RedisStore, StoreOptions};
use causeway_redis_testing::{RedisServer, eventually};

use crate::model::{LIMIT, event, gateways, redis};
use crate::store::claim;

fn options(url: &str) -> StoreOptions {
    StoreOptions {
        url: url.to_owned(),
        deadline: Duration::from_millis(500),
        pause: (Duration::from_millis(50), Duration::from_millis(200)),
        ..StoreOptions::default()
    }
}

fn put(key: u128) -> Put {
    Put {
        key: RecordKey(key),
        value: format!("value {key}").into(),
        keep: Duration::from_secs(60),
    }
}

async fn serves(store: &RedisStore) {
    let keys: Vec<RecordKey> = (0..50).map(|_| RecordKey(rand::random())).collect();
    eventually("it serves", LIMIT, async || {
        store.put(keys.iter().map(|key| put(key.0)).collect());
        store.get(&keys).await.iter().all(Option::is_some)
    })
    .await;
}

#[tokio::test]
async fn when_the_sentinels_name_another_master_it_is_asked() {
    let Some(mut master) = RedisServer::start(&[]) else {
        return;
    };
    let port = master.port().to_string();
    let replica = RedisServer::start(&["--replicaof", "127.0.0.1", &port]).unwrap();
    let sentinel = RedisServer::start_sentinel("main", master.port());
    let info = |text: redis::Value| format!("{text:?}");
    eventually("the sentinel knows the replica", LIMIT, async || {
        info(redis(&sentinel.url(), &["SENTINEL", "REPLICAS", "main"]).await)
            .contains(&replica.port().to_string())
            && info(redis(&replica.url(), &["INFO", "replication"]).await).contains("master_link_status:up")
    })
    .await;
    // The first one is not there.
    let url = format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/main", sentinel.port());
    let store = RedisStore::new(options(&url)).unwrap();
    let all = gateways(&url, 2).await;
    serves(&store).await;
    all[0].publish("a").await;
    let before = all[1].model.stamp().unwrap();
    master.kill();
    for gateway in &all {
        eventually("it begins anew", LIMIT, async || {
            gateway.model.resets().len() > 1 && gateway.feed.is_current()
        })
        .await;
        assert!(!gateway.model.may_use(before, "anything"));
    }
    serves(&store).await;
    eventually("it publishes", LIMIT, async || {
        all[0].feed.publish(vec![event("b")]).await.is_ok()
    })
    .await;
    assert!(all[1].model.knows("b"));
}

/// Three nodes without replicas.
async fn cluster() -> Option<Vec<RedisServer>> {
    let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let nodes: Vec<RedisServer> = (0..3)
        .map(|_| RedisServer::start(&arguments))
        .collect::<Option<_>>()?;
    let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
    for (node, (from, to)) in nodes.iter().zip(slots) {
        redis(&node.url(), &["CLUSTER", "ADDSLOTSRANGE", from, to]).await;
        let first = nodes[0].port().to_string();
        redis(&node.url(), &["CLUSTER", "MEET", "127.0.0.1", &first]).await;
    }
    for node in &nodes {
        eventually("the cluster is one", LIMIT, async || {
            let redis::Value::BulkString(info) = redis(&node.url(), &["CLUSTER", "INFO"]).await else {
                return false;
            };
            let info = String::from_utf8(info).unwrap();
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
        .await;
    }
    Some(nodes)
}

#[tokio::test]
async fn in_a_cluster_values_are_everywhere_and_the_feed_is_in_one_place() {
    let Some(mut nodes) = cluster().await else { return };
    let url = format!("redis+cluster://127.0.0.1:{}", nodes[1].port());
    let (one, two) = (
        RedisStore::new(options(&url)).unwrap(),
        RedisStore::new(options(&url)).unwrap(),
    );
    serves(&one).await;
    serves(&two).await;
    let keys: Vec<RecordKey> = (0..30).map(RecordKey).collect();
    assert_eq!(claim(&one, &keys).await, vec![Claim::Mine; 30]);
    assert_eq!(claim(&two, &keys).await, vec![Claim::Theirs; 30]);
    one.put((0..29).map(put).collect());
    let release = keys.iter().map(|key| Release {
        key: *key,
        stored: key.0 < 29,
    });
    one.release(release.collect());
    let values = two.wait(&keys).await;
    assert_eq!(values.iter().flatten().count(), 29);
    eventually("claims are given back", LIMIT, async || {
        claim(&two, &keys[28..]).await == [Claim::Mine, Claim::Nobodys]
    })
    .await;

    let all = gateways(&url, 3).await;
    let stamp = all[2].model.stamp().unwrap();
    for tag in ["a", "b"] {
        all[0].publish(tag).await;
        assert!(all.iter().all(|gateway| !gateway.uses(stamp, tag)));
        assert!(all[1].model.knows(tag));
    }
    // All of the feed's keys are in the slot of its stream.
    let slot = async |key: &str| redis(&nodes[0].url(), &["CLUSTER", "KEYSLOT", key]).await;
    assert_eq!(
        slot("causeway:events").await,
        slot("{causeway:events}:1:members").await
    );

    nodes[2].kill();
    for _ in 0..20 {
        let since = std::time::Instant::now();
        let found = one.get(&keys).await;
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        assert!(found.len() == 30);
    }
}
