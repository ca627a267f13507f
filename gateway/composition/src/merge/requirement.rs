//! Authorisation as alternatives of what must hold together, and how two such demands add up.

use apollo_compiler::Node;
use apollo_compiler::ast::Value;

/// `[[a, b], [c]]`: (a and b) or c.
pub(crate) type Requirement = Vec<Vec<String>>;

/// Both requirements at once, again as alternatives; an alternative that another one implies is left out.
pub(crate) fn conjunction(a: &Requirement, b: &Requirement) -> Requirement {
    let mut all: Requirement = Vec::new();
    for left in a {
        for right in b {
            let mut both: Vec<String> = left.iter().chain(right).cloned().collect();
            both.sort();
            both.dedup();
            all.push(both);
        }
    }
    let implied = |at: usize, alternative: &Vec<String>| {
        all.iter().enumerate().any(|(other, candidate)| {
            let covers = candidate.iter().all(|item| alternative.contains(item));
            other != at && covers && (candidate.len() < alternative.len() || other < at)
        })
    };
    let mut kept: Requirement = all
        .iter()
        .enumerate()
        .filter(|(at, alternative)| !implied(*at, alternative))
        .map(|(_, a)| a.clone())
        .collect();
    kept.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    kept
}

pub(crate) fn from_value(value: &Value) -> Requirement {
    let strings = |value: &Node<Value>| {
        let items = value
            .as_list()
            .map(<[_]>::to_vec)
            .unwrap_or_else(|| vec![value.clone()]);
        items
            .iter()
            .filter_map(|item| item.as_str())
            .map(str::to_owned)
            .collect()
    };
    value.as_list().unwrap_or_default().iter().map(strings).collect()
}

pub(super) fn to_value(requirement: &Requirement) -> Node<Value> {
    let inner = |items: &Vec<String>| {
        Node::new(Value::List(
            items
                .iter()
                .map(|item| Node::new(Value::String(item.clone())))
                .collect(),
        ))
    };
    Node::new(Value::List(requirement.iter().map(inner).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(alternatives: &[&[&str]]) -> Requirement {
        alternatives
            .iter()
            .map(|items| items.iter().map(|item| item.to_string()).collect())
            .collect()
    }

    #[test]
    fn requirements_of_two_subgraphs_hold_together() {
        assert_eq!(conjunction(&of(&[&["a"]]), &of(&[&["c"]])), of(&[&["a", "c"]]));
        assert_eq!(
            conjunction(&of(&[&["a"], &["b"]]), &of(&[&["c"]])),
            of(&[&["a", "c"], &["b", "c"]])
        );
        assert_eq!(conjunction(&of(&[&["a"], &["b"]]), &of(&[&["a"]])), of(&[&["a"]]));
    }
}
