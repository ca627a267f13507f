//! Several gateways with one store.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use causeway_cache::{Coherence, EventTemplate};
use causeway_executor::{RequestKind, SubgraphRequest};
use serde_json::json;

use crate::{
    fake::{Fake, How, says},
    schema::supergraph,
    setup::{Gateway, Setup, With, after, products, read, root},
    store::{Line, Store},
};

struct Shared {
    store: Arc<Store>,
    line: Arc<Line>,
    fake: Arc<Fake>,
}

impl Shared {
    fn new() -> Self {
        Self {
            store: Arc::default(),
            line: Line::new(),
            fake: Fake::new(supergraph()),
        }
    }

    fn setup(&self) -> Setup {
        let coherence = Arc::new(Coherence::new(supergraph()));
        self.line.follow(&coherence);
        let mut setup = Setup::new();
        setup.fake = Arc::clone(&self.fake);
        setup.store = Some(Arc::clone(&self.store) as _);
        setup.feed = Some((Arc::clone(&self.line) as _, coherence));
        setup
    }

    /// Puts the same in place of all values.
    fn fill(&self, value: &[u8]) {
        let mut values = self.store.values.lock().unwrap();
        values
            .values_mut()
            .for_each(|known| *known = Bytes::copy_from_slice(value));
    }

    fn gateway(&self) -> Arc<Gateway> {
        Arc::new(self.setup().start())
    }
}

fn name() -> SubgraphRequest {
    products("{name}", &["Product:1"])
}

fn spawn(gateway: &Arc<Gateway>, request: SubgraphRequest) -> tokio::task::JoinHandle<serde_json::Value> {
    let gateway = Arc::clone(gateway);
    tokio::spawn(async move { gateway.ask(request).await })
}

