//! Random callers on a random subgraph: each gets its own, in time, whatever the others and the subgraph do.
//!
//! `CAUSEWAY_LOADER_RUNS` sets how many runs, `CAUSEWAY_LOADER_SEED` the first one's seed; the seed of a run that fails is
//! printed. Ten thousand:
//!
//! ```sh
//! CAUSEWAY_LOADER_RUNS=10000 cargo test -p causeway-loader --test random -- --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asked;
#[path = "../support/graphql.rs"]
mod graphql;
mod judge;
mod subgraph;
mod threads;

use std::{sync::Arc, time::Duration};

use causeway_executor::{EntityList, RequestKind, SubgraphClient, SubgraphRequest};
use causeway_loader::{Batching, InFlight, Loader, LoaderOptions, Merging, SubgraphLoading};
use causeway_model::SubgraphId;
use http::HeaderMap;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use tokio::{
    runtime::{Builder, Handle},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use graphql::template;
use judge::Asked;
use subgraph::{End, ROOT, Rules, Subgraph, TIMEOUT};

const RUNS: u64 = 1500;
const SEED: u64 = 1;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_caller_gets_its_own() {
    let runs = setting("CAUSEWAY_LOADER_RUNS").unwrap_or(RUNS);
    let first = setting("CAUSEWAY_LOADER_SEED").unwrap_or(SEED);
    println!("CAUSEWAY_LOADER_SEED={first} CAUSEWAY_LOADER_RUNS={runs}");
    // Panics of the subgraph are part of the game.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut totals = Totals::default();
    let failed = (first..first + runs).find_map(|seed| {
        let run = std::panic::catch_unwind(|| run(seed));
        let verdict = run.unwrap_or_else(|_| Err("panicked".to_owned()));
        verdict.map_or_else(
            |why| Some((seed, why)),
            |run| {
                totals.add(&run);
                None
            },
        )
    });
    std::panic::set_hook(usual);
    println!("{totals:?}");
    if let Some((seed, why)) = failed {
        panic!("CAUSEWAY_LOADER_SEED={seed} CAUSEWAY_LOADER_RUNS=1: {why}");
    }
}

/// What the runs had in them: a judge that saw nothing proves nothing.
#[derive(Debug, Default)]
struct Totals {
    replies: usize,
    failures: usize,
    given_up: usize,
    mutations: usize,
    calls: usize,
    joined: u64,
    shared: u64,
    isolated: u64,
    merged: u64,
    panics: usize,
}

impl Totals {
    fn add(&mut self, run: &Totals) {
        self.replies += run.replies;
        self.failures += run.failures;
        self.given_up += run.given_up;
        self.mutations += run.mutations;
        self.calls += run.calls;
        self.joined += run.joined;
        self.shared += run.shared;
        self.isolated += run.isolated;
        self.merged += run.merged;
        self.panics += run.panics;
    }
}

fn run(seed: u64) -> Result<Totals, String> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let all = timeout(Duration::from_secs(600), callers(seed)).await;
        all.unwrap_or_else(|_| Err("somebody hangs".to_owned()))
    })
}

async fn callers(seed: u64) -> Result<Totals, String> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let across = rng.random_bool(0.85);
    let rules = Rules {
        public: across && rng.random_bool(0.2),
        across,
        max_batch_size: rng.random_range(1..9),
        slots: rng.random_range(1..4),
        share_calls: rng.random_bool(0.8),
        trouble: *[0, 5, 20, 60].choose(&mut rng).unwrap(),
        murky: rng.random_bool(0.7),
        merging: rng.random_bool(0.8).then(|| Merging {
            max_operations: rng.random_range(2..7),
            max_wait: Duration::from_millis(*[1, 10, 50, 1000].choose(&mut rng).unwrap()),
        }),
    };
    let subgraph = Arc::new(Subgraph::new(
        rules.clone(),
        SmallRng::seed_from_u64(rng.random()),
    ));
    let loader = loader(&subgraph, &rules, rng.random_bool(0.1));
    let mut tasks = JoinSet::new();
    let habits = Habits {
        pace: *[3, 20, 100].choose(&mut rng).unwrap(),
        identities: rng.random_range(1..4),
        questions: rng.random_range(1..5),
        ids: rng.random_range(4..14),
    };
    for _ in 0..rng.random_range(2..24) {
        let caller = Caller {
            habits,
            loader: loader.clone(),
            subgraph: Arc::clone(&subgraph),
            rng: SmallRng::seed_from_u64(rng.random()),
            totals: Totals::default(),
        };
        tasks.spawn(caller.live());
    }
    let mut totals = Totals::default();
    while let Some(ended) = tasks.join_next().await {
        totals.add(&ended.map_err(|error| error.to_string())??);
    }
    // Calls that nobody waits for any more come to their end.
    sleep(4 * TIMEOUT).await;
    afterwards(&loader, &subgraph, &mut totals)?;
    Ok(totals)
}

