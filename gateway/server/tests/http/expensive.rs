//! Short texts that stand for a lot of work: none of them may hang the gateway, exhaust its memory or its stack.

use std::fmt::Write as _;

use axum::http::StatusCode;
use serde_json::json;

use crate::gateway::{Answer, GRAPHQL_RESPONSE, gateway};

/// Fragments that spread the next one twice, each way of doing it.
fn doubling(levels: usize, body: impl Fn(usize) -> String) -> String {
    let mut text = String::from("{ node { ...F0 } }");
    for level in 0..levels {
        let _ = write!(text, " fragment F{level} on Node {{ {} }}", body(level + 1));
    }
    let _ = write!(text, " fragment F{levels} on Node {{ n }}");
    text
}

fn assert_too_complex(answer: &Answer, limit: &str) {
    let about = answer.text.get(..300).unwrap_or(&answer.text);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::BAD_REQUEST, "OPERATION_TOO_COMPLEX"),
        "{about}"
    );
    assert!(answer.text.contains(limit), "{about}");
}

#[tokio::test]
async fn nesting_of_every_kind_is_bounded() {
    let gateway = gateway();
    let levels = 10_000;
    let fields = format!("{{ node {} n {} }}", "{ next ".repeat(levels), "}".repeat(levels));
    assert_too_complex(&gateway.query(&fields).await, "limits.operation_");
    let levels = 2_500;
    let inline = format!(
        "{{ node {{ {} n {} }} }}",
        "... { ".repeat(levels),
        "}".repeat(levels)
    );
    assert_too_complex(&gateway.query(&inline).await, "limits.operation_depth");
    let list = format!(
        "{{ node {{ list(of: {}1{}) {{ n }} }} }}",
        "[".repeat(levels),
        "]".repeat(levels)
    );
    assert_too_complex(&gateway.query(&list).await, "limits.operation_depth");
    let ty = format!(
        "query($a: {}Int{}) {{ node {{ n }} }}",
        "[".repeat(levels),
        "]".repeat(levels)
    );
    assert_too_complex(&gateway.query(&ty).await, "limits.operation_depth");
    let mut chain = String::from("{ node { ...F0 } }");
    for level in 0..800 {
        let _ = write!(
            chain,
            " fragment F{level} on Node {{ next {{ ...F{} }} }}",
            level + 1
        );
    }
    chain.push_str(" fragment F800 on Node { n }");
    assert_too_complex(&gateway.query(&chain).await, "limits.operation_depth");
    assert_eq!(gateway.calls(), 0);
}

#[tokio::test]
async fn the_deepest_operation_that_is_allowed_is_executed() {
    let gateway = gateway();
    let levels = 98;
    let nested = format!(
        "{{ node {} {{ n }} {} }}",
        "{ next ".repeat(levels),
        "}".repeat(levels)
    );
    let answer = gateway.query(&nested).await;
    assert_eq!(answer.json()["data"], json!({ "node": null }), "{answer:?}");
    assert_eq!(gateway.calls(), 1);
}

#[tokio::test]
async fn fragments_that_multiply_are_bounded() {
    let gateway = gateway();
    for text in [
        doubling(30, |next| format!("...F{next} ...F{next}")),
        doubling(30, |next| {
            format!("a: next {{ ...F{next} }} b: next {{ ...F{next} }}")
        }),
        doubling(30, |next| {
            format!("... {{ ...F{next} }} ... on Node {{ ...F{next} }}")
        }),
        doubling(30, |next| {
            format!("...F{next} @include(if: true) ...F{next} @skip(if: false)")
        }),
    ] {
        assert_too_complex(&gateway.query(&text).await, "limits.operation_fields");
    }
    assert_eq!(gateway.calls(), 0);
}

/// `part` with numbers 0, 1, 2, …: just below the limit of 20,000 tokens, where `part` has that many tokens.
fn repeated(tokens: usize, part: impl Fn(usize) -> String) -> String {
    (0..19_900 / tokens).map(part).collect()
}

