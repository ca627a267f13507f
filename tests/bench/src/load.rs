//! Asks one gateway, for some time or some number of units, and checks what it answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use bytes::Bytes;
use futures::future::{join_all, try_join_all};
use hdrhistogram::Histogram;
use http::{HeaderValue, StatusCode};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    http_client::{Connection, Endpoint},
    schedule::Schedule,
    work::{Question, Unit, Work, without_changes},
};

/// How fast to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each client asks again as soon as it has its answer. Latencies are from the sending, and say little about a
    /// gateway that is asked as much as it can bear.
    Closed(Duration),
    /// At a constant rate; latencies are from when a request was due.
    Open { lasting: Duration, per_second: f64 },
    /// Each unit once.
    Once,
}

/// What is held against the answers.
#[derive(Debug, Clone)]
pub(crate) enum Check {
    /// Status 200 and the length that the verified answer to the same question had, by the question's number.
    Lengths(Arc<Vec<usize>>),
    /// Status 200 and the right data.
    Data,
}

pub(crate) struct Load {
    pub(crate) endpoint: Endpoint,
    pub(crate) work: Arc<Work>,
    pub(crate) clients: usize,
    pub(crate) check: Check,
}

/// What was seen, from the first request to the last answer.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Microseconds a unit.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) units: u64,
    pub(crate) elapsed: Duration,
    /// Units with a wrong answer or none; the first of them in words.
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    /// Units of the open loop that were not even begun in twice its time. Their latency so far is in `latencies`.
    pub(crate) unsent: u64,
}

impl Seen {
    fn new() -> Self {
        Self {
            // Up to two minutes, three digits.
            latencies: Histogram::new_with_bounds(1, 120_000_000, 3)
                .expect("constant bounds that are in order"),
            units: 0,
            elapsed: Duration::ZERO,
            failed: 0,
            failure: None,
            unsent: 0,
        }
    }

    fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(micros.max(1));
    }

    fn fail(&mut self, failure: String) {
        self.failed += 1;
        self.failure.get_or_insert(failure);
    }

    fn merge(&mut self, other: Self) {
        self.latencies.add(other.latencies).expect("the same bounds");
        self.units += other.units;
        self.failed += other.failed;
        self.unsent += other.unsent;
        self.failure = self.failure.take().or(other.failure);
    }
}

/// Clients that are connected, so that memory can be read before they leave.
pub(crate) struct Clients {
    workers: Vec<Worker>,
}

impl Clients {
    pub(crate) async fn connect(load: &Load) -> anyhow::Result<Self> {
        let mut workers = Vec::with_capacity(load.clients);
        for index in 0..load.clients {
            let lanes = (0..load.work.lanes).map(|_| Connection::open(&load.endpoint));
            workers.push(Worker {
                index,
                lanes: try_join_all(lanes).await?,
                work: Arc::clone(&load.work),
                check: load.check.clone(),
                at: index * load.work.units.len() / load.clients,
            });
        }
        Ok(Self { workers })
    }

    /// Runs the load; the clients stay connected.
    pub(crate) async fn run(&mut self, pace: Pace) -> anyhow::Result<Seen> {
        let ticket = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut running = JoinSet::new();
        for mut worker in self.workers.drain(..) {
            let ticket = Arc::clone(&ticket);
            running.spawn(async move {
                let seen = worker.run(pace, start, &ticket).await;
                (worker, seen)
            });
        }
        let mut all = Seen::new();
        while let Some(ended) = running.join_next().await {
            let (worker, seen) = ended.context("a client ended badly")?;
            all.merge(seen);
            self.workers.push(worker);
        }
        self.workers.sort_by_key(|worker| worker.index);
        all.elapsed = start.elapsed();
        Ok(all)
    }
}

struct Worker {
    index: usize,
    lanes: Vec<Connection>,
    work: Arc<Work>,
    check: Check,
    /// The next unit, where they are gone through.
    at: usize,
}

impl Worker {
    async fn run(&mut self, pace: Pace, start: Instant, ticket: &AtomicU64) -> Seen {
        match pace {
            Pace::Closed(lasting) => self.closed(start + lasting).await,
            Pace::Open { lasting, per_second } => {
                let schedule = Schedule::new(per_second, lasting);
                self.open(schedule, start, start + lasting * 2, ticket).await
            }
            Pace::Once => self.once(ticket).await,
        }
    }

    /// A client always asks the same unit, for who it is and what it asks belong together, unless it goes through them.
    async fn closed(&mut self, end: Instant) -> Seen {
        let work = Arc::clone(&self.work);
        let mut seen = Seen::new();
        while Instant::now() < end {
            let number = if work.walked { self.at } else { self.index };
            let unit = &work.units[number % work.units.len()];
            self.at += 1;
            let sent = Instant::now();
            self.timed(unit, sent, &mut seen).await;
        }
        seen
    }

