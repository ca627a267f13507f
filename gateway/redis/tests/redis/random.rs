//! Gateways publish while everything happens to Redis and to the ways to it, in an order that a seed chooses.
//!
//! `CAUSEWAY_REDIS_SEED` repeats a run as far as the machine does, `CAUSEWAY_REDIS_SECONDS` makes it longer.

use std::time::{Duration, Instant};

use causeway_cache::Feed;
use causeway_redis::FeedOptions;
use causeway_redis_testing::{Proxy, RedisServer, Way, eventually};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::{Gateway, LIMIT, Stamp, add, event, options, redis};

const GATEWAYS: usize = 4;
const LEASE: Duration = Duration::from_millis(150);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

struct World {
    server: RedisServer,
    proxies: Vec<Proxy>,
    /// Over its own proxy each.
    gateways: Vec<Gateway>,
    random: StdRng,
    published: u64,
    failed: u64,
    current: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_publish_has_said_is_never_used_again() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let seed = number("CAUSEWAY_REDIS_SEED").unwrap_or_else(rand::random);
    let time = Duration::from_secs(number("CAUSEWAY_REDIS_SECONDS").unwrap_or(8));
    println!("CAUSEWAY_REDIS_SEED={seed}");
    let mut world = World::start(server, StdRng::seed_from_u64(seed)).await;
    let since = Instant::now();
    for round in 0.. {
        if since.elapsed() > time {
            break;
        }
        world.something_happens(round).await;
        world.publish(round).await;
    }
    world.gets_well().await;
    println!(
        "{} published, {} not for certain; {} times a gateway was current after it",
        world.published, world.failed, world.current
    );
    assert!(world.published > 10 && world.current > 10);
}

impl World {
    async fn start(server: RedisServer, random: StdRng) -> Self {
        let mut world = Self {
            server,
            proxies: Vec::new(),
            gateways: Vec::new(),
            random,
            published: 0,
            failed: 0,
            current: 0,
        };
        for place in 0..GATEWAYS {
            world
                .proxies
                .push(Proxy::start(world.server.port()).await.unwrap());
            let gateway = world.gateway(place);
            gateway.becomes_current().await;
            world.gateways.push(gateway);
        }
        world
    }

    fn gateway(&self, place: usize) -> Gateway {
        Gateway::start(FeedOptions {
            lease: LEASE,
            deadline: LEASE,
            backlog: 50,
            length: 200,
            ..options(self.proxies[place].url())
        })
    }

    async fn something_happens(&mut self, round: u64) {
        let place = self.random.random_range(0..GATEWAYS);
        let url = self.server.url();
        match self.random.random_range(0..24) {
            0..3 => self.proxies[place].set(Way::Silent),
            3 => self.proxies[place].set(Way::Cut),
            4..6 => {
                let delay = Duration::from_millis(self.random.random_range(1..200));
                self.proxies[place].set(Way::Slow(delay));
            }
            6..11 => self.proxies[place].set(Way::Open),
            11 => drop(redis(&url, &["FLUSHALL"]).await),
            12 => drop(redis(&url, &["DEL", "causeway:events"]).await),
            13 => drop(redis(&url, &["DEL", "{causeway:events}:1:members"]).await),
            14 => drop(redis(&url, &["XTRIM", "causeway:events", "MAXLEN", "1"]).await),
            15 => drop(redis(&url, &["XTRIM", "causeway:events", "MAXLEN", "0"]).await),
            16 => self.server.restart(),
            17 => {
                self.server.stop();
                let pause = self.random.random_range(10..300);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                self.server.resume();
            }
            18 => {
                // A new one in its place; the old one leaves, or does not get to it.
                let gateway = self.gateway(place);
                self.gateways[place] = gateway;
            }
            19..21 => add(&url, &format!("other-{round}")).await,
            21 => drop(redis(&url, &["XADD", "causeway:events", "*", "event", "nonsense"]).await),
            _ => {}
        }
    }

    /// Two publish at once. Whatever any gateway had loaded before, no gateway may use after.
    async fn publish(&mut self, round: u64) {
        let stamps: Vec<Stamp> = self
            .gateways
            .iter()
            .filter_map(|gateway| gateway.model.stamp())
            .collect();
        let (one, two) = (
            self.random.random_range(0..GATEWAYS),
            self.random.random_range(0..GATEWAYS),
        );
        let (first, second) = futures::join!(
            self.publish_one(one, format!("one-{round}"), &stamps),
            self.publish_one(two, format!("two-{round}"), &stamps),
        );
        for current in [first, second] {
            match current {
                Some(current) => {
                    (self.published, self.current) = (self.published + 1, self.current + current)
                }
                None => self.failed += 1,
            }
        }
    }

    async fn publish_one(&self, by: usize, tag: String, stamps: &[Stamp]) -> Option<u64> {
        self.gateways[by].feed.publish(vec![event(&tag)]).await.ok()?;
        let mut current = 0;
        for (place, gateway) in self.gateways.iter().enumerate() {
            for stamp in stamps {
                assert!(
                    !gateway.uses(*stamp, &tag),
                    "{place} uses {stamp:?} after {tag} was published by {by}: it began with {:?}",
                    gateway.model.resets()
                );
            }
            current += u64::from(gateway.feed.is_current());
        }
        Some(current)
    }

    async fn gets_well(&mut self) {
        for proxy in &self.proxies {
            proxy.set(Way::Open);
        }
        for gateway in &self.gateways {
            gateway.becomes_current().await;
        }
        for gateway in &self.gateways {
            eventually("it publishes", LIMIT, async || {
                gateway.feed.publish(vec![event("end")]).await.is_ok()
            })
            .await;
        }
    }
}