#[tokio::test]
async fn operations_just_below_the_limits_are_prepared() {
    let gateway = gateway();
    for text in [
        // 12,286 fields.
        doubling(12, |next| {
            format!("a: next {{ ...F{next} }} b: next {{ ...F{next} }}")
        }),
        doubling(13, |next| format!("...F{next} ...F{next}")),
        format!("{{node{{{}}}}}", repeated(4, |index| format!("a{index}:n "))),
        format!("{{node{{{}}}}}", repeated(2, |_| "n ".to_owned())),
        format!("{{{}}}", repeated(4, |index| format!("a{index}:__typename "))),
        format!("{{node{{{}}}}}", repeated(4, |_| "...{n}".to_owned())),
        format!("{{{}}}", repeated(8, |index| format!("a{index}:me{{id name}}"))),
        format!(
            "{{{}}}",
            repeated(9, |index| format!("a{index}:me{{reviews{{stars}}}}"))
        ),
        format!("{{{}}}", repeated(8, |_| "me{reviews{stars}}".to_owned())),
    ] {
        let answer = gateway.query(&text).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{:.300}\n{:.100}",
            answer.text,
            text
        );
    }
}

#[tokio::test]
async fn mistakes_repeated_up_to_the_limits_are_told() {
    let gateway = gateway();
    let (parse, validation) = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED");
    for (code, text) in [
        (
            validation,
            format!("{{node{{{}}}}}", repeated(10, |_| "a:n a:next{n}".to_owned())),
        ),
        (
            validation,
            format!(
                "{{node{{{}}}}}",
                repeated(12, |index| format!("a:list(of:{index}){{n}}"))
            ),
        ),
        (
            validation,
            format!("{{{}}}", repeated(2, |_| "...Missing".to_owned())),
        ),
        (
            validation,
            repeated(12, |index| {
                format!("fragment F{index} on Node{{...F{}}}", index ^ 1)
            }),
        ),
        (
            validation,
            repeated(6, |index| format!("query Q{index}{{nothing}}")),
        ),
        (
            validation,
            format!(
                "query({}){{node{{n}}}}",
                repeated(5, |index| format!("$v{index}:Int "))
            ),
        ),
        (
            validation,
            format!("{{node{{n {}}}}}", repeated(7, |_| "@skip(if:true)".to_owned())),
        ),
        (parse, repeated(1, |_| "a".to_owned())),
        (parse, repeated(1, |_| "!".to_owned())),
        (validation, repeated(2, |_| "{}".to_owned())),
        (parse, "\"".repeat(9_999)),
        (parse, "#".repeat(900_000)),
        ("OPERATION_TOO_COMPLEX", "...".repeat(300_000)),
        ("OPERATION_TOO_COMPLEX", "{".repeat(100_000)),
    ] {
        let answer = gateway.query(&text).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{text:.100}: {:.300}",
            answer.text
        );
        assert!(
            answer.text.len() < 200_000,
            "{} bytes of errors",
            answer.text.len()
        );
    }
}

#[tokio::test]
async fn the_token_limit_is_named() {
    assert_too_complex(
        &gateway().query(&format!("{{ {} }}", "me ".repeat(30_000))).await,
        "limits.operation_tokens",
    );
}

#[tokio::test]
async fn more_conditions_than_a_plan_can_hold_are_the_clients_mistake() {
    let definitions = (0..65)
        .map(|index| format!("$c{index}: Boolean = true "))
        .collect::<String>();
    let fields = (0..65)
        .map(|index| format!("a{index}: n @include(if: $c{index}) "))
        .collect::<String>();
    let query = format!("query({definitions}) {{ node {{ {fields} }} }}");
    let answer = gateway()
        .post(GRAPHQL_RESPONSE, &json!({ "query": query }).to_string())
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::BAD_REQUEST, "OPERATION_TOO_COMPLEX")
    );
}

#[tokio::test]
async fn introspection_cannot_be_multiplied() {
    let gateway = gateway();
    let many = (0..900)
        .map(|index| format!("s{index}: __schema {{ types {{ name }} }} "))
        .collect::<String>();
    let answer = gateway.query(&format!("{{ {many} }}")).await;
    assert_eq!(answer.code(), "OPERATION_TOO_COMPLEX");
    let deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(gateway.query(deep).await.code(), "GRAPHQL_VALIDATION_FAILED");
}
