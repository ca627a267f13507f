//! What is asked for an entity, and where its answer goes.

use serde_json::{Value, json};

use crate::support::{Call, Execution, PlanBuilder};

fn products(projection: &str) -> (PlanBuilder, u32) {
    let mut plan = PlanBuilder::new(projection);
    let root = plan.root("catalog", "products { __typename id sku weight }");
    (plan, root)
}

#[test]
fn equal_representations_are_sent_once() {
    let (mut plan, root) = products("products: [Product] { id: ID! price: Int box: Box { size: Int } }");
    plan.entities(
        "prices",
        &[root],
        ("products", "Product { id! }"),
        "price box { size }",
    );
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"id":"2"},null,{"id":"1"},{"id":"2"}]}}"#,
    );
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Product", "id": "2"}, {"__typename": "Product", "id": "1"}]),
    );
    run.answer(
        "prices",
        r#"{"data":{"_entities":[{"price":22,"box":{"size":2}},{"price":11,"box":{"size":1}}]}}"#,
    );
    let answer = run.finish();
    answer.is(
        r#"{"products":[{"id":"2","price":22,"box":{"size":2}},null,{"id":"1","price":11,"box":{"size":1}},{"id":"2","price":22,"box":{"size":2}}]}"#,
        &[],
    );
    assert_eq!(
        (answer.fetches[1].entities_asked, answer.fetches[1].entities_sent),
        (3, 2)
    );
}

