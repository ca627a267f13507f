//! One entity at several positions: stored once, and still not mixed up with what is another's.

use crate::support::{Call, Execution, PlanBuilder};

const NAMED: &str = r#"{"data":{"_entities":[{"name":"Ada","best":{"id":"9"}}]}}"#;

/// Two positions of one list with the same entity, of which `names` tells more. `positions` is asked from the root again and
/// brings what belongs to each position.
fn same_twice() -> Execution {
    let mut plan = PlanBuilder::new(
        "items: [Item] { id: ID name: String position: Int best: Item { id: ID name: String } }",
    );
    let items = plan.root("items", "items { id }");
    plan.root("positions", "items { position }");
    let named = plan.entities("names", &[items], ("items", "Item { id! }"), "name best { id }");
    plan.entities("best", &[named], ("items.best", "Item { id! }"), "name");
    Execution::start(plan)
}

const ITEMS: &str = r#"{"data":{"items":[{"id":"1"},{"id":"1"}]}}"#;
const POSITIONS: &str = r#"{"data":{"items":[{"position":1},{"position":2}]}}"#;
const BEST: &str = r#"{"data":{"_entities":[{"name":"Grace"}]}}"#;

#[test]
fn what_is_brought_for_one_position_does_not_show_at_another_whenever_it_comes() {
    for order in [
        ["items", "positions", "names", "best"],
        ["items", "names", "positions", "best"],
        ["items", "names", "best", "positions"],
        ["positions", "items", "names", "best"],
    ] {
        let mut run = same_twice();
        for subgraph in order {
            let body = match subgraph {
                "items" => ITEMS,
                "positions" => POSITIONS,
                "names" => NAMED,
                _ => BEST,
            };
            run.answer(subgraph, body);
        }
        run.finish().is(
            r#"{"items":[{"id":"1","name":"Ada","position":1,"best":{"id":"9","name":"Grace"}},{"id":"1","name":"Ada","position":2,"best":{"id":"9","name":"Grace"}}]}"#,
            &[],
        );
    }
}

