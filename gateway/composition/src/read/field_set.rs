//! `FieldSet` text -> [`FieldSet`].

use apollo_compiler::ast::{self, Definition, Selection};
use causeway_model::{FieldSet, FieldSetField, FieldSetItem};

/// Parses what stands in `@key(fields:)` and its kin. The error is a sentence for people.
pub fn parse_field_set(text: &str) -> Result<FieldSet, String> {
    let document = ast::Document::parse(format!("{{ {text} }}"), "field set")
        .map_err(|invalid| format!("`{text}` is not a selection of fields: {}", invalid.errors))?;
    match document.definitions.as_slice() {
        [Definition::OperationDefinition(operation)] => convert(&operation.selection_set),
        _ => Err(format!("`{text}` is not a selection of fields")),
    }
}

fn convert(selections: &[Selection]) -> Result<FieldSet, String> {
    let items = selections
        .iter()
        .map(|selection| match selection {
            Selection::Field(field) if field.alias.is_some() => {
                Err(format!("`{}` has an alias; field sets have none", field.name))
            }
            Selection::Field(field) => Ok(FieldSetItem::Field(FieldSetField {
                name: field.name.clone(),
                arguments: field.arguments.clone(),
                selection: convert(field.selection_set.as_deref().unwrap_or_default())?,
            })),
            Selection::InlineFragment(fragment) => match &fragment.type_condition {
                Some(on) => Ok(FieldSetItem::Fragment {
                    on: on.clone(),
                    selection: convert(&fragment.selection_set)?,
                }),
                None => Err("a fragment without a type condition says nothing in a field set".to_owned()),
            },
            Selection::FragmentSpread(spread) => Err(format!(
                "`...{}`: field sets have no named fragments",
                spread.fragment_name
            )),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(FieldSet { items })
}
