//! What is taken together, and what each caller gets of it.

use std::{sync::Arc, time::Duration};

use causeway_executor::{Dispatch, FetchFailure, SubgraphClient};
use causeway_loader::{Batching, InFlight};
use serde_json::json;
use tokio::time::Instant;

use crate::fake::{Fake, What, across, ask, ask_lists, errors_in, ids_in, key, loader, settle};

#[tokio::test(start_paused = true)]
async fn an_idle_loader_sends_at_once_and_touches_nothing() {
    let odd = "{ \"data\" : {\"_entities\":[ {\"x\":1.50},null ]}, \"extensions\": {} , \"errors\": [ {\"message\":\"?\"} ] }";
    let fake = Fake::new(move |_| What::Body(odd.to_owned()).after(10));
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let reply = loader.send(ask("ada", &[1, 2])).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_millis(10));
    assert_eq!(&reply.body[..], odd.as_bytes());
    assert_eq!(
        reply.dispatch,
        Dispatch {
            calls: 1,
            joined: 0,
            batch_size: 2,
            waited: Duration::ZERO,
            ..Dispatch::default()
        }
    );
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_slots_are_busy_leaves_as_one_batch() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let first = loader.send(ask("ada", &[1]));
    let second = async {
        settle().await;
        loader.send(ask("ada", &[3, 2])).await
    };
    let third = async {
        settle().await;
        settle().await;
        loader.send(ask("ada", &[2, 4, 3])).await
    };
    let (first, second, third) = tokio::join!(first, second, third);
    assert_eq!(ids_in(&first.unwrap().body, "_entities"), [Some(1)]);
    let second = second.unwrap();
    assert_eq!(ids_in(&second.body, "_entities"), [Some(3), Some(2)]);
    assert_eq!(
        second.dispatch,
        Dispatch {
            calls: 1,
            joined: 0,
            batch_size: 3,
            waited: Duration::from_millis(10),
            ..Dispatch::default()
        }
    );
    let third = third.unwrap();
    assert_eq!(ids_in(&third.body, "_entities"), [Some(2), Some(4), Some(3)]);
    assert_eq!((third.dispatch.calls, third.dispatch.joined), (0, 2));
    let sent: Vec<_> = fake.calls().iter().map(|call| call.lists[0].1.clone()).collect();
    assert_eq!(sent, [vec![key(1)], vec![key(3), key(2), key(4)]]);
    let stats = &loader.stats()[0];
    assert_eq!(
        (stats.calls, stats.entities_asked, stats.entities_sent),
        (2, 6, 4)
    );
    assert_eq!(stats.joined, 2);
    assert_eq!(stats.batch_sizes[..3], [1, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_not_asked_again() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 4));
    let first = loader.send(ask("ada", &[1, 2, 3]));
    let second = async {
        settle().await;
        loader.send(ask("ada", &[3, 5, 1])).await
    };
    let same = async {
        settle().await;
        loader.send(ask("ada", &[1, 2, 3])).await
    };
    let (first, second, same) = tokio::join!(first, second, same);
    let (first, second, same) = (first.unwrap(), second.unwrap(), same.unwrap());
    assert_eq!(ids_in(&second.body, "_entities"), [Some(3), Some(5), Some(1)]);
    assert_eq!(same.body, first.body);
    assert_eq!(same.dispatch.calls, 0);
    assert_eq!(same.dispatch.joined, 3);
    let sent: Vec<_> = fake.calls().iter().map(|call| call.lists[0].1.clone()).collect();
    assert_eq!(sent, [vec![key(1), key(2), key(3)], vec![key(5)]]);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn batches_have_a_largest_size_over_all_their_lists() {
    let fake = Fake::good();
    let loader = loader(&fake, across(4, 2));
    let lists: [(&str, &[u32]); 2] = [("a", &[1, 2, 3, 4, 5]), ("b", &[1, 7, 8])];
    let reply = loader.send(ask_lists("ada", "two", &lists)).await.unwrap();
    assert_eq!(
        ids_in(&reply.body, "a"),
        [Some(1), Some(2), Some(3), Some(4), Some(5)]
    );
    assert_eq!(ids_in(&reply.body, "b"), [Some(1), Some(7), Some(8)]);
    let sizes: Vec<_> = fake.calls().iter().map(|call| call.keys().len()).collect();
    assert_eq!(sizes, [4, 4]);
    assert_eq!(reply.dispatch.calls, 2);
    assert_eq!(reply.dispatch.batch_size, 4);
}

#[tokio::test(start_paused = true)]
async fn identities_share_nothing_unless_the_subgraph_is_public() {
    for (public, calls) in [(false, 2), (true, 1)] {
        let fake = Fake::good();
        let batching = Batching::On {
            across_requests: true,
            max_batch_size: 100,
            slots: 1,
            public,
            merging: None,
        };
        let loader = loader(&fake, batching);
        let (ada, bob) = tokio::join!(loader.send(ask("ada", &[1])), loader.send(ask("bob", &[1])));
        assert_eq!(fake.calls().len(), calls);
        let same = ada.unwrap().body == bob.unwrap().body;
        assert_eq!(same, public);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_reaches_those_who_asked_for_its_entity_at_their_own_index() {
    let fake = Fake::new(|_| What::ErrorsAt(vec![key(2)]).after(10));
    let loader = loader(&fake, across(100, 1));
    let (first, second, third) = tokio::join!(
        loader.send(ask("ada", &[1, 2])),
        loader.send(ask("ada", &[7, 8, 2])),
        loader.send(ask("ada", &[1])),
    );
    let error = |index: usize| {
        json!({
            "path": ["_entities", index, "name"],
            "message": format!("no {} for ada", key(2)),
            "extensions": { "code": "GONE" },
        })
    };
    assert_eq!(errors_in(&first.unwrap().body), [error(1)]);
    let second = second.unwrap();
    assert_eq!(ids_in(&second.body, "_entities"), [Some(7), Some(8), None]);
    assert_eq!(errors_in(&second.body), [error(2)]);
    let third = third.unwrap();
    assert_eq!(ids_in(&third.body, "_entities"), [Some(1)]);
    assert_eq!(errors_in(&third.body), [] as [serde_json::Value; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_everybodys_and_the_rest_of_an_answer_stays() {
    let down = || FetchFailure::BadStatus { status: 503 };
    let fake = Fake::new(move |seen| match seen.number {
        1 => What::Fails(down()).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(2, 1));
    let (first, second) = tokio::join!(loader.send(ask("ada", &[1, 2, 3])), loader.send(ask("ada", &[3])),);
    assert_eq!(second.unwrap_err(), down());
    let first = first.unwrap();
    assert_eq!(ids_in(&first.body, "_entities"), [Some(1), Some(2), None]);
    assert_eq!(
        errors_in(&first.body),
        [json!({
            "message": "subgraph `shelf` answered HTTP status 503 without a GraphQL response",
            "path": ["_entities", 2],
            "extensions": { "code": "SUBGRAPH_HTTP_ERROR" },
        })]
    );
    assert_eq!(fake.calls().len(), 2, "a call that failed is not repeated");
    assert!(Arc::strong_count(&fake) > 1);
}
