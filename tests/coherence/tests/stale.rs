//! Nothing is older than was acknowledged before it was asked for.
//!
//! `CAUSEWAY_COHERENCE_OPERATIONS`: how many operations, and `CAUSEWAY_COHERENCE_SEED`: which.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use causeway_redis_testing::{RedisServer, eventually};
use coherence::gateway::{Gateway, Keeps};
use coherence::http::Connection;
use coherence::ledger::Ledger;
use coherence::reads::Read;
use coherence::redis::Redis;
use coherence::subgraph::{Delays, Subgraphs};
use coherence::writes::{Outcome, ROUTES, Route, Way, Ways};
use coherence::{number, trouble};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The last of them has Redis alone.
const GATEWAYS: [Keeps; 4] = [Keeps::InBoth, Keeps::InBoth, Keeps::InBoth, Keeps::InRedis];
const THINGS: usize = 24;
/// Half of all that is asked and written is about these.
const HOT: usize = 4;
const READERS: u64 = 24;
const WRITERS: u64 = 8;
/// Operations from one write of a writer to the next, on average.
const PERIOD: u64 = 320;
/// Operations from the end of one trouble to the next, on average.
const PEACE: u64 = 2500;
/// Without being asked for more or less.
const OPERATIONS: u64 = 100_000;
/// For each of as many. Far more than they take: what is not done by then hangs.
const LIMIT: Duration = Duration::from_secs(8 * 60);
/// For what does not even see that it is over.
const GRACE: Duration = Duration::from_secs(60);
/// So many are told in full.
const SHOWN: usize = 12;

struct World {
    ledger: Arc<Ledger>,
    gateways: Vec<Gateway>,
    goal: u64,
    /// Requests that were answered, and events on the stream.
    operations: AtomicU64,
    reads: AtomicU64,
    /// Those about who asks.
    personal: AtomicU64,
    acknowledged: [AtomicU64; ROUTES.len()],
    uncertain: AtomicU64,
    violations: AtomicU64,
    shown: Mutex<Vec<String>>,
    since: Instant,
    /// It fails when there were fewer by then.
    limit: Duration,
}

/// What became of lookups.
#[derive(Debug, Default)]
struct Looked {
    memory: u64,
    /// Of what memory did not have, or not all of it.
    open: u64,
    shared: u64,
    refreshed: u64,
    resets: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_is_older_than_what_was_acknowledged_before() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let seed = number("CAUSEWAY_COHERENCE_SEED", rand::random());
    println!("CAUSEWAY_COHERENCE_SEED={seed}");
    let (world, subgraphs) = World::start(&server).await;
    let ends = tokio::time::timeout(world.limit + GRACE, run(&world, server, &subgraphs, seed));
    ends.await.expect("whatever is asked is answered");
}

async fn run(world: &Arc<World>, server: RedisServer, subgraphs: &Subgraphs, seed: u64) {
    let since = Instant::now();
    let reading =
        (0..READERS).map(|place| tokio::spawn(read(world.clone(), StdRng::seed_from_u64(seed ^ place))));
    let reading: Vec<_> = reading.collect();
    let writing = (0..WRITERS).map(|place| {
        let random = StdRng::seed_from_u64(seed ^ (1000 + place));
        tokio::spawn(write(world.clone(), server.url(), random))
    });
    let writing: Vec<_> = writing.collect();
    let server = go_wrong(world, server, StdRng::seed_from_u64(seed ^ 2000)).await;
    for task in reading.into_iter().chain(writing) {
        task.await.unwrap();
    }
    world.converges().await;
    world.report(since.elapsed(), subgraphs).await;
    drop(server);
}

impl World {
    async fn start(server: &RedisServer) -> (Arc<Self>, Subgraphs) {
        let ledger = Arc::new(Ledger::new(THINGS));
        let delays = Delays {
            none: 0.5,
            long: 0.1,
            short_up_to: Duration::from_millis(15),
            long_up_to: Duration::from_millis(300),
        };
        let subgraphs = Subgraphs::start(ledger.clone(), delays).await.unwrap();
        let mut gateways = Vec::new();
        for keeps in GATEWAYS {
            let gateway = Gateway::start(&subgraphs, keeps, server.port()).await;
            gateways.push(gateway.unwrap());
        }
        let goal = number("CAUSEWAY_COHERENCE_OPERATIONS", OPERATIONS);
        let world = Self {
            ledger,
            gateways,
            goal,
            operations: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            personal: AtomicU64::new(0),
            acknowledged: Default::default(),
            uncertain: AtomicU64::new(0),
            violations: AtomicU64::new(0),
            shown: Mutex::default(),
            since: Instant::now(),
            limit: LIMIT.mul_f64((goal as f64 / OPERATIONS as f64).max(1.0)),
        };
        world.are_current().await;
        (Arc::new(world), subgraphs)
    }

    fn is_over(&self) -> bool {
        count(&self.operations) >= self.goal || self.since.elapsed() > self.limit
    }

