//! Whatever happens in whatever order: nobody gets what is not theirs, nor what had ended before they asked.
//!
//! Values say whose they are, of what, and of which version. `CAUSEWAY_CACHE_RUNS` makes more runs, `CAUSEWAY_CACHE_SEED` repeats one.

mod question;

use std::{collections::HashMap, sync::Arc, time::Duration};

use causeway_cache::{Coherence, Identity};
use causeway_executor::CachingHeaders;
use http::HeaderName;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

use crate::{
    fake::{Fake, How, says},
    schema::supergraph,
    setup::{Gateway, Setup, With, read},
    store::{Line, Store},
};
use question::{Question, THINGS};

const STEPS: usize = 150;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_what_is_not_theirs_or_has_ended() {
    if let Some(seed) = number("CAUSEWAY_CACHE_SEED") {
        Run::new(seed).run().await;
        return;
    }
    let first = rand::random::<u64>();
    let mut calls = 0;
    let mut asked = 0;
    for run in 0..number("CAUSEWAY_CACHE_RUNS").unwrap_or(30) {
        let seed = first.wrapping_add(run);
        println!("CAUSEWAY_CACHE_SEED={seed}");
        let (some_asked, some_calls) = Run::new(seed).run().await;
        asked += some_asked;
        calls += some_calls;
    }
    println!("{asked} questions, {calls} calls");
    assert!(calls < asked, "nothing was ever kept");
}

struct Run {
    random: StdRng,
    fake: Arc<Fake>,
    line: Arc<Line>,
    gateways: Vec<Arc<Gateway>>,
    /// By thing, the version of the last event that was told.
    floors: HashMap<String, u64>,
    version: u64,
    asking: Vec<tokio::task::JoinHandle<()>>,
    asked: Vec<Question>,
}

