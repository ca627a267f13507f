//! `invalidate`: readers and writers of a few products, over four gateways that share Redis. Every product tells when it was last
//! changed, so that each answer says by itself how old it is.

mod history;

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use http::{HeaderValue, StatusCode};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    fleet::Fleet,
    http_client::{Connection, Endpoint},
    lineup::{self, ADMIN_KEY, KEPT, Starter},
    report::aligned,
    scenario::hot::{CHANGE, about},
    target::Target,
    world::micros_now,
};
use history::{History, Read, Written};

const GATEWAYS: usize = 4;
/// Products `p0`, `p1`, …
const KEYS: usize = 8;
/// Between a writer's writes.
const PAUSE: Duration = Duration::from_millis(10);

const BY_ROOT: &str = "query Product($id: ID!) { product(id: $id) { id name changed } }";
const BY_REFERENCE: &str = "query Order($id: ID!) { order(id: $id) { lines { product { id changed } } } }";

/// How to measure.
pub(crate) struct Staleness {
    pub(crate) readers: usize,
    pub(crate) lasting: Duration,
    pub(crate) latency: Duration,
}

/// How a writer's change is told to the gateways, before it counts as acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// A mutation through a gateway: its answer.
    Mutation,
    /// A mutation of the subgraph behind the gateways' back, then an invalidation: 202.
    Http,
}

/// What was seen. Times in microseconds.
pub(crate) struct Seen {
    reads: usize,
    calls: u64,
    /// Reads that began after a write was acknowledged, and gave something older.
    pub(crate) stale: usize,
    /// The longest that this was after the acknowledgement.
    stalest: u64,
    pub(crate) failed: usize,
    failure: Option<String>,
    ways: BTreeMap<Way, Times>,
}

struct Times {
    /// From sending the mutation or invalidation until its answer.
    acknowledged: Histogram<u64>,
    /// From the write until the first answer that has it.
    first: Histogram<u64>,
    /// From the write until the last answer that does not.
    last: Histogram<u64>,
}

impl Times {
    fn new() -> Self {
        let empty =
            || Histogram::new_with_bounds(1, 120_000_000, 3).expect("constant bounds that are in order");
        Self {
            acknowledged: empty(),
            first: empty(),
            last: empty(),
        }
    }
}

/// `None` without Redis.
pub(crate) async fn measure(
    starter: &Starter<'_>,
    fleet: &Fleet,
    staleness: &Staleness,
) -> anyhow::Result<Option<Seen>> {
    let Some(redis) = lineup::redis().await? else {
        return Ok(None);
    };
    fleet.set_latency(staleness.latency).await?;
    fleet.set_freshness(KEPT).await?;
    let gang = lineup::gang(starter, GATEWAYS, Some(&redis)).await?;
    fleet.reset().await?;
    let end = Instant::now() + staleness.lasting;
    let (mut readers, mut writers) = (JoinSet::new(), JoinSet::new());
    for number in 0..staleness.readers {
        let connection = Connection::open(&gang[number % GATEWAYS].endpoint).await?;
        readers.spawn(read(connection, number as u64, end));
    }
    for (number, gateway) in gang.iter().enumerate() {
        let behind = fleet.endpoint("goods")?;
        let (mutating, telling) = (
            Writer::new(gateway, None, number).await?,
            Writer::new(gateway, Some(behind), number + GATEWAYS).await?,
        );
        writers.spawn(mutating.run(end));
        writers.spawn(telling.run(end));
    }
    let mut history = History::new(KEYS);
    let mut failures = Vec::new();
    while let Some(ended) = writers.join_next().await {
        let (written, failed) = ended.context("a writer ended badly")?;
        history.writes.extend(written);
        failures.extend(failed);
    }
    while let Some(ended) = readers.join_next().await {
        let (read, failed) = ended.context("a reader ended badly")?;
        history.reads(read);
        failures.extend(failed);
    }
    let calls = fleet.calls().await?.values().map(|calls| calls.calls).sum();
    Ok(Some(judge(history, failures, calls)))
}

fn judge(history: History<Way>, failures: Vec<String>, calls: u64) -> Seen {
    let mut seen = Seen {
        reads: history.count(),
        calls,
        stale: 0,
        stalest: 0,
        failed: failures.len(),
        failure: failures.into_iter().next(),
        ways: BTreeMap::new(),
    };
    for late in history.stale() {
        seen.stale += 1;
        seen.stalest = seen.stalest.max(late);
    }
    for (written, first, last) in history.visible() {
        let times = seen.ways.entry(written.way).or_insert_with(Times::new);
        let took = written.acknowledged.saturating_sub(written.sent);
        times.acknowledged.saturating_record(took.max(1));
        if let Some(first) = first {
            times.first.saturating_record(first.max(1));
        }
        times.last.saturating_record(last.max(1));
    }
    seen
}

async fn read(mut connection: Connection, number: u64, end: Instant) -> (Vec<Read>, Option<String>) {
    let mut random = StdRng::seed_from_u64(number);
    let mut reads = Vec::new();
    while Instant::now() < end {
        let product = random.random_range(0..KEYS);
        let question = match random.random() {
            true => about(BY_ROOT, &format!("p{product}")),
            false => about(BY_REFERENCE, &format!("k{product}")),
        };
        let from = micros_now();
        let answer = connection.expect(StatusCode::OK, question.body, None).await;
        let until = micros_now();
        match answer.and_then(|answer| changed(&answer)) {
            Ok(changed) => reads.push(Read {
                product,
                from,
                until,
                changed,
            }),
            Err(error) => return (reads, Some(format!("{error:#}"))),
        }
    }
    (reads, None)
}