async fn millis(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(start_paused = true)]
async fn without_memory_what_comes_is_put_beside_what_is_in_the_store() {
    let shared = Shared::new();
    let bare = || shared.setup().options(|options| options.memory_bytes = 0).start();
    let (one, two) = (bare(), bare());
    let both = || products("{name price{minor}}", &["Product:1"]);
    assert_eq!(one.judge(name()).await.len(), 1);
    let rest = two.judge(both()).await;
    assert!(matches!(&rest[..], [rest] if !rest.contains("name")), "{rest:?}");
    for gateway in [one, two] {
        for request in [name(), both(), products("{price{minor}}", &["Product:1"])] {
            assert_eq!(gateway.judge(request).await, [""; 0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_memory_what_is_over_in_the_store_is_better_than_an_error() {
    let shared = Shared::new();
    let bare = || {
        let setup = shared.setup().options(|options| options.memory_bytes = 0);
        setup
            .catalog(|catalog| catalog.stale_if_error = Duration::from_secs(30))
            .start()
    };
    let (one, two) = (bare(), bare());
    one.ask(name()).await;
    after(70).await;
    one.fake.state().how = How::Fails;
    let reply = two.send(name()).await.unwrap();
    assert_eq!(read(&reply)["data"]["_entities"][0]["name"], "Lamp");
    assert_eq!(reply.freshness.lifetime, Some(Duration::ZERO));
    let more = products("{name price{minor}}", &["Product:1"]);
    two.send(more).await.unwrap_err();
    one.end(r#"{"subgraph":"catalog","type":"Product","key":{"id":"1"}}"#)
        .await;
    two.send(name()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_one_gateway_loaded_another_one_uses() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    one.judge(products(
        "{name price{minor currency}}",
        &["Product:1", "Product:2"],
    ))
    .await;
    assert!(
        two.judge(products("{price{minor}}", &["Product:2"]))
            .await
            .is_empty()
    );
    // Fields that are missing, and entities.
    let documents = two
        .judge(products(
            "{name sku}",
            &["Product:1", "Product:3", "Product:none"],
        ))
        .await;
    assert_eq!(documents.len(), 1);
    assert!(
        one.judge(products("{sku}", &["Product:1", "Product:none"]))
            .await
            .is_empty()
    );
    one.judge(root("{listings{__typename name}}")).await;
    assert!(two.judge(root("{l:listings{name}}")).await.is_empty());
    // It ends there when it ends here.
    after(61).await;
    assert_eq!(two.judge(products("{name}", &["Product:2"])).await.len(), 1);
    assert_eq!(shared.store.claimed(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_comes_second_waits_for_who_loads() {
    let shared = Shared::new();
    let gateways = [shared.gateway(), shared.gateway(), shared.gateway()];
    shared.fake.state().takes = Duration::from_millis(200);
    let asked: Vec<_> = (0..3).map(|index| spawn(&gateways[index], name())).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap()["data"]["_entities"][0]["name"], "Lamp");
    }
    assert_eq!(shared.fake.documents().len(), 1);
    assert_eq!(shared.store.claimed(), 0);
}

#[tokio::test(start_paused = true)]
async fn claims_are_given_back_whatever_becomes_of_who_holds_them() {
    for how in [How::Fails, How::Panics, How::Body(b"no".to_vec()), How::Well] {
        let shared = Shared::new();
        let gateway = shared.gateway();
        shared.fake.state().how = how;
        let gateway = Arc::clone(&gateway);
        let _ = tokio::spawn(async move { gateway.send(name()).await.map(|_| ()) }).await;
        assert_eq!(shared.store.claimed(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_gives_claims_back_and_says_nothing_of_the_value() {
    // Wherever it is: before the claim, while it waits for another one's, while it looks again, while it loads.
    for moment in 0..40 {
        let shared = Shared::new();
        let (one, two) = (shared.gateway(), shared.gateway());
        shared.fake.state().takes = Duration::from_millis(15);
        let other = spawn(&one, products("{name}", &["Product:2"]));
        millis(4).await;
        let asking = spawn(&two, products("{name}", &["Product:1", "Product:2"]));
        millis(moment).await;
        asking.abort();
        other.await.unwrap();
        let _ = asking.await;
        assert_eq!(shared.store.claimed(), 0, "after {moment} ms");
        let releases = shared.store.released.lock().unwrap().clone();
        assert!(releases.iter().all(|release| release.stored), "after {moment} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_cannot_be_stored() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    shared.fake.state().says = says("no-store");
    one.ask(name()).await;
    assert_eq!(shared.store.len(), 0);
    let releases = shared.store.released.lock().unwrap().clone();
    assert!(!releases.is_empty() && releases.iter().all(|release| !release.stored));
    two.ask(name()).await;
    assert_eq!(shared.store.claimed(), 0);
}

#[tokio::test(start_paused = true)]
async fn garbage_is_as_good_as_nothing() {
    let shared = Shared::new();
    let one = shared.gateway();
    one.ask(name()).await;
    let good = shared
        .store
        .values
        .lock()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .to_vec();
    for at in (0..good.len()).step_by(10) {
        for bad in [
            &good[..at],
            &[&good[..at], b"\xff", &good[at..]].concat(),
            &[&good[..at], b"9", &good[at..]].concat(),
        ] {
            shared.fill(bad);
            // Whatever it is, it is an answer.
            let answer = shared.gateway().ask(name()).await;
            assert!(answer["data"]["_entities"][0].is_object(), "{answer}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_ends_it_for_all() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    one.ask(name()).await;
    two.ask(name()).await;
    shared.fake.set("Product:1", "name", json!("new"));
    one.end(r#"{"subgraph":"catalog","type":"Product","key":{"id":"1"}}"#)
        .await;
    for gateway in [&two, &one, &shared.gateway()] {
        assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
    }
    assert_eq!(shared.fake.documents().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_brings_nothing_back_elsewhere() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    shared.fake.state().takes = Duration::from_millis(100);
    let late = spawn(&one, name());
    millis(50).await;
    shared.fake.set("Product:1", "name", json!("new"));
    two.end(r#"{"subgraph":"catalog","type":"Product"}"#).await;
    // It waits for who loads, and does not take what comes of it.
    let second = spawn(&two, name());
    late.await.unwrap();
    assert_eq!(second.await.unwrap()["data"]["_entities"][0]["name"], "new");
    for gateway in [&two, &one] {
        assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_current_uses_nothing_and_answers_all_the_same() {
    let shared = Shared::new();
    let gateway = shared.gateway();
    gateway.ask(name()).await;
    shared.line.current.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(gateway.calls(name()).await.len(), 1);
    }
    shared.fake.state().how = How::Fails;
    gateway.send(name()).await.unwrap_err();
    shared.line.current.store(true, Ordering::SeqCst);
    assert!(gateway.calls(name()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_stops_being_current_while_it_looks_answers_all_the_same() {
    let shared = Shared::new();
    let gateway = shared.gateway();
    gateway.ask(products("{name}", &["Product:1", "Product:2"])).await;
    let line = Arc::clone(&shared.line);
    *shared.store.on_get.lock().unwrap() =
        Some(Box::new(move || line.current.store(false, Ordering::SeqCst)));
    // Without what is above: what is there is seen again below.
    let request = products("{name}", &["Product:1", "Product:2", "Product:3"]);
    let below = gateway.cache.storing();
    let reply = causeway_executor::SubgraphClient::send(&*below, request)
        .await
        .unwrap();
    assert_eq!(
        crate::setup::read(&reply)["data"]["_entities"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(shared.store.claimed(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_in_another_epoch_is_not_used() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    one.ask(name()).await;
    shared.line.begin(2);
    for gateway in [&one, &two] {
        assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "Lamp");
    }
    assert_eq!(shared.fake.documents().len(), 2);
    assert!(one.calls(name()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_shared_may_be_older_than_what_is_known() {
    let shared = Shared::new();
    let (one, two) = (shared.gateway(), shared.gateway());
    one.ask(products("{name sku}", &["Product:1"])).await;
    let old = shared.store.values.lock().unwrap().clone();
    after(10).await;
    shared.fake.set("Product:1", "name", json!("new"));
    two.ask(name().header("cache-control", "no-cache")).await;
    // What it put is not there yet.
    *shared.store.values.lock().unwrap() = old;
    two.ask(products("{name sku weightGrams}", &["Product:1"])).await;
    assert_eq!(two.ask(name()).await["data"]["_entities"][0]["name"], "new");
}

#[tokio::test(start_paused = true)]
async fn a_mutation_whose_caller_goes_while_it_is_told_is_told() {
    let shared = Shared::new();
    let template = EventTemplate {
        subgraph: "catalog".to_owned(),
        ty: Some("Product".to_owned()),
        key: None,
        tag: None,
    };
    let setup = shared.setup().options(|options| {
        options.mutations.insert("rename".to_owned(), vec![template]);
    });
    let gateway = Arc::new(setup.start());
    gateway.ask(name()).await;
    let mutation = root(r#"mutation{rename(id:"1",input:{name:"new"}){name}}"#).kind(RequestKind::Mutation);
    let asking = spawn(&gateway, mutation);
    // The subgraph takes ten, and telling takes five.
    millis(12).await;
    asking.abort();
    millis(20).await;
    assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
}
