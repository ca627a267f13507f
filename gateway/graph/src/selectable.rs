//! Which fields, and which whole field sets, a subgraph answers on its own.

use causeway_model::{FieldResolution, FieldSet, FieldSetItem, SubgraphField, SubgraphId};

use crate::Inner;

impl Inner {
    pub(crate) fn local_field(
        &self,
        subgraph: SubgraphId,
        ty: &str,
        field: &str,
        provided: Option<&FieldSet>,
    ) -> Option<&SubgraphField> {
        let definition = self.supergraph.subgraph(subgraph).field(ty, field)?;
        let answers = match definition.resolution {
            FieldResolution::Local => !definition.needs_data() && definition.is_active(&self.on),
            FieldResolution::External => provided.is_some_and(|set| provides(set, ty, field)),
            FieldResolution::Overridden => false,
        };
        answers.then_some(definition)
    }

    pub(crate) fn selects(
        &self,
        subgraph: SubgraphId,
        ty: &str,
        set: &FieldSet,
        provided: Option<&FieldSet>,
    ) -> bool {
        set.items
            .iter()
            .all(|item| self.selects_item(subgraph, ty, item, provided))
    }

    pub(crate) fn selects_item(
        &self,
        subgraph: SubgraphId,
        ty: &str,
        item: &FieldSetItem,
        provided: Option<&FieldSet>,
    ) -> bool {
        match item {
            FieldSetItem::Field(field) if field.name == "__typename" => true,
            FieldSetItem::Field(field) => {
                let Some(definition) = self.local_field(subgraph, ty, &field.name, provided) else {
                    return false;
                };
                let below = provided.and_then(|set| provided_below(set, &field.name));
                let child = definition.ty.inner_named_type();
                self.selects(
                    subgraph,
                    child,
                    &field.selection,
                    below.or(definition.provides.as_ref()),
                )
            }
            FieldSetItem::Fragment { on, selection } => {
                self.supergraph.subgraph(subgraph).types.contains_key(on)
                    && self.selects(subgraph, on, selection, provided)
            }
        }
    }
}

/// Whether a `@provides` selection names `field` for objects of type `ty`.
fn provides(set: &FieldSet, ty: &str, field: &str) -> bool {
    set.items.iter().any(|item| match item {
        FieldSetItem::Field(provided) => provided.name == field,
        FieldSetItem::Fragment { on, selection } => on == ty && provides(selection, ty, field),
    })
}

/// What a `@provides` selection says about the children of `field`.
pub(crate) fn provided_below<'a>(set: &'a FieldSet, field: &str) -> Option<&'a FieldSet> {
    set.items.iter().find_map(|item| match item {
        FieldSetItem::Field(provided) if provided.name == field && !provided.selection.is_empty() => {
            Some(&provided.selection)
        }
        FieldSetItem::Field(_) => None,
        FieldSetItem::Fragment { selection, .. } => provided_below(selection, field),
    })
}
