//! Fetches that bring nothing, and what depends on them.

use causeway_executor::{FetchFailure, FetchOutcome};

use crate::support::{Answer, Call, Execution, PlanBuilder};

/// `users` brings ids and names; `weights` what `fees` requires; `ratings` depends on nobody.
fn shop() -> Execution {
    let mut plan =
        PlanBuilder::new("products: [P] { name: String weight: Int fee: Int rating: Int } other: Int");
    let root = plan.root("catalog", "products { id name }");
    plan.root("other", "other");
    let weights = plan.entities("weights", &[root], ("products", "P { id! }"), "weight");
    plan.entities("fees", &[root, weights], ("products", "P { id! weight }"), "fee");
    plan.entities("ratings", &[root], ("products", "P { id! }"), "rating");
    Execution::start(plan)
}

const CATALOG: &str = r#"{"data":{"products":[{"id":"1","name":"a"},{"id":"2","name":"b"}]}}"#;

#[test]
fn a_failure_nulls_what_depends_on_it_and_nothing_else() {
    let unreachable = FetchFailure::Unreachable {
        reason: "connection refused".to_owned(),
    };
    for (failure, code, text) in [
        (
            unreachable,
            "SUBGRAPH_UNREACHABLE",
            "could not be reached: connection refused",
        ),
        (
            FetchFailure::Timeout { millis: 5 },
            "SUBGRAPH_TIMEOUT",
            "did not answer within 5 ms",
        ),
        (
            FetchFailure::BadStatus { status: 502 },
            "SUBGRAPH_HTTP_ERROR",
            "answered HTTP status 502 without a GraphQL response",
        ),
        (
            FetchFailure::TooLarge { limit: 9 },
            "SUBGRAPH_RESPONSE_TOO_LARGE",
            "answered more than 9 bytes",
        ),
        (
            FetchFailure::Malformed {
                reason: "odd".to_owned(),
            },
            "SUBGRAPH_MALFORMED_RESPONSE",
            "could not be understood: odd",
        ),
    ] {
        let mut run = shop();
        run.answer("catalog", CATALOG);
        run.fail("weights", failure);
        assert!(!run.called().contains(&"fees"), "what it requires is not there");
        run.answer("ratings", r#"{"data":{"_entities":[{"rating":1},{"rating":2}]}}"#);
        run.answer("other", r#"{"data":{"other":3}}"#);
        let answer = run.finish();
        let expected: Vec<String> = ["0.weight", "0.fee", "1.weight", "1.fee"]
            .iter()
            .map(|path| format!("products.{path}: subgraph `weights` {text}"))
            .collect();
        answer.is(
            r#"{"products":[{"name":"a","weight":null,"fee":null,"rating":1},{"name":"b","weight":null,"fee":null,"rating":2}],"other":3}"#,
            &expected.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        assert!(
            answer
                .errors
                .iter()
                .all(|error| error["extensions"]["code"] == code)
        );
        assert!(
            answer
                .errors
                .iter()
                .all(|error| error["extensions"]["subgraph"] == "weights")
        );
        let outcomes: Vec<_> = answer.fetches.iter().map(|fetch| fetch.outcome).collect();
        use FetchOutcome::{Answered, Failed, Skipped};
        assert_eq!(outcomes, [Answered, Answered, Failed, Skipped, Answered]);
    }
}

#[test]
fn a_failed_root_stops_what_hangs_on_it() {
    let mut run = shop();
    run.fail("catalog", FetchFailure::Timeout { millis: 5 });
    assert_eq!(run.called(), ["catalog", "other"]);
    run.answer("other", r#"{"data":{"other":3}}"#);
    run.finish().is(
        r#"{"products":null,"other":3}"#,
        &["products: subgraph `catalog` did not answer within 5 ms"],
    );
}

#[test]
fn some_requirements_failed_and_some_did_not() {
    let mut run = shop();
    run.answer("catalog", CATALOG);
    run.answer("weights", r#"{"data":{"_entities":[{"weight":null},{"weight":2}]},"errors":[{"message":"no","path":["_entities",0,"weight"]}]}"#);
    assert_eq!(
        run.sent(4)["representations"][0]["weight"],
        serde_json::Value::Null
    );
    run.answer("fees", r#"{"data":{"_entities":[{"fee":null},{"fee":9}]}}"#);
    run.answer("ratings", "");
    run.answer("other", r#"{"data":{"other":3}}"#);
    const RATINGS: &str =
        "subgraph `ratings` could not be understood: its answer is not JSON: the JSON ends too early";
    run.finish().is(
        r#"{"products":[{"name":"a","weight":null,"fee":null,"rating":null},{"name":"b","weight":2,"fee":9,"rating":null}],"other":3}"#,
        &[
            "products.0.weight: no",
            &format!("products.0.rating: {RATINGS}"),
            &format!("products.1.rating: {RATINGS}"),
        ],
    );
}

#[test]
fn a_failure_propagates_like_any_null_with_one_error() {
    let mut plan = PlanBuilder::new("me: Me { name: String! tier: String! } top: [Me!] { tier: String! }");
    let root = plan.root("users", "me { id } top { id }");
    let calls = Call::at("me", "Me { id! }")
        .and_at("top", "Me { id! }")
        .brings("name tier");
    plan.calls("more", &[root], vec![calls]);
    let mut run = Execution::start(plan);
    run.answer(
        "users",
        r#"{"data":{"me":{"id":"1"},"top":[{"id":"2"},{"id":"3"}]}}"#,
    );
    run.fail("more", FetchFailure::Timeout { millis: 5 });
    let text = "subgraph `more` did not answer within 5 ms";
    run.finish().is(
        r#"{"me":null,"top":null}"#,
        &[&format!("me.name: {text}"), &format!("top.0.tier: {text}")],
    );
}

/// Another fetch brings the object that a failed one could not; its other fields are missed all the same, also by
/// fetches that need them.
#[test]
fn a_failure_is_remembered_below_objects_that_come_later() {
    let mut plan = PlanBuilder::new("products: [P] { box: Box { size: Int colour: String } }");
    let root = plan.root("catalog", "products { id }");
    let place = ("products", "P { id! }");
    let boxes = plan.entities("boxes", &[root], place, "box { id }");
    let sizes = plan.entities("sizes", &[root], place, "box { size }");
    plan.entities(
        "colours",
        &[boxes, sizes],
        ("products.box", "Box { id! }"),
        "colour",
    );
    let mut run = Execution::start(plan);
    run.answer("catalog", r#"{"data":{"products":[{"id":"1"}]}}"#);
    run.fail("boxes", FetchFailure::Timeout { millis: 5 });
    run.answer("sizes", r#"{"data":{"_entities":[{"box":{"size":1}}]}}"#);
    assert!(!run.called().contains(&"colours"));
    run.finish().is(
        r#"{"products":[{"box":{"size":1,"colour":null}}]}"#,
        &["products.0.box.colour: subgraph `boxes` did not answer within 5 ms"],
    );
}

fn one(body: impl AsRef<[u8]>) -> Answer {
    let mut plan = PlanBuilder::new("user: User { id: ID } tags: [String]");
    plan.root("users", "user { id } tags");
    let mut run = Execution::start(plan);
    run.answer("users", body);
    run.finish()
}

#[test]
fn bad_answers_are_refused_as_a_whole() {
    let deep = format!(
        r#"{{"data":{{"user":{{"id":{}1{}}}}}}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );
    for (body, reason) in [
        (&b""[..], "its answer is not JSON: the JSON ends too early"),
        (
            b"<html>",
            "its answer is not a GraphQL response: it is not a JSON object",
        ),
        (
            b"[]",
            "its answer is not a GraphQL response: it is not a JSON object",
        ),
        (
            b"{}",
            "its answer is not a GraphQL response: it has neither `data` nor `errors`",
        ),
        (
            br#"{"data":{"user":{"id":"1"}"#,
            "its answer is not JSON: the JSON ends too early",
        ),
        (
            br#"{"data":{"user":{"id":"1"}}} {"#,
            "its answer is not JSON: unexpected character at byte 29",
        ),
        (
            br#"{"data":{"user":{"id":01}}}"#,
            "its answer is not JSON: unexpected character at byte 23",
        ),
        (b"{\"data\":{\"tags\":[\"\xff\"]}}", "its answer is not UTF-8"),
        (
            br#"{"data":{},"errors":{}}"#,
            "its answer is not a GraphQL response: `errors` is not a list of errors",
        ),
        (
            br#"{"data":{},"errors":["no"]}"#,
            "its answer is not a GraphQL response: `errors` is not a list of errors",
        ),
        (
            br#"{"data":[]}"#,
            "its answer is not a GraphQL response: `data` is not an object",
        ),
        (
            br#"{"data":"x"}"#,
            "it answered `data` with a string, where an object was expected",
        ),
        (
            br#"{"data":{"user":7}}"#,
            "it answered `user` with a number or boolean, where an object was expected",
        ),
        (
            deep.as_bytes(),
            "its answer is not JSON: the JSON is nested more than 256 levels deep",
        ),
    ] {
        let answer = one(body);
        let text = format!("subgraph `users` could not be understood: {reason}");
        answer.is(
            r#"{"user":null,"tags":null}"#,
            &[&format!("user: {text}"), &format!("tags: {text}")],
        );
        assert_eq!(
            answer.errors[0]["extensions"]["code"],
            "SUBGRAPH_MALFORMED_RESPONSE"
        );
    }
}

#[test]
fn white_space_surplus_and_repeated_keys_are_fine() {
    one(b" { \"data\" : { \"user\" : { \"id\" : \"1\" , \"id\":\"2\" } , \"x\":{} } , \"extensions\":null , \"errors\":null } \n")
        .is(r#"{"user":{"id":"2"},"tags":null}"#, &[]);
}

#[test]
fn the_number_of_entities_must_be_right() {
    for (list, reason) in [
        ("[]", "it answered 0 entities where 2 were asked for"),
        (
            r#"[{"weight":1}]"#,
            "it answered 1 entities where 2 were asked for",
        ),
        (
            r#"[{"weight":1},null,null]"#,
            "it answered 3 entities where 2 were asked for",
        ),
        (
            r#"{"weight":1}"#,
            "it answered `_entities` with an object, where a list was expected",
        ),
        (
            r#""x""#,
            "it answered `_entities` with a string, where an object was expected",
        ),
        (
            "[1,2]",
            "it answered `_entities` with a number or boolean, where an object was expected",
        ),
        (
            "[[],[]]",
            "it answered `_entities` with a list of lists, where a list of entities was expected",
        ),
    ] {
        let mut run = shop();
        run.answer("catalog", CATALOG);
        run.answer("weights", format!(r#"{{"data":{{"_entities":{list}}}}}"#));
        run.answer("ratings", r#"{"data":{"_entities":[null,null]}}"#);
        run.answer("other", r#"{"data":{"other":3}}"#);
        let answer = run.finish();
        let nothing = r#""weight":null,"fee":null,"rating":null"#;
        assert_eq!(
            answer.data,
            format!(r#"{{"products":[{{"name":"a",{nothing}}},{{"name":"b",{nothing}}}],"other":3}}"#),
        );
        let expected = format!("products.0.weight: subgraph `weights` could not be understood: {reason}");
        assert_eq!(answer.complaints()[0], expected);
        assert_eq!(answer.errors.len(), 4);
    }
}
