//! Questions that leave as one operation.

use std::time::Duration;

use causeway_executor::{Dispatch, FetchFailure, SubgraphClient, SubgraphReply, SubgraphRequest};
use causeway_loader::{Batching, InFlight, Loader, LoaderOptions, Merging, SubgraphLoading};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::fake::{
    Fake, Seen, TIMEOUT, What, across, ask_lists, errors_in, ids_in, key, loader, mutation, query,
    root_value, settle, the_user, user,
};
use crate::graphql::template;

pub(crate) fn data(reply: &Result<SubgraphReply, FetchFailure>) -> Value {
    let body: Value = serde_json::from_slice(&reply.as_ref().unwrap().body).unwrap();
    body["data"].clone()
}

pub(crate) fn meanings(seen: &Seen) -> Vec<&str> {
    seen.roots.iter().map(|field| field.meaning.as_str()).collect()
}

/// With one slot.
pub(crate) fn batching(merging: Option<Merging>) -> Batching {
    Batching::On {
        across_requests: true,
        max_batch_size: 1000,
        slots: 1,
        public: false,
        merging,
    }
}

/// Puts the first question, and the others together while the first is under way.
pub(crate) async fn first_then(
    loader: &Loader,
    first: SubgraphRequest,
    others: Vec<SubgraphRequest>,
) -> (
    Result<SubgraphReply, FetchFailure>,
    Vec<Result<SubgraphReply, FetchFailure>>,
) {
    let others = async {
        sleep(Duration::from_millis(2)).await;
        futures::future::join_all(others.into_iter().map(|request| loader.send(request))).await
    };
    tokio::join!(loader.send(first), others)
}

