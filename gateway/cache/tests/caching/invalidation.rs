//! What has ended is not used any more.

use std::{sync::Arc, time::Duration};

use causeway_cache::{Event, EventTemplate};
use causeway_executor::{RequestKind, SubgraphRequest};
use serde_json::{Value, json};

use crate::{
    fake::{How, says},
    setup::{Gateway, REVIEWS, Setup, With, after, entities, gateway, products, read, root},
};

/// Whether an event ends what was kept of a question.
async fn ends(gateway: &Gateway, request: &SubgraphRequest, event: &str) -> bool {
    gateway.ask(request.clone()).await;
    let calls = gateway.calls(request.clone()).await;
    assert!(calls.is_empty(), "it is not kept: {}", request.document);
    let parsed: Event = serde_json::from_str(event).unwrap();
    let counted = gateway.cache.count(&[parsed]);
    gateway.end(event).await;
    let is_over = !gateway.calls(request.clone()).await.is_empty();
    assert_eq!(counted > 0, is_over, "{event} of {}", request.document);
    is_over
}

async fn check(request: SubgraphRequest, ended_by: &[&str], not_by: &[&str]) {
    for (events, expected) in [(ended_by, true), (not_by, false)] {
        for event in events {
            let gateway = gateway();
            let catalog = format!(r#"{{"subgraph":"catalog",{event}}}"#);
            let is_over = ends(&gateway, &request, &catalog).await;
            assert_eq!(is_over, expected, "{event} of {}", request.document);
        }
    }
}

const PRODUCT: &str = r#""type":"Product""#;
const PRODUCT_1: &str = r#""type":"Product","key":{"id":"1"}"#;
const PRODUCT_1_NUMBER: &str = r#""type":"Product","key":{"id":1}"#;
const PRODUCT_S1: &str = r#""type":"Product","key":{"sku":"s1"}"#;
const PRODUCT_2: &str = r#""type":"Product","key":{"id":"2"}"#;
const PRODUCT_S2: &str = r#""type":"Product","key":{"sku":"s2"}"#;
const LISTING: &str = r#""type":"Listing""#;
const BUNDLE: &str = r#""type":"Bundle""#;
const MAKER: &str = r#""type":"Maker""#;
const MONEY: &str = r#""type":"Money""#;
const USER: &str = r#""type":"User""#;

#[tokio::test(start_paused = true)]
async fn a_subgraph_ends_and_no_other() {
    let gateway = gateway();
    let reviews = entities("{...on Product{stars}}", &["Product:1"]).of(REVIEWS);
    gateway.fake.set("Product:1", "stars", json!(4));
    assert!(!ends(&gateway, &reviews, r#"{"subgraph":"catalog"}"#).await);
    assert!(ends(&gateway, &reviews, r#"{"subgraph":"reviews"}"#).await);
    assert!(ends(&gateway, &root("{note}"), r#"{"subgraph":"catalog"}"#).await);
}

#[tokio::test(start_paused = true)]
async fn entities_end_by_type_and_by_each_of_their_keys() {
    check(
        products("{id sku name}", &["Product:1"]),
        &[
            PRODUCT,
            LISTING,
            PRODUCT_1,
            PRODUCT_1_NUMBER,
            PRODUCT_S1,
            r#""type":"Hit""#,
        ],
        &[
            PRODUCT_2,
            PRODUCT_S2,
            BUNDLE,
            MAKER,
            MONEY,
            USER,
            r#""type":"Query""#,
        ],
    )
    .await;
    // The other key was not asked for: it may be any.
    check(
        products("{name}", &["Product:1"]),
        &[PRODUCT_1, PRODUCT_S1, PRODUCT_S2],
        &[PRODUCT_2],
    )
    .await;
    check(
        products("{name}", &["Product:sku=s1"]),
        &[PRODUCT_1, PRODUCT_S1, PRODUCT_2],
        &[PRODUCT_S2],
    )
    .await;
    check(
        products("{name}", &["Product:none"]),
        &[r#""type":"Product","key":{"id":"none"}"#, PRODUCT],
        &[PRODUCT_1],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_something_else_ends_it() {
    check(
        products("{maker{id}}", &["Product:1"]),
        &[MAKER, r#""type":"Maker","key":{"id":"1"}"#],
        &[r#""type":"Maker","key":{"id":"2"}"#],
    )
    .await;
    check(
        products("{maker{name}}", &["Product:1"]),
        &[r#""type":"Maker","key":{"id":"2"}"#],
        &[],
    )
    .await;
    check(
        root("{listings{__typename id ...on Product{sku}}}"),
        &[
            PRODUCT_1,
            PRODUCT_S1,
            LISTING,
            BUNDLE,
            r#""type":"Listing","key":{"id":"9"}"#,
            r#""type":"Query""#,
        ],
        &[PRODUCT_2, MAKER],
    )
    .await;
    // Of which type it is, was not asked.
    check(
        root("{listings{name}}"),
        &[PRODUCT_1, PRODUCT_2, BUNDLE],
        &[MAKER],
    )
    .await;
    check(
        root("{product(id:\"1\"){id sku price{minor}}}"),
        &[PRODUCT_S1, MONEY],
        &[PRODUCT_2],
    )
    .await;
    check(root("{product(id:\"1\"){x:id sku}}"), &[PRODUCT_1], &[PRODUCT_2]).await;
    check(
        entities("{__typename ...on Media{id title}}", &["Media:b"]),
        &[
            r#""type":"Media""#,
            r#""type":"Book""#,
            r#""type":"Media","key":{"id":"b"}"#,
            r#""type":"Book","key":{"id":"b"}"#,
        ],
        &[
            r#""type":"Film""#,
            r#""type":"Film","key":{"id":"b"}"#,
            r#""type":"Media","key":{"id":"f"}"#,
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_ends_when_something_may_have_come() {
    check(
        root("{product(id:\"7\"){id sku}}"),
        &[PRODUCT, PRODUCT_1, PRODUCT_S2, LISTING],
        &[MAKER],
    )
    .await;
    check(
        products("{id sku related{name}}", &["Product:3"]),
        &[PRODUCT],
        &[PRODUCT_1],
    )
    .await;
    check(
        products("{maker{name}}", &["Product:3"]),
        &[MAKER, r#""type":"Maker","key":{"id":"1"}"#],
        &[],
    )
    .await;
    let empty = root("{listings{__typename name}}");
    let gateway = gateway();
    gateway.fake.set("Query", "listings", json!([]));
    assert!(ends(&gateway, &empty, r#"{"subgraph":"catalog","type":"Product"}"#).await);
    assert!(ends(&gateway, &empty, r#"{"subgraph":"catalog","type":"Bundle"}"#).await);
}

#[tokio::test(start_paused = true)]
async fn tags_of_the_schema() {
    let tag = |text: &str| format!(r#""tag":"{text}""#);
    let (maker_1, maker_2, tagged_1, tagged_2) =
        (tag("maker-1"), tag("maker-2"), tag("tagged-1"), tag("tagged-2"));
    check(
        entities("{...on Maker{name}}", &["Maker:1"]),
        &[&maker_1],
        &[&maker_2, &tagged_1],
    )
    .await;
    check(
        entities("{...on Maker{name}}", &["Maker:2"]),
        &[&maker_2],
        &[&maker_1],
    )
    .await;
    check(products("{maker{id}}", &["Product:1"]), &[&maker_1], &[&maker_2]).await;
    // Its key was not asked for: it may be any.
    check(
        products("{maker{name}}", &["Product:1"]),
        &[&maker_1, &maker_2],
        &[&tagged_1],
    )
    .await;
    check(
        root("{tagged(first:1){name}}"),
        &[&tagged_1],
        &[&tagged_2, &maker_1],
    )
    .await;
    let nameless = root("{tagged{name}}");
    let gateway = gateway();
    gateway.ask(nameless.clone()).await;
    assert_eq!(gateway.calls(nameless).await.len(), 1, "nobody could end it");
}

#[tokio::test(start_paused = true)]
async fn tags_of_answers() {
    let catalog = |text: &str| format!(r#"{{"subgraph":"catalog","tag":"{text}"}}"#);
    let of = |extensions: Value| {
        let gateway = gateway();
        gateway.fake.state().extensions = extensions;
        gateway
    };
    let both =
        json!({ "apolloCacheTags": ["a", 5], "apolloEntityCacheTags": [["one"], ["two", "more"], null] });
    for (keys, event, expected) in [
        (["Product:1", "Product:2"], "a", true),
        (["Product:1", "Product:2"], "one", true),
        (["Product:1", "Product:2"], "more", true),
        (["Product:1", "Product:2"], "other", false),
    ] {
        let gateway = of(both.clone());
        let is_over = ends(&gateway, &products("{name}", &keys), &catalog(event)).await;
        assert_eq!(is_over, expected, "{event}");
    }
    let gateway = of(both.clone());
    gateway.ask(products("{name}", &["Product:1", "Product:2"])).await;
    gateway.end(&catalog("two")).await;
    assert!(gateway.calls(products("{name}", &["Product:1"])).await.is_empty());
    assert_eq!(gateway.calls(products("{name}", &["Product:2"])).await.len(), 1);
    // In the order of what was asked for.
    let gateway = of(both);
    gateway.ask(products("{name}", &["Product:3"])).await;
    gateway.ask(products("{name}", &["Product:3", "Product:1"])).await;
    assert!(ends(&gateway, &products("{name}", &["Product:1"]), &catalog("one")).await);
    let gateway = of(json!({ "apolloCacheTags": { "a": 1 }, "apolloEntityCacheTags": ["one", 5, [["x"]]] }));
    assert!(!ends(&gateway, &products("{name}", &["Product:1"]), &catalog("one")).await);
}

#[tokio::test(start_paused = true)]
async fn of_many_entities_each_ends_the_list() {
    let gateway = gateway();
    let many: Vec<Value> = (0..600)
        .map(|id| {
            let name = format!("Product:m{id}");
            let sku = (id != 0).then(|| format!("n{id}"));
            gateway
                .fake
                .state()
                .world
                .insert(name.clone(), json!({ "id": format!("m{id}"), "sku": sku }));
            json!({ "@": name })
        })
        .collect();
    gateway.fake.set("Query", "products", many.into());
    let request = root("{products{id sku}}");
    for id in [0, 1, 126, 127, 128, 129, 130, 254, 255, 256, 257, 258, 599] {
        let event = format!(r#"{{"subgraph":"catalog","type":"Product","key":{{"id":"m{id}"}}}}"#);
        assert!(ends(&gateway, &request, &event).await, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_is_not_used_afterwards() {
    for loading in [false, true] {
        let setup = Setup::new();
        let gateway = Arc::new(if loading { setup.loading() } else { setup }.start());
        let request = products("{name}", &["Product:1"]);
        let ask = || {
            let (gateway, request) = (Arc::clone(&gateway), request.clone());
            tokio::spawn(async move { gateway.ask(request).await["data"]["_entities"][0]["name"].clone() })
        };
        let before = ask();
        tokio::time::sleep(Duration::from_millis(5)).await;
        gateway.fake.set("Product:1", "name", json!("new"));
        gateway
            .end(r#"{"subgraph":"catalog","type":"Product","key":{"id":"1"}}"#)
            .await;
        // It comes when the old answer is still on its way, and must not join it.
        let after = ask();
        assert_eq!(before.await.unwrap(), "Lamp");
        assert_eq!(after.await.unwrap(), "new");
        assert_eq!(ask().await.unwrap(), "new");
        assert_eq!(gateway.fake.documents().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_does_not_push_out_what_is_newer() {
    let gateway = Arc::new(gateway());
    let request = products("{name}", &["Product:1"]);
    gateway.fake.state().takes = Duration::from_secs(5);
    let late = tokio::spawn({
        let (gateway, request) = (Arc::clone(&gateway), request.clone());
        async move { gateway.ask(request).await }
    });
    tokio::time::sleep(Duration::from_millis(5)).await;
    gateway.fake.set("Product:1", "name", json!("new"));
    gateway.fake.state().takes = Duration::from_millis(1);
    gateway.end(r#"{"subgraph":"catalog","type":"Product"}"#).await;
    gateway.ask(request.clone()).await;
    late.await.unwrap();
    let calls = gateway.calls(request.clone()).await;
    assert!(calls.is_empty());
    assert_eq!(gateway.ask(request).await["data"]["_entities"][0]["name"], "new");
}

fn template(ty: Option<&str>, key: Option<Value>, tag: Option<&str>) -> EventTemplate {
    EventTemplate {
        subgraph: "catalog".to_owned(),
        ty: ty.map(str::to_owned),
        key: key.map(|key| key.as_object().unwrap().clone()),
        tag: tag.map(str::to_owned),
    }
}

fn mutating(templates: Vec<EventTemplate>) -> Setup {
    Setup::new().options(|options| {
        options.mutations.insert("rename".to_owned(), templates);
    })
}

fn rename(document: &str) -> SubgraphRequest {
    root(document).kind(RequestKind::Mutation)
}

const RENAME: &str = r#"mutation{rename(id:"1",input:{id:"1",name:"new"}){name}}"#;

#[tokio::test(start_paused = true)]
async fn mutations_end_what_they_are_configured_to() {
    let product = |id: &str| template(Some("Product"), Some(json!({ "id": id })), None);
    for (templates, of_1, of_2) in [
        (vec![product("{$args.id}")], true, false),
        (vec![product("{$args.input.id}")], true, false),
        (vec![product("2")], false, true),
        // Nobody knows which.
        (vec![product("{$args.other}")], true, true),
        (vec![product("x-{$args.other}")], true, true),
        (vec![template(Some("Maker"), None, None)], false, false),
        (vec![template(None, None, Some("t-{$args.id}"))], true, true),
        (vec![template(None, None, Some("t-{$args.none}"))], true, true),
        (vec![template(None, None, Some("u-{$args.id}"))], false, false),
        (vec![product("2"), product("{$args.id}")], true, true),
    ] {
        for document in [
            RENAME,
            r#"mutation{a:rename(id:"1",input:{id:"1",name:"new"}){x:name}}"#,
            r#"mutation($i:ID!,$n:Rename){rename(id:$i,input:$n){name}}"#,
        ] {
            let gateway = mutating(templates.clone()).start();
            gateway.fake.state().extensions = json!({ "apolloCacheTags": ["t-1"] });
            let ask = |id| products("{id sku}", &[id]);
            gateway.ask(ask("Product:1")).await;
            gateway.ask(ask("Product:2")).await;
            let mutation = rename(document).variables(r#""i":"1","n":{"id":"1","name":"new"}"#);
            let mutation = if document.contains('$') {
                mutation
            } else {
                rename(document)
            };
            gateway.ask(mutation).await;
            assert_eq!(
                !gateway.calls(ask("Product:1")).await.is_empty(),
                of_1,
                "{templates:?}"
            );
            assert_eq!(
                !gateway.calls(ask("Product:2")).await.is_empty(),
                of_2,
                "{templates:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_changes_something_sees_it_changed() {
    let gateway = mutating(vec![template(
        Some("Product"),
        Some(json!({ "id": "{$args.id}" })),
        None,
    )])
    .loading()
    .start();
    let name = || products("{name}", &["Product:1"]);
    gateway.ask(name()).await;
    gateway.ask(rename(RENAME)).await;
    // The rest of the mutation's own answer.
    let rest = gateway.ask(name().kind(RequestKind::QueryAfterMutation)).await;
    assert_eq!(rest["data"]["_entities"][0]["name"], "new");
    assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_a_mutation_it_may_have_been_done() {
    for (how, is_waited_for) in [
        (How::Fails, true),
        (How::Body(b"no".to_vec()), true),
        (How::Panics, true),
        (How::Well, false),
    ] {
        let gateway = Arc::new(mutating(vec![template(Some("Product"), None, None)]).start());
        let name = || products("{name}", &["Product:1"]);
        gateway.ask(name()).await;
        gateway.fake.state().how = how;
        let mutation = tokio::spawn({
            let gateway = Arc::clone(&gateway);
            async move { drop(gateway.send(rename(RENAME)).await) }
        });
        if is_waited_for {
            let _ = mutation.await;
        } else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            mutation.abort();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        gateway.fake.state().how = How::Well;
        assert_eq!(gateway.ask(name()).await["data"]["_entities"][0]["name"], "new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mutation_that_is_not_understood_ends_all_that_any_may_end() {
    let gateway = mutating(vec![template(
        Some("Product"),
        Some(json!({ "id": "{$args.id}" })),
        None,
    )])
    .start();
    let name = || products("{name}", &["Product:1"]);
    gateway.ask(name()).await;
    let odd = r#"mutation{...@include(if:true){...F}} fragment F on Mutation{rename(id:"1",input:{name:"new"}){name}}"#;
    gateway.fake.state().understands = false;
    gateway.ask(rename(odd)).await;
    gateway.fake.state().understands = true;
    assert_eq!(gateway.calls(name()).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_ends_as_well() {
    let gateway = Setup::new()
        .catalog(|catalog| {
            catalog.stale_while_revalidate = Duration::from_secs(100);
            catalog.stale_if_error = Duration::from_secs(100);
        })
        .start();
    gateway.fake.state().says = says("max-age=1");
    gateway.ask(products("{name}", &["Product:1"])).await;
    after(2).await;
    gateway.fake.set("Product:1", "name", json!("new"));
    gateway.end(r#"{"subgraph":"catalog","type":"Product"}"#).await;
    let reply = gateway.send(products("{name}", &["Product:1"])).await.unwrap();
    assert_eq!(read(&reply)["data"]["_entities"][0]["name"], "new");
}
