//! Redis as a service and as an operator sees it: without the gateways' code.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisResult, cmd, pipe};

use crate::gateway::{LEASE, PREFIX};

/// For each answer.
const DEADLINE: Duration = Duration::from_millis(500);

/// Past the gateways' proxies. Connects when it is needed.
pub struct Redis {
    url: String,
    connection: Option<MultiplexedConnection>,
}

impl Redis {
    pub fn new(url: String) -> Self {
        Self {
            url,
            connection: None,
        }
    }

    pub async fn run<T: FromRedisValue>(&mut self, line: &[&str]) -> Option<T> {
        let mut command = cmd(line[0]);
        command.arg(&line[1..]);
        self.ask(command).await
    }

    async fn ask<T: FromRedisValue>(&mut self, command: Cmd) -> Option<T> {
        self.with(async |connection| command.query_async(connection).await)
            .await
    }

    async fn with<T>(
        &mut self,
        act: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let connect = async {
            match self.connection.take() {
                Some(connection) => Some(connection),
                None => {
                    let client = redis::Client::open(self.url.as_str()).ok()?;
                    client.get_multiplexed_async_connection().await.ok()
                }
            }
        };
        let mut connection = tokio::time::timeout(DEADLINE, connect).await.ok()??;
        let answer = tokio::time::timeout(DEADLINE, act(&mut connection))
            .await
            .ok()?
            .ok()?;
        self.connection = Some(connection);
        Some(answer)
    }

    /// Puts an event on the stream, as services do, and waits until no gateway answers from what it ends: each has recorded that it has
    /// applied it, or had no lease since. `None`: it is not certain.
    pub async fn say(&mut self, event: &str) -> Option<()> {
        let (stream, members) = (
            format!("{PREFIX}:events"),
            format!("{{{PREFIX}:events}}:1:members"),
        );
        let mut both = pipe();
        both.atomic();
        both.cmd("XADD").arg(&stream).arg("*").arg("event").arg(event);
        both.cmd("HGETALL").arg(&members);
        let (id, before): (String, HashMap<String, String>) = self
            .with(async |connection| both.query_async(connection).await)
            .await?;
        let since = Instant::now();
        // Without an epoch nobody knows who holds leases.
        let epoch = before.get("epoch")?;
        let id = position(&id)?;
        loop {
            let now: HashMap<String, String> = self.run(&["HGETALL", &members]).await?;
            if now.get("epoch") != Some(epoch) {
                return None;
            }
            let is_behind = |name: &String| {
                let applied = now
                    .get(name)
                    .and_then(|record| position(record.split(' ').next()?));
                applied.is_some_and(|applied| applied < id)
            };
            let mut behind = before
                .keys()
                .filter(|name| name.starts_with("m:") && is_behind(name));
            if behind.next().is_none() || since.elapsed() > LEASE + LEASE / 50 {
                return Some(());
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

fn position(id: &str) -> Option<(u64, u64)> {
    let (time, number) = id.split_once('-')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}
