//! What subgraphs complain about, in the client's terms.

use serde_json::json;

use crate::support::{Answer, Call, Execution, PlanBuilder};

fn root(projection: &str, shape: &str, body: &str) -> Answer {
    let mut plan = PlanBuilder::new(projection);
    plan.root("users", shape);
    let mut run = Execution::start(plan);
    run.answer("users", body);
    run.finish()
}

#[test]
fn message_and_extensions_are_kept() {
    let answer = root(
        "me: Me { name: String }",
        "me { name }",
        r#"{"errors":[{"message":"é \"no\"","path":["me","name"],"locations":[{"line":1,"column":2}],
            "extensions":{"code":"FORBIDDEN","scopes":["a"]}}],"data":{"me":{"name":null}}}"#,
    );
    assert_eq!(answer.data, r#"{"me":{"name":null}}"#);
    assert_eq!(
        answer.errors,
        [json!({"message": "é \"no\"", "path": ["me", "name"],
            "extensions": {"code": "FORBIDDEN", "scopes": ["a"], "subgraph": "users"}})],
    );
}

#[test]
fn a_null_that_the_subgraph_explains_gets_no_second_error() {
    // The subgraph has passed the null up already, or leaves that to the gateway.
    for data in [
        r#"{"me":null}"#,
        r#"{"me":{"pets":null}}"#,
        r#"{"me":{"pets":[{"name":"a"},{"name":null}]}}"#,
    ] {
        let body =
            format!(r#"{{"errors":[{{"message":"no","path":["me","pets",1,"name"]}}],"data":{data}}}"#);
        root(
            "me: Me { pets: [Pet!]! { name: String! } }",
            "me { pets { name } }",
            &body,
        )
        .is(r#"{"me":null}"#, &["me.pets.1.name: no"]);
    }
}

#[test]
fn an_explained_null_hides_no_other() {
    root(
        "a: [A] { b: Int! }",
        "a { b }",
        r#"{"errors":[{"message":"no","path":["a",1,"b"]}],"data":{"a":[{"b":null},null,{"b":null}]}}"#,
    )
    .is(
        r#"{"a":[null,null,null]}"#,
        &[
            "a.1.b: no",
            "a.0.b: the field is non-null, but no subgraph brought a value",
            "a.2.b: the field is non-null, but no subgraph brought a value",
        ],
    );
}

#[test]
fn aliases_are_undone_in_paths() {
    root(
        "pet: Cat|Dog { ...on Dog { name: String } }",
        "pet { __typename name _a0_name=name }",
        r#"{"errors":[{"message":"no","path":["pet","_a0_name"]}],"data":{"pet":{"__typename":"Dog","_a0_name":null}}}"#,
    )
    .is(r#"{"pet":{"name":null}}"#, &["pet.name: no"]);
    root(
        "__typename=_client___typename: String",
        "x=_client___typename",
        r#"{"errors":[{"message":"no","path":["x"]}],"data":{"x":null}}"#,
    )
    .is(r#"{"__typename":null}"#, &["__typename: no"]);
}

/// What the client asks of one type may be loaded of another one for the gateway's own purposes.
#[test]
fn paths_end_where_the_objects_own_type_was_asked_no_further() {
    let projection = "pets: [Cat|Dog] { ...on Dog { name: String } id: ID }";
    let body = r#"{"data":{"pets":[{"__typename":"Cat","name":null,"id":"1"},{"__typename":"Dog","name":null,"id":"2"}]},"errors":[{"message":"no","path":["pets",0,"name"]},{"message":"no","path":["pets",1,"name"]}]}"#;
    root(projection, "pets { __typename name id }", body).is(
        r#"{"pets":[{"id":"1"},{"name":null,"id":"2"}]}"#,
        &["pets.0: no", "pets.1.name: no"],
    );
}

#[test]
fn paths_end_where_the_client_asked_no_further() {
    let projection = "me: Me { id: String @if(never) pets: [Pet] { name: String } json: Json }";
    let shape = "me { id=_i0_id handle id2=id pets { name secret } json }";
    for (path, expected) in [
        (r#"["me","id"]"#, "me"),
        (r#"["me","id2"]"#, "me"),
        (r#"["me","handle"]"#, "me"),
        (r#"["me","pets",0,"secret","deeper"]"#, "me.pets.0"),
        (r#"["me","pets",0,0]"#, "me.pets.0"),
        (r#"["me","pets","name"]"#, "me.pets"),
        (r#"["me",3,"pets"]"#, "me"),
        (r#"["me","json","a",3]"#, "me.json"),
        (r#"["me","pets",-1]"#, "me.pets"),
        (r#"["me",null]"#, "me"),
        (r#"["nothing"]"#, ""),
        (r#"[5]"#, ""),
        ("[]", ""),
        ("null", ""),
        (r#""me.pets""#, ""),
    ] {
        let data = r#"{"me":{"pets":[{"name":"x"}],"json":1}}"#;
        let body = format!(r#"{{"errors":[{{"message":"no","path":{path}}}],"data":{data}}}"#);
        let answer = root(projection, shape, &body);
        answer.is(
            r#"{"me":{"pets":[{"name":"x"}],"json":1}}"#,
            &[&format!("{expected}: no")],
        );
        assert_eq!(answer.errors[0].get("path").is_some(), !expected.is_empty());
    }
}

#[test]
fn odd_errors_do_not_cost_the_data() {
    for (error, message) in [
        ("{}", "subgraph `users` reported an error without a message"),
        (
            r#"{"message":null}"#,
            "subgraph `users` reported an error without a message",
        ),
        (r#"{"message":"m","extensions":[1],"path":{"a":1}}"#, "m"),
    ] {
        let answer = root(
            "a: Int",
            "a",
            &format!(r#"{{"data":{{"a":1}},"errors":[{error}]}}"#),
        );
        answer.is(r#"{"a":1}"#, &[&format!(": {message}")]);
        assert_eq!(
            answer.errors[0]["extensions"],
            json!({"code": "SUBGRAPH_ERROR", "subgraph": "users"})
        );
    }
}

#[test]
fn an_answer_without_data_nulls_its_root_fields() {
    let null = |body: &str, complaints: &[&str]| {
        root("a: Int b: B { c: Int }", "a b { c }", body).is(r#"{"a":null,"b":null}"#, complaints);
    };
    null(
        r#"{"data":null,"errors":[{"message":"no"}]}"#,
        &["a: no", "b: no"],
    );
    null(r#"{"errors":[{"message":"no"}]}"#, &["a: no", "b: no"]);
    null(
        r#"{"data":null,"errors":[{"message":"no","path":["b","c"]}]}"#,
        &["b.c: no", "a: no"],
    );
    null(
        r#"{"data":null,"errors":[{"message":"x"},{"message":"y"}]}"#,
        &["a: x", "b: x", ": y"],
    );
    let none = "subgraph `users` answered without data";
    null(
        r#"{"data":null}"#,
        &[&format!("a: {none}"), &format!("b: {none}")],
    );
    null(
        r#"{"data":null,"errors":[{"message":"x","path":["a"]},{"message":"y","path":["b"]},{"message":"z"}]}"#,
        &["a: x", "b: y", ": z"],
    );
}

/// `products` with ids 1, 2 and 1 again; the second fetch brings price and box for two entities.
fn prices(body: &str) -> Answer {
    let mut plan = PlanBuilder::new("list=products: [P] { cost=price: Int box: Box { size: Int! } }");
    let products = plan.root("catalog", "products { id }");
    plan.entities(
        "prices",
        &[products],
        ("products", "P { id! }"),
        "_a0_price=price box { size }",
    );
    let mut run = Execution::start(plan);
    run.answer("catalog", r#"{"data":{"products":[{"id":1},{"id":2},{"id":1}]}}"#);
    run.answer("prices", body);
    run.finish()
}

#[test]
fn an_entitys_error_lands_on_every_place_of_the_entity() {
    let all = r#"{"list":[{"cost":null,"box":null},{"cost":5,"box":null},{"cost":null,"box":null}]}"#;
    prices(
        r#"{"data":{"_entities":[{"_a0_price":null,"box":null},{"_a0_price":5,"box":null}]},
            "errors":[{"message":"no","path":["_entities",0,"_a0_price"]}]}"#,
    )
    .is(all, &["list.0.cost: no", "list.2.cost: no"]);
    prices(
        r#"{"data":{"_entities":[null,{"_a0_price":5,"box":null}]},
            "errors":[{"message":"no","path":["_entities",0,"box","size"]},{"message":"late","path":["_entities",1,"box"]}]}"#,
    )
    .is(all, &["list.0.box.size: no", "list.2.box.size: no", "list.1.box: late"]);
}

#[test]
fn without_an_index_the_entities_are_meant_that_lack_the_field() {
    let all = r#"{"list":[{"cost":null,"box":null},{"cost":5,"box":null},{"cost":null,"box":null}]}"#;
    let data = r#"{"_entities":[{"_a0_price":null,"box":null},{"_a0_price":5,"box":null}]}"#;
    let body =
        |data: &str, path: &str| format!(r#"{{"data":{data},"errors":[{{"message":"no","path":{path}}}]}}"#);
    prices(&body(data, r#"["_entities","_a0_price"]"#)).is(all, &["list.0.cost: no", "list.2.cost: no"]);
    let null = r#"{"_entities":[null,{"_a0_price":5,"box":null}]}"#;
    prices(&body(null, r#"["_entities"]"#)).is(all, &["list.0: no", "list.2: no"]);
}

#[test]
fn errors_without_an_index_do_not_multiply_with_the_entities() {
    let all = r#"{"list":[{"cost":null,"box":null},{"cost":null,"box":null},{"cost":null,"box":null}]}"#;
    let data = r#"{"_entities":[{"_a0_price":null,"box":null},{"_a0_price":null,"box":null}]}"#;
    let body = |messages: &[&str]| {
        let errors: Vec<String> = messages
            .iter()
            .map(|message| format!(r#"{{"message":"{message}","path":["_entities","_a0_price"]}}"#))
            .collect();
        format!(r#"{{"data":{data},"errors":[{}]}}"#, errors.join(","))
    };
    // One each: every entity has failed on its own. (Entity 0 stands at two places.)
    prices(&body(&["x", "y"])).is(all, &["list.0.cost: x", "list.2.cost: x", "list.1.cost: y"]);
    prices(&body(&["x", "x", "y", "y"])).is(
        all,
        &["list.0.cost: x", "list.2.cost: x", "list.1.cost: x", ": y"],
    );
}

#[test]
fn an_error_without_a_usable_path_lands_on_every_path_of_the_batch() {
    let data = r#"{"_entities":[{"_a0_price":4,"box":null},{"_a0_price":5,"box":null}]}"#;
    let expected = r#"{"list":[{"cost":4,"box":null},{"cost":5,"box":null},{"cost":4,"box":null}]}"#;
    for path in [
        "null",
        r#"["elsewhere"]"#,
        "[]",
        r#"["_entities",7]"#,
        r#"["_entities"]"#,
        r#"["_entities",-1]"#,
    ] {
        let body = format!(r#"{{"data":{data},"errors":[{{"message":"no","path":{path}}}]}}"#);
        prices(&body).is(expected, &["list.0: no", "list.1: no", "list.2: no"]);
    }
    let body = format!(r#"{{"data":{data},"errors":[{{"message":"x"}},{{"message":"y"}}]}}"#);
    prices(&body).is(expected, &["list.0: x", "list.1: x", "list.2: x", ": y"]);
}

#[test]
fn entities_without_data() {
    let nothing = r#"{"list":[{"cost":null,"box":null},{"cost":null,"box":null},{"cost":null,"box":null}]}"#;
    let everywhere = |message: &str| -> Vec<String> {
        let paths = [
            "list.0.cost",
            "list.0.box",
            "list.1.cost",
            "list.1.box",
            "list.2.cost",
            "list.2.box",
        ];
        paths.iter().map(|path| format!("{path}: {message}")).collect()
    };
    let check = |body: &str, expected: &[String]| {
        prices(body).is(nothing, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    check(r#"{"data":null,"errors":[{"message":"no"}]}"#, &everywhere("no"));
    check(
        r#"{"data":{"_entities":null},"errors":[{"message":"no"}]}"#,
        &everywhere("no"),
    );
    for silent in [
        r#"{"data":null}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"_entities":null}}"#,
    ] {
        check(silent, &everywhere("subgraph `prices` answered without data"));
    }
    // The error is about entity 0 alone, but is also why the other one is missing.
    let mut expected: Vec<String> = everywhere("no")
        .into_iter()
        .filter(|text| text.contains("list.1"))
        .collect();
    expected.extend(["list.0.cost: no".to_owned(), "list.2.cost: no".to_owned()]);
    check(
        r#"{"data":null,"errors":[{"message":"no","path":["_entities",0,"_a0_price"]}]}"#,
        &expected,
    );
}

/// No null is left that the error could stand at; it is told nevertheless.
#[test]
fn an_error_about_the_whole_batch_is_told_beside_errors_about_each_entity() {
    let answer = prices(
        r#"{"data":null,"errors":[{"message":"x","path":["_entities",0]},{"message":"y","path":["_entities",1]},
            {"message":"all"}]}"#,
    );
    assert_eq!(
        answer.complaints(),
        ["list.0: x", "list.1: y", "list.2: x", ": all"]
    );
}

#[test]
fn an_entitys_error_explains_what_is_missing_in_it() {
    let mut plan = PlanBuilder::new("p: P { price: Int! } q: Q { price: Int! }");
    let root = plan.root("catalog", "p { id } q { id }");
    let call = Call::at("p", "P { id! }")
        .and_at("q", "Q { id! }")
        .brings("price");
    plan.calls("prices", &[root], vec![call]);
    let mut run = Execution::start(plan);
    run.answer("catalog", r#"{"data":{"p":{"id":"1"},"q":{"id":"1"}}}"#);
    run.answer(
        "prices",
        r#"{"data":{"_entities":[null,null]},"errors":[{"message":"no","path":["_entities",0]}]}"#,
    );
    run.finish().is(
        r#"{"p":null,"q":null}"#,
        &[
            "p: no",
            "q.price: the field is non-null, but no subgraph brought a value",
        ],
    );
}

#[test]
fn errors_of_one_question_do_not_touch_the_other() {
    let mut plan = PlanBuilder::new("me: User { name: String } top: Product { price: Int }");
    let root = plan.root("base", "me { id } top { id }");
    let calls = vec![
        Call::at("me", "User { id! }").brings("name"),
        Call::at("top", "Product { id! }").brings("price"),
    ];
    plan.calls("more", &[root], calls);
    let mut run = Execution::start(plan);
    run.answer("base", r#"{"data":{"me":{"id":"1"},"top":{"id":"1"}}}"#);
    run.answer(
        "more",
        r#"{"data":{"_e0":[{"name":"Ada"}],"_e1":[null]},"errors":[{"message":"no","path":["_e1",0,"price"]}]}"#,
    );
    run.finish().is(
        r#"{"me":{"name":"Ada"},"top":{"price":null}}"#,
        &["top.price: no"],
    );
}

/// `_i0_buyer` is there for a requirement alone; clients never hear of it.
#[test]
fn internal_places_are_not_named() {
    let mut plan = PlanBuilder::new("order: Order { shipTo: String }");
    let orders = plan.root("orders", "order { id buyer=_i0_buyer { id } }");
    let users = plan.entities("users", &[orders], ("order._i0_buyer", "User { id! }"), "country");
    let place = ("order", "Order { id! buyer=_i0_buyer { country } }");
    plan.entities("orders", &[orders, users], place, "shipTo");
    let mut run = Execution::start(plan);
    run.answer("orders", r#"{"data":{"order":{"id":"1","buyer":{"id":"u"}}}}"#);
    run.answer("users", r#"{"data":{"_entities":[{"country":null}]},"errors":[{"message":"no","path":["_entities",0,"country"]}]}"#);
    run.answer("orders", r#"{"data":{"_entities":[{"shipTo":null}]}}"#);
    run.finish().is(r#"{"order":{"shipTo":null}}"#, &["order: no"]);
}