/// What hangs on all that the subgraph sees says nothing of who may have it, what is one user's is private.
fn says_of(document: &str) -> CachingHeaders {
    match (document.contains("seen"), document.contains("mine")) {
        (true, _) => says("max-age=60"),
        (false, true) => says("private, max-age=60"),
        (false, false) => CachingHeaders {
            vary: Some("x-lang".to_owned()),
            ..says("public, max-age=60")
        },
    }
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let fake = Fake::new(supergraph());
        {
            let mut state = fake.state();
            state.sees = vec!["x-user", "x-lang", "x-device"];
            state.says_of = Some(says_of);
            for (index, id) in THINGS.iter().enumerate() {
                let others = [THINGS[(index + 1) % 4], THINGS[(index + 2) % 4]];
                let others = others.map(|id| json!({ "@": format!("Thing:{id}") }));
                let thing = json!({ "id": id, "version": 0, "others": others });
                state.world.insert(format!("Thing:{id}"), thing);
            }
            let all = THINGS.map(|id| json!({ "@": format!("Thing:{id}") }));
            state.world["Query"]["things"] = json!(all);
        }
        let line = Line::new();
        let store = random.random_bool(0.5).then(Arc::<Store>::default);
        let count = if store.is_some() { 2 } else { 1 };
        let is_stale = random.random_bool(0.5);
        let loads = random.random_bool(0.6);
        let memory = match random.random_range(0..10) {
            0 | 1 => 4000,
            // The store alone, if there is one.
            2 | 3 => 0,
            _ => 1 << 20,
        };
        let gateway = |_| {
            let coherence = Arc::new(Coherence::new(supergraph()));
            line.follow(&coherence);
            let mut setup = Setup::new()
                .catalog(|catalog| {
                    catalog.identity = Some(Identity::Header(HeaderName::from_static("x-user")));
                    catalog.vary = vec![HeaderName::from_static("x-lang")];
                    let window = Duration::from_secs(if is_stale { 30 } else { 0 });
                    (catalog.stale_while_revalidate, catalog.stale_if_error) = (window, window);
                })
                .options(|options| (options.memory_bytes, options.early_refresh) = (memory, 2.0));
            setup.fake = Arc::clone(&fake);
            setup.store = store.clone().map(|store| store as _);
            setup.feed = Some((Arc::clone(&line) as _, coherence));
            setup.loads = loads;
            Arc::new(setup.start())
        };
        Self {
            gateways: (0..count).map(gateway).collect(),
            random,
            fake,
            line,
            floors: HashMap::new(),
            version: 0,
            asking: Vec::new(),
            asked: Vec::new(),
        }
    }

    async fn run(mut self) -> (usize, usize) {
        let mut asked = 0;
        for _ in 0..STEPS {
            match self.random.random_range(0..24) {
                0..=9 => {
                    asked += 1;
                    self.ask();
                }
                10 => self.change(),
                11 => self.end().await,
                12 => self.give_up(),
                13 => self.upset(),
                14 => tokio::time::sleep(Duration::from_secs(self.random.random_range(1..70))).await,
                _ => tokio::time::sleep(Duration::from_millis(self.random.random_range(0..40))).await,
            }
        }
        for asking in std::mem::take(&mut self.asking) {
            match asking.await {
                Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
                _ => {}
            }
        }
        let of_entities = self.fake.calls().len();
        (asked, of_entities)
    }

    fn ask(&mut self) {
        let question = match self.asked.len() {
            0..4 => Question::new(&mut self.random),
            // The same again, by whomever.
            count => {
                let index = self.random.random_range(0..count);
                self.asked[index].again(&mut self.random)
            }
        };
        if self.asked.len() < 8 {
            self.asked.push(question.clone());
        }
        let gateway = Arc::clone(&self.gateways[self.random.random_range(0..self.gateways.len())]);
        let floors = self.floors.clone();
        let control = match self.random.random_range(0..20) {
            0 => Some("no-cache"),
            1 => Some("no-store"),
            _ => None,
        };
        self.asking.push(tokio::spawn(async move {
            let mut request = question.request();
            if let Some(control) = control {
                request = request.header("cache-control", control);
            }
            // A subgraph that fails is not what this is about.
            if let Ok(reply) = gateway.send(request).await {
                question.check(&read(&reply), &floors);
            }
        }));
    }

    /// Something changes, and nobody tells.
    fn change(&mut self) {
        let thing = THINGS[self.random.random_range(0..THINGS.len())];
        self.set(thing);
    }

    fn set(&mut self, thing: &str) {
        self.version += 1;
        self.fake
            .set(&format!("Thing:{thing}"), "version", self.version.into());
    }

    /// Something changes, and whoever asks from now on must get what is new.
    async fn end(&mut self) {
        let thing = THINGS[self.random.random_range(0..THINGS.len())];
        let (event, ended) = match self.random.random_range(0..4) {
            0 => (r#"{"subgraph":"catalog"}"#.to_owned(), THINGS.to_vec()),
            1 => (
                r#"{"subgraph":"catalog","type":"Thing"}"#.to_owned(),
                THINGS.to_vec(),
            ),
            _ => (
                format!(r#"{{"subgraph":"catalog","type":"Thing","key":{{"id":"{thing}"}}}}"#),
                vec![thing],
            ),
        };
        ended.iter().for_each(|thing| self.set(thing));
        let gateway = &self.gateways[self.random.random_range(0..self.gateways.len())];
        gateway.end(&event).await;
        for thing in ended {
            let version = self.fake.state().world[&format!("Thing:{thing}")]["version"].as_u64();
            self.floors.insert(thing.to_owned(), version.unwrap());
        }
    }

    fn give_up(&mut self) {
        if !self.asking.is_empty() {
            let index = self.random.random_range(0..self.asking.len());
            self.asking.swap_remove(index).abort();
        }
    }

    fn upset(&mut self) {
        let mut state = self.fake.state();
        state.how = match self.random.random_range(0..8) {
            0 => How::Fails,
            1 => How::Changed(|answer| answer["errors"] = json!([{ "message": "m" }])),
            _ => How::Well,
        };
        state.takes = Duration::from_millis(self.random.random_range(0..30));
        drop(state);
        if self.random.random_bool(0.1) {
            self.line.begin(self.random.random());
        }
    }
}
