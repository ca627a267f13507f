//! Leaf values: checked against the schema, and kept as they came.

use serde_json::json;

use crate::support::{Answer, Execution, PlanBuilder};

fn value(ty: &str, raw: &str) -> Answer {
    let mut plan = PlanBuilder::new(&format!("x: {ty}"));
    plan.root("a", "x");
    let mut run = Execution::start(plan);
    run.answer("a", format!(r#"{{"data":{{"x":{raw}}}}}"#));
    run.finish()
}

#[test]
fn good_values_pass_verbatim() {
    for (ty, raw) in [
        ("Int", "2147483647"),
        ("Int", "-2147483648"),
        ("Int", "0"),
        ("Float", "1.50"),
        ("Float", "-1e400"),
        ("Float", "123456789012345678901234567890.000"),
        ("String", r#""\u00e9\n\/ \ud83d\ude00 é""#),
        ("String", r#""""#),
        ("Boolean", "true"),
        ("Boolean", "false"),
        ("ID", r#""007""#),
        ("Tier(GOLD|SILVER)", r#""GOLD""#),
        ("Json", r#"{"b":[1.0,{"a":1e5}],"a":"\u0061"}"#),
        ("Json", "9007199254740993"),
        ("[Json]", "[1, null, [2]]"),
        ("[Int]", "[1,null,2]"),
        ("[Int!]!", "[]"),
        ("[[Int!]]", "[[1,2],null,[]]"),
        ("[Tier(GOLD)!]", r#"["GOLD"]"#),
    ] {
        value(ty, raw).is(&format!(r#"{{"x":{raw}}}"#), &[]);
    }
}

#[test]
fn an_id_is_a_string_for_clients() {
    value("ID", "7").is(r#"{"x":"7"}"#, &[]);
    value("ID!", "-12345678901234567890123").is(r#"{"x":"-12345678901234567890123"}"#, &[]);
    value("[ID!]", r#"[1, "b"]"#).is(r#"{"x":["1","b"]}"#, &[]);
}

#[test]
fn values_of_another_type_become_null_with_an_error() {
    const TYPE: &str = "the subgraph answered a value of another type than the schema says";
    const ENUM: &str = "the subgraph answered an enum value that the API schema does not have";
    for (ty, raw, reason) in [
        ("Int", "1.0", TYPE),
        ("Int", "1e3", TYPE),
        ("Int", r#""1""#, TYPE),
        ("Int", "2147483648", TYPE),
        ("Int", "-2147483649", TYPE),
        ("Int", "true", TYPE),
        ("Float", r#""1.5""#, TYPE),
        ("String", "1", TYPE),
        ("String", r#"{"a":1}"#, TYPE),
        ("String", r#"["a"]"#, TYPE),
        ("Boolean", r#""true""#, TYPE),
        ("Boolean", "1", TYPE),
        ("ID", "1.5", TYPE),
        ("ID", "true", TYPE),
        ("Tier(GOLD)", r#""SECRET""#, ENUM),
        ("Tier(GOLD)", "1", ENUM),
        ("Tier(GOLD)", r#""GOLD" "#, ""),
        (
            "[Int]",
            "1",
            "the subgraph answered a single value where a list belongs",
        ),
        (
            "[Json]",
            "{}",
            "the subgraph answered a single value where a list belongs",
        ),
    ] {
        let answer = value(ty, raw);
        if reason.is_empty() {
            answer.is(&format!(r#"{{"x":{}}}"#, raw.trim()), &[]);
            continue;
        }
        answer.is(r#"{"x":null}"#, &[&format!("x: {reason}")]);
        assert_eq!(answer.errors[0]["extensions"]["code"], "INVALID_SUBGRAPH_VALUE");
        let text = answer.errors[0].to_string();
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn a_bad_item_is_null_alone() {
    const TYPE: &str = "the subgraph answered a value of another type than the schema says";
    value("[Int]", r#"[1,"2",3]"#).is(r#"{"x":[1,null,3]}"#, &[&format!("x.1: {TYPE}")]);
    value("[[String!]]", r#"[["a"],["b",2,3],null]"#)
        .is(r#"{"x":[["a"],null,null]}"#, &[&format!("x.1.1: {TYPE}")]);
}

#[test]
fn a_null_item_of_a_non_null_list() {
    const NULL: &str = "the field is non-null, but no subgraph brought a value";
    value("[Int!]", "[1,null,null]").is(r#"{"x":null}"#, &[&format!("x.1: {NULL}")]);
    value("[Json!]", "[1,null]").is(r#"{"x":null}"#, &[&format!("x.1: {NULL}")]);
    value("[[Int!]!]", "[[1],[null]]").is(r#"{"x":null}"#, &[&format!("x.1.0: {NULL}")]);
    value("[[Int]!]", "[[1,null],null]").is(r#"{"x":null}"#, &[&format!("x.1: {NULL}")]);
}

#[test]
fn objects_and_scalars_do_not_stand_for_each_other() {
    let mut plan = PlanBuilder::new("a: [A] { id: ID } b: B { id: ID } c: C");
    plan.root("x", "a { id } b { id } c { id }");
    let mut run = Execution::start(plan);
    run.answer("x", r#"{"data":{"a":{"id":1},"b":[{"id":1}],"c":{"id":1}}}"#);
    let answer = run.finish();
    assert_eq!(answer.data, r#"{"a":null,"b":null,"c":null}"#);
    let paths: Vec<_> = answer.errors.iter().map(|error| error["path"].clone()).collect();
    assert_eq!(paths, [json!(["a"]), json!(["b"]), json!(["c"])]);
}

#[test]
fn names_that_the_plan_does_not_know_never_come_through() {
    let mut plan = PlanBuilder::new("a: A { id: ID }");
    plan.root("x", "a { id secret=_i0_secret }");
    let mut run = Execution::start(plan);
    run.answer(
        "x",
        r#"{"extensions":{"a":1},"data":{"more":{},"a":{"x":[{}],"secret":"s","id":"1","__typename":"A"}}}"#,
    );
    run.finish().is(r#"{"a":{"id":"1"}}"#, &[]);
}

#[test]
fn a_type_that_clients_may_not_see_is_null_with_an_error() {
    let mut plan =
        PlanBuilder::new("any: [Book|Film] { kind: Typename again: Typename ...on Book { id: ID } }");
    plan.root("x", "any { __typename id }");
    let mut run = Execution::start(plan);
    run.answer(
        "x",
        r#"{"data":{"any":[{"__typename":"Book","id":1},{"__typename":"Secret","id":2},{"id":3},{"__typename":"Film"}]}}"#,
    );
    let answer = run.finish();
    const FOREIGN: &str = "the subgraph answered an object of a type that does not belong here";
    answer.is(
        r#"{"any":[{"kind":"Book","again":"Book","id":"1"},null,null,{"kind":"Film","again":"Film"}]}"#,
        &[&format!("any.1: {FOREIGN}"), &format!("any.2: {FOREIGN}")],
    );
    assert!(!format!("{:?}", answer.errors).contains("Secret"));
}
