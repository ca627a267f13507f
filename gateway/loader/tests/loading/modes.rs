//! Without batching, without other requests, and root queries.

use causeway_executor::{FetchFailure, SubgraphClient};
use causeway_loader::{Batching, InFlight, Loader, LoaderOptions, SubgraphLoading};
use std::sync::Arc;

use crate::fake::{Fake, TIMEOUT, What, across, ask, ask_lists, errors_in, ids_in, key, loader, root};

#[tokio::test(start_paused = true)]
async fn without_batching_every_entity_is_a_call() {
    let fake = Fake::new(|seen| match seen.keys()[..] {
        [one] if one == key(2) => What::Fails(FetchFailure::BadStatus { status: 500 }).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, Batching::Off { slots: 3 });
    let lists: [(&str, &[u32]); 2] = [("a", &[1, 2]), ("b", &[2, 3])];
    let (first, second) = tokio::join!(
        loader.send(ask_lists("ada", "two", &lists)),
        loader.send(ask_lists("ada", "two", &lists)),
    );
    let first = first.unwrap();
    assert_eq!(ids_in(&first.body, "a"), [Some(1), None]);
    assert_eq!(ids_in(&first.body, "b"), [None, Some(3)]);
    assert_eq!(errors_in(&first.body).len(), 2);
    assert_eq!(first.dispatch.calls, 4);
    assert_eq!(second.unwrap().body, first.body);
    assert_eq!(fake.calls().len(), 8);
    // The slots are each request's own.
    assert_eq!(fake.state().peak, 2 * 3);
}

#[tokio::test(start_paused = true)]
async fn without_batching_a_request_keeps_to_its_slots() {
    let fake = Fake::new(|_| What::Good.after(10));
    let loader = loader(&fake, Batching::Off { slots: 3 });
    let many: Vec<u32> = (0..200).collect();
    let reply = loader.send(ask("ada", &many)).await.unwrap();
    assert_eq!(reply.dispatch.calls, 200);
    assert_eq!(fake.state().peak, 3);
}

#[tokio::test(start_paused = true)]
async fn without_other_requests_each_has_its_own_batches() {
    let fake = Fake::good();
    let batching = Batching::On {
        across_requests: false,
        max_batch_size: 2,
        slots: 2,
        public: false,
        merging: None,
    };
    let loader = loader(&fake, batching);
    let (first, second) = tokio::join!(
        loader.send(ask("ada", &[1, 2, 3, 4, 5])),
        loader.send(ask("ada", &[1, 2])),
    );
    let first = first.unwrap();
    assert_eq!(ids_in(&first.body, "_entities").len(), 5);
    assert_eq!((first.dispatch.calls, first.dispatch.batch_size), (3, 2));
    assert_eq!(second.unwrap().dispatch.calls, 1);
    assert_eq!(fake.calls().len(), 4);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn equal_root_queries_share_a_call_within_an_identity() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let mut other = root("ada");
    other.variables = "\"first\":4".into();
    let (first, second, bob, other) = tokio::join!(
        loader.send(root("ada")),
        loader.send(root("ada")),
        loader.send(root("bob")),
        loader.send(other),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.body, second.body);
    assert_eq!((first.dispatch.calls, first.dispatch.joined), (1, 0));
    assert_eq!((second.dispatch.calls, second.dispatch.joined), (0, 1));
    assert_ne!(bob.unwrap().body, first.body);
    assert_eq!(other.unwrap().dispatch.calls, 1);
    assert_eq!(fake.calls().len(), 3);
    loader.send(root("ada")).await.unwrap();
    assert_eq!(fake.calls().len(), 4, "an answer that is there is not kept");
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn sharing_can_be_off_and_unknown_subgraphs_are_the_clients_business() {
    let fake = Fake::good();
    let loader = Loader::new(
        Arc::clone(&fake) as Arc<dyn SubgraphClient>,
        LoaderOptions {
            subgraphs: vec![SubgraphLoading {
                name: "shelf".to_owned(),
                timeout: TIMEOUT,
                batching: across(100, 1),
            }],
            share_calls: false,
        },
    );
    let mut unknown = ask("ada", &[1]);
    unknown.subgraph = causeway_model::SubgraphId(7);
    let (_, _, reply) = tokio::join!(
        loader.send(root("ada")),
        loader.send(root("ada")),
        loader.send(unknown)
    );
    assert_eq!(ids_in(&reply.unwrap().body, "_entities"), [Some(1)]);
    assert_eq!(fake.calls().len(), 3);
}
