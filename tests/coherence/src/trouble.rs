//! What happens to Redis and to the ways to it.

use std::time::Duration;

use causeway_redis_testing::{RedisServer, Way};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::gateway::Gateway;
use crate::redis::Redis;

/// One thing that goes wrong, and ends again before this returns. What it was.
pub async fn happens(
    random: &mut StdRng,
    server: &RedisServer,
    redis: &mut Redis,
    gateways: &[Gateway],
) -> &'static str {
    let gateway = &gateways[random.random_range(0..gateways.len())];
    let while_ = Duration::from_millis(random.random_range(100..3000));
    match random.random_range(0..16) {
        0..3 => detour(gateway, Way::Cut, while_).await,
        3..7 => detour(gateway, Way::Silent, while_).await,
        7..9 => {
            let delay = Duration::from_millis(random.random_range(1..60));
            detour(gateway, Way::Slow(delay), while_).await
        }
        9 => {
            redis
                .run::<u64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
                .await;
            "all clients killed"
        }
        10..12 => {
            let clients: Option<String> = redis.run(&["CLIENT", "LIST"]).await;
            let ids: Vec<&str> = clients
                .as_deref()
                .unwrap_or_default()
                .lines()
                .filter_map(id)
                .collect();
            if !ids.is_empty() {
                let id = ids[random.random_range(0..ids.len())];
                redis.run::<u64>(&["CLIENT", "KILL", "ID", id]).await;
            }
            "a client killed"
        }
        12 => {
            redis.run::<String>(&["FLUSHALL"]).await;
            "flushed"
        }
        13 => {
            let stream = format!("{}:events", crate::gateway::PREFIX);
            redis.run::<u64>(&["XTRIM", &stream, "MAXLEN", "0"]).await;
            "the stream trimmed"
        }
        _ => {
            server.stop();
            tokio::time::sleep(while_ / 2).await;
            server.resume();
            "stopped and resumed"
        }
    }
}

async fn detour(gateway: &Gateway, to: Way, while_: Duration) -> &'static str {
    let Some(way) = &gateway.way else {
        return "nothing";
    };
    way.set(to);
    tokio::time::sleep(while_).await;
    way.set(Way::Open);
    match to {
        Way::Cut => "a way cut",
        Way::Silent => "a way silent",
        Way::Slow(_) => "a way slow",
        Way::Open => "nothing",
    }
}

/// `id=7 addr=…`
fn id(client: &str) -> Option<&str> {
    client.split(' ').find_map(|field| field.strip_prefix("id="))
}
