//! Field sets of federation 1: looser in form, and naming fields that federation 2 would not.

use crate::subgraph::{FieldSet, FieldSetProblem, Subgraph};
use apollo_compiler::ast::{Field, Selection};
use apollo_compiler::{Name, Node};
use std::fmt::Write;

/// Federation 1 took lists of strings and bare names where federation 2 takes one string.
pub(super) fn loosen(fields: &mut FieldSet) {
    if fields.parsed != Err(FieldSetProblem::NotAString) {
        return;
    }
    let text = fields.text.trim_matches(['[', ']']).replace(['"', ','], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_literal = matches!(text.as_str(), "" | "true" | "false" | "null")
        || text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    if !is_literal {
        *fields = FieldSet::from_text(text, fields.location);
    }
}

/// Takes out of `@requires` and `@provides` the fields that are resolved here anyway; an empty one goes.
pub(super) fn prune(subgraph: &mut Subgraph) {
    let mut pruned: Vec<(Name, Name, Change)> = Vec::new();
    for def in subgraph.types.values() {
        for field in def.fields.values() {
            let change = Change {
                requires: field
                    .requires
                    .as_ref()
                    .and_then(|fields| prune_one(subgraph, &def.name, fields)),
                provides: field
                    .provides
                    .as_ref()
                    .and_then(|fields| prune_one(subgraph, field.ty.inner_named_type(), fields)),
            };
            pruned.push((def.name.clone(), field.name.clone(), change));
        }
    }
    for (ty, field, change) in pruned {
        let Some(field) = subgraph
            .types
            .get_mut(&ty)
            .and_then(|def| def.fields.get_mut(&field))
        else {
            continue;
        };
        if let Some(requires) = change.requires {
            field.requires = requires;
        }
        if let Some(provides) = change.provides {
            field.provides = provides;
        }
    }
}

/// The new field sets of one field, where they change at all.
struct Change {
    requires: Option<Option<FieldSet>>,
    provides: Option<Option<FieldSet>>,
}

fn prune_one(subgraph: &Subgraph, on: &Name, fields: &FieldSet) -> Option<Option<FieldSet>> {
    let before = fields.selections();
    let after = keep_external(subgraph, on, before);
    if after == before {
        return None;
    }
    Some((!after.is_empty()).then(|| FieldSet::from_text(print(&after), fields.location)))
}

/// Selections without leaves that are resolved here. What is malformed stays, for the rules to find.
fn keep_external(subgraph: &Subgraph, parent: &Name, selections: &[Selection]) -> Vec<Selection> {
    let keep = |selection: &Selection| match selection {
        Selection::Field(field) => keep_field(subgraph, parent, field),
        Selection::InlineFragment(fragment) => {
            let on = fragment.type_condition.as_ref().unwrap_or(parent);
            let mut kept = (**fragment).clone();
            kept.selection_set = keep_external(subgraph, on, &fragment.selection_set);
            (!kept.selection_set.is_empty()).then(|| Selection::InlineFragment(Node::new(kept)))
        }
        Selection::FragmentSpread(_) => Some(selection.clone()),
    };
    selections.iter().filter_map(keep).collect()
}

fn keep_field(subgraph: &Subgraph, parent: &Name, field: &Node<Field>) -> Option<Selection> {
    let as_is = || Some(Selection::Field(field.clone()));
    let Some(def) = subgraph
        .types
        .get(parent)
        .and_then(|def| def.fields.get(&field.name))
    else {
        return as_is();
    };
    if def.is_external() {
        return as_is();
    }
    let result = def.ty.inner_named_type();
    let composite = subgraph
        .types
        .get(result)
        .is_some_and(|def| def.kind.is_composite());
    match &field.selection_set {
        None if composite => as_is(),
        None => None,
        Some(nested) => {
            let nested = keep_external(subgraph, result, nested);
            let mut kept = (**field).clone();
            kept.selection_set = Some(nested.clone());
            (!nested.is_empty()).then(|| Selection::Field(Node::new(kept)))
        }
    }
}

/// A field set on one line.
fn print(selections: &[Selection]) -> String {
    let mut text = String::new();
    for selection in selections {
        if !text.is_empty() {
            text.push(' ');
        }
        let nested = match selection {
            Selection::Field(field) => {
                let mut head = (**field).clone();
                head.selection_set = None;
                text.push_str(&head.serialize().no_indent().to_string());
                field.selection_set.as_deref().unwrap_or_default()
            }
            Selection::InlineFragment(fragment) => {
                text.push_str("...");
                if let Some(on) = &fragment.type_condition {
                    write!(text, " on {on}").expect("writing to a string cannot fail");
                }
                &fragment.selection_set
            }
            Selection::FragmentSpread(spread) => {
                text.push_str(&spread.serialize().no_indent().to_string());
                &[]
            }
        };
        if !nested.is_empty() {
            write!(text, " {{ {} }}", print(nested)).expect("writing to a string cannot fail");
        }
    }
    text
}
