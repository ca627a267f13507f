//! Values that an entity takes from the objects above it.

use causeway_model::{ContextSource, ContextValue, ContextVariable, Type};

use crate::{
    data::{Data, FailureId, Object},
    tree::Step,
};

/// Why a context has no value that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is null where the argument cannot be.
    Null,
    /// It could not be loaded.
    Failed(FailureId),
}

/// The objects on the way to a place, by how many keys lead to them; the root is the first.
pub(crate) fn ancestors<'d>(root: &'d Data, at: &[Step]) -> Vec<&'d Object> {
    let mut found = Vec::new();
    let mut data = root;
    for step in at {
        data = match (step, data) {
            (Step::Key(key), Data::Object(object)) => {
                found.push(object);
                match object.get(*key) {
                    Some(below) => below,
                    None => return found,
                }
            }
            (Step::Index(index), Data::List(items)) => match items.get(*index as usize) {
                Some(item) => item,
                None => return found,
            },
            _ => return found,
        };
    }
    found
}

/// Appends the value's JSON: that of the nearest object which sets the context; null where none does.
pub(crate) fn write(
    variable: &ContextVariable,
    sources: &[ContextSource],
    ancestors: &[&Object],
    out: &mut Vec<u8>,
) -> Result<(), Missing> {
    let source = sources.iter().find_map(|source| {
        let object = *ancestors.get(source.depth)?;
        let sets = source.only_in.is_empty()
            || object
                .typename()
                .is_some_and(|ty| source.only_in.iter().any(|name| name == ty));
        sets.then_some((source, object))
    });
    match source {
        Some((source, object)) => write_field(object, &source.values, &variable.ty, out),
        None => write_null(&variable.ty, out),
    }
}

fn write_field(
    object: &Object,
    values: &[ContextValue],
    ty: &Type,
    out: &mut Vec<u8>,
) -> Result<(), Missing> {
    let applies = |value: &&ContextValue| {
        value.only_for.is_empty()
            || object
                .typename()
                .is_some_and(|ty| value.only_for.iter().any(|name| name == ty))
    };
    let Some(value) = values.iter().find(applies) else {
        return write_null(ty, out);
    };
    match object.get(value.key) {
        Some(data) => write_data(data, value, ty, out),
        None => write_null(ty, out),
    }
}

fn write_data(data: &Data, value: &ContextValue, ty: &Type, out: &mut Vec<u8>) -> Result<(), Missing> {
    match data {
        Data::Failed(failure) => return Err(Missing::Failed(*failure)),
        Data::Null => return write_null(ty, out),
        Data::Leaf(raw) => out.extend_from_slice(raw),
        Data::Object(object) => return write_field(object, &value.below, ty, out),
        Data::List(items) => {
            let item_type = ty.item_type();
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_data(item, value, item_type, out)?;
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