#[test]
fn what_an_entity_lost_is_lost_at_each_position_also_after_they_part() {
    for order in [["names", "positions"], ["positions", "names"]] {
        let mut run = same_twice();
        run.answer("items", ITEMS);
        for subgraph in order {
            match subgraph {
                "names" => run.answer("names", r#"{"errors":[{"message":"no"}]}"#),
                _ => run.answer("positions", POSITIONS),
            }
        }
        run.finish().is(
            r#"{"items":[{"id":"1","name":null,"position":1,"best":null},{"id":"1","name":null,"position":2,"best":null}]}"#,
            &["items.0.name: no", "items.0.best: no", "items.1.name: no", "items.1.best: no"],
        );
    }
}

/// The entity is walked through once, but it is at four positions of the response.
#[test]
fn an_entity_below_a_shared_one_is_asked_once_and_counted_at_each_position() {
    let mut plan = PlanBuilder::new("items: [Item] { id: ID parts: [Part] { id: ID name: String } }");
    let items = plan.root("items", "items { id }");
    let parts = plan.entities("parts", &[items], ("items", "Item { id! }"), "parts { id }");
    plan.entities("names", &[parts], ("items.parts", "Part { id! }"), "name");
    let mut run = Execution::start(plan);
    run.answer("items", ITEMS);
    run.answer(
        "parts",
        r#"{"data":{"_entities":[{"parts":[{"id":"p"},{"id":"p"}]}]}}"#,
    );
    run.answer(
        "names",
        r#"{"data":{"_entities":[{"name":null}]},"errors":[{"message":"no","path":["_entities",0,"name"]}]}"#,
    );
    let answer = run.finish();
    let item = r#"{"id":"1","parts":[{"id":"p","name":null},{"id":"p","name":null}]}"#;
    answer.is(
        &format!(r#"{{"items":[{item},{item}]}}"#),
        &[
            "items.0.parts.0.name: no",
            "items.0.parts.1.name: no",
            "items.1.parts.0.name: no",
            "items.1.parts.1.name: no",
        ],
    );
    assert_eq!(
        (answer.fetches[2].entities_asked, answer.fetches[2].entities_sent),
        (4, 1)
    );
}

/// At each place a field of the same name is asked with another shape below it.
#[test]
fn one_entity_at_two_places_is_two_objects() {
    let mut plan = PlanBuilder::new(
        "a: Item { id: ID part: Part { id: ID name: String } } b: Item { id: ID part: Part { id: ID name: String } }",
    );
    let items = plan.root("items", "a { id } b { id }");
    let call = Call::at("a", "Item { id! }")
        .and_at("b", "Item { id! }")
        .brings("part { id }");
    let parts = plan.calls("parts", &[items], vec![call]);
    plan.entities("names", &[parts], ("a.part", "Part { id! }"), "name");
    let mut run = Execution::start(plan);
    run.answer("items", r#"{"data":{"a":{"id":"1"},"b":{"id":"1"}}}"#);
    run.answer("parts", r#"{"data":{"_entities":[{"part":{"id":"p"}}]}}"#);
    run.answer("names", r#"{"data":{"_entities":[{"name":"Bolt"}]}}"#);
    run.finish().is(
        r#"{"a":{"id":"1","part":{"id":"p","name":"Bolt"}},"b":{"id":"1","part":{"id":"p","name":null}}}"#,
        &[],
    );
}

/// A null that must not be is explained at one position only, so the written answer of one is no answer for the other.
#[test]
fn a_complaint_is_made_at_each_position() {
    let mut plan = PlanBuilder::new("items: [Item] { id: ID part: Part { name: String! } }");
    let items = plan.root("items", "items { id }");
    plan.entities("parts", &[items], ("items", "Item { id! }"), "part { name }");
    let mut run = Execution::start(plan);
    run.answer("items", ITEMS);
    run.answer("parts", r#"{"data":{"_entities":[{"part":{"name":null}}]}}"#);
    let missing = "the field is non-null, but no subgraph brought a value";
    run.finish().is(
        r#"{"items":[{"id":"1","part":null},{"id":"1","part":null}]}"#,
        &[
            &format!("items.0.part.name: {missing}"),
            &format!("items.1.part.name: {missing}"),
        ],
    );
}

/// One answer brings more for an entity and, through who holds it, more for each of its positions.
#[test]
fn what_one_answer_brings_for_an_entity_and_through_its_holders_is_there_at_each_position() {
    let item = "id: ID name: String best: Item { id: ID name: String nick: String }";
    let mut plan = PlanBuilder::new(&format!("items: [Item] {{ {item} }}"));
    let items = plan.root("items", "items { id best { id } }");
    let call = Call::at("items", "Item { id! }")
        .and_at("items.best", "Item { id! }")
        .brings("name best { nick }");
    plan.calls("names", &[items], vec![call]);
    let mut run = Execution::start(plan);
    run.answer(
        "items",
        r#"{"data":{"items":[{"id":"1","best":{"id":"9"}},{"id":"2","best":{"id":"9"}}]}}"#,
    );
    run.answer(
        "names",
        r#"{"data":{"_entities":[{"name":"Ada","best":{"nick":"G"}},{"name":"Bob","best":{"nick":"G"}},{"name":null,"best":null}]},"errors":[{"message":"no","path":["_entities",2,"name"]}]}"#,
    );
    run.finish().is(
        r#"{"items":[{"id":"1","name":"Ada","best":{"id":"9","name":null,"nick":"G"}},{"id":"2","name":"Bob","best":{"id":"9","name":null,"nick":"G"}}]}"#,
        &["items.0.best.name: no", "items.1.best.name: no"],
    );
}

#[test]
fn an_entity_has_what_it_was_brought_also_where_its_holders_brought_more() {
    for places in [["items", "items.best"], ["items.best", "items"]] {
        let item = "id: ID name: String best: Item { id: ID name: String nick: String }";
        let mut plan = PlanBuilder::new(&format!("items: [Item] {{ {item} }}"));
        let items = plan.root("items", "items { id best { id } }");
        let call = |place: &str| match place {
            "items" => Call::at(place, "Item { id! }").brings("name best { nick }"),
            _ => Call::at(place, "Item { id! }").brings("name"),
        };
        plan.calls("names", &[items], places.map(call).into());
        let mut run = Execution::start(plan);
        run.answer(
            "items",
            r#"{"data":{"items":[{"id":"1","best":{"id":"9"}},{"id":"2","best":{"id":"9"}}]}}"#,
        );
        let all = r#"[{"name":"Ada","best":{"nick":"G"}},{"name":"Bob","best":{"nick":"G"}}]"#;
        let best = r#"[{"name":"Grace"}]"#;
        let [first, second] = places.map(|place| if place == "items" { all } else { best });
        run.answer("names", format!(r#"{{"data":{{"_e0":{first},"_e1":{second}}}}}"#));
        run.finish().is(
            r#"{"items":[{"id":"1","name":"Ada","best":{"id":"9","name":"Grace","nick":"G"}},{"id":"2","name":"Bob","best":{"id":"9","name":"Grace","nick":"G"}}]}"#,
            &[],
        );
    }
}

/// The holder at one position failed, the other did not: only below the first one something is lost.
#[test]
fn what_one_holder_lost_is_not_lost_below_another() {
    let best = "best: Item { id: ID age: Int name: String }";
    let mut plan = PlanBuilder::new(&format!("list: [Cat | Dog] {{ __typename: Typename {best} }}"));
    let list = plan.root("list", "list { __typename id best { id } }");
    let sizes = plan.entities("sizes", &[list], ("list", "Cat { id! }"), "size");
    plan.entities("ages", &[list], ("list.best", "Item { id! }"), "age");
    plan.entities(
        "names",
        &[sizes],
        ("list", "Cat { id! size } Dog { id! }"),
        "best { name }",
    );
    let mut run = Execution::start(plan);
    run.answer(
        "list",
        r#"{"data":{"list":[{"__typename":"Cat","id":"1","best":{"id":"9"}},{"__typename":"Dog","id":"2","best":{"id":"9"}}]}}"#,
    );
    run.answer("sizes", r#"{"errors":[{"message":"no"}]}"#);
    run.answer("names", r#"{"data":{"_entities":[null]}}"#);
    run.answer("ages", r#"{"data":{"_entities":[{"age":3}]}}"#);
    run.finish().is(
        r#"{"list":[{"__typename":"Cat","best":{"id":"9","age":3,"name":null}},{"__typename":"Dog","best":{"id":"9","age":3,"name":null}}]}"#,
        &["list.0.best.name: no"],
    );
}

/// What was written of a shared object is taken back with what is around it, and written anew where it is to stay.
#[test]
fn what_is_taken_back_is_not_copied_from() {
    let mut plan =
        PlanBuilder::new("items: [Item] { id: ID part: Part { id: ID name: String } must: String! }");
    let items = plan.root("items", "items { id must part { id } }");
    plan.entities("parts", &[items], ("items.part", "Part { id! }"), "name");
    let mut run = Execution::start(plan);
    run.answer(
        "items",
        r#"{"data":{"items":[{"id":"1","must":null,"part":{"id":"p"}},{"id":"2","must":"m","part":{"id":"p"}},{"id":"3","must":null,"part":{"id":"p"}},{"id":"4","must":"m","part":{"id":"p"}}]}}"#,
    );
    run.answer("parts", r#"{"data":{"_entities":[{"name":"Bolt"}]}}"#);
    let item = |id| format!(r#"{{"id":"{id}","part":{{"id":"p","name":"Bolt"}},"must":"m"}}"#);
    let missing = "the field is non-null, but no subgraph brought a value";
    run.finish().is(
        &format!(r#"{{"items":[null,{},null,{}]}}"#, item(2), item(4)),
        &[
            &format!("items.0.must: {missing}"),
            &format!("items.2.must: {missing}"),
        ],
    );
}

/// Copies cost what is copied, not that times what waits for something elsewhere: that would take most of a minute here.
#[test]
fn thousands_of_copies_beside_thousands_that_wait_cost_no_more_than_both() {
    let item = "id: ID name: String part: Part { id: ID }";
    let mut plan = PlanBuilder::new(&format!("a: [Item] {{ {item} }} b: [Item] {{ {item} }}"));
    let items = plan.root("items", "a { id } b { id }");
    for (subgraph, brings) in [("parts", "part { id }"), ("names", "name")] {
        let call = Call::at("a", "Item { id! }").and_at("b", "Item { id! }");
        plan.calls(subgraph, &[items], vec![call.brings(brings)]);
    }
    let mut run = Execution::start(plan);
    let list = |of: &dyn Fn(u32) -> String| (0..30_000).map(of).collect::<Vec<_>>().join(",");
    let ids = list(&|id| format!(r#"{{"id":"{id}"}}"#));
    run.answer("items", format!(r#"{{"data":{{"a":[{ids}],"b":[{ids}]}}}}"#));
    let parts = list(&|id| format!(r#"{{"part":{{"id":"{id}"}}}}"#));
    run.answer("parts", format!(r#"{{"data":{{"_entities":[{parts}]}}}}"#));
    let names = list(&|_| r#"{"name":"Ada"}"#.to_owned());
    run.answer("names", format!(r#"{{"data":{{"_entities":[{names}]}}}}"#));
    let whole = list(&|id| format!(r#"{{"id":"{id}","name":"Ada","part":{{"id":"{id}"}}}}"#));
    run.finish()
        .is(&format!(r#"{{"a":[{whole}],"b":[{whole}]}}"#), &[]);
}

/// Twenty posts of an author with twenty posts, and so on: five levels are three million objects.
#[test]
fn a_few_entities_cannot_be_made_a_response_without_end() {
    const LEVELS: usize = 12;
    let mut below = "id: ID".to_owned();
    for _ in 0..LEVELS {
        below = format!("id: ID posts: [Item] {{ {below} }}");
    }
    let mut plan = PlanBuilder::new(&format!("me: Item {{ {below} }}"));
    let mut last = plan.root("me", "me { id }");
    let mut place = "me".to_owned();
    for level in 0..LEVELS {
        last = plan.entities(
            &format!("level{level}"),
            &[last],
            (&place, "Item { id! }"),
            "posts { id }",
        );
        place.push_str(".posts");
    }
    plan.entities("names", &[last], (&place, "Item { id! }"), "name");
    let mut run = Execution::start(plan);
    run.answer("me", r#"{"data":{"me":{"id":"1"}}}"#);
    let posts = vec![r#"{"id":"1"}"#; 20].join(",");
    let posts = format!(r#"{{"data":{{"_entities":[{{"posts":[{posts}]}}]}}}}"#);
    for level in 0..LEVELS {
        run.answer(&format!("level{level}"), &posts);
    }
    run.answer(
        "names",
        r#"{"data":{"_entities":[null]},"errors":[{"message":"no","path":["_entities",0,"name"]}]}"#,
    );
    run.finish().is(
        "null",
        &[": the response would have more than 4194304 bytes; ask for it in parts"],
    );
}
