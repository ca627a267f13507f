//! What federation's directives say in a subgraph's SDL, and the schema without them.

use std::collections::BTreeMap;

use apollo_compiler::{
    Name, Node, Schema,
    ast::{DirectiveList, FieldDefinition, InputValueDefinition},
    collections::IndexMap,
    schema::ExtendedType,
};
use causeway_composition::read::parse_field_set;
use causeway_model::{FieldSet, FieldSetItem};

use super::{FieldFacts, Override, TypeFacts};

const BUILT_IN: [&str; 5] = ["deprecated", "specifiedBy", "oneOf", "skip", "include"];

pub(super) fn read(schema: &Schema) -> Result<BTreeMap<String, TypeFacts>, String> {
    let mut types = BTreeMap::new();
    for (name, ty) in &schema.types {
        let (directives, fields) = match ty {
            ExtendedType::Object(object) => (&object.directives, &object.fields),
            ExtendedType::Interface(interface) => (&interface.directives, &interface.fields),
            _ => continue,
        };
        types.insert(name.to_string(), type_facts(directives, fields)?);
    }
    Ok(types)
}

fn type_facts(
    directives: &DirectiveList,
    fields: &IndexMap<Name, Node<FieldDefinition>>,
) -> Result<TypeFacts, String> {
    let mut facts = TypeFacts {
        is_interface_object: has(directives, "interfaceObject"),
        ..TypeFacts::default()
    };
    for key in directives.iter().filter(|found| is(&found.name, "key")) {
        let set = field_set(key)?.ok_or("a @key has no fields")?;
        facts
            .key_fields
            .extend(set.fields().map(|field| field.name.to_string()));
        let resolvable = key
            .specified_argument_by_name("resolvable")
            .is_none_or(|value| value.to_bool() != Some(false));
        if resolvable {
            facts.keys.push(set);
        }
    }
    let all_external = has(directives, "external");
    for (name, field) in fields {
        let found = FieldFacts {
            is_external: all_external || has(&field.directives, "external"),
            requires: the_set(&field.directives, "requires")?,
            provides: the_set(&field.directives, "provides")?,
            overrides: overrides(&field.directives),
            overridden: None,
        };
        facts.fields.insert(name.to_string(), found);
    }
    Ok(facts)
}

fn overrides(directives: &DirectiveList) -> Option<Override> {
    let directive = directives.iter().find(|found| is(&found.name, "override"))?;
    let text = |name| Some(directive.specified_argument_by_name(name)?.as_str()?.to_owned());
    Some(Override {
        from: text("from")?,
        label: text("label"),
    })
}

fn the_set(directives: &DirectiveList, name: &str) -> Result<Option<FieldSet>, String> {
    match directives.iter().find(|found| is(&found.name, name)) {
        Some(directive) => field_set(directive),
        None => Ok(None),
    }
}

fn field_set(directive: &apollo_compiler::ast::Directive) -> Result<Option<FieldSet>, String> {
    let Some(value) = directive.specified_argument_by_name("fields") else {
        return Ok(None);
    };
    let text = value.as_str().ok_or("`fields` is no string")?;
    parse_field_set(text).map(Some)
}

fn has(directives: &DirectiveList, name: &str) -> bool {
    directives.iter().any(|found| is(&found.name, name))
}

fn is(found: &Name, name: &str) -> bool {
    found == name || found.strip_prefix("federation__") == Some(name)
}

/// Takes federation's directives and definitions out of a schema, and names its root types.
pub(super) fn strip(schema: &mut Schema) {
    schema
        .directive_definitions
        .retain(|name, _| BUILT_IN.contains(&name.as_str()));
    schema
        .types
        .retain(|name, _| !name.starts_with("federation__") && !name.starts_with("link__"));
    let roots = schema.schema_definition.make_mut();
    roots.directives = DirectiveList::default();
    let query = schema.types.get_key_value("Query").map(|(name, _)| name.clone());
    let mutation = schema
        .types
        .get_key_value("Mutation")
        .map(|(name, _)| name.clone());
    if roots.query.is_none() {
        roots.query = query.map(Into::into);
    }
    if roots.mutation.is_none() {
        roots.mutation = mutation.map(Into::into);
    }
    for ty in schema.types.values_mut() {
        match ty {
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                clean(&mut object.directives);
                object.fields.values_mut().for_each(clean_field);
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                clean(&mut interface.directives);
                interface.fields.values_mut().for_each(clean_field);
            }
            ExtendedType::Union(union) => clean(&mut union.make_mut().directives),
            ExtendedType::Scalar(scalar) => clean(&mut scalar.make_mut().directives),
            ExtendedType::Enum(found) => {
                let found = found.make_mut();
                clean(&mut found.directives);
                found
                    .values
                    .values_mut()
                    .for_each(|value| clean(&mut value.make_mut().directives));
            }
            ExtendedType::InputObject(input) => {
                let input = input.make_mut();
                clean(&mut input.directives);
                input.fields.values_mut().for_each(clean_input);
            }
        }
    }
}

fn clean_field(field: &mut Node<FieldDefinition>) {
    let field = field.make_mut();
    clean(&mut field.directives);
    field.arguments.iter_mut().for_each(clean_input);
}

fn clean_input(input: &mut Node<InputValueDefinition>) {
    clean(&mut input.make_mut().directives);
}

fn clean(directives: &mut DirectiveList) {
    directives
        .0
        .retain(|found| BUILT_IN.contains(&found.name.as_str()));
}

/// Whether a `@provides` selection names `field` for objects of type `ty`.
pub(crate) fn provides(set: &FieldSet, ty: &str, field: &str) -> bool {
    set.items.iter().any(|item| match item {
        FieldSetItem::Field(provided) => provided.name == field,
        FieldSetItem::Fragment { on, selection } => on == ty && provides(selection, ty, field),
    })
}

/// What a `@provides` selection on `ty` says about what is below `field`.
pub(crate) fn provided_below(set: &FieldSet, ty: &str, field: &str) -> FieldSet {
    let items = set.items.iter().flat_map(|item| match item {
        FieldSetItem::Field(provided) if provided.name == field => provided.selection.items.clone(),
        FieldSetItem::Field(_) => Vec::new(),
        FieldSetItem::Fragment { on, selection } if on == ty => provided_below(selection, ty, field).items,
        FieldSetItem::Fragment { .. } => Vec::new(),
    });
    FieldSet {
        items: items.collect(),
    }
}
