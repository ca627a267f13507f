//! What is over is served while it is loaded anew, or when the subgraph fails; and nobody loads what another one loads.

use std::{sync::Arc, time::Duration};

use causeway_executor::SubgraphRequest;
use futures::future::join_all;

use crate::{
    fake::{How, says},
    setup::{Gateway, Setup, With, after, products, read},
};

fn name() -> SubgraphRequest {
    products("{name}", &["Product:1"])
}

fn stale(revalidate: u64, error: u64) -> Setup {
    Setup::new().catalog(|catalog| {
        catalog.stale_while_revalidate = Duration::from_secs(revalidate);
        catalog.stale_if_error = Duration::from_secs(error);
    })
}

/// Until everything is done that is under way.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn many_callers_of_something_stale_are_one_load_in_the_background() {
    for setup in [
        stale(30, 0),
        stale(30, 0).loading(),
        stale(30, 0).loading().sees(&["x-user", "causeway-refresh"]),
    ] {
        let gateway = setup.start();
        gateway.ask(name()).await;
        gateway.fake.set("Product:1", "name", "new".into());
        after(61).await;
        gateway.fake.documents();
        let answers = join_all((0..100).map(|_| gateway.ask(name()))).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer["data"]["_entities"][0]["name"] == "Lamp")
        );
        settle().await;
        let calls = gateway.fake.calls();
        assert_eq!(calls.len(), 1);
        assert!(calls[0].headers.is_empty(), "{:?}", calls[0].headers);
        assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
        assert!(gateway.calls(name()).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_loaded_anew_is_tried_again_and_then_over() {
    let gateway = stale(30, 0).start();
    gateway.ask(name()).await;
    after(61).await;
    for how in [How::Fails, How::Panics] {
        gateway.fake.state().how = how;
        gateway.ask(name()).await;
        settle().await;
    }
    gateway.fake.documents();
    gateway.fake.state().how = How::Fails;
    gateway.ask(name()).await;
    settle().await;
    assert_eq!(gateway.fake.documents().len(), 1);
    after(30).await;
    gateway.send(name()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_better_than_an_error() {
    let gateway = stale(0, 30).start();
    gateway.ask(name()).await;
    gateway.ask(products("{sku}", &["Product:2"])).await;
    gateway.fake.state().how = How::Fails;
    after(70).await;
    let reply = gateway.send(name()).await.unwrap();
    assert_eq!(read(&reply)["data"]["_entities"][0]["name"], "Lamp");
    assert_eq!(reply.freshness.lifetime, Some(Duration::ZERO));
    // Half an answer is none.
    gateway
        .send(products("{name}", &["Product:1", "Product:2"]))
        .await
        .unwrap_err();
    gateway
        .send(products("{name sku}", &["Product:1"]))
        .await
        .unwrap_err();
    gateway
        .end(r#"{"subgraph":"catalog","type":"Product","key":{"id":"1"}}"#)
        .await;
    gateway.send(name()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_answer_says_how_stale_it_may_be() {
    for (control, after_end, is_answered) in [
        ("max-age=60, stale-while-revalidate=10", 5, true),
        ("max-age=60, stale-while-revalidate=10", 15, false),
        ("max-age=60, stale-if-error=10", 5, true),
        ("max-age=60, must-revalidate", 5, false),
    ] {
        let gateway = stale(0, 0).start();
        if control.contains("must") {
            let gateway = stale(30, 30).start();
            gateway.fake.state().says = says(control);
            gateway.ask(name()).await;
            gateway.fake.state().how = How::Fails;
            after(60 + after_end).await;
            gateway.send(name()).await.unwrap_err();
        }
        gateway.fake.state().says = says(control);
        gateway.ask(name()).await;
        gateway.fake.state().how = How::Fails;
        after(60 + after_end).await;
        assert_eq!(gateway.send(name()).await.is_ok(), is_answered, "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_about_to_end_is_loaded_before_it_does() {
    // A load takes a second; of e to the power of -2 and less, it is two seconds early.
    let gateway = Setup::new()
        .options(|options| options.early_refresh = 1.0)
        .start();
    gateway.fake.state().takes = Duration::from_secs(1);
    *gateway.draw.lock().unwrap() = (-2.0_f64).exp() * 0.999;
    gateway.ask(name()).await;
    after(57).await;
    assert!(gateway.calls(name()).await.is_empty());
    after(1).await;
    assert!(gateway.calls(name()).await.is_empty(), "it is not waited for");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(gateway.fake.documents().len(), 1);
    after(5).await;
    assert!(gateway.calls(name()).await.is_empty());
}

async fn crowd(gateway: &Gateway, requests: impl Fn(usize) -> SubgraphRequest) -> usize {
    gateway.fake.documents();
    join_all((0..1000).map(|number| gateway.send(requests(number)))).await;
    gateway.fake.documents().len()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_are_one_call() {
    let gateway = Setup::new().loading().start();
    assert_eq!(crowd(&gateway, |_| name()).await, 1, "of something unknown");
    assert_eq!(crowd(&gateway, |_| name()).await, 0);
    after(61).await;
    assert_eq!(crowd(&gateway, |_| name()).await, 1, "of something that is over");
    after(61).await;
    let anew = |_| name().header("cache-control", "no-cache");
    assert_eq!(crowd(&gateway, anew).await, 1, "of those who want it new");
}

#[tokio::test(start_paused = true)]
async fn different_selections_of_one_entity_at_a_time() {
    let gateway = Setup::new().loading().start();
    let selections = ["{name}", "{name sku}", "{sku weightGrams}"];
    let count = crowd(&gateway, |number| {
        products(selections[number % 3], &["Product:1", "Product:2"])
    })
    .await;
    assert!((1..=3).contains(&count), "{count}");
    for selection in selections {
        assert!(
            gateway
                .judge(products(selection, &["Product:2", "Product:1"]))
                .await
                .is_empty()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn callers_who_go_take_nobodys_answer_along() {
    let gateway = Arc::new(Setup::new().loading().start());
    let first = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move { gateway.ask(name()).await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    let second = gateway.ask(name());
    first.abort();
    assert_eq!(second.await["data"]["_entities"][0]["name"], "Lamp");
    assert_eq!(gateway.fake.documents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_something_new_does_not_join_the_others_of_a_public_subgraph() {
    let setup = Setup::new().loading().sees(&["x-user"]);
    let gateway = Arc::new(setup.catalog(|catalog| catalog.public = true).start());
    let asks = ["ann", "bob"].map(|user| gateway.ask(name().header("x-user", user)));
    join_all(asks).await;
    assert_eq!(gateway.fake.documents().len(), 1, "it answers everybody alike");
    let asks = [name(), name().header("cache-control", "no-cache")].map(|request| gateway.ask(request));
    join_all(asks).await;
    assert_eq!(gateway.fake.documents().len(), 1, "one of them wants it new");
    let missing = || products("{sku}", &["Product:1"]);
    let asks = [
        missing(),
        missing().header("cache-control", "no-cache"),
        missing().header("cache-control", "no-store"),
    ];
    join_all(asks.map(|request| gateway.ask(request))).await;
    assert_eq!(gateway.fake.documents().len(), 3);
}
