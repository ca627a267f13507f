//! `@context` and the arguments that are filled from one.

use apollo_compiler::{
    Name, Schema,
    ast::{Directive, Type, Value},
    collections::IndexMap,
    validation::Valid,
};
use causeway_model::ContextArgument;

use super::{Features, ReadError, field_set::parse_field_set, invalid, subgraphs::string};

/// The types that set each context.
pub(super) fn contexts(schema: &Valid<Schema>, features: &Features) -> IndexMap<String, Vec<Name>> {
    let context = features.directive("context");
    let mut contexts: IndexMap<String, Vec<Name>> = IndexMap::default();
    for (name, ty) in &schema.types {
        for directive in ty.directives().get_all(&context) {
            if let Some(set) = string(directive, "name") {
                contexts.entry(set.to_owned()).or_default().push(name.clone());
            }
        }
    }
    contexts
}

/// `contextArguments: [{context: "a__user", name: "locale", type: "String", selection: " { locale }"}]`
pub(super) fn context_arguments(directive: &Directive, at: &str) -> Result<Vec<ContextArgument>, ReadError> {
    let Some(list) = directive.specified_argument_by_name("contextArguments") else {
        return Ok(Vec::new());
    };
    let items = list.as_list().unwrap_or_default();
    items.iter().map(|item| context_argument(item, at)).collect()
}

fn context_argument(item: &Value, at: &str) -> Result<ContextArgument, ReadError> {
    let text = |name: &str| {
        let fields = item.as_object().unwrap_or_default();
        let found = fields.iter().find(|(key, _)| key == name);
        found
            .and_then(|(_, value)| value.as_str())
            .ok_or_else(|| invalid(at, format!("a context argument has no `{name}`")))
    };
    let selection = text("selection")?.trim();
    // Its braces may be left out where it begins with a fragment.
    let inner = selection
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(selection);
    let (name, ty) = (text("name")?, text("type")?);
    Ok(ContextArgument {
        name: Name::new(name).map_err(|_| invalid(at, format!("`{name}` is no argument's name")))?,
        ty: Type::parse(ty, "type").map_err(|_| invalid(at, format!("`{ty}` is no type")))?,
        context: text("context")?.to_owned(),
        selection: parse_field_set(inner).map_err(|reason| invalid(at, format!("@fromContext: {reason}")))?,
    })
}
