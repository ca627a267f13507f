//! What happened between two types of one shape: which levels of lists became nullable or non-null.
//!
//! Whether that is good or bad depends on the direction of the data; see `fields` and `input_values`.

use apollo_compiler::ast::Type;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    Same,
    /// Only became non-null, on one level or several.
    Tighter,
    /// Only became nullable.
    Looser,
    /// Tighter on one level and looser on another.
    Both,
    /// Another name, or lists nested in another way.
    Other,
}

pub(super) fn drift(old: &Type, new: &Type) -> Drift {
    let (Some(tighter), Some(looser)) = (tightened(old, new), tightened(new, old)) else {
        return Drift::Other;
    };
    match (tighter.is_empty(), looser.is_empty()) {
        (true, true) => Drift::Same,
        (false, true) => Drift::Tighter,
        (true, false) => Drift::Looser,
        (false, false) => Drift::Both,
    }
}

/// "its value", "items of its list": the levels on which `old` is nullable and `new` is not.
pub(super) fn where_it_changed(old: &Type, new: &Type) -> String {
    let name = |level: &usize| match level {
        0 => "its value",
        1 => "items of its list",
        _ => "items of its inner lists",
    };
    let mut names: Vec<&str> = tightened(old, new).unwrap_or_default().iter().map(name).collect();
    names.dedup();
    names.join(" and ")
}

/// Levels, from 0 outside, on which `new` is non-null and `old` is not. `None`: the shapes differ.
fn tightened(old: &Type, new: &Type) -> Option<Vec<usize>> {
    let (mut old, mut new) = (old, new);
    let mut levels = Vec::new();
    for level in 0.. {
        if new.is_non_null() && !old.is_non_null() {
            levels.push(level);
        }
        match (old.is_list(), new.is_list()) {
            (true, true) => (old, new) = (old.item_type(), new.item_type()),
            (false, false) => break,
            _ => return None,
        }
    }
    (old.inner_named_type() == new.inner_named_type()).then_some(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: Drift) {
        let parse = |text| Type::parse(text, "type").unwrap();
        assert_eq!(drift(&parse(old), &parse(new)), expected, "{old} -> {new}");
    }

    #[test]
    fn every_level_counts() {
        check("Int", "Int", Drift::Same);
        check("Int", "Int!", Drift::Tighter);
        check("[Int]", "[Int!]", Drift::Tighter);
        check("[Int!]!", "[Int]!", Drift::Looser);
        check("[[Int!]]", "[[Int]]", Drift::Looser);
        check("[Int]!", "[Int!]", Drift::Both);
        check("Int", "[Int]", Drift::Other);
        check("Int!", "ID!", Drift::Other);
        check("[[Int]]", "[Int]", Drift::Other);
    }

    #[test]
    fn the_levels_are_named() {
        let parse = |text| Type::parse(text, "type").unwrap();
        assert_eq!(
            where_it_changed(&parse("[[Int]]"), &parse("[[Int!]!]!")),
            "its value and items of its list and items of its inner lists"
        );
        assert_eq!(
            where_it_changed(&parse("[Int]!"), &parse("[Int!]")),
            "items of its list"
        );
    }
}
