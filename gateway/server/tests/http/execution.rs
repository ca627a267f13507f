//! Operations that reach subgraphs: federated answers, the cost of one, and what a bug costs.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::http::{Method, StatusCode};
use causeway_server::ServerOptions;
use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::gateway::{GRAPHQL_RESPONSE, Gateway, me, options, scripted};

const USERS: usize = 0;

#[tokio::test]
async fn an_entity_is_joined_over_two_subgraphs() {
    let gateway = scripted(options(), answer);
    let result = gateway.query("{ found { name reviews { stars } } }").await;
    assert_eq!(
        result.text,
        r#"{"data":{"found":[{"name":"Ada","reviews":[{"stars":5}]},{"name":"Ada","reviews":[{"stars":5}]}]}}"#
    );
    assert_eq!(gateway.calls(), 2);
}

/// Two places with one and the same user.
fn answer(subgraph: usize, body: Value) -> futures::future::BoxFuture<'static, Value> {
    async move {
        if subgraph == USERS {
            let user = json!({ "__typename": "User", "id": "1", "name": "Ada" });
            return json!({ "data": { "found": [user, user] } });
        }
        let representations = body["variables"].as_object().unwrap().values().next().unwrap();
        assert_eq!(representations, &json!([{ "__typename": "User", "id": "1" }]));
        json!({ "data": { "_entities": [{ "__typename": "User", "reviews": [{ "stars": 5 }] }] } })
    }
    .boxed()
}

#[tokio::test]
async fn the_cost_is_told_when_asked_for() {
    let gateway = scripted(options(), answer);
    let body = json!({ "query": "{ found { name reviews { stars } } }" }).to_string();
    let json = ("content-type", "application/json");
    let explained = gateway
        .request(
            Method::POST,
            "/graphql",
            &[json, ("causeway-explain", "1")],
            &body,
        )
        .await
        .json();
    let cost = &explained["extensions"]["causeway"];
    assert_eq!((&cost["calls"], &cost["callsNaive"]), (&json!(2), &json!(3)));
    assert_eq!(
        cost["subgraphs"]["users"],
        json!({ "calls": 1, "callsNaive": 1, "entitiesAsked": 0, "entitiesSent": 0 })
    );
    assert_eq!(
        cost["subgraphs"]["reviews"],
        json!({ "calls": 1, "callsNaive": 2, "entitiesAsked": 2, "entitiesSent": 1 })
    );
    assert_eq!(cost["plan"]["calls"], 2);
    let fetches = cost["plan"]["fetches"].as_array().unwrap();
    assert_eq!(fetches[1]["after"], json!([1]));
    assert!(
        fetches
            .iter()
            .all(|fetch| fetch["run"]["outcome"] == "answered" && fetch["run"]["micros"].is_u64())
    );
    for value in ["0", "", "yes"] {
        let plain = gateway
            .request(
                Method::POST,
                "/graphql",
                &[json, ("causeway-explain", value)],
                &body,
            )
            .await
            .json();
        assert_eq!(plain.get("extensions"), None, "{value}");
    }
}

#[tokio::test]
async fn calls_that_were_not_made_are_not_counted() {
    let gateway = scripted(options(), |_, _| {
        async { json!({ "data": { "found": [] } }) }.boxed()
    });
    let headers = [("content-type", "application/json"), ("causeway-explain", "true")];
    let body = json!({ "query": "{ found { reviews { stars } } }" }).to_string();
    let cost = gateway
        .request(Method::POST, "/graphql", &headers, &body)
        .await
        .json()["extensions"]["causeway"]
        .clone();
    assert_eq!((&cost["calls"], &cost["callsNaive"]), (&json!(1), &json!(1)));
    let skipped = json!({
        "outcome": "skipped", "calls": 0, "entitiesAsked": 0, "entitiesSent": 0, "entitiesDeduplicated": 0, "micros": 0,
    });
    assert_eq!(cost["plan"]["fetches"][1]["run"], skipped);
}

#[tokio::test]
async fn a_panic_costs_its_own_request_only() {
    let gateway = scripted(options(), |_, body| {
        let query = body["query"].as_str().unwrap().to_owned();
        assert!(!query.contains("node"), "a bug below the executor");
        async move {
            assert!(!query.contains("found"), "a bug while a call is under way");
            me()
        }
        .boxed()
    });
    for query in ["{ node { n } }", "{ found { id } }"] {
        for accept in [GRAPHQL_RESPONSE, "application/json"] {
            let failed = gateway.post(accept, &json!({ "query": query }).to_string()).await;
            assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(failed.code(), "INTERNAL_SERVER_ERROR");
            assert!(
                !failed.text.contains("a bug"),
                "the inside stays inside: {failed:?}"
            );
        }
    }
    assert_eq!(
        gateway.query("{ me { name } }").await.text,
        r#"{"data":{"me":{"name":"Ada"}}}"#
    );
}

