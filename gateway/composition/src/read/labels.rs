//! Labels of progressive overrides, interned.

use std::collections::BTreeSet;

use apollo_compiler::{Schema, schema::ExtendedType, validation::Valid};
use causeway_model::LabelId;

use super::{ReadError, invalid, subgraphs::string};

pub(super) struct Labels {
    /// In alphabetical order, so that a label's id does not hang on the order of types.
    pub(super) names: Vec<String>,
}

impl Labels {
    pub(super) fn collect(schema: &Valid<Schema>) -> Result<Self, ReadError> {
        let objects = schema.types.values().filter_map(ExtendedType::as_object);
        let found: BTreeSet<&str> = objects
            .flat_map(|object| object.fields.values())
            .flat_map(|field| field.directives.get_all("join__field"))
            .filter_map(|directive| string(directive, "overrideLabel"))
            .collect();
        if u16::try_from(found.len()).is_err() {
            return Err(invalid("overrideLabel", "more than 65,535 labels"));
        }
        Ok(Self {
            names: found.into_iter().map(str::to_owned).collect(),
        })
    }

    pub(super) fn id(&self, label: &str) -> Option<LabelId> {
        let index = self
            .names
            .binary_search_by(|name| name.as_str().cmp(label))
            .ok()?;
        u16::try_from(index).ok().map(LabelId)
    }
}
