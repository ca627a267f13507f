//! A gateway whose process is stopped, and goes on where it was.

use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use causeway_cache::Feed;
use causeway_redis_testing::RedisServer;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::model::gateways;

const URL: &str = "CAUSEWAY_TEST_PAUSED_URL";

fn microseconds() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_micros()
}

#[tokio::test]
async fn one_that_was_stopped_has_no_lease_when_it_goes_on() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "paused::gateway", "--ignored", "--nocapture"])
        .env(URL, server.url())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut line = async |begin: &str| loop {
        let line = lines.next_line().await.unwrap().expect("the process goes on");
        if let Some(rest) = line.strip_prefix(begin) {
            break rest.to_owned();
        }
    };
    line("current").await;
    let publisher = &gateways(&server.url(), 1).await[0];
    publisher.publish("warm").await;
    signal(&process, "-STOP").await;
    publisher.publish("a").await;
    let published = microseconds();
    signal(&process, "-CONT").await;
    let last_used: u128 = line("last used ").await.parse().unwrap();
    assert!(last_used < published, "{} µs after", last_used - published);
}

async fn signal(process: &Child, signal: &str) {
    let id = process.id().unwrap().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().await;
    assert!(sent.unwrap().success());
}

/// The other process: says when it last used what was loaded before it knew of the event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is a part of the other one"]
async fn gateway() {
    let Ok(url) = std::env::var(URL) else { return };
    let gateway = gateways(&url, 1).await.remove(0);
    let looking = tokio::task::spawn_blocking(move || {
        println!("\ncurrent");
        let mut last_used = 0;
        while !gateway.model.knows("a") {
            // Before it looks: it may be stopped after it has.
            let now = microseconds();
            if gateway.feed.is_current() && !gateway.model.knows("a") {
                last_used = now;
            }
        }
        println!("\nlast used {last_used}");
    });
    let looked = tokio::time::timeout(Duration::from_secs(30), looking).await;
    looked.unwrap().unwrap();
}
