//! Redis goes away in every way that there is, and clients do not notice.
//!
//! `CAUSEWAY_COHERENCE_RATE`: requests a second to each gateway, and `CAUSEWAY_COHERENCE_LONGER`: outages are so many times as long.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use causeway_redis_testing::{RedisServer, eventually};
use coherence::gateway::{Gateway, KEYED, Keeps};
use coherence::http::Connection;
use coherence::ledger::Ledger;
use coherence::number;
use coherence::reads::Read;
use coherence::redis::Redis;
use coherence::subgraph::{Delays, Subgraphs};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

const THINGS: usize = 48;
const KINDS: [(&str, Keeps); 3] = [
    ("no cache", Keeps::Nothing),
    ("Redis alone", Keeps::InRedis),
    ("memory and Redis", Keeps::InBoth),
];
/// What is cached has to be used again within this time.
const RECOVERY: Duration = Duration::from_secs(60);
/// Hits that count as recovery.
const HITS: u64 = 20;
/// Of a request in a hundred, and far beyond what is meant: the machine may have other things to do.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    DownAtTheStart,
    None,
    Killed,
    Stopped,
    Flushed,
    /// It is full, and takes nothing.
    Refuses,
    /// It is full, and drops what it likes.
    Evicts,
    Password,
}

const OUTAGES: [Outage; 8] = [
    Outage::DownAtTheStart,
    Outage::None,
    Outage::Killed,
    Outage::Stopped,
    Outage::Flushed,
    Outage::Refuses,
    Outage::Evicts,
    Outage::Password,
];

struct World {
    ledger: Arc<Ledger>,
    gateways: Vec<Gateway>,
    /// Which outage it is.
    phase: AtomicUsize,
    /// By phase and gateway, from when a request was due.
    latencies: Mutex<Vec<[Vec<Duration>; KINDS.len()]>>,
    wrong: Mutex<Vec<String>>,
    over: AtomicBool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_whatever_becomes_of_redis() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    tokio::task::block_in_place(|| server.kill());
    let world = World::start(server.port()).await;
    let rate = number("CAUSEWAY_COHERENCE_RATE", 30);
    let mut tasks: Vec<_> = (0..KINDS.len())
        .map(|gateway| tokio::spawn(ask(world.clone(), gateway, rate)))
        .collect();
    tasks.push(tokio::spawn(write(world.clone())));
    let mut redis = Redis::new(server.url());
    for outage in OUTAGES {
        println!("{outage:?}");
        happens(outage, &mut server, &mut redis).await;
        world.recovers(outage).await;
        world.phase.fetch_add(1, Ordering::Relaxed);
    }
    world.over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    world.report();
}

/// What becomes of Redis, and its end.
async fn happens(outage: Outage, server: &mut RedisServer, redis: &mut Redis) {
    let longer = u32::try_from(number("CAUSEWAY_COHERENCE_LONGER", 1)).unwrap();
    let pause = async |seconds: u32| tokio::time::sleep(Duration::from_secs(1) * seconds * longer).await;
    let mut config = async |line: &[&str]| {
        let done: Option<String> = redis.run(&[&["CONFIG", "SET"], line].concat()).await;
        done.expect("Redis takes the setting");
    };
    match outage {
        Outage::DownAtTheStart => {
            pause(2).await;
            tokio::task::block_in_place(|| server.restart());
        }
        Outage::None => pause(3).await,
        Outage::Killed => {
            tokio::task::block_in_place(|| server.kill());
            pause(3).await;
            tokio::task::block_in_place(|| server.restart());
        }
        Outage::Stopped => {
            server.stop();
            pause(5).await;
            server.resume();
        }
        Outage::Flushed => {
            for _ in 0..3 {
                redis.run::<String>(&["FLUSHALL"]).await.unwrap();
                pause(1).await;
            }
        }
        Outage::Refuses | Outage::Evicts => {
            let policy = match outage {
                Outage::Refuses => "noeviction",
                _ => "allkeys-lru",
            };
            config(&["maxmemory-policy", policy, "maxmemory", "1mb"]).await;
            pause(3).await;
            config(&["maxmemory", "0"]).await;
        }
        Outage::Password => {
            config(&["requirepass", "secret"]).await;
            let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
            redis.run::<u64>(&kill).await.unwrap();
            pause(3).await;
            redis
                .run::<String>(&["CONFIG", "SET", "requirepass", ""])
                .await
                .unwrap();
        }
    }
}

