//! A document is answered with what another one brought.

use causeway_executor::SubgraphRequest;
use serde_json::{Value, json};

use crate::{
    fake::How,
    setup::{REVIEWS, With, entities, gateway, list, products, root},
};

#[tokio::test(start_paused = true)]
async fn fewer_fields_make_no_call_and_more_ask_for_the_rest() {
    let gateway = gateway();
    gateway
        .judge(products("{name price{minor}}", &["Product:1"]))
        .await;
    assert!(gateway.judge(products("{name}", &["Product:1"])).await.is_empty());
    assert!(
        gateway
            .judge(products("{price{minor}}", &["Product:1"]))
            .await
            .is_empty()
    );
    assert_eq!(
        gateway
            .judge(products("{name price{minor}weightGrams}", &["Product:1"]))
            .await,
        [
            "query($representations:[_Any!]!){_entities(representations:$representations){...on Product{weightGrams}}}"
        ]
    );
    assert!(
        gateway
            .judge(products("{weightGrams name}", &["Product:1"]))
            .await
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn less_of_an_object_is_taken_out_of_more() {
    let gateway = gateway();
    for (first, then) in [
        ("{price{minor currency}}", "{price{minor}}"),
        ("{parts{name size{width height}}}", "{parts{size{height}}}"),
        ("{related{id name maker{id name}}}", "{related{maker{name}}}"),
        ("{a:name b:price{c:minor}}", "{name x:price{minor}}"),
        ("{name again:name}", "{third:name}"),
    ] {
        gateway.judge(products(first, &["Product:1", "Product:2"])).await;
        assert!(
            gateway
                .judge(products(then, &["Product:2", "Product:1"]))
                .await
                .is_empty(),
            "{then} after {first}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_apart_is_not_put_together_below() {
    let gateway = gateway();
    gateway.judge(products("{price{minor}}", &["Product:1"])).await;
    gateway.judge(products("{price{currency}}", &["Product:1"])).await;
    // Two moments of one object are no object.
    assert_eq!(
        gateway
            .judge(products("{price{minor currency}}", &["Product:1"]))
            .await
            .len(),
        1
    );
    assert!(
        gateway
            .judge(products("{price{currency}}", &["Product:1"]))
            .await
            .is_empty()
    );
}

/// Each is answered after the first one, with or without a call.
async fn roots(first: SubgraphRequest, then: &[(SubgraphRequest, bool)]) {
    let gateway = gateway();
    gateway.judge(first.clone()).await;
    for (request, is_call) in then {
        let document = &request.document;
        assert_eq!(
            !gateway.judge(request.clone()).await.is_empty(),
            *is_call,
            "{document} after {}",
            first.document
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_value_of_an_argument_is_one_key_however_it_is_written() {
    roots(
        root(r#"{product(id:"1"){name}}"#),
        &[
            (root(r#"{other:product(id:"1"){n:name}}"#), false),
            (
                root("query($x:ID!){product(id:$x){name}}").variables(r#""x":"1""#),
                false,
            ),
            (
                root("query($x:ID!){product(id:$x){name}}").variables(r#""x":"2""#),
                true,
            ),
            (root(r#"query($x:ID="1"){product(id:$x){name}}"#), false),
            (root(r#"query($x:ID="3"){product(id:$x){name}}"#), true),
        ],
    )
    .await;
    roots(
        root(r#"{byIds(ids:["1","2"],by:NAME){name}}"#),
        &[
            (
                root(r#"query($b:ID,$by:By){byIds(by:$by,ids:["1",$b]){name}}"#)
                    .variables(r#""b":"2","by":"NAME""#),
                false,
            ),
            (root(r#"{byIds(ids:["2","1"],by:NAME){name}}"#), true),
            (root(r#"{byIds(ids:["1","2"],by:PRICE){name}}"#), true),
            (root(r#"{byIds(ids:["1","2"]){name}}"#), true),
        ],
    )
    .await;
    roots(
        root("query($n:Int){products(first:$n){name}}"),
        &[
            (root("{products{name}}"), false),
            (root("query($n:Int=1){products(first:$n){name}}"), true),
            (root("{products(first:1){name}}"), false),
            (
                root("query($n:Int=1){products(first:$n){name}}").variables(r#""n":2"#),
                true,
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn numbers_that_only_look_alike_are_not_one_key() {
    roots(
        root("{echo(any:123456789012345678901234567)}"),
        &[(root("{echo(any:123456789012345678901234568)}"), true)],
    )
    .await;
    roots(
        root("{echo(float:0.12345678901234567891)}"),
        &[(root("{echo(float:0.12345678901234567892)}"), true)],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn numbers_in_variables_that_only_look_alike_are_not_one_key() {
    let gateway = gateway();
    let ask = |variables| root("query($x:Any){echo(any:$x)}").variables(variables);
    assert_eq!(
        gateway
            .calls(ask(r#""x":[123456789012345678901234567]"#))
            .await
            .len(),
        1
    );
    assert_eq!(
        gateway
            .calls(ask(r#""x":[123456789012345678901234568]"#))
            .await
            .len(),
        1
    );
    assert_eq!(gateway.calls(ask(r#""x":[1234567890123456789]"#)).await.len(), 1);
    assert_eq!(gateway.calls(ask(r#""x":[1234567890123456789]"#)).await.len(), 0);
    assert_eq!(
        gateway
            .calls(ask(r#""x":"123456789012345678901234568 1.23456789012345678901""#))
            .await
            .len(),
        1
    );
    assert_eq!(
        gateway
            .calls(ask(r#""x":"123456789012345678901234568 1.23456789012345678901""#))
            .await
            .len(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn conditions_leave_out_what_nobody_asked_for() {
    let document = "query($representations:[_Any!]!,$a:Boolean!,$b:Boolean=true){_entities(representations:$representations){...on Product{name weightGrams@include(if:$a)...@skip(if:$b){sku}}}}";
    let ask = |variables| SubgraphRequest {
        document: document.into(),
        ..products("{name}", &["Product:1"]).variables(variables)
    };
    let gateway = gateway();
    gateway.judge(ask(r#""a":false"#)).await;
    assert!(gateway.judge(products("{name}", &["Product:1"])).await.is_empty());
    let documents = gateway.judge(ask(r#""a":true,"b":false"#)).await;
    assert!(
        documents.len() == 1 && !documents[0].contains("name"),
        "{documents:?}"
    );
    assert!(gateway.judge(ask(r#""a":true,"b":true"#)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn selections_that_hang_on_types() {
    let types = "{__typename ...on Product{weightGrams}...on Bundle{items{name}}}";
    roots(
        root(&format!("{{listings{types}}}")),
        &[
            (root("{listings{__typename ...on Bundle{items{name}}}}"), false),
            (root("{listings{__typename ...on Listing{name}}}"), true),
            (
                root("{listings{__typename ...on Listing{...on Product{w:weightGrams}}}}"),
                false,
            ),
        ],
    )
    .await;
    roots(
        root(&format!("{{search(text:\"x\"){types}}}")),
        &[
            (
                root("{search(text:\"x\"){__typename ...on Product{weightGrams}}}"),
                false,
            ),
            (root("{search(text:\"x\"){...on Product{weightGrams}}}"), false),
        ],
    )
    .await;
    // The same key, and another field for each type.
    roots(
        root("{listings{__typename ...on Product{x:price(currency:\"A\"){currency}}...on Bundle{x:price(currency:\"B\"){currency}}}}"),
        &[(root("{listings{__typename ...on Bundle{price(currency:\"B\"){currency}}}}"), false),
        (root("{listings{__typename ...on Product{price(currency:\"B\"){currency}}}}"), true)],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn entities_of_an_interface_and_of_an_interface_object() {
    let gateway = gateway();
    let all = "{__typename ...on Media{title}...on Book{pages}...on Film{minutes}}";
    gateway.judge(entities(all, &["Media:b", "Media:f"])).await;
    assert!(gateway.judge(entities(all, &["Media:f"])).await.is_empty());
    assert!(
        gateway
            .judge(entities(
                "{__typename ...on Book{pages}}",
                &["Media:b", "Media:f"]
            ))
            .await
            .is_empty()
    );
    // Without the type nobody can tell what was asked for.
    let (other, untyped) = (
        crate::setup::gateway(),
        entities("{...on Book{pages}}", &["Media:b"]),
    );
    assert_eq!(other.judge(untyped.clone()).await.len(), 1);
    assert_eq!(other.judge(untyped).await.len(), 1);
    let scores = |keys| entities("{...on Media{score}}", keys).of(REVIEWS);
    gateway.judge(scores(&["Media:b"])).await;
    assert!(gateway.judge(scores(&["Media:b"])).await.is_empty());
    assert_eq!(gateway.judge(scores(&["Media:b", "Media:f"])).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn entities_and_fields_that_are_missing_are_asked_for_in_one_call() {
    let gateway = gateway();
    gateway.judge(products("{name}", &["Product:1"])).await;
    gateway
        .judge(products("{name weightGrams}", &["Product:2"]))
        .await;
    gateway.fake.documents();
    let request = products(
        "{name weightGrams}",
        &["Product:1", "Product:2", "Product:3", "Product:none"],
    );
    let documents = gateway.judge(request.clone()).await;
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert!(gateway.judge(request).await.is_empty());
    // Only entities are missing: the document is the one that others send too.
    let request = products(
        "{name weightGrams}",
        &["Product:1", "Product:sku=s3", "Product:2"],
    );
    let document = request.document.to_string();
    assert_eq!(gateway.judge(request).await, [document]);
}

fn two_lists(keys: [&[&str]; 2]) -> SubgraphRequest {
    SubgraphRequest {
        entities: vec![list("_e0", "r0", keys[0]), list("_e1", "r1", keys[1])],
        ..root("query($r0:[_Any!]!,$r1:[_Any!]!,$c:String){_e0:_entities(representations:$r0){...on Product{name price(currency:$c){currency}}}_e1:_entities(representations:$r1){...on Product{maker{name}}...on Maker{country}}}")
    }
    .variables(r#""c":"X""#)
}

#[tokio::test(start_paused = true)]
async fn two_lists_in_one_request() {
    let gateway = gateway();
    gateway.judge(products("{name}", &["Product:1"])).await;
    let request = two_lists([&["Product:1", "Product:2"], &["Maker:1", "Product:1"]]);
    assert_eq!(gateway.judge(request.clone()).await.len(), 1);
    assert!(gateway.judge(request).await.is_empty());
    let documents = gateway.judge(two_lists([&["Product:1"], &["Product:2"]])).await;
    assert_eq!(documents.len(), 1);
    let both = two_lists([
        &["Product:1", "Product:2"],
        &["Maker:1", "Product:1", "Product:2", "Product:none"],
    ]);
    gateway.judge(both).await;
}

#[tokio::test(start_paused = true)]
async fn many_sets_of_missing_fields_bring_nobody_a_field_twice() {
    let gateway = gateway();
    let fields = [
        "name",
        "sku",
        "weightGrams",
        "reads",
        "tags",
        "id",
        "price{minor}",
        "maker{name}",
    ];
    for id in 0..12 {
        gateway.fake.state().world.insert(
            format!("Product:x{id}"),
            json!({ "id": format!("x{id}"), "sku": format!("y{id}"), "name": format!("N{id}") }),
        );
        gateway
            .ask(products(
                &format!("{{{}}}", fields[id % fields.len()]),
                &[&format!("Product:x{id}")],
            ))
            .await;
    }
    // What is kept is not what there is any more.
    gateway.fake.set("Product:x0", "name", json!("changed"));
    let keys: Vec<String> = (0..12).map(|id| format!("Product:x{id}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let request = products(&format!("{{{}}}", fields.join(" ")), &keys);
    let reply = gateway.send(request).await.unwrap();
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert_eq!(text.matches("\"sku\"").count(), 12, "{text}");
}

#[tokio::test(start_paused = true)]
async fn variables_of_the_operation_stay_what_they_are_called() {
    let gateway = gateway();
    gateway.judge(products("{name}", &["Product:1"])).await;
    gateway.judge(products("{sku}", &["Product:2"])).await;
    let request = SubgraphRequest {
        document: "query($representations:[_Any!]!,$representations_1:String){_entities(representations:$representations){...on Product{name sku price(currency:$representations_1){currency}}}}".into(),
        ..products("", &["Product:1", "Product:2"]).variables(r#""representations_1":"X""#)
    };
    assert_eq!(gateway.judge(request).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_stand_where_they_would_have_stood() {
    let gateway = gateway();
    let broken = ["Product:2.weightGrams", "Maker:1.country", "Query:.note"];
    gateway.fake.state().broken = broken.map(str::to_owned).to_vec();
    gateway
        .judge(products("{name}", &["Product:1", "Product:2"]))
        .await;
    let request = products("{name weightGrams}", &["Product:1", "Product:3", "Product:2"]);
    assert_eq!(gateway.judge(request).await.len(), 1);
    for second in [
        ["Maker:1", "Product:1"],
        ["Product:1", "Maker:1"],
        ["Product:2", "Maker:1"],
    ] {
        gateway
            .judge(two_lists([&["Product:2", "Product:1"], &second]))
            .await;
    }
    gateway.judge(root("{listings{name}}")).await;
    gateway.judge(root("{note listings{name}}")).await;
}

#[tokio::test(start_paused = true)]
async fn answers_with_errors_are_not_kept() {
    let gateway = gateway();
    gateway.fake.state().broken.push("Product:1.name".to_owned());
    let request = products("{name weightGrams}", &["Product:1"]);
    gateway.judge(request.clone()).await;
    gateway.fake.state().broken.clear();
    assert_eq!(gateway.judge(request).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_good_answer_goes_on_as_it_came_and_is_not_kept() {
    let bodies: [&[u8]; 9] = [
        b"",
        b"null",
        br#"{"data":{"_entities":[{"name":"x"}"#,
        br#"{"data":null}"#,
        br#"{"data":{"_entities":[{"name":"x"},{"name":"y"}]}}"#,
        br#"{"data":{"_entities":[]}}"#,
        br#"{"data":{"_entities":{"name":"x"}}}"#,
        br#"{"data":{"_entities":[{"name":"x","price":5}]}}"#,
        b"{\"data\":{\"_entities\":[{\"name\":\"\xff\",\"price\":{\"minor\":1}}]}}",
    ];
    for body in bodies {
        let gateway = gateway();
        let request = products("{name price{minor}}", &["Product:1"]);
        gateway.fake.state().how = How::Body(body.to_vec());
        let reply = gateway.send(request.clone()).await.unwrap();
        assert_eq!(&*reply.body, body);
        gateway.fake.state().how = How::Well;
        assert_eq!(
            gateway.judge(request).await.len(),
            1,
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_no_good_answer_spoils_no_more_than_itself() {
    let request = products("{name weightGrams}", &["Product:1", "Product:2", "Product:3"]);
    let changes: [fn(&mut Value); 6] = [
        |answer| answer["data"]["_entities"] = json!([]),
        |answer| answer["data"]["_entities"] = json!("x"),
        |answer| answer["data"]["_entities"] = json!([1, 2, 3, 4, 5]),
        |answer| answer["data"] = json!({}),
        |answer| *answer = json!({ "data": null, "errors": [{ "message": "no" }] }),
        |answer| {
            answer["errors"] = json!([{ "message": "m", "path": ["_entities", 17, "x"] }, { "path": 3 }, 4])
        },
    ];
    for change in changes {
        let gateway = gateway();
        gateway.judge(products("{name}", &["Product:1"])).await;
        gateway.fake.state().how = How::Changed(change);
        // Whatever it is, it is JSON, and nothing of it is kept.
        gateway.ask(request.clone()).await;
        gateway.fake.state().how = How::Well;
        gateway.judge(request.clone()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_larger_than_allowed_and_what_is_kept_in_no_memory() {
    for (memory, largest) in [(0, 1 << 20), (1 << 20, 100)] {
        let gateway = crate::setup::Setup::new()
            .options(|options| (options.memory_bytes, options.largest_value) = (memory, largest))
            .start();
        let request = products("{name}", &["Product:1"]);
        for _ in 0..2 {
            assert_eq!(gateway.judge(request.clone()).await.len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_fields_than_are_kept_beside_each_other_are_kept_when_one_document_asks_for_them() {
    let gateway = gateway();
    let all: Vec<String> = (0..150)
        .map(|n| format!("a{n}:price(currency:\"{n}\"){{currency}}"))
        .collect();
    gateway.judge(products("{name}", &["Product:1"])).await;
    let request = products(&format!("{{{}}}", all.join(" ")), &["Product:1"]);
    gateway.judge(request.clone()).await;
    assert!(gateway.judge(request).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_field_may_be_asked_for_many_times_and_in_two_places() {
    let gateway = gateway();
    let many: Vec<Value> = (0..20).map(|_| json!({ "@": "Product:1" })).collect();
    gateway.fake.set("Query", "listings", many.into());
    let aliases: Vec<String> = (0..200).map(|number| format!("a{number}:name")).collect();
    let aliases = aliases.join(" ");
    let document = format!("{{listings{{__typename ...on Product{{{aliases}}}...on Listing{{{aliases}}}}}}}");
    gateway.judge(root(&document)).await;
    assert!(gateway.judge(root(&document)).await.is_empty());
}
