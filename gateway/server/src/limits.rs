//! What an operation may cost before it is refused.
//!
//! Fragments make a short text stand for a huge operation, so the size is counted before anything walks the
//! operation with its fragments spread out: validation, planning, execution and the response all do. Counting itself
//! looks at each part of the text once.

use apollo_compiler::{
    Name,
    ast::{Definition, Document, Selection},
    collections::HashMap,
};

/// Fields below `__schema` and `__type`, which are answered for each type of the schema again. The usual
/// introspection queries have about 200.
const INTROSPECTION_FIELDS: usize = 1000;

#[derive(Debug, Clone, Copy)]
pub struct PrepareLimits {
    /// Tokens of the document's text; white space between two others is one, too.
    pub tokens: usize,
    /// Levels of nesting, fragments spread out.
    pub depth: usize,
    /// Fields of an operation, fragments spread out.
    pub fields: usize,
    /// Bytes that all prepared operations may take together, roughly.
    pub cache: u64,
}

/// An operation is beyond a limit. `Display` says which, and where it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooComplex {
    #[error(
        "the operation's text has more than {0} tokens; the limit is `limits.operation_tokens` in the gateway's configuration"
    )]
    Tokens(usize),
    #[error(
        "the operation is nested more than {0} levels deep; the limit is `limits.operation_depth` in the gateway's configuration"
    )]
    Depth(usize),
    #[error(
        "the operation selects more than {0} fields, with its fragments spread out; the limit is `limits.operation_fields` in \
         the gateway's configuration"
    )]
    Fields(usize),
    #[error(
        "the operation selects more than {INTROSPECTION_FIELDS} fields of the schema's description; ask for it in parts"
    )]
    Introspection,
}

