//! What `@fromContext` selects must be one leaf of the argument's type, on every type that sets the context.

use crate::subgraph::{FieldSet, Kind, Subgraph, TypeDef};
use apollo_compiler::ast::{Field, InlineFragment, Selection, Type};

/// Why `selection` does not give a value for an argument of type `wanted` where `def` sets the context.
pub(super) fn problem(subgraph: &Subgraph, def: &TypeDef, selection: &str, wanted: &Type) -> Option<String> {
    let fields = FieldSet::from_text(selection.to_owned(), None);
    let selections = match &fields.parsed {
        Ok(selections) => selections,
        Err(problem) => return Some(problem.to_string()),
    };
    let types: Vec<&TypeDef> = match def.kind {
        Kind::Union => def
            .members
            .iter()
            .filter_map(|name| subgraph.types.get(name))
            .collect(),
        _ => vec![def],
    };
    types.into_iter().find_map(|def| {
        let walk = Walk { subgraph, wanted };
        walk.selections(def, selections, 0).err()
    })
}

struct Walk<'a> {
    subgraph: &'a Subgraph,
    wanted: &'a Type,
}

impl Walk<'_> {
    fn selections(&self, def: &TypeDef, selections: &[Selection], lists: usize) -> Result<(), String> {
        let fragments: Vec<&InlineFragment> = selections
            .iter()
            .filter_map(|selection| match selection {
                Selection::InlineFragment(fragment) => Some(&**fragment),
                _ => None,
            })
            .collect();
        if !fragments.is_empty() {
            return self.fragments(def, selections, &fragments, lists);
        }
        match selections {
            [Selection::Field(field)] => self.field(def, field, lists),
            [_] => Err("named fragments are not allowed".to_owned()),
            _ => Err("it selects more than one field".to_owned()),
        }
    }

    fn fragments(
        &self,
        def: &TypeDef,
        selections: &[Selection],
        fragments: &[&InlineFragment],
        lists: usize,
    ) -> Result<(), String> {
        if fragments.len() != selections.len() {
            return Err("it mixes fields and fragments".to_owned());
        }
        let mut applies = fragments.iter().filter(|fragment| {
            fragment.type_condition.as_ref().is_none_or(|on| {
                self.subgraph.is_subtype(&def.name, on) || self.subgraph.is_subtype(on, &def.name)
            })
        });
        let Some(fragment) = applies.next() else {
            return Err(format!("no fragment of it is for \"{}\"", def.name));
        };
        if !fragment.directives.is_empty() {
            return Err("directives are not allowed".to_owned());
        }
        let on = fragment.type_condition.as_ref().unwrap_or(&def.name);
        match self.subgraph.types.get(on) {
            Some(on) => self.selections(on, &fragment.selection_set, lists),
            None => Err(format!("there is no type \"{on}\"")),
        }
    }

    fn field(&self, def: &TypeDef, field: &Field, lists: usize) -> Result<(), String> {
        let coordinate = format!("{}.{}", def.name, field.name);
        if field.alias.is_some() {
            return Err(format!("\"{coordinate}\" has an alias"));
        }
        if !field.directives.is_empty() {
            return Err(format!("\"{coordinate}\" has a directive"));
        }
        let Some(definition) = def.fields.get(&field.name) else {
            return Err(format!("there is no field \"{coordinate}\""));
        };
        let lists = lists + depth(&definition.ty);
        let named = definition.ty.inner_named_type();
        let below = self
            .subgraph
            .types
            .get(named)
            .filter(|def| def.kind.is_composite());
        match (below, &field.selection_set) {
            (Some(below), Some(nested)) if !nested.is_empty() => self.selections(below, nested, lists),
            (Some(_), _) => Err(format!("\"{coordinate}\" needs a selection of its own fields")),
            (None, Some(nested)) if !nested.is_empty() => {
                Err(format!("\"{coordinate}\" has no fields to select"))
            }
            (None, _) if named == self.wanted.inner_named_type() && lists == depth(self.wanted) => Ok(()),
            (None, _) => Err(format!(
                "\"{coordinate}\" has the type {}, and the argument {}",
                definition.ty, self.wanted
            )),
        }
    }
}

/// How many lists are around the named type.
fn depth(ty: &Type) -> usize {
    match ty {
        Type::Named(_) | Type::NonNullNamed(_) => 0,
        Type::List(inner) | Type::NonNullList(inner) => 1 + depth(inner),
    }
}