/// Nothing is left, and the books agree.
fn afterwards(loader: &Loader, subgraph: &Subgraph, totals: &mut Totals) -> Result<(), String> {
    if loader.in_flight() != InFlight::default() {
        return Err(format!("left over: {:?}", loader.in_flight()));
    }
    let tasks = Handle::current().metrics().num_alive_tasks();
    if tasks > 0 {
        return Err(format!("{tasks} tasks live on"));
    }
    let journal = subgraph.journal();
    if let Some(breach) = journal.breaches.first() {
        return Err(breach.clone());
    }
    let mutations = journal
        .calls
        .iter()
        .filter(|call| call.kind == RequestKind::Mutation);
    if mutations.count() != totals.mutations {
        return Err("a mutation was not carried out exactly once".to_owned());
    }
    let stats = &loader.stats()[0];
    let sent: usize = journal.calls.iter().map(subgraph::Call::size).sum();
    if (stats.calls, stats.entities_sent) != (journal.requests as u64, sent as u64) {
        return Err(format!("the books say {stats:?}"));
    }
    let mut in_company = journal.calls.iter().filter(|call| call.company > 0);
    let failed_together = in_company.any(|call| matches!(call.end, End::Fails(_) | End::Panics));
    if !subgraph.rules.murky && !failed_together && stats.isolated > 0 {
        return Err("asked again for no reason".to_owned());
    }
    totals.calls = journal.calls.len();
    totals.panics = journal
        .calls
        .iter()
        .filter(|call| call.end == End::Panics)
        .count();
    (totals.joined, totals.shared, totals.isolated) = (stats.joined, stats.shared_calls, stats.isolated);
    totals.merged = stats.merged_operations;
    Ok(())
}

fn loader(subgraph: &Arc<Subgraph>, rules: &Rules, off: bool) -> Loader {
    let batching = Batching::On {
        across_requests: rules.across,
        max_batch_size: rules.max_batch_size,
        slots: rules.slots,
        public: rules.public,
        merging: rules.merging,
    };
    let options = LoaderOptions {
        subgraphs: vec![SubgraphLoading {
            name: "shelf".to_owned(),
            timeout: TIMEOUT,
            batching: if off && !rules.across {
                Batching::Off { slots: rules.slots }
            } else {
                batching
            },
        }],
        share_calls: rules.share_calls,
    };
    Loader::new(Arc::clone(subgraph) as Arc<dyn SubgraphClient>, options)
}

/// What the callers of one run have in common. The less there is to choose from, the more they meet.
#[derive(Debug, Clone, Copy)]
struct Habits {
    /// Milliseconds between questions, at most.
    pace: u64,
    identities: usize,
    questions: usize,
    ids: u32,
}

struct Caller {
    habits: Habits,
    loader: Loader,
    subgraph: Arc<Subgraph>,
    rng: SmallRng,
    totals: Totals,
}

impl Caller {
    async fn live(mut self) -> Result<Totals, String> {
        for _ in 0..self.rng.random_range(1..5) {
            sleep(Duration::from_millis(self.rng.random_range(0..self.habits.pace))).await;
            self.ask().await?;
        }
        Ok(self.totals)
    }

    async fn ask(&mut self) -> Result<(), String> {
        let request = self.request();
        let floor = match request.kind {
            // A call of its own sees everything that was done before.
            RequestKind::QueryAfterMutation => self.subgraph.journal().version,
            // All that had ended when the question was put.
            _ => self.settled_version(),
        };
        let mut asked = Asked::new(&self.subgraph, &request, floor);
        self.totals.mutations += usize::from(request.kind == RequestKind::Mutation);
        let patience = match self.rng.random_bool(0.2) {
            true => Duration::from_millis(self.rng.random_range(0..60)),
            false => Duration::from_secs(60),
        };
        let _waiting = Waiting::new(&self.subgraph, &asked);
        let started = Instant::now();
        let Ok(reply) = timeout(patience, self.loader.send(request)).await else {
            self.totals.given_up += 1;
            return Ok(());
        };
        asked.elapsed = started.elapsed();
        self.totals.replies += usize::from(reply.is_ok());
        self.totals.failures += usize::from(reply.is_err());
        let verdict = asked.judge(&self.subgraph, &reply);
        verdict.map_err(|why| {
            format!(
                "{why}\n  asked {:?} {:?} {:?}\n  got {reply:?}",
                asked.kind, asked.question, asked.lists
            )
        })
    }

