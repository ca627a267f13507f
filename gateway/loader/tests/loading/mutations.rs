//! Writes, and reads around them.

use std::time::Duration;

use causeway_executor::{FetchFailure, RequestKind, SubgraphClient, SubgraphRequest};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::fake::{Fake, What, across, ask, ids_in, loader, mutation, root, settle};

fn version(body: &[u8], place: &str) -> u64 {
    let body: Value = serde_json::from_slice(body).unwrap();
    body.pointer(place).unwrap()["version"].as_u64().unwrap()
}

#[tokio::test(start_paused = true)]
async fn equal_mutations_are_each_carried_out_once() {
    let fake = Fake::new(|_| What::Fails(FetchFailure::BadStatus { status: 500 }).after(10));
    let loader = loader(&fake, across(100, 1));
    let (first, second) = tokio::join!(loader.send(mutation("ada")), loader.send(mutation("ada")));
    assert!(first.is_err() && second.is_err());
    assert_eq!(fake.calls().len(), 2);
}

/// A slow read leaves, then a mutation is answered, or fails, or is given up; who comes after must not get the slow read's answer.
#[tokio::test(start_paused = true)]
async fn what_left_before_a_mutation_ended_is_joined_by_nobody_after_it() {
    for (request, place) in [
        (ask("ada", &[1]), "/data/_entities/0"),
        (root("ada"), "/data/root"),
    ] {
        for end in ["answered", "failed", "given up"] {
            let fake = Fake::new(move |seen| match (seen.kind, end) {
                (RequestKind::Mutation, "answered") => What::Good.after(10),
                (RequestKind::Mutation, "failed") => {
                    What::Fails(FetchFailure::BadStatus { status: 500 }).after(10)
                }
                (RequestKind::Mutation, _) => What::Good.after(1000),
                _ if seen.number == 0 => What::Good.after(300),
                _ => What::Good.after(10),
            });
            let loader = loader(&fake, across(100, 2));
            let before = loader.send(request.clone());
            let writer = async {
                settle().await;
                let joined = loader.send(request.clone());
                let written = timeout(Duration::from_millis(20), loader.send(mutation("bob")));
                let (joined, written) = tokio::join!(joined, async {
                    let written = written.await;
                    assert_eq!(written.is_err(), end == "given up");
                    loader.send(request.clone()).await
                });
                (joined.unwrap(), written.unwrap())
            };
            let (before, (joined, after)) = tokio::join!(before, writer);
            assert_eq!(version(&before.unwrap().body, place), 0);
            assert_eq!(version(&joined.body, place), 0, "came before the mutation");
            assert_eq!(version(&after.body, place), 1, "{end}");
            assert_eq!(fake.calls().len(), 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_slot_may_be_joined_after_a_mutation() {
    let fake = Fake::new(|seen| What::Good.after(if seen.number == 0 { 100 } else { 10 }));
    let loader = loader(&fake, across(100, 1));
    let writer = async {
        settle().await;
        let queued = loader.send(ask("ada", &[2, 3]));
        let after = async {
            loader.send(mutation("ada")).await.unwrap();
            loader.send(ask("ada", &[1, 2])).await
        };
        tokio::join!(queued, after)
    };
    let (_, (queued, after)) = tokio::join!(loader.send(ask("ada", &[1])), writer);
    assert_eq!(version(&queued.unwrap().body, "/data/_entities/0"), 1);
    let after = after.unwrap();
    assert_eq!(ids_in(&after.body, "_entities"), [Some(1), Some(2)]);
    assert_eq!(version(&after.body, "/data/_entities/0"), 1);
    assert_eq!(after.dispatch.joined, 1);
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn reads_after_a_mutation_of_their_operation_join_nothing() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let after = |request: SubgraphRequest| SubgraphRequest {
        kind: RequestKind::QueryAfterMutation,
        ..request
    };
    let (_, _, first, second, third) = tokio::join!(
        loader.send(ask("ada", &[1])),
        loader.send(root("ada")),
        loader.send(after(ask("ada", &[1]))),
        loader.send(after(ask("ada", &[1]))),
        loader.send(after(root("ada"))),
    );
    for reply in [first, second, third] {
        assert_eq!(
            (
                reply.as_ref().unwrap().dispatch.calls,
                reply.unwrap().dispatch.joined
            ),
            (1, 0)
        );
    }
    assert_eq!(fake.calls().len(), 5);
    sleep(Duration::from_millis(1)).await;
}