    /// Waits for as many operations, or the end. How many there are by then.
    async fn after(&self, more: u64) -> u64 {
        let next = count(&self.operations) + more;
        while count(&self.operations) < next && !self.is_over() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        count(&self.operations)
    }

    /// From 0 to 1.
    fn progress(&self) -> f64 {
        count(&self.operations) as f64 / self.goal as f64
    }

    async fn are_current(&self) {
        for gateway in &self.gateways {
            eventually(
                "the gateway hears of Redis",
                Duration::from_secs(30),
                async || gateway.stats().await.is_ok_and(|stats| stats.is_current()),
            )
            .await;
        }
    }

    fn thing(random: &mut StdRng) -> usize {
        match random.random_bool(0.5) {
            true => random.random_range(0..HOT),
            false => random.random_range(0..THINGS),
        }
    }

    /// Asks one gateway and looks at the answer.
    async fn ask(&self, read: &Read, gateway: usize, connection: &mut Connection) {
        let floors = read.floors(&self.ledger);
        let sent = Instant::now();
        let answer = connection.post("/graphql", read.who.headers(), &read.body).await;
        self.operations.fetch_add(1, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        if read.is_personal() {
            self.personal.fetch_add(1, Ordering::Relaxed);
        }
        match answer {
            Ok(answer) => {
                for wrong in read.judge(&floors, &answer.body, &self.ledger) {
                    let last = self.ledger.last(wrong.thing);
                    let last =
                        last.map(|last| (last.version, last.route, sent.saturating_duration_since(last.at)));
                    let whole = match wrong.got {
                        Some(_) => String::new(),
                        None => String::from_utf8_lossy(&answer.body).into_owned(),
                    };
                    self.violation(format!(
                        "gateway {gateway}: {wrong:?}, last acknowledged {last:?} before {}/{} asked: {} {whole}",
                        read.who.user, read.who.plan, read.body
                    ));
                }
            }
            Err(error) => self.violation(format!(
                "gateway {gateway} does not answer: {error}: {}",
                read.body
            )),
        }
    }

    /// Asks all gateways at once.
    async fn ask_all<'c>(&self, read: &Read, connections: impl Iterator<Item = &'c mut Connection>) {
        let each = connections.enumerate();
        let asked = each.map(|(gateway, connection)| self.ask(read, gateway, connection));
        futures::future::join_all(asked).await;
    }

    /// The same, under way while something else is done: it leaves too early, and who asks later must not get what it gets.
    async fn ask_beside(self: Arc<Self>, read: Arc<Read>, mut beside: Vec<Connection>) -> Vec<Connection> {
        self.ask_all(&read, beside.iter_mut()).await;
        beside
    }

    fn connections(&self) -> Vec<Connection> {
        let each = self.gateways.iter();
        each.map(|gateway| Connection::new(gateway.addr)).collect()
    }

    fn violation(&self, what: String) {
        self.violations.fetch_add(1, Ordering::Relaxed);
        let mut shown = self.shown.lock().unwrap();
        if shown.len() < SHOWN {
            shown.push(what);
        }
    }

    /// When all is well again and everything is acknowledged, everybody says the same.
    async fn converges(&self) {
        self.are_current().await;
        let mut random = StdRng::seed_from_u64(0);
        for thing in 0..THINGS {
            let (floor, version) = (self.ledger.floor(thing), self.ledger.version(thing));
            if floor < version {
                self.violation(format!("{thing} is at {version}, and {floor} is acknowledged"));
            }
            for (place, gateway) in self.gateways.iter().enumerate() {
                let read = Read::about(&mut random, thing, &self.ledger);
                self.ask(&read, place, &mut Connection::new(gateway.addr)).await;
            }
        }
    }

    async fn looked(&self, keeps: Keeps) -> Looked {
        let mut all = Looked::default();
        for (_, gateway) in GATEWAYS
            .iter()
            .zip(&self.gateways)
            .filter(|(kept, _)| **kept == keeps)
        {
            let stats = gateway.stats().await.unwrap();
            all.memory += stats.memory();
            all.shared += stats.shared();
            all.open += stats.partial() + stats.missed();
            all.refreshed += stats.refreshed();
            all.resets += stats.resets();
        }
        all
    }

