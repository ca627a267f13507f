//! Clears away what hiding left dangling, until nothing dangles.

use apollo_compiler::{
    Schema,
    ast::{InputValueDefinition, OperationType},
    collections::{HashMap, HashSet},
    schema::{ExtendedType, Name},
};

pub(super) fn clear(schema: &mut Schema) {
    while drop_dangling(schema) | drop_unimplemented(schema) | drop_empty(schema) {}
    drop_unreachable(schema);
}

/// Fields, arguments, members and interfaces whose type is gone. A field goes with a required argument, an input type with a
/// required field.
fn drop_dangling(schema: &mut Schema) -> bool {
    let known: HashSet<Name> = schema.types.keys().cloned().collect();
    let is_known = |input: &InputValueDefinition| known.contains(input.ty.inner_named_type());
    let mut changed = false;
    schema.types.retain(|_, ty| {
        let keep = ty.as_input_object().is_none_or(|input| {
            input
                .fields
                .values()
                .all(|field| is_known(field) || !field.is_required())
        });
        changed |= !keep;
        keep
    });
    for ty in schema.types.values_mut().filter(|ty| !ty.is_built_in()) {
        let before = size(ty);
        let (fields, implements) = match ty {
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                (&mut object.fields, &mut object.implements_interfaces)
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                (&mut interface.fields, &mut interface.implements_interfaces)
            }
            ExtendedType::Union(union) => {
                union
                    .make_mut()
                    .members
                    .retain(|member| known.contains(&***member));
                changed |= size(ty) != before;
                continue;
            }
            ExtendedType::InputObject(input) => {
                input.make_mut().fields.retain(|_, field| is_known(field));
                changed |= size(ty) != before;
                continue;
            }
            ExtendedType::Scalar(_) | ExtendedType::Enum(_) => continue,
        };
        implements.retain(|name| known.contains(&***name));
        fields.retain(|_, field| {
            known.contains(field.ty.inner_named_type())
                && field
                    .arguments
                    .iter()
                    .all(|argument| is_known(argument) || !argument.is_required())
        });
        for field in fields.values_mut() {
            if !field.arguments.iter().all(|argument| is_known(argument)) {
                field.make_mut().arguments.retain(|argument| is_known(argument));
            }
        }
        changed |= size(ty) != before;
    }
    changed
}

/// Fields of interfaces that not all implementers have any more.
fn drop_unimplemented(schema: &mut Schema) -> bool {
    let mut missing: HashMap<Name, HashSet<Name>> = HashMap::default();
    for ty in schema.types.values() {
        let (fields, interfaces) = match ty {
            ExtendedType::Object(object) => (&object.fields, &object.implements_interfaces),
            ExtendedType::Interface(interface) => (&interface.fields, &interface.implements_interfaces),
            _ => continue,
        };
        for name in interfaces {
            let Some(interface) = schema.get_interface(name) else {
                continue;
            };
            let lacking = interface
                .fields
                .keys()
                .filter(|field| !fields.contains_key(*field));
            missing
                .entry((**name).clone())
                .or_default()
                .extend(lacking.cloned());
        }
    }
    let mut changed = false;
    for (name, fields) in missing.into_iter().filter(|(_, fields)| !fields.is_empty()) {
        if let Some(ExtendedType::Interface(interface)) = schema.types.get_mut(&name) {
            interface
                .make_mut()
                .fields
                .retain(|field, _| !fields.contains(field));
            changed = true;
        }
    }
    changed
}

fn drop_empty(schema: &mut Schema) -> bool {
    let before = schema.types.len();
    schema
        .types
        .retain(|_, ty| ty.is_built_in() || ty.is_scalar() || size(ty) > 0);
    let gone = |name: &Option<apollo_compiler::Node<Name>>| {
        name.as_ref()
            .is_some_and(|name| !schema.types.contains_key(&**name))
    };
    let (query, mutation, subscription) = (
        gone(&schema.schema_definition.query),
        gone(&schema.schema_definition.mutation),
        gone(&schema.schema_definition.subscription),
    );
    let roots = schema.schema_definition.make_mut();
    for (gone, root) in [
        (query, &mut roots.query),
        (mutation, &mut roots.mutation),
        (subscription, &mut roots.subscription),
    ] {
        if gone {
            *root = None;
        }
    }
    schema.types.len() != before
}

/// Types that no operation can name. Implementers of what is reached are reached.
fn drop_unreachable(schema: &mut Schema) {
    let mut reached: HashSet<Name> = HashSet::default();
    let mut open: Vec<Name> = [
        OperationType::Query,
        OperationType::Mutation,
        OperationType::Subscription,
    ]
    .into_iter()
    .filter_map(|operation| schema.root_operation(operation).cloned())
    .collect();
    let arguments = schema
        .directive_definitions
        .values()
        .flat_map(|definition| &definition.arguments);
    open.extend(arguments.map(|argument| argument.ty.inner_named_type().clone()));
    let implementers = schema.implementers_map();
    while let Some(name) = open.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        if let Some(found) = implementers.get(&name) {
            open.extend(found.iter().cloned());
        }
        let Some(ty) = schema.types.get(&name) else {
            continue;
        };
        match ty {
            ExtendedType::Union(union) => open.extend(union.members.iter().map(|member| (**member).clone())),
            ExtendedType::InputObject(input) => {
                open.extend(
                    input
                        .fields
                        .values()
                        .map(|field| field.ty.inner_named_type().clone()),
                );
            }
            ExtendedType::Object(object) => {
                open.extend(object.implements_interfaces.iter().map(|name| (**name).clone()));
            }
            _ => {}
        }
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            _ => continue,
        };
        for field in fields.values() {
            open.push(field.ty.inner_named_type().clone());
            open.extend(
                field
                    .arguments
                    .iter()
                    .map(|argument| argument.ty.inner_named_type().clone()),
            );
        }
    }
    schema
        .types
        .retain(|name, ty| ty.is_built_in() || reached.contains(name));
}

/// How many fields, values or members a type has.
fn size(ty: &ExtendedType) -> usize {
    match ty {
        ExtendedType::Object(object) => object.fields.len(),
        ExtendedType::Interface(interface) => interface.fields.len(),
        ExtendedType::Union(union) => union.members.len(),
        ExtendedType::Enum(definition) => definition.values.len(),
        ExtendedType::InputObject(input) => input.fields.len(),
        ExtendedType::Scalar(_) => 0,
    }
}
