//! How long questions wait for company, how many leave together, and what becomes of those that nobody waits for.

use std::{sync::Arc, time::Duration};

use causeway_executor::{FetchFailure, SubgraphClient};
use causeway_loader::{InFlight, Merging};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use crate::{
    fake::{Fake, TIMEOUT, What, across, ids_in, loader, query, settle, the_user, user},
    merged::{batching, books, data, first_then, meanings},
};

#[tokio::test(start_paused = true)]
async fn a_slow_field_keeps_none_but_its_like_waiting() {
    let fake = Fake::new(|seen| What::Good.after(if seen.roots[0].name == "report" { 300 } else { 10 }));
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let users = async {
        settle().await;
        let both = tokio::join!(
            loader.send(user("ada", 1)),
            loader.send(query("ada", "{user(id:2){name} me{name}}", ""))
        );
        (started.elapsed(), both)
    };
    let report = |year| query("ada", &format!("{{report(year:{year}){{sum}}}}"), "");
    let (_, (elapsed, _)) = tokio::join!(loader.send(report(1)), users);
    assert_eq!(elapsed, Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn what_has_waited_long_enough_leaves_though_all_slots_are_taken() {
    let fake = Fake::new(|seen| What::Good.after(if seen.number == 0 { 300 } else { 10 }));
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let others = vec![user("ada", 2), user("ada", 3)];
    let late = async {
        sleep(Duration::from_millis(40)).await;
        let reply = loader.send(user("ada", 4)).await;
        (started.elapsed(), reply)
    };
    let quick = async {
        let (_, others) = first_then(&loader, user("ada", 1), others).await;
        others
    };
    let (others, (elapsed, late)) = tokio::join!(quick, late);
    // 2 ms until the others come, 50 that they wait, 10 for the call; who came meanwhile leaves with them.
    assert_eq!(elapsed, Duration::from_millis(62));
    assert_eq!(data(&late), the_user("ada", 4));
    assert_eq!(data(&others[1]), the_user("ada", 3));
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.roots.len()).collect();
    assert_eq!(sent, [1, 3]);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn operations_have_a_largest_size() {
    let fake = Fake::good();
    let roots = Merging {
        max_operations: 2,
        ..Merging::default()
    };
    let loader = loader(&fake, batching(Some(roots)));
    let (_, others) = first_then(
        &loader,
        user("ada", 1),
        (2..=6).map(|id| user("ada", id)).collect(),
    )
    .await;
    for (id, reply) in (2..).zip(&others) {
        assert_eq!(data(reply), the_user("ada", id));
    }
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.roots.len()).collect();
    assert_eq!(sent, [1, 2, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn operations_have_a_largest_length() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let long = |id: u32| query("ada", &format!("{{user(id:{id}){{{}}}}}", "n".repeat(25_000)), "");
    let (_, others) = first_then(&loader, user("ada", 1), (2..=6).map(long).collect()).await;
    assert!(others.iter().all(Result::is_ok));
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.roots.len()).collect();
    assert_eq!(sent, [1, 2, 2, 1]);
    let huge = query("ada", &format!("{{user(id:9){{{}}}}}", "n".repeat(90_000)), "");
    let (_, others) = first_then(&loader, user("ada", 1), vec![huge, user("ada", 3)]).await;
    assert!(
        others.iter().all(Result::is_ok),
        "what is too long by itself is sent by itself"
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_not_sent() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let leaver = async {
        settle().await;
        let both = async { tokio::join!(loader.send(user("ada", 2)), loader.send(user("ada", 3))) };
        assert!(timeout(Duration::from_millis(5), both).await.is_err());
        // Came after the first had gone; the place of the one that was given up is nobody's.
        let (second, fourth) = tokio::join!(loader.send(user("ada", 2)), loader.send(user("ada", 4)));
        assert_eq!(data(&second), the_user("ada", 2));
        assert_eq!(data(&fourth), the_user("ada", 4));
    };
    let stayer = async {
        settle().await;
        settle().await;
        loader.send(user("ada", 3)).await
    };
    let (_, (), stayer) = tokio::join!(loader.send(user("ada", 1)), leaver, stayer);
    assert_eq!(data(&stayer), the_user("ada", 3));
    let sent = fake.calls();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        meanings(&sent[1]),
        ["user(id:3){name}", "user(id:2){name}", "user(id:4){name}"]
    );
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn an_operation_outlives_who_asked_and_nothing_is_asked_again_for_nobody() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body("{}".to_owned()).after(20),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let leaver = async {
        sleep(Duration::from_millis(2)).await;
        let left = timeout(Duration::from_millis(15), loader.send(user("ada", 2))).await;
        assert!(left.is_err());
    };
    let (_, (), (_, others)) = tokio::join!(
        loader.send(user("ada", 9)),
        leaver,
        first_then(&loader, user("ada", 9), vec![user("ada", 3)])
    );
    assert_eq!(data(&others[0]), the_user("ada", 3));
    let sent = fake.calls();
    assert_eq!(meanings(&sent[1]).len(), 2);
    assert_eq!(meanings(&sent[2]), ["user(id:3){name}"]);
    assert_eq!(sent.len(), 3);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn waiting_and_asking_again_end_with_the_deadline() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body("{}".to_owned()).after(400),
        2 => What::Good.after(300),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let joiner = async {
        sleep(Duration::from_millis(300)).await;
        let reply = loader.send(user("ada", 2)).await;
        (started.elapsed(), reply)
    };
    let both = async {
        let (_, others) = first_then(&loader, user("ada", 1), vec![user("ada", 2), user("ada", 3)]).await;
        (started.elapsed(), others)
    };
    let ((elapsed, others), (joined_for, joined)) = tokio::join!(both, joiner);
    assert_eq!(elapsed, TIMEOUT + Duration::from_millis(2));
    assert_eq!(
        others[0].as_ref().unwrap_err(),
        &FetchFailure::Timeout { millis: 500 }
    );
    assert_eq!(data(&others[1]), the_user("ada", 3));
    // It came later, and has time for the second call.
    assert_eq!(joined_for, Duration::from_millis(710));
    assert_eq!(data(&joined), the_user("ada", 2));
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[test]
fn the_end_of_a_runtime_leaves_nothing_behind() {
    let fake = Fake::new(|_| What::Good.after(100_000));
    let loader = loader(&fake, across(1, 1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let some = first_then(&loader, user("ada", 1), vec![user("ada", 2), user("ada", 3)]);
        assert!(timeout(Duration::from_millis(10), some).await.is_err());
    });
    drop(runtime);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_nobody_waits_for_is_not_sent_and_one_operation_has_so_many_entities() {
    let fake = Fake::good();
    let loader = loader(&fake, across(4, 1));
    let leaver = async {
        sleep(Duration::from_millis(2)).await;
        let asked = timeout(
            Duration::from_millis(5),
            loader.send(books("ada", "title", &[1, 2])),
        );
        assert!(asked.await.is_err());
        // It is given up: who asks the same now asks anew.
        loader.send(books("ada", "title", &[1, 2])).await
    };
    let others = vec![books("ada", "cover", &[1, 2, 3]), books("ada", "isbn", &[1, 2])];
    let (again, (_, others)) = tokio::join!(leaver, first_then(&loader, books("ada", "pages", &[9]), others));
    assert_eq!(ids_in(&again.unwrap().body, "_entities"), [Some(1), Some(2)]);
    assert!(others.iter().all(Result::is_ok));
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.keys().len()).collect();
    assert_eq!(sent, [1, 4, 3], "no more than four together");
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn while_calls_are_full_fewer_are_under_way() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 2));
    let crowd = |from: u32, count: u32| {
        let all = (from..from + count).map(|id| loader.send(user("ada", id)));
        futures::future::join_all(all.collect::<Vec<_>>())
    };
    let after = |millis| sleep(Duration::from_millis(millis));
    let second = async {
        after(1).await;
        crowd(100, 3).await
    };
    let third = async {
        after(2).await;
        crowd(200, 3).await
    };
    let sizes = |fake: &Fake| -> Vec<usize> { fake.calls().iter().map(|seen| seen.roots.len()).collect() };
    tokio::join!(crowd(0, 20), second, third);
    assert_eq!(sizes(&fake), [20, 6], "after twenty nobody takes the second slot");
    let second = async {
        after(1).await;
        crowd(100, 3).await
    };
    tokio::join!(crowd(0, 8), second);
    assert_eq!(sizes(&fake)[2..], [8, 3], "after eight it is open");
    assert_eq!(fake.state().peak, 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_joins_a_batch_in_the_moment_in_which_it_is_given_up() {
    for turns in 0..8 {
        let fake = Fake::good();
        let loader = loader(&fake, across(100, 1));
        let leaver = async {
            sleep(Duration::from_millis(2)).await;
            let asked = timeout(Duration::from_millis(5), loader.send(books("ada", "title", &[1])));
            assert!(asked.await.is_err());
        };
        let other = loader.clone();
        let late = tokio::spawn(async move {
            // Now the slot frees, and the batch is to leave.
            sleep(Duration::from_millis(10)).await;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            other.send(books("ada", "title", &[1])).await
        });
        let (first, (), late) = tokio::join!(loader.send(books("ada", "pages", &[9])), leaver, late);
        assert!(first.is_ok());
        let late = late
            .unwrap()
            .unwrap_or_else(|failure| panic!("{turns} turns: {failure}"));
        assert_eq!(ids_in(&late.body, "_entities"), [Some(1)]);
        assert_eq!(loader.in_flight(), InFlight::default());
    }
}

/// On a worker thread of its own: there a task that was just made comes before those that wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn those_that_are_woken_together_leave_together() {
    for entities in [false, true] {
        let fake = Fake::good();
        let loader = loader(&fake, across(100, 1));
        let woken = Arc::new(Notify::new());
        let asking = (1..=7).map(|id| {
            let (loader, woken) = (loader.clone(), Arc::clone(&woken));
            tokio::spawn(async move {
                woken.notified().await;
                let request = match entities {
                    true => books("ada", "title", &[id]),
                    false => user("ada", id),
                };
                loader.send(request).await
            })
        });
        let asking: Vec<_> = asking.collect();
        sleep(Duration::from_millis(20)).await;
        tokio::spawn(async move { woken.notify_waiters() }).await.unwrap();
        for asked in asking {
            assert!(asked.await.unwrap().is_ok());
        }
        assert_eq!(fake.calls().len(), 1, "entities: {entities}");
    }
}