/// The subgraph may have done what a client did not wait for.
#[tokio::test]
async fn a_read_after_a_mutation_that_was_given_up_is_not_one_from_before() {
    let served = Arc::new(Semaphore::new(1));
    let gateway = waits_for(&served);
    gateway.query("{ me { name } }").await;
    let calls = async |wanted| {
        while gateway.calls() < wanted {
            tokio::task::yield_now().await;
        }
    };
    let rest = async {
        calls(2).await;
        {
            let mutation = pin!(gateway.query("mutation { rename(name: \"Ada\") { name } }"));
            futures::future::select(mutation, pin!(calls(3))).await;
            // Here its client goes away.
        }
        let serving = async {
            calls(4).await;
            served.add_permits(100);
        };
        let limited = tokio::time::timeout(Duration::from_secs(10), serving);
        let (_, limited) = tokio::join!(gateway.query("{ me { name } }"), async {
            let limited = limited.await;
            served.add_permits(100);
            limited
        });
        limited.expect("the second read asks anew");
    };
    tokio::join!(gateway.query("{ me { name } }"), rest);
    assert_eq!(gateway.calls(), 4);
}

/// The next GraphQL specification allows them; today's subgraphs do not.
#[tokio::test]
async fn an_empty_selection_asks_whether_there_is_an_object() {
    let gateway = scripted(options(), |_, body| {
        assert_eq!(body["query"], "{me{__typename}}");
        async { me() }.boxed()
    });
    assert_eq!(gateway.query("{}").await.text, r#"{"data":{}}"#);
    assert_eq!(gateway.calls(), 0);
    for query in [
        "{ me {} }",
        "{ me { ... {} } }",
        "{ me { ...F } } fragment F on User {}",
    ] {
        assert_eq!(
            gateway.query(query).await.text,
            r#"{"data":{"me":{}}}"#,
            "{query}"
        );
    }
}

#[tokio::test]
async fn many_at_once_get_their_own_answers() {
    let unshared = ServerOptions {
        share_requests: false,
        vary: None,
        ..options()
    };
    let gateway = scripted(unshared, |_, _| async { me() }.boxed());
    let queries = (0..64).map(|index| {
        let gateway = gateway.clone();
        let field = format!("a{}", index % 4);
        async move {
            let answer = gateway
                .query(&format!("{{ {field}: __typename me {{ name }} }}"))
                .await;
            assert_eq!(
                answer.text,
                format!(r#"{{"data":{{"{field}":"Query","me":{{"name":"Ada"}}}}}}"#)
            );
        }
    });
    futures::future::join_all(queries).await;
    assert_eq!(gateway.calls(), 64);
}

#[tokio::test]
async fn equal_queries_at_the_same_time_are_one_and_mutations_never_are() {
    let served = Arc::new(Semaphore::new(1));
    let gateway = waits_for(&served);
    // Prepared, so that nothing but the subgraph is waited for below.
    gateway.query("{ me { name } }").await;
    assert_eq!(gateway.calls(), 1);
    let queries = (0..8).map(|_| gateway.query("{ me { name } }"));
    let serving = async {
        while gateway.calls() < 2 {
            tokio::task::yield_now().await;
        }
        served.add_permits(100);
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(queries), serving);
    for answer in answers {
        assert_eq!(answer.text, r#"{"data":{"me":{"name":"Ada"}}}"#);
    }
    assert_eq!(gateway.calls(), 2);
    // Whoever wants the plan wants it of an execution of its own.
    let headers = [("content-type", "application/json"), ("causeway-explain", "1")];
    let body = json!({ "query": "{ me { name } }" }).to_string();
    let explained = || gateway.request(Method::POST, "/graphql", &headers, &body);
    futures::future::join(explained(), explained()).await;
    assert_eq!(gateway.calls(), 4);
    let mutations = (0..3).map(|_| gateway.query("mutation { rename(name: \"Ada\") { name } }"));
    futures::future::join_all(mutations).await;
    assert_eq!(gateway.calls(), 7);
}

/// Its subgraphs answer as often as there are permits.
fn waits_for(served: &Arc<Semaphore>) -> Gateway {
    let served = Arc::clone(served);
    scripted(options(), move |_, _| {
        let served = Arc::clone(&served);
        async move {
            served.acquire().await.unwrap().forget();
            me()
        }
        .boxed()
    })
}