    /// The version that a read sees which is sent now, if no mutation is under way that was begun before.
    fn settled_version(&self) -> u64 {
        self.subgraph.journal().ended
    }

    fn request(&mut self) -> SubgraphRequest {
        let (rng, habits) = (&mut self.rng, self.habits);
        let mut headers = HeaderMap::new();
        let who = ["ada", "bob", "eve"][rng.random_range(0..habits.identities)];
        headers.insert("who", who.parse().unwrap());
        let (kind, document, lists): (_, String, &[&str]) = match rng.random_range(0..20) {
            0 => (RequestKind::Mutation, "change".to_owned(), &[]),
            1 => (RequestKind::QueryAfterMutation, BOOKS.to_owned(), &["_entities"]),
            2..8 => (RequestKind::Query, root_document(rng), &[]),
            _ => match rng.random_range(0..habits.questions) {
                0 => (RequestKind::Query, BOOKS.to_owned(), &["_entities"]),
                1 => (RequestKind::Query, BOTH.to_owned(), &["a", "b"]),
                _ => (RequestKind::Query, COVERS.to_owned(), &["_entities"]),
            },
        };
        let variables = match document.contains("$id") {
            true => format!("\"id\":{}", rng.random_range(0..5)),
            false if habits.questions == 4 => (*["", "\"n\":1"].choose(rng).unwrap()).to_owned(),
            false => String::new(),
        };
        let can_merge = document.contains('{') && rng.random_bool(0.9);
        SubgraphRequest {
            subgraph: SubgraphId(0),
            kind,
            variables: variables.into(),
            entities: lists.iter().map(|list| entities(rng, list, habits.ids)).collect(),
            merging: can_merge.then(|| Arc::new(template(&document))),
            document: document.into(),
            headers: Arc::new(headers),
        }
    }
}

const BOOKS: &str =
    "query($of_entities:[_Any!]!){_entities(representations:$of_entities){...on Book{title}}}";
const COVERS: &str =
    "query($of_entities:[_Any!]!){_entities(representations:$of_entities){...on Book{cover}}}";
const BOTH: &str = "query($ofa:[_Any!]!,$ofb:[_Any!]!){a:_entities(representations:$ofa){...on Book{title}} \
                    b:_entities(representations:$ofb){...on Book{cover}}}";

fn root_document(rng: &mut SmallRng) -> String {
    let id = rng.random_range(0..5);
    match rng.random_range(0..6) {
        0 => "root".to_owned(),
        1 => "query($id:ID!){shelf(id:$id){name}}".to_owned(),
        2 => format!("{{report(year:{id}){{sum}}}}"),
        3 => format!("{{mine:shelf(id:{id}){{name}} shelf(id:7){{name}}}}"),
        _ => format!("{{shelf(id:{id}){{name}}}}"),
    }
}

fn entities(rng: &mut SmallRng, list: &str, highest: u32) -> EntityList {
    let count = rng.random_range(1..9);
    let mut ids: Vec<u32> = (0..count).map(|_| rng.random_range(1..=highest)).collect();
    if rng.random_bool(0.2) {
        ids = vec![1, 2, 3];
    }
    let mut seen = Vec::new();
    ids.retain(|id| {
        let new = !seen.contains(id);
        seen.push(*id);
        new
    });
    let keys = ids
        .iter()
        .map(|id| format!(r#"{{"__typename":"Book","id":"{id}"}}"#));
    let keys: Vec<String> = keys.collect();
    EntityList {
        key: list.to_owned(),
        variable: format!("of{list}"),
        representations: keys.iter().map(String::as_bytes).collect(),
    }
}

/// A caller's interest, for as long as it waits.
struct Waiting {
    subgraph: Arc<Subgraph>,
    keys: Vec<(String, String, u32)>,
}

impl Waiting {
    fn new(subgraph: &Arc<Subgraph>, asked: &Asked) -> Self {
        let lists = asked.lists.iter();
        let keys =
            lists.flat_map(|(list, ids)| ids.iter().map(|id| (asked.question.clone(), list.clone(), *id)));
        let mut keys: Vec<_> = keys.collect();
        if keys.is_empty() {
            keys.push((asked.question.clone(), ROOT.to_owned(), 0));
        }
        let mut journal = subgraph.journal();
        for key in &keys {
            journal.waiting.entry(key.clone()).or_default().0 += 1;
        }
        drop(journal);
        Self {
            subgraph: Arc::clone(subgraph),
            keys,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut journal = self.subgraph.journal();
        for key in &self.keys {
            let (waiting, left) = journal.waiting.get_mut(key).unwrap();
            *waiting -= 1;
            *left = Some(Instant::now());
        }
    }
}