    async fn open(
        &mut self,
        schedule: Schedule,
        start: Instant,
        give_up: Instant,
        ticket: &AtomicU64,
    ) -> Seen {
        let work = Arc::clone(&self.work);
        let mut seen = Seen::new();
        loop {
            let number = ticket.fetch_add(1, Ordering::Relaxed);
            let Some(due) = schedule.due(number) else {
                return seen;
            };
            let due = start + due;
            sleep_until(due).await;
            if Instant::now() > give_up {
                seen.unsent += 1;
                seen.record(due.elapsed());
                continue;
            }
            self.timed(nth(&work.units, number), due, &mut seen).await;
        }
    }

    async fn once(&mut self, ticket: &AtomicU64) -> Seen {
        let work = Arc::clone(&self.work);
        let mut seen = Seen::new();
        loop {
            let number = ticket.fetch_add(1, Ordering::Relaxed);
            if number >= work.units.len() as u64 {
                return seen;
            }
            self.timed(nth(&work.units, number), Instant::now(), &mut seen)
                .await;
        }
    }

    async fn timed(&mut self, unit: &Unit, from: Instant, seen: &mut Seen) {
        let result = self.unit(unit).await;
        seen.record(from.elapsed());
        seen.units += 1;
        if let Err(error) = result {
            seen.fail(format!("{error:#}"));
            // A gateway that is gone fails fast; do not spin.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn unit(&mut self, unit: &Unit) -> anyhow::Result<()> {
        let lanes = self.lanes.len();
        for stage in &unit.stages {
            let (work, check) = (&self.work, &self.check);
            let asking = self
                .lanes
                .iter_mut()
                .zip(0..stage.len())
                .map(|(connection, lane)| async move {
                    for number in stage.iter().skip(lane).step_by(lanes) {
                        ask(connection, work, *number, check).await?;
                    }
                    anyhow::Ok(())
                });
            for result in join_all(asking).await {
                result?;
            }
        }
        Ok(())
    }
}

fn nth(units: &[Unit], number: u64) -> &Unit {
    let count = units.len() as u64;
    &units[usize::try_from(number % count).expect("an index of a vector")]
}

async fn ask(connection: &mut Connection, work: &Work, number: usize, check: &Check) -> anyhow::Result<()> {
    let question = &work.questions[number];
    let authorization = question.authorization.as_ref();
    match check {
        Check::Lengths(lengths) => {
            let (status, length, first) = connection
                .post_counting(question.body.clone(), authorization)
                .await?;
            anyhow::ensure!(status == StatusCode::OK, "status {status}");
            let expected = lengths[number];
            let shown = || String::from_utf8_lossy(&first[..first.len().min(500)]).into_owned();
            anyhow::ensure!(
                length == expected,
                "{length} bytes instead of {expected}: {} answers {}",
                String::from_utf8_lossy(&question.body),
                shown()
            );
        }
        Check::Data => {
            verify(connection, work, question).await?;
        }
    }
    Ok(())
}

/// Asks so many questions once and holds the answers against the right ones; gives their lengths.
pub(crate) async fn verify_all(
    endpoint: &Endpoint,
    work: &Work,
    questions: usize,
) -> anyhow::Result<Vec<usize>> {
    let mut connection = Connection::open(endpoint).await?;
    let mut lengths = Vec::with_capacity(work.questions.len());
    for question in work.questions.iter().take(questions) {
        lengths.push(verify(&mut connection, work, question).await?);
    }
    Ok(lengths)
}

async fn verify(connection: &mut Connection, work: &Work, question: &Question) -> anyhow::Result<usize> {
    let authorization: Option<&HeaderValue> = question.authorization.as_ref();
    let (status, body): (StatusCode, Bytes) = connection.post(question.body.clone(), authorization).await?;
    let shown = || String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
    anyhow::ensure!(status == StatusCode::OK, "status {status}: {}", shown());
    let mut answer: serde_json::Value =
        serde_json::from_slice(&body).with_context(|| format!("no JSON: {}", shown()))?;
    anyhow::ensure!(answer.get("errors").is_none(), "errors: {}", answer["errors"]);
    let mut expected = work.expected(question)?;
    without_changes(&mut answer);
    without_changes(&mut expected);
    anyhow::ensure!(
        answer["data"] == expected,
        "wrong data for {}: {}",
        question.query,
        shown()
    );
    Ok(body.len())
}