/// Checks every definition of the document, so that nothing that walks any of them can be made to work without end.
pub(crate) fn check(document: &Document, limits: &PrepareLimits) -> Result<(), TooComplex> {
    let mut fragments = HashMap::default();
    for definition in &document.definitions {
        if let Definition::FragmentDefinition(fragment) = definition {
            fragments
                .entry(&fragment.name)
                .or_insert(Fragment::Unknown(&fragment.selection_set));
        }
    }
    let mut counter = Counter { limits, fragments };
    for definition in &document.definitions {
        let size = match definition {
            Definition::OperationDefinition(operation) => counter.selections(&operation.selection_set, 1)?,
            Definition::FragmentDefinition(fragment) => counter.fragment(&fragment.name, 1)?,
            _ => continue,
        };
        if size.fields > limits.fields {
            return Err(TooComplex::Fields(limits.fields));
        }
        if size.introspection > INTROSPECTION_FIELDS {
            return Err(TooComplex::Introspection);
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    depth: usize,
    fields: usize,
    /// Those of `fields` that stand below `__schema` or `__type`.
    introspection: usize,
}

enum Fragment<'a> {
    Unknown(&'a [Selection]),
    /// Being counted: meeting it again is a cycle, which validation reports.
    Entered,
    Known(Size),
}

struct Counter<'a> {
    limits: &'a PrepareLimits,
    fragments: HashMap<&'a Name, Fragment<'a>>,
}

impl<'a> Counter<'a> {
    /// `level` is that of the set itself. Recursion ends at the limit.
    fn selections(&mut self, set: &'a [Selection], level: usize) -> Result<Size, TooComplex> {
        if level > self.limits.depth {
            return Err(TooComplex::Depth(self.limits.depth));
        }
        let mut size = Size {
            depth: 1,
            ..Size::default()
        };
        for selection in set {
            let below = match selection {
                Selection::Field(field) => {
                    let mut below = match &field.selection_set {
                        Some(set) => self.selections(set, level + 1)?,
                        None => Size::default(),
                    };
                    if matches!(field.name.as_str(), "__schema" | "__type") {
                        below.introspection = below.fields;
                    }
                    below.fields = below.fields.saturating_add(1);
                    below
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name, level + 1)?,
            };
            size.depth = size.depth.max(1 + below.depth);
            size.fields = size.fields.saturating_add(below.fields);
            size.introspection = size.introspection.saturating_add(below.introspection);
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Size, TooComplex> {
        // A spread of a fragment that does not exist is for validation to report.
        let Some(fragment) = self.fragments.get_mut(name) else {
            return Ok(Size::default());
        };
        match std::mem::replace(fragment, Fragment::Entered) {
            Fragment::Unknown(set) => {
                let size = self.selections(set, level)?;
                self.fragments.insert(name, Fragment::Known(size));
                Ok(size)
            }
            Fragment::Known(size) => {
                *fragment = Fragment::Known(size);
                if level + size.depth > self.limits.depth + 1 {
                    return Err(TooComplex::Depth(self.limits.depth));
                }
                Ok(size)
            }
            Fragment::Entered => Ok(Size::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PrepareLimits = PrepareLimits {
        tokens: 20_000,
        depth: 5,
        fields: 10,
        cache: 0,
    };

    fn checked(text: &str) -> Result<(), TooComplex> {
        check(&Document::parse(text, "operation.graphql").unwrap(), &LIMITS)
    }

    #[test]
    fn depth_counts_through_fragments() {
        for (text, expected) in [
            ("{a{a{a{a{a}}}}}", Ok(())),
            ("{a{a{a{a{a{a}}}}}}", Err(TooComplex::Depth(5))),
            ("{a{a{...F}}} fragment F on Q{a{a}}", Ok(())),
            ("{a{a{...F}}} fragment F on Q{a{a{a}}}", Err(TooComplex::Depth(5))),
            // The fragment is known by the time the operation comes.
            ("fragment F on Q{a{a}} {a{a{...F}}}", Ok(())),
            ("fragment F on Q{a{a}} {a{a{a{...F}}}}", Err(TooComplex::Depth(5))),
            (
                "{...A} fragment A on Q{...B} fragment B on Q{...C} fragment C on Q{...D} fragment D on Q{a}",
                Ok(()),
            ),
            (
                "{...A} fragment A on Q{...B} fragment B on Q{...C} fragment C on Q{...D} fragment D on Q{a{a}}",
                Err(TooComplex::Depth(5)),
            ),
            ("{...A} fragment A on Q{...B} fragment B on Q{...A}", Ok(())),
            ("{...Missing}", Ok(())),
        ] {
            assert_eq!(checked(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_count_as_often_as_they_are_spread() {
        assert_eq!(checked("{...F ...F a b} fragment F on Q{a{b}c d}"), Ok(()));
        assert_eq!(
            checked("{...F ...F a b c} fragment F on Q{a{b}c d}"),
            Err(TooComplex::Fields(10))
        );
    }

    #[test]
    fn fragments_that_double_each_other_are_counted_without_walking_them_all() {
        let limits = PrepareLimits {
            depth: 1010,
            ..LIMITS
        };
        let mut text = String::from("{...F0}");
        for level in 0..500 {
            text.push_str(&format!(
                "fragment F{level} on Q{{a:n{{...F{}}} b:n{{...F{0}}}}}",
                level + 1
            ));
        }
        text.push_str("fragment F500 on Q{a}");
        let document = Document::parse(text, "operation.graphql").unwrap();
        assert_eq!(check(&document, &limits), Err(TooComplex::Fields(10)));
    }

    #[test]
    fn the_schemas_description_has_a_limit_of_its_own() {
        let limits = PrepareLimits {
            fields: 20_000,
            ..LIMITS
        };
        let names = |count: usize| {
            (0..count)
                .map(|index| format!("a{index}:name "))
                .collect::<String>()
        };
        let check = |text: String| check(&Document::parse(text, "operation.graphql").unwrap(), &limits);
        assert_eq!(check(format!("{{__schema{{types{{{}}}}}}}", names(999))), Ok(()));
        assert_eq!(
            check(format!("{{__schema{{types{{{}}}}}}}", names(1000))),
            Err(TooComplex::Introspection)
        );
        assert_eq!(check(format!("{{products{{{}}}}}", names(5000))), Ok(()));
    }
}
