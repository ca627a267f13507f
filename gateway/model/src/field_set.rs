//! Selection sets as they stand in `@key`, `@requires` and `@provides`.

use std::fmt;

use apollo_compiler::{Name, Node, ast};

/// A parsed `FieldSet` (federation's scalar), e.g. `id organization { id }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    pub items: Vec<FieldSetItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldSetItem {
    Field(FieldSetField),
    /// `... on Type { … }`; only `@requires` and `@provides` may hold it.
    Fragment {
        on: Name,
        selection: FieldSet,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSetField {
    pub name: Name,
    /// Constant arguments: variables have no meaning here.
    pub arguments: Vec<Node<ast::Argument>>,
    /// Empty for a leaf.
    pub selection: FieldSet,
}

impl FieldSet {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The fields selected directly, i.e. outside of fragments.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSetField> {
        self.items.iter().filter_map(|item| match item {
            FieldSetItem::Field(field) => Some(field),
            FieldSetItem::Fragment { .. } => None,
        })
    }
}

/// Prints GraphQL, without the outer braces, as it stands in the directive's argument.
impl fmt::Display for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match item {
                FieldSetItem::Field(field) => {
                    write!(f, "{}", field.name)?;
                    for (index, argument) in field.arguments.iter().enumerate() {
                        f.write_str(if index == 0 { "(" } else { ", " })?;
                        write!(f, "{}: {}", argument.name, argument.value.serialize().no_indent())?;
                    }
                    if !field.arguments.is_empty() {
                        f.write_str(")")?;
                    }
                    if !field.selection.is_empty() {
                        write!(f, " {{ {} }}", field.selection)?;
                    }
                }
                FieldSetItem::Fragment { on, selection } => write!(f, "... on {on} {{ {selection} }}")?,
            }
        }
        Ok(())
    }
}
