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
