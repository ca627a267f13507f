//! Callers that leave, deadlines, panics, and the end of the runtime.

use std::time::Duration;

use causeway_executor::{FetchFailure, SubgraphClient};
use causeway_loader::InFlight;
use tokio::time::{Instant, sleep, timeout};

use crate::fake::{Fake, TIMEOUT, What, across, ask, ids_in, key, later, loader, root, settle};

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_takes_only_its_own_along() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let leaver = async {
        settle().await;
        let left = timeout(Duration::from_millis(5), loader.send(ask("ada", &[2, 3, 4]))).await;
        assert!(left.is_err());
    };
    let stayer = async {
        settle().await;
        settle().await;
        loader.send(ask("ada", &[4, 5, 2])).await
    };
    let late = async {
        sleep(Duration::from_millis(7)).await;
        loader.send(ask("ada", &[3])).await
    };
    let (_, (), stayer, late) = tokio::join!(loader.send(ask("ada", &[1])), leaver, stayer, late);
    assert_eq!(
        ids_in(&stayer.unwrap().body, "_entities"),
        [Some(4), Some(5), Some(2)]
    );
    assert_eq!(ids_in(&late.unwrap().body, "_entities"), [Some(3)]);
    let sent = fake.calls()[1].lists[0].1.clone();
    assert_eq!(sent, [key(2), key(4), key(5), key(3)]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_never_sent() {
    let fake = Fake::good();
    let loader = loader(&fake, across(2, 1));
    let leaver = async {
        settle().await;
        let left = timeout(
            Duration::from_millis(5),
            loader.send(ask("ada", &[2, 3, 4, 5, 6])),
        )
        .await;
        assert!(left.is_err());
    };
    let (first, ()) = tokio::join!(loader.send(ask("ada", &[1])), leaver);
    first.unwrap();
    assert_eq!(fake.calls().len(), 1);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_who_made_it() {
    for request in [ask("ada", &[1, 2]), root("ada")] {
        let fake = Fake::good();
        let loader = loader(&fake, across(100, 1));
        let leaver = async {
            let left = timeout(Duration::from_millis(5), loader.send(request.clone())).await;
            assert!(left.is_err());
        };
        let joiner = async {
            sleep(Duration::from_millis(2)).await;
            loader.send(request.clone()).await
        };
        let ((), joiner) = tokio::join!(leaver, joiner);
        assert_eq!(joiner.unwrap().dispatch.calls, 0);
        assert_eq!(fake.calls().len(), 1);
        assert_eq!(loader.in_flight(), InFlight::default());
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_in_the_queue_counts() {
    let fake = Fake::new(|seen| What::Good.after(if seen.number == 0 { 400 } else { 200 }));
    let loader = loader(&fake, across(1, 1));
    let started = Instant::now();
    let (first, second, third) = tokio::join!(
        loader.send(ask("ada", &[1])),
        loader.send(ask("ada", &[2])),
        loader.send(ask("ada", &[3, 1])),
    );
    first.unwrap();
    let late = FetchFailure::Timeout { millis: 500 };
    assert_eq!(second.unwrap_err(), late);
    let third = third.unwrap();
    assert_eq!(
        ids_in(&third.body, "_entities"),
        [None, Some(1)],
        "what came in time is kept"
    );
    assert_eq!(started.elapsed(), TIMEOUT);
    sleep(TIMEOUT).await;
    assert_eq!(fake.calls().len(), 2, "3 was never sent");
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_callers_failure_and_nobody_elses() {
    let fake = Fake::new(|seen| match seen.number {
        0 => What::Panics.after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let (first, second, queued) = tokio::join!(
        loader.send(ask("ada", &[1])),
        loader.send(ask("ada", &[1])),
        later(loader.send(ask("ada", &[2]))),
    );
    assert_eq!(first.unwrap_err(), FetchFailure::Broken);
    assert_eq!(second.unwrap_err(), FetchFailure::Broken);
    assert_eq!(ids_in(&queued.unwrap().body, "_entities"), [Some(2)]);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_shared_call_ends_for_all_who_share_it() {
    let fake = Fake::new(|seen| match seen.number {
        0 => What::Panics.after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let (first, second) = tokio::join!(loader.send(root("ada")), loader.send(root("ada")));
    assert_eq!(first.unwrap_err(), FetchFailure::Broken);
    assert_eq!(second.unwrap_err(), FetchFailure::Broken);
    loader.send(root("ada")).await.unwrap();
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[test]
fn the_end_of_a_runtime_leaves_nothing_behind() {
    let fake = Fake::new(|_| What::Good.after(100_000));
    let loader = loader(&fake, across(1, 1));
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let first = runtime();
    first.block_on(async {
        let both = async { tokio::join!(loader.send(ask("ada", &[1, 2, 3])), loader.send(root("ada"))) };
        assert!(timeout(Duration::from_millis(10), both).await.is_err());
    });
    drop(first);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn a_meter_counts_to_the_end_of_a_loader_and_does_not_keep_it() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let meter = loader.meter();
    loader.send(ask("ada", &[1, 2])).await.unwrap();
    assert_eq!(meter.stats(), loader.stats());
    // Left behind under way, as on a graph that was replaced.
    let last = loader.clone();
    let under_way = tokio::spawn(async move { last.send(ask("ada", &[3])).await });
    settle().await;
    drop(loader);
    assert!(!meter.is_final());
    assert_eq!(meter.in_flight().groups, 1);
    under_way.await.unwrap().unwrap();
    settle().await;
    assert!(meter.is_final());
    assert_eq!(meter.in_flight(), InFlight::default());
    let stats = &meter.stats()[0];
    assert_eq!(
        (stats.calls, stats.entities_asked, stats.entities_sent),
        (2, 3, 3)
    );
    // Nobody but the test holds the client.
    assert_eq!(std::sync::Arc::strong_count(&fake), 1);
}
