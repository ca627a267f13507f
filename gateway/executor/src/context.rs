//! Values that an entity takes from the objects above it.

use causeway_model::{ContextSource, ContextValue, ContextVariable, Type};

use crate::tree::{FailureId, ObjectId, Tree, Value};

/// Why a context has no value that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is null where the argument cannot be.
    Null,
    /// It could not be loaded.
    Failed(FailureId),
}

/// Appends the value's JSON: that of the nearest object which sets the context; null where none does. `above` are the objects
/// on the way, by how many keys lead to them; the root is the first.
pub(crate) fn write(
    tree: &Tree,
    variable: &ContextVariable,
    sources: &[ContextSource],
    above: &[ObjectId],
    out: &mut Vec<u8>,
) -> Result<(), Missing> {
    let source = sources.iter().find_map(|source| {
        let object = *above.get(source.depth)?;
        let sets = source.only_in.is_empty()
            || tree
                .typename(object)
                .is_some_and(|ty| source.only_in.iter().any(|name| name == ty));
        sets.then_some((source, object))
    });
    match source {
        Some((source, object)) => write_field(tree, object, &source.values, &variable.ty, out),
        None => write_null(&variable.ty, out),
    }
}

fn write_field(
    tree: &Tree,
    object: ObjectId,
    values: &[ContextValue],
    ty: &Type,
    out: &mut Vec<u8>,
) -> Result<(), Missing> {
    let applies = |value: &&ContextValue| {
        value.only_for.is_empty()
            || tree
                .typename(object)
                .is_some_and(|ty| value.only_for.iter().any(|name| name == ty))
    };
    let Some(value) = values.iter().find(applies) else {
        return write_null(ty, out);
    };
    match tree.get(object, value.key) {
        Some(found) => write_value(tree, found, value, ty, out),
        None => write_null(ty, out),
    }
}

fn write_value(
    tree: &Tree,
    found: Value,
    value: &ContextValue,
    ty: &Type,
    out: &mut Vec<u8>,
) -> Result<(), Missing> {
    match found {
        Value::Failed(failure) => return Err(Missing::Failed(failure)),
        Value::Null => return write_null(ty, out),
        Value::Leaf(raw) => out.extend_from_slice(tree.text(raw)),
        Value::Object(object) => return write_field(tree, object, &value.below, ty, out),
        Value::List(list) => {
            let item_type = ty.item_type();
            out.push(b'[');
            for (index, item) in tree.items(list).iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(tree, *item, value, item_type, out)?;
            }
            out.push(b']');
        }
    }
    Ok(())
}

fn write_null(ty: &Type, out: &mut Vec<u8>) -> Result<(), Missing> {
    if ty.is_non_null() {
        return Err(Missing::Null);
    }
    out.extend_from_slice(b"null");
    Ok(())
}