/// When the product of an answer was last changed.
fn changed(answer: &str) -> anyhow::Result<u64> {
    let found = answer.split_once("\"changed\":").map(|(_, rest)| rest);
    let digits = found.and_then(|rest| rest.split(|byte: char| !byte.is_ascii_digit()).next());
    let is_right = !answer.contains("\"errors\"");
    let number = digits.filter(|_| is_right).and_then(|digits| digits.parse().ok());
    number.with_context(|| format!("a wrong answer: {answer}"))
}

struct Writer {
    /// Where the mutation is sent.
    mutating: Connection,
    /// Where it is said afterwards, if the gateway was passed by.
    telling: Option<Connection>,
    random: StdRng,
}

impl Writer {
    async fn new(gateway: &Target, behind: Option<&Endpoint>, number: usize) -> anyhow::Result<Self> {
        let telling = match behind {
            Some(_) => {
                let admin = gateway.admin.as_ref().context("nobody listens")?;
                Some(Connection::open(admin).await?)
            }
            None => None,
        };
        Ok(Self {
            mutating: Connection::open(behind.unwrap_or(&gateway.endpoint)).await?,
            telling,
            random: StdRng::seed_from_u64(1000 + number as u64),
        })
    }

    async fn run(mut self, end: Instant) -> (Vec<Written<Way>>, Option<String>) {
        let mut all = Vec::new();
        while Instant::now() < end {
            match self.write().await {
                Ok(written) => all.push(written),
                Err(error) => return (all, Some(format!("{error:#}"))),
            }
            sleep(PAUSE).await;
        }
        (all, None)
    }

    async fn write(&mut self) -> anyhow::Result<Written<Way>> {
        let product = self.random.random_range(0..KEYS);
        let id = format!("p{product}");
        let mut sent = micros_now();
        let body = about(CHANGE, &id).body;
        let answer = self.mutating.expect(StatusCode::OK, body, None).await?;
        let at = changed(&answer)?;
        let mut way = Way::Mutation;
        if let Some(telling) = &mut self.telling {
            (way, sent) = (Way::Http, micros_now());
            let event = json!({ "subgraph": "goods", "type": "Product", "key": { "id": id } });
            let key = HeaderValue::from_static(ADMIN_KEY);
            let body = event.to_string().into();
            telling.expect(StatusCode::ACCEPTED, body, Some(&key)).await?;
        }
        Ok(Written {
            product,
            at,
            sent,
            acknowledged: micros_now(),
            way,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds far below 2^52")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Mutation => "mutation through a gateway",
            Self::Http => "change behind it, then POST /invalidation",
        }
    }
}

impl Seen {
    pub(crate) fn table(&self, how: &Staleness) -> String {
        let header = [
            "milliseconds",
            "writes",
            "acknowledged p50",
            "p99",
            "first seen p50",
            "p99",
            "last older p50",
            "p99",
            "max",
        ];
        let mut lines = vec![header.map(str::to_owned).to_vec()];
        for (way, times) in &self.ways {
            let mut line = vec![way.name().to_owned(), times.acknowledged.len().to_string()];
            for all in [&times.acknowledged, &times.first, &times.last] {
                line.extend(
                    [0.5, 0.99].map(|quantile| format!("{:.2}", millis(all.value_at_quantile(quantile)))),
                );
            }
            line.push(format!("{:.2}", millis(times.last.max())));
            lines.push(line);
        }
        let mut text = format!(
            "\ninvalidate: {} readers, {} writers, {KEYS} products, {GATEWAYS} gateways and Redis, {:?}, {:?} a call\n{}",
            how.readers,
            2 * GATEWAYS,
            how.lasting,
            how.latency,
            aligned(&lines)
        );
        let _ = writeln!(
            text,
            "{} reads, {} calls to subgraphs; {} reads began after a write was acknowledged and gave something older, up to {:.2} ms \
             after it",
            self.reads,
            self.calls,
            self.stale,
            millis(self.stalest)
        );
        if let Some(failure) = &self.failure {
            let _ = writeln!(text, "FAILED: {} clients gave up, e.g. {failure}", self.failed);
        }
        text
    }

    pub(crate) fn json(&self, how: &Staleness) -> Value {
        let way = |(way, times): (&Way, &Times)| {
            let quantiles = |all: &Histogram<u64>| {
                json!({
                    "count": all.len(), "p50_millis": millis(all.value_at_quantile(0.5)),
                    "p99_millis": millis(all.value_at_quantile(0.99)), "max_millis": millis(all.max()),
                })
            };
            json!({
                "way": way.name(), "acknowledged": quantiles(&times.acknowledged),
                "first_seen": quantiles(&times.first), "last_older": quantiles(&times.last),
            })
        };
        json!({
            "scenario": "invalidate", "readers": how.readers, "seconds": how.lasting.as_secs_f64(), "reads": self.reads,
            "calls": self.calls, "stale": self.stale, "stalest_millis": millis(self.stalest), "failed": self.failed,
            "ways": self.ways.iter().map(way).collect::<Vec<_>>(),
        })
    }
}
