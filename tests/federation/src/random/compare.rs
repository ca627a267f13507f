//! The gateway's answer against the monolith's.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{Answer, Cached, Gateway, World};

const NO_NULL: &str = "no null at";

/// An operation with its data.
pub(super) struct Question<'a> {
    pub(super) world: &'a World,
    pub(super) text: &'a str,
    pub(super) variables: &'a Map<String, Value>,
    /// Labels of progressive overrides that are on.
    pub(super) labels: &'a [String],
    /// Some keys are null: what is behind them is null here, and not so for the monolith.
    pub(super) has_null_keys: bool,
}

/// Kind and report of what differs from `expected`, the monolith's data and errors.
pub(super) fn compare(
    gateway: &Gateway,
    question: &Question<'_>,
    expected: &(Value, Vec<Value>),
) -> Option<(String, String)> {
    let Question {
        world,
        text,
        variables,
        labels,
        ..
    } = question;
    let answer = gateway.answer_under(world, text, variables, labels);
    judge(question.has_null_keys, answer, expected)
}

/// The same with what a cache knows from the operations before; twice, so that the second answer is one of what is kept.
pub(super) fn compare_cached(
    gateway: &Gateway,
    cached: &Cached,
    question: &Question<'_>,
    expected: &(Value, Vec<Value>),
) -> Option<(String, String)> {
    let mut was_whole = false;
    (0..2).find_map(|_| {
        let answer = cached.answer(gateway, question.text, question.variables);
        if let Ok(answer) = &answer
            && was_whole
            && !answer.calls.is_empty()
        {
            let documents: Vec<&str> = answer.calls.iter().map(|call| call.document.as_str()).collect();
            return Some((
                "cached: asked again".to_owned(),
                format!("{}\n{}", documents.join("\n"), answer.plan),
            ));
        }
        was_whole = answer.as_ref().is_ok_and(|answer| answer.errors.is_empty());
        let (kind, why) = judge(question.has_null_keys, answer, expected)?;
        Some((format!("cached: {kind}"), why))
    })
}

fn judge(
    has_null_keys: bool,
    answer: Result<Answer, String>,
    expected: &(Value, Vec<Value>),
) -> Option<(String, String)> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return Some(("no plan".to_owned(), why)),
    };
    let violations = answer.violations();
    if let Some(first) = violations.first() {
        let kind: Vec<&str> = first.split_whitespace().skip(2).take(4).collect();
        let why = format!("{}\n{}", violations.join("\n"), answer.plan);
        return Some((format!("violation: {}", kind.join(" ")), why));
    }
    let (data, errors) = expected;
    if has_null_keys {
        return (!is_part_of(&answer.data, data))
            .then(|| ("null keys".to_owned(), report(expected, &answer)));
    }
    if *data != answer.data {
        return Some(("data".to_owned(), report(expected, &answer)));
    }
    let mut reported = answer.errors.clone();
    reported.retain(|error| !is_beside(data, error));
    (nulls(data, errors) != nulls(data, &reported)).then(|| ("errors".to_owned(), report(expected, &answer)))
}

fn report(expected: &(Value, Vec<Value>), answer: &Answer) -> String {
    format!(
        "expected {}\ngot      {}\nexpected errors {}\ngot      errors {}\n{}",
        expected.0,
        answer.data,
        json!(expected.1),
        json!(answer.errors),
        answer.plan
    )
}

/// Whether `got` is `expected`, but for nulls.
fn is_part_of(got: &Value, expected: &Value) -> bool {
    match (got, expected) {
        (Value::Null, _) => true,
        (Value::Object(got), Value::Object(expected)) => {
            got.len() == expected.len()
                && got
                    .iter()
                    .all(|(key, value)| expected.get(key).is_some_and(|other| is_part_of(value, other)))
        }
        (Value::Array(got), Value::Array(expected)) => {
            got.len() == expected.len()
                && got
                    .iter()
                    .zip(expected)
                    .all(|(got, expected)| is_part_of(got, expected))
        }
        _ => got == expected,
    }
}

/// Whether an error tells of a field that failed and that nobody asked for: one that a `@requires` names.
fn is_beside(data: &Value, error: &Value) -> bool {
    error["extensions"]["code"] == "FAILED"
        && nulls(data, std::slice::from_ref(error))
            .iter()
            .all(|place| place.starts_with(NO_NULL))
}

/// The nulls in the data that errors account for. Of several errors below one null a server may give any (GraphQL, 6.4.4); an error
/// that accounts for no null stands here with its whole path.
fn nulls(data: &Value, errors: &[Value]) -> BTreeSet<String> {
    let places = errors.iter().map(|error| {
        let Some(path) = error["path"].as_array() else {
            return "no path".to_owned();
        };
        let mut at = data;
        for (index, step) in path.iter().enumerate() {
            if at.is_null() {
                return json!(path[..index]).to_string();
            }
            at = match step {
                Value::String(key) => &at[key],
                step => {
                    &at[step
                        .as_u64()
                        .and_then(|index| usize::try_from(index).ok())
                        .unwrap_or(usize::MAX)]
                }
            };
        }
        if at.is_null() {
            json!(path).to_string()
        } else {
            format!("{NO_NULL} {}", json!(path))
        }
    });
    places.collect()
}
