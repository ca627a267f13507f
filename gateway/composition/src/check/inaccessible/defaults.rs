//! Default values that clients see must not speak of hidden enum values or input fields.

use super::Rule;
use crate::diagnostic::Code;
use crate::supergraph::is_inaccessible;
use apollo_compiler::ast::{Type, Value};

impl Rule<'_> {
    pub(super) fn default_value(&mut self, value: &Value, ty: &Type, coordinate: &str) {
        let Some(named) = self.supergraph.types.get(ty.inner_named_type()) else {
            return;
        };
        match value {
            Value::List(items) => {
                items
                    .iter()
                    .for_each(|item| self.default_value(item, ty.item_type(), coordinate));
            }
            Value::Enum(name) => {
                let hidden = named
                    .values
                    .get(name)
                    .filter(|found| is_inaccessible(&found.applied));
                hidden
                    .into_iter()
                    .for_each(|_| self.uses_hidden(&format!("{}.{name}", named.name), coordinate));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let Some(field) = named.inputs.get(name) else {
                        continue;
                    };
                    if is_inaccessible(&field.applied) {
                        self.uses_hidden(&format!("{}.{name}", named.name), coordinate);
                    }
                    self.default_value(value, &field.ty, coordinate);
                }
            }
            _ => {}
        }
    }

    fn uses_hidden(&mut self, hidden: &str, coordinate: &str) {
        let message =
            format!("the default value of \"{coordinate}\" uses \"{hidden}\", which is @inaccessible");
        self.report(
            Code::DefaultValueUsesInaccessible,
            coordinate,
            message,
            "choose another default value",
        );
    }
}