    async fn report(&self, took: Duration, subgraphs: &Subgraphs) {
        let (operations, uncertain) = (count(&self.operations), count(&self.uncertain));
        println!(
            "{operations} operations in {took:.1?}: {} reads, {} calls of subgraphs, {} answers that left too late",
            count(&self.reads),
            subgraphs.calls(),
            self.ledger.late()
        );
        println!(
            "about who asks: {} reads, {} calls of subgraphs",
            count(&self.personal),
            subgraphs.personal()
        );
        let (both, redis) = (
            self.looked(Keeps::InBoth).await,
            self.looked(Keeps::InRedis).await,
        );
        println!("memory and Redis: {both:?}\nRedis alone: {redis:?}");
        let acknowledged = ROUTES.iter().zip(self.acknowledged.each_ref().map(count));
        let acknowledged: Vec<_> = acknowledged.collect();
        let routes = acknowledged
            .iter()
            .map(|(route, count)| format!("{count} {}", route.name()));
        println!(
            "acknowledged: {}; {uncertain} attempts were not",
            routes.collect::<Vec<_>>().join(", ")
        );
        let violations = count(&self.violations);
        let shown = self.shown.lock().unwrap().join("\n");
        assert_eq!(
            violations, 0,
            "{violations} violations, the first of them:\n{shown}"
        );

        // Not by doing nothing.
        assert!(
            operations >= self.goal,
            "cut short after {:?}: that proves nothing of {} operations",
            self.limit,
            self.goal
        );
        assert!(
            both.memory * 4 > both.memory + both.open,
            "memory has answered too little"
        );
        assert!(both.shared * 50 > both.open, "Redis has answered too little");
        assert!(
            redis.shared * 10 > redis.open,
            "Redis alone has answered too little"
        );
        let (personal, asked) = (count(&self.personal), subgraphs.personal());
        assert!(personal > asked * 3 / 2, "what is about who asks was not kept");
        assert!(self.ledger.late() * 2000 > operations, "few answers came late");
        let resets = both.resets + redis.resets;
        assert!(
            uncertain > 0 && resets > GATEWAYS.len() as u64,
            "nothing went wrong"
        );
        for (route, acknowledged) in acknowledged {
            assert!(
                acknowledged > operations / 20_000,
                "{acknowledged} {}",
                route.name()
            );
        }
    }
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

async fn read(world: Arc<World>, mut random: StdRng) {
    let mut connections = world.connections();
    while !world.is_over() {
        let gateway = random.random_range(0..GATEWAYS.len());
        let thing = World::thing(&mut random);
        let read = Read::about(&mut random, thing, &world.ledger);
        // The first may load it, and those after it find it.
        for _ in 0..random.random_range(1..12) {
            world.ask(&read, gateway, &mut connections[gateway]).await;
        }
    }
}

/// Raises, tells until it is acknowledged, and is the first to look.
async fn write(world: Arc<World>, redis: String, mut random: StdRng) {
    let ledger = &*world.ledger;
    let way = |gateway: &Gateway| Way {
        graphql: Connection::new(gateway.addr),
        admin: Connection::new(gateway.admin),
        metrics: Connection::new(gateway.metrics),
    };
    let mut ways = Ways {
        gateways: world.gateways.iter().map(way).collect(),
        redis: Redis::new(redis),
    };
    let mut beside = world.connections();
    while !world.is_over() {
        world.after(random.random_range(0..2 * PERIOD)).await;
        let route = Route::draw(&mut random);
        let thing = World::thing(&mut random);
        // So that all of them have it, when it is no longer right.
        let read = Arc::new(Read::about(&mut random, thing, ledger));
        world.ask_all(&read, ways.graphql()).await;
        let raised: Vec<_> = match route {
            Route::Mutation => Vec::new(),
            _ => {
                let things = route.things(&mut random, thing, THINGS);
                things
                    .into_iter()
                    .map(|thing| (thing, ledger.raise(thing)))
                    .collect()
            }
        };
        let asked = tokio::spawn(world.clone().ask_beside(read.clone(), beside));
        loop {
            let gateway = random.random_range(0..GATEWAYS.len());
            let outcome = ways.tell(route, thing, gateway, ledger).await;
            world.operations.fetch_add(1, Ordering::Relaxed);
            match outcome {
                Outcome::Acknowledged => break,
                Outcome::Uncertain => {
                    world.uncertain.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(random.random_range(1..50))).await;
                }
                Outcome::Failed(what) => return world.violation(what),
            }
        }
        for (thing, version) in &raised {
            ledger.acknowledge(*thing, *version, route.name());
        }
        let place = ROUTES.iter().position(|known| *known == route).unwrap();
        world.acknowledged[place].fetch_add(1, Ordering::Relaxed);
        world.ask_all(&read, ways.graphql()).await;
        beside = asked.await.unwrap();
    }
}

/// One thing after the other, and twice in a run Redis is killed.
async fn go_wrong(world: &World, mut server: RedisServer, mut random: StdRng) -> RedisServer {
    let mut redis = Redis::new(server.url());
    let mut kills = vec![2.0 / 3.0, 1.0 / 3.0];
    while !world.is_over() {
        let done = world.after(random.random_range(0..2 * PEACE)).await;
        let what = if kills.pop_if(|kill| *kill <= world.progress()).is_some() {
            tokio::task::block_in_place(|| server.kill());
            tokio::time::sleep(Duration::from_millis(random.random_range(0..1500))).await;
            tokio::task::block_in_place(|| server.restart());
            "killed and started again"
        } else {
            trouble::happens(&mut random, &server, &mut redis, &world.gateways).await
        };
        let mut current = 0;
        for gateway in &world.gateways {
            current += u64::from(gateway.stats().await.is_ok_and(|stats| stats.is_current()));
        }
        println!("{done:>7}: {what}; {current} gateways are current");
    }
    server
}