#[test]
fn several_questions_share_a_request() {
    let mut plan = PlanBuilder::new("me: User { name: String } top: Product { price: Int }");
    let root = plan.root("base", "me { id } top { id }");
    let calls = vec![
        Call::at("me", "User { id! }").brings("name"),
        Call::at("top", "Product { id! }").brings("price"),
    ];
    plan.calls("more", &[root], calls);
    let mut run = Execution::start(plan);
    run.answer("base", r#"{"data":{"me":{"id":"1"},"top":{"id":"1"}}}"#);
    assert_eq!(
        run.sent(1),
        json!({"r0": [{"__typename": "User", "id": "1"}], "r1": [{"__typename": "Product", "id": "1"}]}),
    );
    run.answer("more", r#"{"data":{"_e1":[{"price":5}],"_e0":[{"name":"Ada"}]}}"#);
    run.finish().is(r#"{"me":{"name":"Ada"},"top":{"price":5}}"#, &[]);
}

#[test]
fn a_question_without_entities_beside_one_with_some() {
    let mut plan = PlanBuilder::new("me: User { name: String } top: Product { price: Int }");
    let root = plan.root("base", "me { id } top { id }");
    let calls = vec![
        Call::at("me", "User { id! }").brings("name"),
        Call::at("top", "Product { id! }").brings("price"),
    ];
    plan.calls("more", &[root], calls);
    let mut run = Execution::start(plan);
    run.answer("base", r#"{"data":{"me":null,"top":{"id":"1"}}}"#);
    assert_eq!(
        run.sent(1),
        json!({"r0": [], "r1": [{"__typename": "Product", "id": "1"}]})
    );
    run.answer("more", r#"{"data":{"_e0":[],"_e1":[{"price":5}]}}"#);
    run.finish().is(r#"{"me":null,"top":{"price":5}}"#, &[]);
}

#[test]
fn one_question_serves_several_places() {
    let mut plan = PlanBuilder::new(
        "top: Product { price: Int } carts: [[Cart]] { lines: [Line] { product: Product { price: Int } } }",
    );
    let root = plan.root("base", "top { id } carts { lines { product { id } } }");
    let call = Call::at("top", "Product { id! }").and_at("carts.lines.product", "Product { id! }");
    plan.calls("prices", &[root], vec![call.brings("price")]);
    let mut run = Execution::start(plan);
    run.answer(
        "base",
        r#"{"data":{"top":{"id":"1"},"carts":[[{"lines":[{"product":{"id":"2"}},{"product":null}]}],null,
            [{"lines":null},{"lines":[{"product":{"id":"1"}}]}]]}}"#,
    );
    let sent = run.sent(1)["representations"].as_array().unwrap().len();
    assert_eq!(sent, 2);
    run.answer("prices", r#"{"data":{"_entities":[{"price":1},{"price":2}]}}"#);
    run.finish().is(
        r#"{"top":{"price":1},"carts":[[{"lines":[{"product":{"price":2}},{"product":null}]}],null,[{"lines":null},{"lines":[{"product":{"price":1}}]}]]}"#,
        &[],
    );
}

/// Photos of fish and of snakes are asked for apart, e.g. since the client gave them different arguments.
#[test]
fn a_path_may_hold_for_some_types_alone() {
    let mut plan = PlanBuilder::new("animals: [Fish|Snake] { kind: Typename photo: Photo { t: String } }");
    let root = plan.root("zoo", "animals { __typename photo { id } }");
    plan.entities("photos", &[root], ("animals.<Fish>photo", "Photo { id! }"), "t");
    plan.entities("photos", &[root], ("animals.<Snake>photo", "Photo { id! }"), "t");
    let mut run = Execution::start(plan);
    run.answer(
        "zoo",
        r#"{"data":{"animals":[{"__typename":"Fish","photo":{"id":"f"}},{"__typename":"Snake","photo":{"id":"s"}}]}}"#,
    );
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Photo", "id": "f"}])
    );
    assert_eq!(
        run.sent(2)["representations"],
        json!([{"__typename": "Photo", "id": "s"}])
    );
    run.answer("photos", r#"{"data":{"_entities":[{"t":"small"}]}}"#);
    run.answer("photos", r#"{"data":{"_entities":[{"t":"large"}]}}"#);
    run.finish().is(
        r#"{"animals":[{"kind":"Fish","photo":{"t":"small"}},{"kind":"Snake","photo":{"t":"large"}}]}"#,
        &[],
    );
}

#[test]
fn each_type_has_its_own_representation() {
    let (mut plan, root) =
        products("products: [Book|Film|Song] { ...on Book { price: Int } ...on Film { price: Int } id: ID }");
    let targets = "Book { sku! } Film=Media { id! }";
    plan.entities("prices", &[root], ("products", targets), "price");
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"__typename":"Film","id":"1","sku":"f"},{"__typename":"Song","id":"2","sku":"s"},{"__typename":"Book","id":"3","sku":"b"}]}}"#,
    );
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Media", "id": "1"}, {"__typename": "Book", "sku": "b"}]),
    );
    run.answer("prices", r#"{"data":{"_entities":[{"price":1},{"price":3}]}}"#);
    run.finish().is(
        r#"{"products":[{"price":1,"id":"1"},{"id":"2"},{"price":3,"id":"3"}]}"#,
        &[],
    );
}

#[test]
fn a_null_key_stops_the_hop() {
    let (mut plan, root) = products("products: [Product] { price: Int }");
    plan.entities(
        "prices",
        &[root],
        ("products", "Product { id! region=sku! }"),
        "price",
    );
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"id":"1","sku":null},{"id":"2"},{"id":null,"sku":"x"}]}}"#,
    );
    assert_eq!(run.called(), ["catalog"]);
    run.finish().is(
        r#"{"products":[{"price":null},{"price":null},{"price":null}]}"#,
        &[],
    );
}

#[test]
fn a_null_inside_a_compound_key_stops_the_hop() {
    let mut plan = PlanBuilder::new("items: [Item] { stock: Int }");
    let root = plan.root("items", "items { sku region { code } tags { id } }");
    let key = "Item { sku! region! { code! } tags! { id! } }";
    plan.entities("stock", &[root], ("items", key), "stock");
    let mut run = Execution::start(plan);
    run.answer(
        "items",
        r#"{"data":{"items":[{"sku":"1","region":{"code":null},"tags":[]},{"sku":"2","region":null,"tags":[]},
            {"sku":"3","region":{"code":"eu"},"tags":[{"id":"a"},{"id":"b"}]},{"sku":"4","region":{"code":"eu"},"tags":[null]}]}}"#,
    );
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Item", "sku": "3", "region": {"code": "eu"}, "tags": [{"id": "a"}, {"id": "b"}]}]),
    );
    run.answer("stock", r#"{"data":{"_entities":[{"stock":3}]}}"#);
    run.finish().is(
        r#"{"items":[{"stock":null},{"stock":null},{"stock":3},{"stock":null}]}"#,
        &[],
    );
}

