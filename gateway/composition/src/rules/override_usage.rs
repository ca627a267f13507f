//! `@override`: on object fields, from another subgraph, with a well-formed label.

use crate::diagnostic::{Code, Diagnostics};
use crate::subgraph::{Kind, Subgraph};

pub(super) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            let Some(overrides) = &field.overrides else {
                continue;
            };
            let coordinate = format!("{}.{}", def.name, field.name);
            let mut report = |code, message: String, help: &str| {
                let diagnostic = subgraph.diagnostic(code, overrides.location, message);
                diagnostics.push(diagnostic.at(coordinate.clone()).help(help));
            };
            if def.kind == Kind::Interface {
                let message = format!("@override cannot be used on the interface field \"{coordinate}\"");
                report(
                    Code::OverrideOnInterface,
                    message,
                    "put it on the fields of the implementing types",
                );
            }
            if let Some(label) = overrides.label.as_deref().filter(|label| !is_label(label)) {
                let message = format!("the @override label \"{label}\" on \"{coordinate}\" is malformed");
                let help = "a label starts with a letter, then has letters, digits and _ - : . /; or it is percent(x), x between 0 and 100";
                report(Code::OverrideLabelInvalid, message, help);
            }
        }
    }
}

fn is_label(label: &str) -> bool {
    if let Some(number) = label
        .strip_prefix("percent(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return is_percentage(number);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '/');
    label.starts_with(|first: char| first.is_ascii_alphabetic()) && label.chars().all(allowed)
}

/// Up to three digits, then maybe a point and up to eight more; 0 to 100.
fn is_percentage(number: &str) -> bool {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    digits(whole, 3)
        && fraction.is_none_or(|fraction| digits(fraction, 8))
        && number
            .parse::<f64>()
            .is_ok_and(|value| (0.0..=100.0).contains(&value))
}

#[cfg(test)]
mod tests {
    use super::is_label;

    #[test]
    fn labels_are_names_or_percentages() {
        for label in [
            "foo",
            "f1",
            "f-:./_",
            "percent(0)",
            "percent(100)",
            "percent(1.12345678)",
            "percent(100.0)",
        ] {
            assert!(is_label(label), "{label}");
        }
        for label in [
            "",
            "1f",
            "_f",
            " f",
            "f ",
            "f@",
            "percent(-1)",
            "percent(+1)",
            "percent(100.1)",
            "percent(1.123456789)",
            "percent(x)",
            "percent(1e1)",
        ] {
            assert!(!is_label(label), "{label}");
        }
    }
}