impl World {
    async fn start(redis: u16) -> Arc<Self> {
        let ledger = Arc::new(Ledger::new(THINGS));
        let delays = Delays {
            none: 0.0,
            long: 0.0,
            short_up_to: Duration::from_millis(4),
            long_up_to: Duration::ZERO,
        };
        let subgraphs = Subgraphs::start(ledger.clone(), delays).await.unwrap();
        let mut gateways = Vec::new();
        for (_, keeps) in KINDS {
            gateways.push(Gateway::start(&subgraphs, keeps, redis).await.unwrap());
        }
        Arc::new(Self {
            ledger,
            gateways,
            phase: AtomicUsize::new(0),
            latencies: Mutex::default(),
            wrong: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// Memory answers again, and so does Redis.
    async fn recovers(&self, from: Outage) {
        let since = Instant::now();
        let hits = async || {
            (
                self.gateways[1].stats().await.unwrap().shared(),
                self.gateways[2].stats().await.unwrap().memory(),
            )
        };
        let before = hits().await;
        eventually(&format!("hits after {from:?}"), RECOVERY, async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let now = hits().await;
            now.0 >= before.0 + HITS && now.1 >= before.1 + HITS
        })
        .await;
        println!("  hits {:.1?} after it", since.elapsed());
    }

    async fn ask(&self, read: &Read, gateway: usize, connection: &mut Connection, due: Instant) {
        let phase = self.phase.load(Ordering::Relaxed);
        let floors = read.floors(&self.ledger);
        let answer = connection.post("/graphql", read.who.headers(), &read.body).await;
        let took = due.elapsed();
        let wrong = match &answer {
            Ok(answer) => {
                let body = String::from_utf8_lossy(&answer.body);
                let wrong = read.judge(&floors, &answer.body, &self.ledger);
                wrong
                    .iter()
                    .map(|wrong| format!("{}: {wrong:?}: {body}", KINDS[gateway].0))
                    .collect()
            }
            Err(error) => vec![format!("{}: {error}", KINDS[gateway].0)],
        };
        self.wrong.lock().unwrap().extend(wrong);
        let mut latencies = self.latencies.lock().unwrap();
        while latencies.len() <= phase {
            latencies.push(Default::default());
        }
        latencies[phase][gateway].push(took);
    }

    fn report(&self) {
        let latencies = self.latencies.lock().unwrap();
        println!(
            "{:<20} {:<18} {:>8} {:>9} {:>9} {:>9}",
            "", "", "requests", "p50", "p99", "most"
        );
        let line = |name: &str, kind: usize, all: &mut Vec<Duration>| {
            all.sort_unstable();
            let at = |share: usize| all[(all.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
            println!(
                "{name:<20} {:<18} {:>8} {:>6.1} ms {:>6.1} ms {:>6.1} ms",
                KINDS[kind].0,
                all.len(),
                at(500),
                at(990),
                at(1000)
            );
            at(990)
        };
        let mut whole: [Vec<Duration>; KINDS.len()] = Default::default();
        for (outage, phase) in OUTAGES.iter().zip(&*latencies) {
            for (kind, some) in phase.iter().enumerate() {
                whole[kind].extend(some);
                line(&format!("{outage:?}"), kind, &mut some.clone());
            }
        }
        let slow: Vec<f64> = whole
            .iter_mut()
            .enumerate()
            .map(|(kind, all)| line("all", kind, all))
            .collect();
        let wrong = self.wrong.lock().unwrap();
        assert!(
            wrong.is_empty(),
            "{} wrong answers, the first: {}",
            wrong.len(),
            wrong[0]
        );
        let bound = slow[0] + SLOW.as_secs_f64() * 1000.0;
        assert!(slow.iter().all(|slow| *slow < bound), "{slow:?} ms");
    }
}

/// At a steady rate, however long answers take.
async fn ask(world: Arc<World>, gateway: usize, rate: u64) {
    let mut random = StdRng::seed_from_u64(gateway as u64);
    let connections: Arc<Mutex<Vec<Connection>>> = Arc::default();
    let mut asking = tokio::task::JoinSet::new();
    let since = Instant::now();
    for number in 0.. {
        let due = since + Duration::from_micros(number * 1_000_000 / rate);
        tokio::time::sleep_until(due.into()).await;
        if world.over.load(Ordering::Relaxed) {
            break;
        }
        let thing = random.random_range(0..THINGS);
        let read = Read::about(&mut random, thing, &world.ledger);
        let (world, connections) = (world.clone(), connections.clone());
        asking.spawn(async move {
            let free = connections.lock().unwrap().pop();
            let mut connection = free.unwrap_or_else(|| Connection::new(world.gateways[gateway].addr));
            world.ask(&read, gateway, &mut connection, due).await;
            connections.lock().unwrap().push(connection);
        });
        while asking
            .try_join_next()
            .is_some_and(|asked| asked.map_err(|error| panic!("{error}")).is_ok())
        {}
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
}

/// So that there is something to be wrong about.
async fn write(world: Arc<World>) {
    let mut random = StdRng::seed_from_u64(77);
    let mut admin = Connection::new(world.gateways[2].admin);
    while !world.over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let thing = random.random_range(0..THINGS / 2) * 2;
        let version = world.ledger.raise(thing);
        let event = json!({ "subgraph": "table", "type": "Item", "key": { "id": thing.to_string() } });
        loop {
            let answer = admin
                .post("/invalidation", KEYED, &event.to_string())
                .await
                .unwrap();
            if answer.status == 202 {
                world.ledger.acknowledge(thing, version, "entity");
                break;
            }
            assert_eq!(answer.status, 503);
            if world.over.load(Ordering::Relaxed) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