#[test]
fn an_entity_answered_null_is_not_asked_further() {
    let (mut plan, root) = products("products: [Product] { price: Int fee: Int }");
    let prices = plan.entities("prices", &[root], ("products", "Product { id! }"), "price weight");
    plan.entities(
        "fees",
        &[root, prices],
        ("products", "Product { id! weight }"),
        "fee",
    );
    let mut run = Execution::start(plan);
    run.answer("catalog", r#"{"data":{"products":[{"id":"1"},{"id":"2"}]}}"#);
    run.answer(
        "prices",
        r#"{"data":{"_entities":[null,{"price":2,"weight":null}]}}"#,
    );
    assert_eq!(
        run.sent(2)["representations"],
        json!([{"__typename": "Product", "id": "2", "weight": null}])
    );
    run.answer("fees", r#"{"data":{"_entities":[{"fee":7}]}}"#);
    run.finish().is(
        r#"{"products":[{"price":null,"fee":null},{"price":2,"fee":7}]}"#,
        &[],
    );
}

#[test]
fn requirements_are_sent_under_their_own_names_and_for_their_own_types() {
    let mut plan = PlanBuilder::new("owner: Owner { id: String licence: String }");
    let root = plan.root(
        "owners",
        "owner { _a0_id=_i0_id id pets { __typename breed lives } }",
    );
    let requires = "Owner { id=_i0_id! pets { __typename ...on Dog { breed } ...on Cat|Lynx { lives } } }";
    plan.entities("town", &[root], ("owner", requires), "licence");
    let mut run = Execution::start(plan);
    run.answer(
        "owners",
        r#"{"data":{"owner":{"_a0_id":"o-1","id":"handle","pets":[{"__typename":"Dog","breed":"pug"},null,
            {"__typename":"Lynx","lives":9},{"__typename":"Fish"}]}}}"#,
    );
    let pets = json!([
        {"__typename": "Dog", "breed": "pug"}, null, {"__typename": "Lynx", "lives": 9}, {"__typename": "Fish"},
    ]);
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Owner", "id": "o-1", "pets": pets}])
    );
    run.answer("town", r#"{"data":{"_entities":[{"licence":"L"}]}}"#);
    run.finish().is(r#"{"owner":{"id":"handle","licence":"L"}}"#, &[]);
}

#[test]
fn a_required_object_may_be_null() {
    let mut plan = PlanBuilder::new("order: Order { shipTo: String }");
    let root = plan.root("orders", "order { id buyer { country } }");
    plan.entities(
        "shipping",
        &[root],
        ("order", "Order { id! buyer { country } }"),
        "shipTo",
    );
    let mut run = Execution::start(plan);
    run.answer("orders", r#"{"data":{"order":{"id":"1","buyer":null}}}"#);
    assert_eq!(run.sent(1)["representations"][0]["buyer"], Value::Null);
    run.answer("shipping", r#"{"data":{"_entities":[{"shipTo":null}]}}"#);
    run.finish().is(r#"{"order":{"shipTo":null}}"#, &[]);
}

#[test]
fn fields_of_other_types_stay_out_of_a_representation() {
    let (mut plan, root) = products("products: [Book|Film] { fee: Int }");
    let fields = "id! ...on Book { sku } ...on Film { weight }";
    let targets = format!("Book=Media {{ {fields} }} Film=Media {{ {fields} }}");
    plan.entities("fees", &[root], ("products", &targets), "fee");
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"__typename":"Book","id":"1","sku":"b","weight":1},{"__typename":"Film","id":"2","sku":"f","weight":2}]}}"#,
    );
    assert_eq!(
        run.sent(1)["representations"],
        json!([{"__typename": "Media", "id": "1", "sku": "b"}, {"__typename": "Media", "id": "2", "weight": 2}]),
    );
    run.answer("fees", r#"{"data":{"_entities":[{"fee":1},{"fee":2}]}}"#);
    run.finish().is(r#"{"products":[{"fee":1},{"fee":2}]}"#, &[]);
}

#[test]
fn a_key_that_names_the_typename_sends_it_once() {
    let (mut plan, root) = products("products: [Product] { price: Int }");
    plan.entities(
        "prices",
        &[root],
        ("products", "Product { __typename id! }"),
        "price",
    );
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"__typename":"Product","id":"1"}]}}"#,
    );
    assert!(
        run.body(1).ends_with(r#"[{"__typename":"Product","id":"1"}]}}"#),
        "{}",
        run.body(1)
    );
    run.answer("prices", r#"{"data":{"_entities":[{"price":1}]}}"#);
    run.finish().is(r#"{"products":[{"price":1}]}"#, &[]);
}

/// While a batch is under way another fetch may add objects along its path; they are not part of the batch.
#[test]
fn an_answer_goes_to_the_objects_that_were_asked_for() {
    let (mut plan, root) = products("products: [Product] { box: Box { id: ID colour: String size: Int } }");
    let boxes = plan.entities("boxes", &[root], ("products", "Product { id! }"), "box { id }");
    plan.entities("sizes", &[root], ("products", "Product { id! }"), "box { size }");
    plan.entities("colours", &[boxes], ("products.box", "Box { id! }"), "colour");
    let mut run = Execution::start(plan);
    run.answer(
        "catalog",
        r#"{"data":{"products":[{"id":"1"},{"id":"2"},{"id":"3"}]}}"#,
    );
    run.answer(
        "boxes",
        r#"{"data":{"_entities":[null,{"box":{"id":"b-2"}},{"box":{"id":"b-3"}}]}}"#,
    );
    run.answer(
        "sizes",
        r#"{"data":{"_entities":[{"box":{"size":1}},{"box":{"size":2}},{"box":{"size":3}}]}}"#,
    );
    run.answer(
        "colours",
        r#"{"data":{"_entities":[{"colour":"red"},{"colour":"blue"}]}}"#,
    );
    run.finish().is(
        r#"{"products":[{"box":{"id":null,"colour":null,"size":1}},{"box":{"id":"b-2","colour":"red","size":2}},{"box":{"id":"b-3","colour":"blue","size":3}}]}"#,
        &[],
    );
}

/// An interface object's subgraph knows the entity but not its type.
#[test]
fn a_hop_may_learn_the_type() {
    let build = || {
        let mut plan = PlanBuilder::new("nodes: [User|Group] { kind: Typename ...on User { rank: Int } }");
        let root = plan.root("ranks", "nodes { id rank }");
        let types = plan.entities("types", &[root], ("nodes", "User=Node { id! }"), "__typename");
        plan.entities("names", &[types], ("nodes", "User { id! }"), "rank");
        let mut run = Execution::start(plan);
        run.answer("ranks", r#"{"data":{"nodes":[{"id":"1"},{"id":"2"}]}}"#);
        run
    };
    let mut run = build();
    run.answer(
        "types",
        r#"{"data":{"_entities":[{"__typename":"Group"},{"__typename":"User"}]}}"#,
    );
    assert_eq!(
        run.sent(2)["representations"],
        json!([{"__typename": "User", "id": "2"}])
    );
    run.answer("names", r#"{"data":{"_entities":[{"rank":2}]}}"#);
    run.finish()
        .is(r#"{"nodes":[{"kind":"Group"},{"kind":"User","rank":2}]}"#, &[]);

    let mut run = build();
    run.answer("types", "{}");
    assert_eq!(run.called(), ["ranks", "types"], "no type, no question");
    let answer = run.finish();
    assert_eq!(answer.data, r#"{"nodes":[null,null]}"#);
    let codes: Vec<_> = answer
        .errors
        .iter()
        .map(|error| &error["extensions"]["code"])
        .collect();
    assert_eq!(
        codes,
        ["SUBGRAPH_MALFORMED_RESPONSE", "SUBGRAPH_MALFORMED_RESPONSE"]
    );
}