/// Books by a document that asks for one field of them.
pub(crate) fn books(who: &str, field: &str, ids: &[u32]) -> SubgraphRequest {
    let document = format!(
        "query($of_entities:[_Any!]!){{_entities(representations:$of_entities){{...on Book{{{field}}}}}}}"
    );
    SubgraphRequest {
        merging: Some(std::sync::Arc::new(template(&document))),
        ..ask_lists(who, &document, &[("_entities", ids)])
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_alone_is_sent_at_once_as_it_came() {
    let odd =
        "{ \"data\" : {\"user\": {\"x\":1.50} }, \"extensions\": {} , \"errors\": [ {\"message\":\"?\"} ] }";
    let fake = Fake::new(move |_| What::Body(odd.to_owned()).after(10));
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let reply = loader.send(user("ada", 1)).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_millis(10));
    assert_eq!(&reply.body[..], odd.as_bytes());
    assert_eq!(reply.dispatch, Dispatch::default());
    assert_eq!(fake.calls()[0].document, "query($id:ID!){user(id:$id){name}}");
    assert_eq!(loader.stats()[0].merged_operations, 0);
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_slots_are_busy_leaves_as_one_operation() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let literal = r#"{user(id:"q0_"){name}}"#;
    let others = vec![
        user("ada", 2),
        query("ada", literal, ""),
        user("ada", 2),
        query(
            "ada",
            "query($id:ID!,$n:Int=3){mine:user(id:$id){orders(first:$n){id}} user(id:4){name}}",
            "\"id\":\"}\\\"\",\"n\":[1,{\"a\":2}]",
        ),
    ];
    let (first, others) = first_then(&loader, user("ada", 1), others).await;
    assert_eq!(data(&first), the_user("ada", 1));
    assert_eq!(data(&others[0]), the_user("ada", 2));
    assert_eq!(data(&others[2]), the_user("ada", 2));
    let value = |meaning: &str| root_value("ada", meaning, 0);
    assert_eq!(
        data(&others[1]),
        json!({ "user": value(&literal[1..literal.len() - 1]) })
    );
    let orders = r#"user(id:"}\""){orders(first:[1,{"a":2}]){id}}"#;
    assert_eq!(
        data(&others[3]),
        json!({ "mine": value(orders), "user": value("user(id:4){name}") })
    );
    let sent = &fake.calls()[1];
    assert_eq!(
        sent.document,
        "query($q0_id:ID!,$q1_id:ID!,$q1_n:Int=3){q0_user:user(id:$q0_id){name} \
         q1_mine:user(id:$q1_id){orders(first:$q1_n){id}} q1_user:user(id:4){name} q2_user:user(id:\"q0_\"){name}}",
        "in the order of their documents"
    );
    assert_eq!(
        sent.variables,
        "\"q0_id\":2,\"q1_id\":\"}\\\"\",\"q1_n\":[1,{\"a\":2}]"
    );
    assert_eq!(fake.calls().len(), 2);
    let dispatch = |calls, joined| Dispatch {
        calls,
        joined,
        batch_size: 3,
        waited: Duration::from_millis(8),
        ..Dispatch::default()
    };
    let dispatches: Vec<_> = others
        .iter()
        .map(|reply| reply.as_ref().unwrap().dispatch)
        .collect();
    assert_eq!(
        dispatches,
        [dispatch(1, 0), dispatch(0, 0), dispatch(0, 1), dispatch(0, 0)]
    );
    let stats = &loader.stats()[0];
    assert_eq!(
        (
            stats.calls,
            stats.merged_calls,
            stats.merged_operations,
            stats.shared_calls
        ),
        (2, 1, 3, 1)
    );
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_in_the_same_moment_leaves_together() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let started = Instant::now();
    let all = (1..=7).map(|id| loader.send(user("ada", id)));
    let replies = futures::future::join_all(all).await;
    assert_eq!(started.elapsed(), Duration::from_millis(10));
    for (id, reply) in (1..).zip(&replies) {
        assert_eq!(data(reply), the_user("ada", id));
    }
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_reaches_who_asked_with_its_own_path() {
    let bad = "user(id:3){name}".to_owned();
    let fake = Fake::new(move |_| What::ErrorsAt(vec![bad.clone()]).after(10));
    let loader = loader(&fake, across(100, 1));
    let others = vec![user("ada", 2), user("ada", 3), user("ada", 3)];
    let (_, others) = first_then(&loader, user("ada", 1), others).await;
    assert_eq!(data(&others[0]), the_user("ada", 2));
    assert_eq!(errors_in(&others[0].as_ref().unwrap().body), [] as [Value; 0]);
    for sad in &others[1..] {
        assert_eq!(data(sad), json!({ "user": null }));
        let error = json!({
            "message": "no user(id:3){name} for ada",
            "path": ["user", "name"],
            "extensions": { "code": "GONE" },
        });
        assert_eq!(errors_in(&sad.as_ref().unwrap().body), [error]);
    }
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_divided_is_nobodys() {
    let body = |text: &str| {
        let text = text.to_owned();
        Box::new(move || What::Body(text.clone())) as Box<dyn Fn() -> What + Send + Sync>
    };
    let fails = |failure: FetchFailure| {
        Box::new(move || What::Fails(failure.clone())) as Box<dyn Fn() -> What + Send + Sync>
    };
    let loose = r#"{"data":{"q0_user":{"secret":1},"q1_user":{}},"errors":[{"message":"whose?"}]}"#;
    let elsewhere = r#"{"data":{"q0_user":{},"q1_user":{}},"errors":[{"message":"?","path":["q2_user"]}]}"#;
    let twice = r#"{"data":{"q0_user":{},"q1_user":{}},"errors":[{"path":["q0_user"],"path":["q1_user"],"message":""}]}"#;
    let whats: Vec<Box<dyn Fn() -> What + Send + Sync>> = vec![
        body(loose),
        body(elsewhere),
        body(twice),
        body(r#"{"data":{"q0_user":{},"q1_user":{}},"errors":[3]}"#),
        body(r#"{"data":null,"errors":[{"message":"no","path":["q0_user"]}]}"#),
        body(r#"{"errors":[{"message":"Too many aliases"}]}"#),
        body(r#"{"data":{"user":{}}}"#),
        body("{\"data\":{\"q0_user\":{}"),
        body("teapot"),
        fails(FetchFailure::BadStatus { status: 413 }),
        fails(FetchFailure::TooLarge { limit: 9 }),
        fails(FetchFailure::Unreachable {
            reason: "reset".to_owned(),
        }),
        Box::new(|| What::Panics),
    ];
    for (case, what) in whats.into_iter().enumerate() {
        let fake = Fake::new(move |seen| match seen.roots.len() {
            1 => What::Good.after(10),
            _ => what().after(10),
        });
        let loader = loader(&fake, across(100, 1));
        let others = vec![user("ada", 2), user("ada", 3), user("ada", 3)];
        let started = Instant::now();
        let (_, others) = first_then(&loader, user("ada", 1), others).await;
        assert_eq!(started.elapsed(), Duration::from_millis(30), "{case}");
        assert_eq!(data(&others[0]), the_user("ada", 2), "{case}");
        assert_eq!(data(&others[1]), the_user("ada", 3), "{case}");
        assert_eq!(data(&others[2]), the_user("ada", 3), "{case}");
        let calls: Vec<_> = others
            .iter()
            .map(|reply| reply.as_ref().unwrap().dispatch.calls)
            .collect();
        assert_eq!(calls, [2, 1, 0], "{case}");
        let sent = fake.calls();
        assert_eq!(sent.len(), 4, "{case}");
        assert_eq!(sent[2].document, "query($id:ID!){user(id:$id){name}}");
        assert_eq!(loader.stats()[0].isolated, 2);
        assert_eq!(loader.in_flight(), InFlight::default());
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_lacks_is_asked_again_and_what_it_has_is_not() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body(r#"{"data":{"q1_user":{"is":"there"},"q7_user":{"is":"nobody's"}}}"#.to_owned())
            .after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let (_, others) = first_then(&loader, user("ada", 1), vec![user("ada", 2), user("ada", 3)]).await;
    assert_eq!(data(&others[0]), the_user("ada", 2));
    assert_eq!(
        others[1].as_ref().unwrap().body,
        r#"{"data":{"user":{"is":"there"}}}"#
    );
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_alone_as_well_is_told_as_it_is() {
    let down = || FetchFailure::BadStatus { status: 503 };
    let fake = Fake::new(move |seen| match seen.number {
        0 => What::Good.after(10),
        _ => What::Fails(down()).after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let (_, others) = first_then(&loader, user("ada", 1), vec![user("ada", 2), user("ada", 3)]).await;
    for reply in others {
        assert_eq!(reply.unwrap_err(), down());
    }
    assert_eq!(fake.calls().len(), 4, "asked again once");
}

#[tokio::test(start_paused = true)]
async fn identities_share_no_operation_unless_the_subgraph_is_public() {
    for (public, calls) in [(false, 2), (true, 1)] {
        let fake = Fake::good();
        let batching = Batching::On {
            across_requests: true,
            max_batch_size: 100,
            slots: 1,
            public,
            merging: Some(Merging::default()),
        };
        let loader = loader(&fake, batching);
        let (ada, bob) = tokio::join!(loader.send(user("ada", 1)), loader.send(user("bob", 2)));
        assert_eq!(fake.calls().len(), calls);
        assert_eq!(data(&ada), the_user("ada", 1));
        assert_eq!(data(&bob), the_user(if public { "ada" } else { "bob" }, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn what_left_before_a_mutation_is_not_joined_after_it_and_what_waits_is() {
    let fake = Fake::new(|seen| What::Good.after(if seen.number == 0 { 100 } else { 10 }));
    let roots = Merging {
        max_wait: TIMEOUT,
        ..Merging::default()
    };
    let loader = loader(&fake, batching(Some(roots)));
    let version = |reply: &Result<SubgraphReply, FetchFailure>| data(reply)["user"]["version"].clone();
    let later = async {
        settle().await;
        let queued = loader.send(user("ada", 2));
        let after = async {
            loader.send(mutation("ada")).await.unwrap();
            tokio::join!(loader.send(user("ada", 1)), loader.send(user("ada", 2)))
        };
        tokio::join!(queued, after)
    };
    let (first, (queued, (same, joined))) = tokio::join!(loader.send(user("ada", 1)), later);
    assert_eq!(version(&first), 0);
    assert_eq!(version(&same), 1, "the first left before");
    assert_eq!((version(&queued), version(&joined)), (json!(1), json!(1)));
    assert_eq!(joined.unwrap().dispatch.joined, 1);
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.roots.len()).collect();
    assert_eq!(sent, [1, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_off_and_needs_no_sharing_of_equal_calls() {
    let three = || vec![user("ada", 2), user("ada", 3), user("ada", 3)];
    for (roots, share_calls, sizes) in [
        (None, true, vec![1, 1, 1]),
        (None, false, vec![1, 1, 1, 1]),
        (Some(Merging::default()), false, vec![1, 3]),
    ] {
        let fake = Fake::good();
        let loader = Loader::new(
            std::sync::Arc::clone(&fake) as std::sync::Arc<dyn SubgraphClient>,
            LoaderOptions {
                subgraphs: vec![SubgraphLoading {
                    name: "shelf".to_owned(),
                    timeout: TIMEOUT,
                    batching: batching(roots),
                }],
                share_calls,
            },
        );
        let (_, others) = first_then(&loader, user("ada", 1), three()).await;
        assert_eq!(data(&others[0]), the_user("ada", 2));
        assert_eq!(data(&others[2]), the_user("ada", 3));
        let sent: Vec<_> = fake.calls().iter().map(|seen| seen.roots.len()).collect();
        assert_eq!(sent, sizes, "{roots:?} {share_calls}");
        assert_eq!(loader.in_flight(), InFlight::default());
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_template_is_never_asked_with_others() {
    let fake = Fake::good();
    let loader = loader(&fake, across(100, 1));
    let others = (2..4).map(|id| SubgraphRequest {
        merging: None,
        ..user("ada", id)
    });
    let (first, _) = first_then(&loader, user("ada", 1), others.collect()).await;
    assert!(first.is_ok());
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn batches_of_different_documents_leave_as_one_operation() {
    let fake = Fake::new(|_| What::ErrorsAt(vec![key(2)]).after(10));
    let loader = loader(&fake, across(100, 1));
    let others = vec![
        books("ada", "title", &[1, 2]),
        books("ada", "cover", &[2, 3]),
        books("ada", "title", &[2, 4]),
    ];
    let (_, others) = first_then(&loader, books("ada", "pages", &[9]), others).await;
    let bodies: Vec<_> = others
        .iter()
        .map(|reply| reply.as_ref().unwrap().body.clone())
        .collect();
    assert_eq!(ids_in(&bodies[0], "_entities"), [Some(1), None]);
    assert_eq!(ids_in(&bodies[1], "_entities"), [None, Some(3)]);
    assert_eq!(ids_in(&bodies[2], "_entities"), [None, Some(4)]);
    for (body, index) in bodies.iter().zip([1, 0, 0]) {
        let errors = errors_in(body);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0]["path"], json!(["_entities", index, "name"]));
    }
    let sent = fake.calls();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[1].document,
        "query($q0_of_entities:[_Any!]!,$q1_of_entities:[_Any!]!){q0__entities:_entities(representations:$q0_of_entities)\
         {...on Book{cover}} q1__entities:_entities(representations:$q1_of_entities){...on Book{title}}}"
    );
    assert_eq!(sent[1].keys(), [key(2), key(3), key(1), key(2), key(4)]);
    let calls: Vec<_> = others
        .iter()
        .map(|reply| reply.as_ref().unwrap().dispatch)
        .collect();
    assert_eq!([calls[0].calls, calls[1].calls, calls[2].calls], [0, 1, 0]);
    assert_eq!([calls[0].batch_size, calls[1].batch_size], [3, 2]);
    assert!(
        calls
            .iter()
            .all(|dispatch| dispatch.waited == Duration::from_millis(8))
    );
    let stats = &loader.stats()[0];
    assert_eq!(
        (stats.calls, stats.merged_operations, stats.entities_sent),
        (2, 2, 6)
    );
    assert_eq!(loader.in_flight(), InFlight::default());
}

#[tokio::test(start_paused = true)]
async fn batches_that_cannot_be_told_apart_are_asked_again_each_by_itself() {
    let fake = Fake::new(|seen| match seen.number {
        1 => What::Body("{\"errors\":[{\"message\":\"Too many aliases\"}]}".to_owned()).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 1));
    let others = vec![books("ada", "title", &[1, 2]), books("ada", "cover", &[2, 3])];
    let (_, others) = first_then(&loader, books("ada", "pages", &[9]), others).await;
    assert_eq!(
        ids_in(&others[0].as_ref().unwrap().body, "_entities"),
        [Some(1), Some(2)]
    );
    assert_eq!(
        ids_in(&others[1].as_ref().unwrap().body, "_entities"),
        [Some(2), Some(3)]
    );
    assert_eq!(fake.calls().len(), 4);
    assert_eq!(loader.stats()[0].isolated, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_again_alone_has_no_company() {
    let fake = Fake::new(|seen| match seen.number {
        0 => What::Body("{}".to_owned()).after(10),
        _ => What::Good.after(10),
    });
    let loader = loader(&fake, across(100, 2));
    let (first, second) = tokio::join!(
        loader.send(books("ada", "title", &[1, 2])),
        loader.send(books("ada", "title", &[2, 3]))
    );
    assert_eq!(ids_in(&first.unwrap().body, "_entities"), [Some(1), Some(2)]);
    assert_eq!(ids_in(&second.unwrap().body, "_entities"), [Some(2), Some(3)]);
    let sent: Vec<_> = fake.calls().iter().map(|seen| seen.keys().len()).collect();
    assert_eq!(sent, [3, 2, 2]);
    assert_eq!(loader.stats()[0].merged_calls, 0);
}
