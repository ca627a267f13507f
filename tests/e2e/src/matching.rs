//! Comparison of responses with what a test expects, where some values differ from run to run.

use serde_json::Value;

/// Stands for any value but null in an expected response.
pub const ANY: &str = "<any>";

/// Fails with the path of every difference.
pub fn assert_matches(what: &str, actual: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare(actual, expected, "", &mut differences);
    assert!(
        differences.is_empty(),
        "{what}:\n{}\nactual: {actual:#}",
        differences.join("\n")
    );
}

fn compare(actual: &Value, expected: &Value, path: &str, differences: &mut Vec<String>) {
    match (actual, expected) {
        (actual, Value::String(text)) if text == ANY && !actual.is_null() => {}
        (Value::Object(actual), Value::Object(expected)) => {
            for key in actual.keys().filter(|key| !expected.contains_key(*key)) {
                differences.push(format!("{path}.{key}: not expected"));
            }
            for (key, expected) in expected {
                compare(
                    actual.get(key).unwrap_or(&Value::Null),
                    expected,
                    &format!("{path}.{key}"),
                    differences,
                );
            }
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                compare(actual, expected, &format!("{path}[{index}]"), differences);
            }
        }
        (Value::Array(actual), Value::Array(expected)) => {
            differences.push(format!(
                "{path}: {} items, expected {}",
                actual.len(),
                expected.len()
            ));
        }
        (actual, expected) if actual == expected => {}
        (actual, expected) => differences.push(format!("{path}: {actual}, expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_matches_everything_but_null() {
        assert_matches(
            "any",
            &json!({ "a": 1, "b": [2] }),
            &json!({ "a": ANY, "b": ANY }),
        );
        for (actual, expected) in [
            (json!({ "a": null }), json!({ "a": ANY })),
            (json!({ "a": 1, "b": 2 }), json!({ "a": 1 })),
            (json!({}), json!({ "a": 1 })),
            (json!([1]), json!([1, 2])),
            (json!("1"), json!(1)),
        ] {
            let mut differences = Vec::new();
            compare(&actual, &expected, "", &mut differences);
            assert_eq!(differences.len(), 1, "{actual} {expected}");
        }
    }
}
